#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""su and sudo in the hands of somebody who wants more: the environment, the arguments, the wrong person

su is setuid: what its caller sets reaches the module."""

import json
import os
import shutil
import subprocess
import tempfile

from e2e import (ACCOUNTS, ENGLISH, PAM_TRY, PASSWORD, UNIT_1, UNIT_3, Skip, Terminal, case, contains, equal, lacks, main,
                 phone, unlock)

EVIL = '/tmp/evil'
AS_BENDI = ['setpriv', '--reuid=bendi', '--regid=bendi', '--init-groups', '--']
AS_JIA = ['setpriv', '--reuid=jia', '--regid=jia', '--init-groups', '--']
SAY = 'printf "<%s>" "$(/usr/bin/id -un)" "${ITAX_UNIT-none}"'
SAID = '<([^>%]+)><([^>%]+)>'

# What the loader, the C library, D-Bus, curl, OpenSSL, gettext and systemd would look at in a program that is not setuid.
OF_LOADER = {name: f'{EVIL}/{name}.so' for name in ('LD_PRELOAD', 'LD_AUDIT')} | {
    'LD_LIBRARY_PATH': f'{EVIL}/lib', 'LD_DEBUG_OUTPUT': f'{EVIL}/debug', 'LD_PROFILE_OUTPUT': EVIL, 'LD_ORIGIN_PATH': EVIL,
    'GLIBC_TUNABLES': 'glibc.malloc.perturb=165:glibc.malloc.check=3', 'MALLOC_PERTURB_': '165', 'MALLOC_CHECK_': '3',
    'MALLOC_TRACE': f'{EVIL}/trace', 'GCONV_PATH': f'{EVIL}/gconv', 'LOCPATH': f'{EVIL}/locale', 'GETCONF_DIR': EVIL,
    'RESOLV_HOST_CONF': f'{EVIL}/hosts', 'HOSTALIASES': f'{EVIL}/aliases', 'LOCALDOMAIN': 'evil.example', 'TZ': f':{EVIL}/tz',
    'TZDIR': f'{EVIL}/zoneinfo', 'NIS_PATH': EVIL}
OF_LIBRARIES = {
    'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={EVIL}/bus', 'DBUS_SESSION_BUS_ADDRESS': f'unix:path={EVIL}/bus',
    'DBUS_STARTER_ADDRESS': f'unix:path={EVIL}/bus', 'DBUS_STARTER_BUS_TYPE': 'system', 'LANGUAGE': f'../../..{EVIL}',
    'NLSPATH': f'{EVIL}/%N', 'TEXTDOMAINDIR': EVIL, 'TMPDIR': EVIL, 'HOME': EVIL, 'XDG_RUNTIME_DIR': EVIL,
    'XDG_CONFIG_HOME': EVIL, 'XDG_DATA_DIRS': EVIL, 'SSLKEYLOGFILE': f'{EVIL}/keys', 'SSL_CERT_FILE': f'{EVIL}/ca.pem',
    'SSL_CERT_DIR': EVIL, 'OPENSSL_CONF': f'{EVIL}/openssl.cnf', 'OPENSSL_MODULES': EVIL, 'OPENSSL_ENGINES': EVIL,
    'CURL_CA_BUNDLE': f'{EVIL}/ca.pem', 'NETRC': f'{EVIL}/netrc', 'https_proxy': 'http://127.0.0.1:9/',
    'ALL_PROXY': 'http://127.0.0.1:9/', 'SYSTEMD_LOG_LEVEL': 'debug', 'SYSTEMD_LOG_TARGET': 'console',
    'SYSTEMD_BUS_TIMEOUT': '1us', 'NOTIFY_SOCKET': f'{EVIL}/notify', 'LISTEN_FDS': '3', 'LISTEN_PID': '1',
    'ITAX_ISSUER': 'https://evil.example', 'ITAX_ACCOUNT': 'root', 'ITAX_UNIT': 'evil', 'ITAX_NAME': 'evil'}


def traced(environment, command, before=()):
    """@command under strace, with @environment added to its own; the arguments, and where the calls will stand."""
    if not shutil.which('strace'):
        raise Skip('strace is not installed')
    with tempfile.NamedTemporaryFile('w', delete=False) as file:
        os.chmod(file.name, 0o600)
    words = [word for name, value in environment.items() for word in ('-E', f'{name}={value}')]
    return ['strace', *before, '-qq', '-s', '4096', '-e', 'trace=%file,connect', '-o', file.name, *words, *command], file.name


def nothing_of_evil(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        calls = file.read()
    os.unlink(path)
    contains(calls, r'pam_itax\.so', r'connect\([^\n]*"/run/dbus/system_bus_socket"')
    for line in calls.splitlines():
        lacks(line, EVIL, 'evil', '/home/', '/var/tmp')


@case('su in an environment full of traps: the same login, and no path of it is looked at')  # threats 100, 103
def environment_of_su():
    command, calls = traced(OF_LOADER | OF_LIBRARIES, ['su', 'jia', '-c', SAY], ['-u', 'bendi'])
    with Terminal(command) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        equal(terminal.expect(SAID).groups(), ('jia', UNIT_1))
        equal(terminal.ended(), 0)
    nothing_of_evil(calls)


@case('the module in a program of root, which the C library does trust: no variable of a library leads anywhere')  # threats 102
def environment_of_root():
    command, calls = traced(OF_LIBRARIES, [PAM_TRY, '--user=jia', 'itax-demo'])
    done = subprocess.run(command, input='Jia-pass1\n', capture_output=True, text=True, timeout=30, check=False)
    equal(done.returncode, 0, done.stdout + done.stderr)
    end = json.loads(done.stdout.splitlines()[-1])
    equal((end['user'], end['env']['ITAX_UNIT'], end['env']['ITAX_ACCOUNT']), ('jia', UNIT_1, 'ceshi_jia'))
    nothing_of_evil(calls)


@case('su with an environment of a megabyte, and without a name of its own')  # threats 100
def huge():
    with Terminal([*AS_BENDI, 'su', 'jia', '-c', SAY], env={f'BIG_{i}': 'x' * 120000 for i in range(9)}) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        equal(terminal.expect(SAID).groups(), ('jia', UNIT_1))
    with Terminal([*AS_BENDI, 'bash', '-c', f"exec -a '' su jia -c '{SAY}'"]) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        equal(terminal.expect(SAID).groups(), ('jia', UNIT_1))


@case('su: what the caller calls himself in ITAX_ variables is not what the shell is told')
def forged_variables():
    forged = {'ITAX_UNIT': 'evil', 'ITAX_UNIT_NAME': 'evil', 'ITAX_ACCOUNT': 'evil', 'ITAX_NAME': 'evil', 'ITAX_METHOD': 'evil'}
    with Terminal([*AS_BENDI, 'su', 'wu', '-c', 'env; echo over'], env=forged) as terminal:
        terminal.secret(PASSWORD, ACCOUNTS['wu']['password'])
        terminal.expect('over')
        contains(terminal.text, f'ITAX_UNIT={UNIT_3}', 'ITAX_ACCOUNT=测试_戊', 'ITAX_METHOD=password')
        lacks(terminal.text, 'evil')


@case('su: the phone of another person confirms the code: that person is not let in, and the user stays who was asked for')
def other_phone():
    with Terminal([*AS_BENDI, 'su', 'jia', '-c', SAY]) as terminal:
        terminal.secret(PASSWORD, '')
        contains(phone('yi', 'confirm', terminal.wait_for_code(), status=1), 'another account')
        terminal.expect('phone of somebody else')
        equal(terminal.ended(), 1)
        lacks(terminal.text, '<')


@case('su to another person with the password of one\'s own account: not let in')
def own_password_for_other():
    with Terminal([*AS_JIA, 'su', 'ji', '-c', SAY]) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect('wrong')
        terminal.close()
        lacks(terminal.text, '<')
    unlock('ji')


@case('sudo -u: it is the one who sits there that is asked, and no password of the target gets in')
def sudo_as_other():
    with Terminal([*AS_JIA, 'sudo', '-k', '-u', 'yi', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, 'Yi-pass22')
        terminal.expect('wrong')
        terminal.close()
        lacks(terminal.text, r'yi\n')
    unlock('jia')
    with Terminal([*AS_JIA, 'sudo', '-k', '-u', 'yi', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect(r'yi\n')
        equal(terminal.ended(), 0)


@case('sudo in an environment full of traps: the same login')
def environment_of_sudo():
    with Terminal([*AS_JIA, 'env', *(f'{k}={v}' for k, v in OF_LIBRARIES.items()), 'sudo', '-k', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect('root\n')
        equal(terminal.ended(), 0)


@case('sudo of somebody with an account but without a line in sudoers: identified, and refused all the same')
def not_in_sudoers():
    with Terminal(['setpriv', '--reuid=wu', '--regid=wu', '--init-groups', '--', 'sudo', '-k', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, ACCOUNTS['wu']['password'])
        terminal.expect('not in the sudoers file|not allowed')
        lacks(terminal.text, r'root\n')


main(environment=ENGLISH)
