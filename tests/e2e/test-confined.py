#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Logins with itaxd and the platform under what their systemd units say: system calls, capabilities, file systems
(confine.py does what systemd would do; here there is none)"""

import json
import os
import re
import shutil
import socket
import subprocess

from e2e import (ACCOUNT, ACCOUNTS, ENGLISH, HERE, PASSWORD, RUN, UNIT_1, UNIT_2, Terminal, Try, backend, case, contains,
                 equal, itaxd_pid, main, phone, pids, wait_until)

SERVICE = '/usr/share/dbus-1/system-services/org.itax.Auth1.service'
CONFINE = f'{HERE}/confine.py'
TLS = '/var/lib/itax-lab'
CERTIFICATES = '/etc/itax/certificates'
PIN = '123456'
WAY = r'Number of the way[^\n]*: $'
ASK_PIN = r'PIN\) of the CA certificate: $'


def settle():
    """The bus starts itaxd through confine.py, as root. Its unit is read from where it was installed."""
    if 'ITAX_LAB' not in os.environ:
        return
    with open(SERVICE, encoding='utf-8') as file:
        text = file.read()
    text = re.sub(r'(?m)^Exec=.*$', f'Exec=/usr/bin/python3 -B {CONFINE} itaxd.service', text)
    with open(SERVICE, 'w', encoding='utf-8') as file:
        file.write(re.sub(r'(?m)^User=.*$', 'User=root', text))
    gid = os.stat('/etc/itax/client-secret').st_gid
    os.makedirs(CERTIFICATES, exist_ok=True)
    shutil.copy('/var/lib/itax-lab/units/p256.p12', f'{CERTIFICATES}/{UNIT_2}.p12')
    for path, mode in ((CERTIFICATES, 0o750), (f'{CERTIFICATES}/{UNIT_2}.p12', 0o640)):
        os.chmod(path, mode)
        os.chown(path, 0, gid)


def status(pid):
    with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


def answers():
    with socket.socket() as tried:
        return tried.connect_ex(('127.0.0.1', 443)) == 0


@case('the platform starts under its unit, as its user, without a capability')
def platform():
    backend('stop')
    options = (f'--listen 127.0.0.1:443 --issuer https://itax.lab --tls-cert {TLS}/server.pem --tls-key {TLS}/server.key '
               f'--unit-ca {TLS}/units/authorities.pem --unit-crl {TLS}/units/crl.pem')
    # By a shell that goes away: whoever ends it then (tests/lab/backend stop) waits for no child of ours.
    with open(f'{RUN}/backend.log', 'ab') as log:
        subprocess.run(['setsid', 'sh', '-c', f'"$@" & echo $! >{RUN}/backend.pid', 'sh',
                        '/usr/bin/python3', '-B', CONFINE, 'itax-backend.service'], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                       check=True, timeout=30,
                       env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8', 'ITAX_BACKEND_OPTIONS': options})
    wait_until(answers, 'the platform answers')
    with open(f'{RUN}/backend.pid', encoding='ascii') as file:
        pid = int(file.read())
    equal(pids('itax-backend'), [pid])
    found = status(pid)
    equal((found['NoNewPrivs'], found['Seccomp'], int(found['CapBnd'], 16), int(found['CapEff'], 16)), ('1', '2', 0, 0))
    equal(set(found['Uid'].split()), {str(os.stat('/var/lib/itax-backend').st_uid)})


@case('login(1) with account and password reaches the shell')
def password():
    with Terminal(['login']) as terminal:
        terminal.answer(ACCOUNT, 'ceshi_jia')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.answer(r'\$ $', 'printf "<%s>" "$(id -un)" "$ITAX_UNIT"')
        equal(terminal.expect('<([^>%]+)><([^>%]+)>').groups(), ('jia', UNIT_1))
        terminal.answer(r'\$ $', 'exit')
        terminal.ended()


@case('that itaxd is confined: its user, no capability, the filter, nothing to be written or run but what is its own')
def is_confined():
    pid = itaxd_pid()
    found = status(pid)
    equal((found['NoNewPrivs'], found['Seccomp']), ('1', '2'))
    for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
        equal(int(found[name], 16), 0, name)
    equal(set(found['Uid'].split()), {str(os.stat('/var/lib/itaxd').st_uid)})
    with open(f'/proc/{pid}/mountinfo', encoding='utf-8') as file:
        mounts = {line.split(' ')[4]: line.split(' ')[5].split(',') for line in file}
    equal(('ro' in mounts['/'], 'noexec' in mounts['/']), (True, True))
    equal({path for path, options in mounts.items() if 'rw' in options} - {'/dev', '/proc', '/tmp', '/var/tmp'},
          {'/run/itaxd', '/var/lib/itaxd', '/var/log/itax', '/run/userdb'})
    with open(f'/proc/{pid}/uid_map', encoding='ascii') as file:
        equal(len(file.readlines()), 2)


@case('what it may not do fails there, and what it needs does not')
def probe():
    done = subprocess.run(['/usr/bin/python3', '-B', CONFINE, 'itaxd.service', '--probe'], capture_output=True, text=True,
                          timeout=60, check=False)
    contains(done.stdout or done.stderr, '{')
    found = json.loads(done.stdout)
    equal(found, {
        'a file among its configuration': 'EROFS', 'a file among the programs': 'EROFS', 'homes': 'EACCES',
        'the home of root': 'EACCES', 'settings of the kernel': 'ENOENT', 'a disk': 'EACCES', 'another program': 'EACCES',
        'a raw socket': 'EAFNOSUPPORT', 'a socket to the kernel': 'EAFNOSUPPORT', 'memory that is written and run': 'EPERM',
        'a user name space': 'EPERM', 'a mount': 'EPERM', 'tracing': 'EPERM', 'a module of the kernel': 'EPERM',
        'keys of the kernel': 'EPERM', 'another user': 'EPERM', 'a file that gives its user away': 'EPERM',
        'a file in its state': 'done', 'code from a file': 'done', 'a socket to the platform': 'done'})


@case('a QR login goes through: the long poll, pictures and the phone')
def qr():
    attempt = Try('itax-demo')
    attempt.echo(ACCOUNT, '')
    phone('jia', 'confirm', attempt.address())
    attempt.end('PAM_SUCCESS')
    equal(attempt.user, 'jia')


@case('a unit is verified by certificate: the helper that signs is started, and signs')
def certificate():
    attempt = Try('itax-demo')
    attempt.echo(ACCOUNT, ACCOUNTS['bing']['login_name'])
    attempt.secret(PASSWORD, ACCOUNTS['bing']['password'])
    attempt.echo(WAY, '2')
    attempt.secret(ASK_PIN, PIN)
    attempt.end('PAM_SUCCESS')


@case('the end of a session is seen by its process alone, and sessions outlive a restart')
def sessions():
    def listed():
        done = subprocess.run(['itaxctl', 'sessions', '--json'], capture_output=True, text=True, timeout=30, check=True)
        return [session for session in json.loads(done.stdout) if session['open']]

    with Terminal(['login']) as terminal:
        terminal.answer(ACCOUNT, 'ceshi_jia')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect(r'\$ $')
        equal(bool(listed()), True, 'listed')
        before = itaxd_pid()
        os.kill(before, 15)
        wait_until(lambda: not os.path.exists(f'/proc/{before}'), 'itaxd is gone')
        equal(bool(listed()), True, 'listed after a restart')
        subprocess.run(['pkill', '-KILL', '-x', 'login'], check=False)
        wait_until(lambda: not listed(), 'the session is over')


# A sanitizer makes system calls of its own, and writes where itaxd may not: this is always about the ordinary build.
if 'ITAX_LAB_MODULE' in os.environ:
    os.environ['ITAX_LAB_BUILD'] = os.path.dirname(os.environ['ITAX_LAB_MODULE'])
settle()
main(environment=dict(ENGLISH, ITAX_LAB_ITAXD_CONF='[certificate]\nfolder = /etc/itax/certificates'))
