#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Daemon, bus or platform away: bounded, PAM_AUTHINFO_UNAVAIL, and nobody else is kept out (design.md D11)"""

import os
import signal
import time

from e2e import (ACCOUNT, BENDI_PASSWORD, ENGLISH, PASSWORD, ROOT_PASSWORD, UNIT, Terminal, Try, backend, backend_signal,
                 case, contains, equal, itaxd_pid, lacks, main, phone, pids, wait_until)

UNAVAILABLE = 'PAM_AUTHINFO_UNAVAIL'
PROMPT = r'[$#] $'


def within(seconds, attempt, code=UNAVAILABLE):
    """The login ends with @code, so many seconds from now at most."""
    begin = time.monotonic()
    attempt.end(code, seconds=seconds + 5)
    took = time.monotonic() - begin
    if took > seconds:
        raise AssertionError(f'{took:.2f} s, the bound is {seconds} s')
    return took


def next_login_works():
    attempt = Try(user='jia')
    attempt.secret(PASSWORD, 'Jia-pass1')
    attempt.end('PAM_SUCCESS')


def locals_log_in(seconds=3.0):
    for user, word in (('root', ROOT_PASSWORD), ('bendi', BENDI_PASSWORD)):
        begin = time.monotonic()
        with Terminal(['login', user]) as terminal:
            terminal.secret('Password: $', word)
            terminal.expect(PROMPT)
        took = time.monotonic() - begin
        if took > seconds:
            raise AssertionError(f'{user}: {took:.1f} s')


def at_account(attempt):
    attempt.prompt('echo', ACCOUNT)
    return 'ceshi_jia'


def at_password(attempt):
    attempt.echo(ACCOUNT, 'ceshi_jia')
    attempt.prompt('secret', PASSWORD)
    return 'Jia-pass1'


def at_second_password(attempt):
    attempt.echo(ACCOUNT, 'ceshi_jia')
    attempt.secret(PASSWORD, '')
    attempt.address()
    return None


def at_unit(attempt):
    attempt.echo(ACCOUNT, 'ceshi_yi')
    attempt.secret(PASSWORD, 'Yi-pass22')
    attempt.prompt('echo', UNIT)
    return '3'


PLACES = {'account': at_account, 'password': at_password, 'code': at_second_password, 'unit': at_unit}


# threats 32
@case('itaxd is killed at each prompt: PAM_AUTHINFO_UNAVAIL at once, and the next login works')
def killed():
    for place, reach in PLACES.items():
        attempt = Try()
        answer = reach(attempt)
        os.kill(itaxd_pid(), signal.SIGKILL)
        if answer is not None:
            attempt.send(answer)
        within(1, attempt)
        if attempt.env:
            raise AssertionError(f'{place}: {attempt.env}')
        next_login_works()


@case('itaxd is killed while login shows the code: login ends, the next one works')
def killed_in_login():
    with Terminal(['login']) as terminal:
        terminal.answer(ACCOUNT, '')
        terminal.wait_for_code()
        os.kill(itaxd_pid(), signal.SIGKILL)
        # pam_unix is next in the stack and asks for a local user
        terminal.expect('login: $|incorrect')
        lacks(terminal.text, r'\$ $')
    next_login_works()


# threats 33
@case('itaxd is stopped (SIGSTOP) before a login: 5 s, and local users log in meanwhile')
def stopped_before():
    next_login_works()
    pid = itaxd_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        within(6, Try(user='jia'))
        locals_log_in(8.0)  # bendi waits for the bound once
    finally:
        os.kill(pid, signal.SIGCONT)
    next_login_works()


@case('itaxd is stopped (SIGSTOP) in the middle of a login: the wait is bounded')
def stopped_within():
    attempt = Try()
    answer = at_password(attempt)
    pid = itaxd_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        attempt.send(answer)
        within(26, attempt)
    finally:
        os.kill(pid, signal.SIGCONT)
    next_login_works()


# threats 34
@case('itaxd cannot be started at all: at once, and root and local users log in')
def masked():
    for pid in pids('itaxd'):
        os.kill(pid, signal.SIGKILL)
    os.rename('/usr/sbin/itaxd', '/usr/sbin/itaxd.away')
    try:
        within(6, Try(user='jia'))
        locals_log_in(12.0)
        with Terminal(['login']) as terminal:
            terminal.answer('login: $', 'root')
            terminal.secret('Password: $', ROOT_PASSWORD)
            terminal.expect('# $')
    finally:
        os.rename('/usr/sbin/itaxd.away', '/usr/sbin/itaxd')
    next_login_works()


@case('the platform is stopped: PAM_AUTHINFO_UNAVAIL with words, and works again when it is back')
def platform_stopped():
    backend('stop')
    try:
        attempt = Try()
        attempt.send(at_password(attempt))
        within(2, attempt)
        contains(attempt.text, 'cannot be reached')
        attempt = Try()
        attempt.echo(ACCOUNT, '')
        within(2, attempt)
        locals_log_in()
    finally:
        backend('start')
    next_login_works()


# threats 35
@case('the platform hangs (SIGSTOP): the bound of one answer, 5 s')
def platform_hangs():
    attempt = Try()
    answer = at_password(attempt)
    backend_signal(signal.SIGSTOP)
    try:
        attempt.send(answer)
        within(6.5, attempt)
        locals_log_in()
    finally:
        backend_signal(signal.SIGCONT)
    next_login_works()


@case('the platform hangs while a code stands: bounded as well')
def platform_hangs_at_code():
    attempt = Try()
    attempt.echo(ACCOUNT, '')
    attempt.address()
    backend_signal(signal.SIGSTOP)
    try:
        within(36, attempt)
    finally:
        backend_signal(signal.SIGCONT)
    next_login_works()


@case('the platform is started anew while a code stands: the code goes on to work')
def platform_restarted():
    attempt = Try()
    attempt.echo(ACCOUNT, '')
    address = attempt.address()
    backend('restart')
    phone('jia', 'confirm', address)
    attempt.end(seconds=30)
    if attempt.codes['authenticate'] not in ('PAM_SUCCESS', UNAVAILABLE):
        raise AssertionError(attempt.codes)
    print(f'# the code after a restart of the platform: {attempt.codes["authenticate"]}')
    next_login_works()


@case('the platform has a certificate of another authority: no password is sent')
def wrong_authority():
    os.rename('/etc/itax/ca.pem', '/etc/itax/ca.pem.away')
    os.system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=other '
              '-keyout /dev/null -out /etc/itax/ca.pem 2>/dev/null')
    os.kill(itaxd_pid(), signal.SIGKILL)
    try:
        attempt = Try()
        before = open('/run/itax-lab/backend.log', encoding='utf-8').read().count('/oauth2/challenge')
        attempt.send(at_password(attempt))
        within(6, attempt)
        equal(open('/run/itax-lab/backend.log', encoding='utf-8').read().count('/oauth2/challenge'), before)
    finally:
        os.rename('/etc/itax/ca.pem.away', '/etc/itax/ca.pem')
        os.kill(itaxd_pid(), signal.SIGKILL)
    next_login_works()


# threats 124
@case('the bus is away: PAM_AUTHINFO_UNAVAIL at once; a login that runs goes on without it')
def no_bus():
    attempt = Try()
    answer = at_password(attempt)
    bus = pids('dbus-daemon')
    os.rename('/run/dbus/system_bus_socket', '/run/dbus/away')
    try:
        within(2, Try(user='jia'))
        locals_log_in()
        attempt.send(answer)
        attempt.end('PAM_SUCCESS')
        equal(pids('dbus-daemon'), bus)
    finally:
        os.rename('/run/dbus/away', '/run/dbus/system_bus_socket')
    next_login_works()


# threats 26, 127
@case('two hundred logins that are killed in the middle leave nothing in itaxd')
def killed_clients():
    next_login_works()
    pid = itaxd_pid()
    before = len(os.listdir(f'/proc/{pid}/fd'))
    for _ in range(20):
        attempts = [Try() for _ in range(10)]
        for attempt in attempts:
            attempt.prompt('echo', ACCOUNT)
        for attempt in attempts:
            attempt.process.kill()
            attempt.process.wait()
    wait_until(lambda: len(os.listdir(f'/proc/{pid}/fd')) <= before + 2, 'the sockets are closed')
    equal(itaxd_pid(), pid)
    next_login_works()


main(environment=ENGLISH)
