#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""passwd(1) with the sample of its stack: who is asked for which password, and what is left when something is away"""

import os
import subprocess

from e2e import (BENDI_PASSWORD, ENGLISH, Terminal, backend, case, contains, equal, itaxd_pid, lacks, main, wait_until)

OLD, NEW, AGAIN = r'Current password: $', r'New password: $', r'New password once more: $'
RETYPE = r'Retype new password: $'
RUN = '/run/itax-lab'
PROGRAM = '/usr/sbin/itaxd'


def passwd(user):
    """passwd, started by that user."""
    return Terminal(['setpriv', f'--reuid={user}', f'--regid={user}', '--init-groups', '--', 'passwd'])


def change_local(old, new):
    with passwd('bendi') as terminal:
        terminal.secret(OLD, old)
        terminal.secret(NEW, new)
        terminal.secret(RETYPE, new)
        terminal.expect('updated successfully')
        equal(terminal.ended(), 0)


class NoDaemon:
    """itaxd is gone and cannot be started."""

    def __enter__(self):
        pid = itaxd_pid()
        os.rename(PROGRAM, PROGRAM + '.away')
        os.kill(pid, 9)

    def __exit__(self, *_):
        os.rename(PROGRAM + '.away', PROGRAM)


def itaxd():
    subprocess.run(['itaxctl', 'sessions'], check=True, stdout=subprocess.DEVNULL, timeout=30)


@case('a user with an account changes the account password; it stands on no screen and in no log')
def account():
    with passwd('jia') as terminal:
        terminal.secret(OLD, 'Jia-pass1')
        for _ in range(2):
            terminal.secret(NEW, 'Neues-wort7')
            terminal.secret(AGAIN, 'Neues-wort8')
            terminal.expect('differ')
        terminal.secret(NEW, 'Neues-wort7')
        terminal.secret(AGAIN, 'Neues-wort7')
        terminal.expect('has been changed')
        equal(terminal.ended(), 0)
        lacks(terminal.text, 'Jia-pass', 'Neues-wort', 'Retype')
    with passwd('jia') as terminal:
        terminal.secret(OLD, 'Neues-wort7')
        terminal.secret(NEW, 'Jia-pass1')
        terminal.secret(AGAIN, 'Jia-pass1')
        equal(terminal.ended(), 0)
    for name in os.listdir(RUN):
        if name.endswith('.log'):
            with open(f'{RUN}/{name}', encoding='utf-8', errors='replace') as file:
                lacks(file.read(), 'Jia-pass1', 'Neues-wort')


@case('given up in the middle: nothing is changed, and the local password is not asked for instead')
def given_up():
    with passwd('jia') as terminal:
        terminal.secret(OLD, 'Jia-pass1')
        terminal.secret(NEW, 'Neues-wort7')
        terminal.expect(AGAIN)
        terminal.until(terminal._echo_is_off, 'echo off')
        terminal.send('\x04')
        equal(terminal.ended() != 0, True, 'exit status')
        contains(terminal.text, 'unchanged')
        lacks(terminal.text, 'Retype')
    with passwd('jia') as terminal:
        terminal.secret(OLD, 'Jia-pass1')
        terminal.expect(NEW)


@case('a local user without an account changes the local password')
def local():
    change_local(BENDI_PASSWORD, 'Other-Bendi-7xq')


@case('also while the platform is away, and while there is no itaxd (threats 34)')
def local_alone():
    backend('stop')
    try:
        change_local('Other-Bendi-7xq', 'Third-Bendi-4kd')
    finally:
        backend('start')
    itaxd()
    with NoDaemon():
        change_local('Third-Bendi-4kd', 'Fourth-Bendi-9pm')


@case('a user with an account is told that the platform is away, and keeps the password')
def no_platform():
    backend('stop')
    try:
        with passwd('jia') as terminal:
            terminal.secret(OLD, 'Jia-pass1')
            terminal.expect('cannot be reached', seconds=60)
            equal(terminal.ended(seconds=60) != 0, True, 'exit status')
            # pam_unix was passed over when it could have asked for the local password: it must not set one now.
            lacks(terminal.text, 'New password')
    finally:
        backend('start')
    wait_until(lambda: can_change('jia'), 'the platform is back')


def can_change(user):
    with passwd(user) as terminal:
        terminal.secret(OLD, 'Jia-pass1')
        return terminal.expect(f'{NEW}|cannot be reached').group(0).startswith('New')


main(environment=ENGLISH)
