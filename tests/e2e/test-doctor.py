#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""itaxctl doctor: nothing is found in the lab; what is spoilt is found, and libpam does what was foretold"""

import json
import os
import shutil
import signal
import subprocess

from e2e import ENGLISH, PASSWORD, Try, backend_signal, case, contains, equal, lacks, main

BUS = '/run/dbus/system_bus_socket'
CHINESE = {'LANG': 'zh_CN.UTF-8'}
NOBODY = 65534
OURS = 'auth [success=2 ignore=ignore {} authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n'
LOCAL = 'auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n'
REST = 'account [success=ok new_authtok_reqd=ok ignore=ignore module_unknown=ignore default=bad] pam_itax.so\naccount required pam_unix.so\n'


def doctor(*words, status=0, uid=None, env=None):
    prefix = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups'] if uid else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('LC_', 'LANG'))}
    environment.update(env or {'LANG': 'C.UTF-8'})
    done = subprocess.run([*prefix, 'itaxctl', 'doctor', *words], capture_output=True, text=True, timeout=60, check=False, env=environment)
    if status is not None:
        equal(done.returncode, status, f'{words}: {done.stdout}{done.stderr}')
    return done.stdout or done.stderr


def checks(*words, status=0, uid=None):
    """{(check, file, line)} that are more than notes; screen lockers of the machine may have no account lines"""
    found = json.loads(doctor(*words, '--json', status=status, uid=uid))
    equal(found['ok'], not any(finding['severity'] == 'error' for finding in found['findings']))
    return {(finding['check'], finding['file'], finding['line']) for finding in found['findings']
            if finding['severity'] != 'note' and finding['check'] != 'no-account-lines'}


def stack(name, text):
    with open(f'/etc/pam.d/{name}', 'w', encoding='utf-8') as file:
        file.write(text)


@case('in the lab nothing is wrong: every sample, sshd, the files, the daemon and the platform')
def healthy():
    shutil.copy('/etc/ssh/sshd_config.lab', '/etc/ssh/sshd_config')
    equal(checks(), set())
    contains(doctor(), r'Services looked at: (19|2\d|3\d); errors: 0, ')
    contains(doctor(env=CHINESE), '已检查服务：.* 个；错误：0')
    equal(checks('login', 'sudo'), set())


# threats 6
@case('a refusal that pam_permit makes a success: foretold, true, and gone when the line is mended')
def ignored():
    stack('spoilt', 'auth optional pam_itax.so\nauth required pam_permit.so\naccount required pam_itax.so\n')
    equal(checks('spoilt', status=1), {('denial-ignored', '/etc/pam.d/spoilt', 2)})
    contains(doctor('spoilt', status=1), '/etc/pam.d/spoilt:2: error: lets people in whom pam_itax has refused', r'\(spoilt\)')
    contains(doctor('spoilt', status=1, env=CHINESE), '/etc/pam.d/spoilt:2: 错误: pam_itax 已拒绝')
    attempt = Try('spoilt', user='jia')
    attempt.prompt('secret', PASSWORD)
    attempt.hang_up()
    attempt.end('PAM_SUCCESS')

    stack('spoilt', 'auth required pam_itax.so\nauth required pam_permit.so\naccount required pam_itax.so\n')
    equal(checks('spoilt'), set())
    attempt = Try('spoilt', user='jia')
    attempt.prompt('secret', PASSWORD)
    attempt.hang_up()
    attempt.end('PAM_CONV_ERR')


@case('local users locked out: foretold, true, and gone when the line is mended')
def locked_out():
    stack('spoilt', OURS.format('') + LOCAL + REST)
    equal(checks('spoilt', status=1), {('local-users-out', '/etc/pam.d/spoilt', 1)})
    Try('spoilt', user='bendi').end('PAM_USER_UNKNOWN')

    stack('spoilt', OURS.format('user_unknown=ignore') + LOCAL + REST)
    equal(checks('spoilt'), set())
    attempt = Try('spoilt', user='bendi')
    attempt.secret('assword', 'Bendi-pass8')
    attempt.end('PAM_SUCCESS')
    os.unlink('/etc/pam.d/spoilt')


@case('sshd that cannot ask is found at its line, over what sshd says of itself or its file')
def sshd():
    with open('/etc/ssh/sshd_config', encoding='utf-8') as file:
        text = file.read()
    with open('/etc/ssh/sshd_config', 'w', encoding='utf-8') as file:
        file.write(text.replace('KbdInteractiveAuthentication yes', 'KbdInteractiveAuthentication no'))
    line = text[:text.index('KbdInteractiveAuthentication')].count('\n') + 1
    equal(checks('sshd', status=1), {('sshd-keyboard', '/etc/ssh/sshd_config', line)})
    with open('/etc/ssh/sshd_config', 'w', encoding='utf-8') as file:
        file.write(text)


@case('files that others may write, a secret that all may read')
def modes():
    for path, mode, check in (('/etc/itax/client-secret', 0o644, 'secret'), ('/etc/itax/users', 0o666, 'writable'),
                              ('/etc/pam.d/login', 0o664, 'writable')):
        before = os.stat(path).st_mode & 0o7777
        os.chmod(path, mode)
        equal((check, path, 0) in checks(status=1), True, path)
        os.chmod(path, before)
    equal(checks(), set())


@case('the daemon away has a status of its own, and the platform away is an error')
def away():
    os.rename(BUS, BUS + '.away')
    try:
        equal({check for check, _, _ in checks(status=3)}, {'daemon'})
        equal(checks('login'), set())
    finally:
        os.rename(BUS + '.away', BUS)
    backend_signal(signal.SIGSTOP)
    try:
        equal({check for check, _, _ in checks(status=1)}, {'platform'})
        contains(doctor(status=1, env=CHINESE), '平台不可用')
    finally:
        backend_signal(signal.SIGCONT)


@case('wrong words, a service that there is not, one that does without, and whoever is not root')
def words():
    contains(doctor('a/b', status=2), 'no name of a service')
    contains(doctor('--root', '/no/such', status=2), '/no/such')
    contains(doctor('nosuchservice', status=1), 'there is no pam.d file for nosuchservice')
    contains(doctor('other', status=None), 'other does not use pam_itax')
    contains(doctor(status=None, uid=NOBODY), 'only root is told')
    lacks(doctor('login'), 'only root is told')


main(environment=ENGLISH)
