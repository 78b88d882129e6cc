#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""itaxd or the bus dies, hangs or cannot be started: how fast everybody is told, and who gets in all the same

test-faults.py has the plain cases; here are arbitrary moments, all the ways not to start, and the comparison with what
is normal."""

import os
import random
import signal
import subprocess
import threading
import time

from e2e import (ACCOUNT, BENDI_PASSWORD, DIGITS, ENGLISH, PASSWORD, RUN, UNIT_1, UNIT_PASSWORD, Terminal, Try,
                 case, contains, digits_of, equal, itaxd_pid, main, phone, pids, wait_until)
from faults import (AT_ONCE, DAEMON, NORMAL, SPARE, Watch, by_login, by_su, changed, jia_gets_in, kill, locals_get_in,
                    measure, stopped)

UNAVAILABLE = 'PAM_AUTHINFO_UNAVAIL'
ITAXD, CONF = '/usr/sbin/itaxd', '/etc/itax/itaxd.conf'


def at_password():
    login = Try()
    login.echo(ACCOUNT, 'ceshi_jia')
    login.prompt('secret', PASSWORD)
    return login, 'Jia-pass1'


def at_password_of_user():
    login = Try(user='jia')
    login.prompt('secret', PASSWORD)
    return login, 'Jia-pass1'


def at_unit_password():
    login = Try(user='bing')
    login.secret(PASSWORD, 'Bing-pass3')
    login.prompt('secret', UNIT_PASSWORD)
    return login, 'Declare-2'


def at_digits():
    """All is confirmed, and only the digits are missing."""
    login = Try(user='jia', rhost='192.0.2.1')
    login.secret(PASSWORD, '')
    told = phone('jia', 'confirm', login.address())
    login.prompt('echo', DIGITS)
    return login, digits_of(told)


@case('itaxd killed where the right answer is all that is missing: PAM_AUTHINFO_UNAVAIL at once')  # threats 32
def killed_before_the_end():
    for reach in (at_password_of_user, at_unit_password, at_digits):
        login, answer = reach()
        with login:
            kill('itaxd')
            with Watch(f'killed {reach.__name__}', AT_ONCE):
                login.send(answer)
                login.end(UNAVAILABLE)
            equal(login.env, {})
        jia_gets_in()


def unread_at_platform():
    """Something stands in a socket of the platform that it has not read."""
    with open('/proc/net/tcp', encoding='ascii') as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return any(row[1] == '0100007F:01BB' and int(row[4].split(':')[1], 16) for row in rows)


@case('itaxd killed while it waits for the platform: PAM_AUTHINFO_UNAVAIL at once')
def killed_while_asking():
    login, answer = at_password()
    with login, stopped('itax-backend'):
        login.send(answer)
        wait_until(unread_at_platform, 'itaxd asks the platform')
        kill('itaxd')
        with Watch('killed while asking', AT_ONCE):
            login.end(UNAVAILABLE)
    jia_gets_in()


@case('itaxd killed at 30 arbitrary moments of a login: PAM_AUTHINFO_UNAVAIL, or a login that was complete')  # threats 32
def killed_anywhere():
    dice = random.Random(49)
    found = {}
    jia_gets_in()
    begin = time.monotonic()
    jia_gets_in()
    whole = time.monotonic() - begin
    for _ in range(30):
        login, answer = at_password()
        with login:
            late = dice.uniform(0.0, 1.2 * whole)
            killer = threading.Timer(late, os.kill, (itaxd_pid(), signal.SIGKILL))
            killer.start()
            begin = time.monotonic()
            login.send(answer)
            login.end(seconds=DAEMON)
            took = time.monotonic() - begin
            killer.join()
        code = login.codes['authenticate']
        found[code] = found.get(code, 0) + 1
        if code not in ('PAM_SUCCESS', UNAVAILABLE) or took > AT_ONCE + late:
            raise AssertionError(f'{code} after {took:.2f} s, killed after {late:.3f} s')
        equal(login.env.get('ITAX_UNIT'), UNIT_1 if code == 'PAM_SUCCESS' else None)
        kill('itaxd')  # it is gone, not only told to go
    print(f'# {found}')
    if UNAVAILABLE not in found:
        raise AssertionError('it was killed too late each time to tell anything')
    jia_gets_in()


@case('a login that begins in the moment in which itaxd dies or is told to end: it is started again')
def killed_at_the_begin():
    for number in (signal.SIGKILL, signal.SIGTERM) * 15:
        wait_until(lambda: len(pids('itaxd')) == 1, 'the one before is gone')
        os.kill(itaxd_pid(), number)
        with Try(user='jia') as login:
            login.secret(PASSWORD, 'Jia-pass1')
            login.end('PAM_SUCCESS')


@case('login(1), itaxd killed at the password: pam_unix goes on, for a local user with the local password')
def killed_under_login():
    with Terminal(['login']) as terminal:
        terminal.answer(ACCOUNT, 'ceshi_jia')
        terminal.expect(PASSWORD)
        terminal.until(terminal._echo_is_off, 'echo off')  # pylint: disable=protected-access
        kill('itaxd')
        terminal.send('Jia-pass1\n')
        terminal.answer('login: $', 'bendi', AT_ONCE)
        terminal.secret(PASSWORD, BENDI_PASSWORD)
        terminal.answer(r'\$ $', 'printf "<%s>" "$(id -un)" "${ITAX_ACCOUNT-none}"')
        equal(terminal.expect('<([^>%]+)><([^>%]+)>').groups(), ('bendi', 'none'))


@case('itaxd stopped (SIGSTOP): su to root does not wait for it; who waits is told once, and it goes on afterwards')  # threats 33
def itaxd_hangs():
    measure()
    jia_gets_in()
    pid = itaxd_pid()
    with stopped('itaxd'):
        by_su('root', NORMAL[by_su, 'root'] + 1.0)
        by_su('bendi', NORMAL[by_su, 'bendi'] + DAEMON + SPARE)
        by_login('bendi', DAEMON + SPARE, named=False)
    jia_gets_in()
    equal(itaxd_pid(), pid)


def cannot_start(path, text):
    """With @text at @path itaxd does not start: all are told at once, and local users come in as ever."""
    measure()
    kill('itaxd')
    with changed(path, text):
        for user in (None, 'jia'):
            with Watch('told that itaxd is away', AT_ONCE), Try(user=user) as login:
                login.end(UNAVAILABLE)
                equal(login.messages, [])
        locals_get_in()
        by_login('bendi', NORMAL[by_login, 'bendi'] + 1.0, named=False)
        equal(pids('itaxd'), [])
    jia_gets_in()


@case('the program itaxd is missing: root and local users log in within 1 s of normal')  # threats 34
def missing():
    cannot_start(ITAXD, None)


@case('itaxd is no program, fails or crashes at its start: root and local users log in within 1 s of normal')  # threats 34
def crashing():
    for text in ('not a program\n', '#!/bin/sh\nexit 1\n', '#!/bin/sh\nkill -SEGV $$\n'):
        cannot_start(ITAXD, text)


@case('the configuration of itaxd is wrong, empty or missing: root and local users log in within 1 s of normal')  # threats 34
def misconfigured():
    for text in ('[platform]\nissuer = http://itax.lab\n', '[nonsense\n', '', None):
        cannot_start(CONF, text)


@case('a wrong configuration does not touch the itaxd that runs, nor a login in progress')
def misconfigured_while_running():
    login, answer = at_password()
    pid = itaxd_pid()
    with login, changed(CONF, '[platform]\nissuer = http://itax.lab\n'):
        os.kill(pid, signal.SIGHUP)
        jia_gets_in()
        login.send(answer)
        login.end('PAM_SUCCESS')
    equal(itaxd_pid(), pid)


def start_bus():
    """Waits until the bus takes connections."""
    reading, writing = os.pipe()
    with open(f'{RUN}/itaxd.log', 'ab') as log:
        subprocess.Popen(['setsid', 'dbus-daemon', '--system', '--nofork', '--nopidfile', '--nosyslog',  # pylint: disable=consider-using-with
                          f'--print-address={writing}'], stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[writing],
                         env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'})
    os.close(writing)
    with open(reading, encoding='ascii') as address:
        contains(address.readline(), 'unix:path=')


@case('dbus-daemon killed in the middle of a login: told at once, local users get in, and with the next bus all is well')  # threats 124
def bus_killed():
    measure()
    login, answer = at_password()
    old = itaxd_pid()
    with login:
        kill('dbus-daemon')
        try:
            # itaxd ends with its bus, or the next bus would start a second one.
            wait_until(lambda: not os.path.exists(f'/proc/{old}'), 'itaxd ends', DAEMON)
            with Watch('the login in progress', AT_ONCE):
                login.send(answer)
                login.end(UNAVAILABLE)
            for user in (None, 'jia'):
                with Watch('a login without a bus', AT_ONCE), Try(user=user) as new:
                    new.end(UNAVAILABLE)
            locals_get_in()
        finally:
            start_bus()
    jia_gets_in()


@case('dbus-daemon stopped (SIGSTOP): told after 5 s; a login in progress does not need it, nor does su to root')
def bus_hangs():
    measure()
    login, answer = at_password()
    with login, stopped('dbus-daemon'):
        login.send(answer)
        login.end('PAM_SUCCESS')
        with Watch('a new login', DAEMON + SPARE, DAEMON - SPARE), Try() as new:
            new.end(UNAVAILABLE)
        by_su('root', NORMAL[by_su, 'root'] + 1.0)
        by_login('bendi', NORMAL[by_login, 'bendi'] + DAEMON + SPARE)
    jia_gets_in()


main(environment=ENGLISH)
