#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Local users that itaxd makes: systemd user records, read by libnss-systemd (design.md D8; threats 75)"""

import os
import re
import subprocess

from e2e import (ACCOUNT, ACCOUNTS, ENGLISH, PASSWORD, RUN, UNIT_3, Terminal, Try, backend, case, contains, equal, itaxd_pid, lacks, main,
                 wait_until)

NAME = ACCOUNTS['wu']['login_name']
RECORDS = '/run/userdb'


def settle():
    if 'ITAX_LAB' not in os.environ:
        return
    with open('/etc/itax/users', encoding='utf-8') as file:
        lines = [line for line in file if not line.startswith((f'{NAME} ', 'ceshi_ji '))]
    with open('/etc/itax/users', 'w', encoding='utf-8') as file:
        file.writelines(lines)
    with open('/etc/nsswitch.conf', encoding='ascii') as file:
        text = re.sub(r'(?m)^(passwd|group|shadow):.*$', r'\1: files systemd', file.read())
    with open('/etc/nsswitch.conf', 'w', encoding='ascii') as file:
        file.write(text)
    with open('/etc/pam.d/itax-demo', 'a', encoding='ascii') as file:
        file.write('session required pam_mkhomedir.so umask=0077\n')


def entry(*words):
    done = subprocess.run(['getent', *words], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip()


def log_in(typed, user='wu', code='PAM_SUCCESS', **more):
    attempt = Try('itax-demo', 'authenticate', 'account', 'open', 'close', **more)
    if 'user' not in more:
        attempt.echo(ACCOUNT, typed)
    attempt.secret(PASSWORD, ACCOUNTS[user]['password'])
    return attempt.end(code)


@case('whoever comes for the first time gets a user, a number of the range, a group and a home')
def first():
    equal(entry('passwd', NAME), '')
    attempt = log_in(NAME)
    equal(attempt.user, NAME)
    name, _, uid, gid, _, home, shell = entry('passwd', NAME).split(':')
    equal((name, home, shell), (NAME, f'/home/{NAME}', '/bin/bash'))
    equal(uid, gid)
    if not 65536 <= int(uid) <= 524287:
        raise AssertionError(f'uid {uid}')
    contains(entry('group', NAME), f'^{NAME}:x:{gid}:')
    equal(entry('passwd', uid).split(':')[0], NAME)
    equal(os.stat(f'/home/{NAME}').st_uid, int(uid))


@case('all names of the account are that one user, also after itaxd was restarted and /run was empty')
def same():
    uid = entry('passwd', NAME).split(':')[2]
    for typed in (ACCOUNTS['wu']['mobile'], ACCOUNTS['wu']['document_number']):
        equal(log_in(typed).user, NAME)
    os.kill(itaxd_pid(), 15)
    wait_until(lambda: not subprocess.run(['pgrep', '-x', 'itaxd'], capture_output=True, check=False).stdout, 'itaxd is gone')
    for name in os.listdir(RECORDS):
        os.unlink(f'{RECORDS}/{name}')
    equal(log_in(NAME).user, NAME)
    equal(entry('passwd', NAME).split(':')[2], uid)


@case('a greeter that names the user is served, too: for the one who is there, and for the one who is to be')
def named():
    attempt = Try('itax-demo', 'authenticate', user=NAME)
    attempt.secret(PASSWORD, ACCOUNTS['wu']['password'])
    attempt.end('PAM_SUCCESS')
    other = Try('itax-demo', 'authenticate', user=NAME)
    other.secret(PASSWORD, ACCOUNTS['jia']['password'])
    other.prompt('secret', 'wrong')
    other.hang_up()
    other.end('PAM_CONV_ERR')
    backend('account', 'unlock', NAME)


@case('su to a user that was made asks for the password of the account')
def su():
    with Terminal(['setpriv', '--reuid=bendi', '--regid=bendi', '--init-groups', '--', 'su', NAME, '-c',
                   'id -un; echo "<$ITAX_UNIT>"']) as terminal:
        terminal.secret(PASSWORD, ACCOUNTS['wu']['password'])
        contains(terminal.expect(f'<{UNIT_3}>') and terminal.text, f'{NAME}\n')


@case('a user of that name that is there already is nobody\'s: refused and told (threats 75)')
def collision():
    subprocess.run(['groupadd', 'ceshi_ji'], check=True)
    attempt = Try('itax-demo', 'authenticate')
    attempt.echo(ACCOUNT, 'ceshi_ji')
    attempt.secret(PASSWORD, ACCOUNTS['ji']['password'])
    attempt.end()
    lacks(attempt.codes['authenticate'], 'SUCCESS')
    with open(f'{RUN}/itaxd.log', encoding='utf-8', errors='replace') as file:
        contains(file.read(), 'account ceshi_ji gets no local user: a user or group of that name is there already')
    lacks('\n'.join(os.listdir(RECORDS)), 'ceshi_ji')
    subprocess.run(['groupdel', 'ceshi_ji'], check=True)

    # A user of that name without an account is a local user: not ours.
    subprocess.run(['useradd', 'ceshi_ji'], check=True)
    attempt = Try('itax-demo', 'authenticate')
    attempt.echo(ACCOUNT, 'ceshi_ji')
    attempt.end('PAM_USER_UNKNOWN')
    subprocess.run(['userdel', 'ceshi_ji'], check=True)


@case('the map goes before: who stands there is the user of the map')
def mapped():
    attempt = Try('itax-demo', 'authenticate')
    attempt.echo(ACCOUNT, 'ceshi_jia')
    attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
    equal(attempt.end('PAM_SUCCESS').user, 'jia')
    lacks('\n'.join(os.listdir(RECORDS)), 'jia')


settle()
main(environment=dict(ENGLISH, ITAX_LAB_ITAXD_CONF='accounts = provision'))
