#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""login(1) while the code stands: Enter leads to the other way, and what is typed reaches neither screen nor shell"""

import os
import re
import signal
import termios
import time

from e2e import (ACCOUNT, ENGLISH, PASSWORD, ROOT_PASSWORD, Terminal, case, contains, equal, lacks, main, phone, pids,
                 wait_until)

PROMPT = r'\$ $'
ROOT_PROMPT = r'# $'
READY = r'ready# $'
CODE = re.compile(r'itax\.lab/Q\s[^.]*?\b([0-9A-Z]{8})\b')
MARK = '/run/itax-lab/typed'
# A line with all of it: a password typed out of habit, and a command that leaves a mark.
HABIT = f'Jia-pass1; touch {MARK}\n'
OTHER_WAY = r'Press Enter to log in with account and\s+password instead'


def forget():
    if os.path.exists(MARK):
        os.unlink(MARK)


def no_mark():
    equal(os.path.exists(MARK), False, 'a line typed at the code was run')


def code(terminal, number=1):
    """Wait until the code of this number was shown, and the terminal is quiet; its address. Older ones still stand on
    the screen, so the words are read."""
    codes = terminal.until(lambda: (lambda found: len(found) >= number and found)(CODE.findall(terminal.text)),
                           f'code {number}')
    terminal.until(terminal._echo_is_off, 'echo off')
    return f'HTTPS://ITAX.LAB/Q/{codes[-1]}'


def begin():
    """login, and Enter at the account prompt; the terminal, and the address of the code."""
    terminal = Terminal(['login'])
    terminal.answer(ACCOUNT, '')
    return terminal, code(terminal)


def shell():
    """A shell of root's that starts login: whoever is killed there leaves the terminal to it."""
    terminal = Terminal(['bash', '--norc'], env={'PS1': 'ready# '})
    terminal.expect(READY)
    return terminal


def set_stack(line):
    """/etc/pam.d/login with one auth line."""
    with open('/etc/pam.d/login', encoding='utf-8') as file:
        before = file.read()
    lines = [text for text in before.splitlines() if not text.startswith('auth')]
    with open('/etc/pam.d/login', 'w', encoding='utf-8') as file:
        file.write('\n'.join([f'auth required {line}', *lines, '']))
    return before


def restore_stack(before):
    with open('/etc/pam.d/login', 'w', encoding='utf-8') as file:
        file.write(before)


@case('Enter leads to the account question at once, and the password logs in')
def enter():
    terminal, _ = begin()
    with terminal:
        contains(terminal.text, OTHER_WAY)
        terminal.seen = len(terminal.text)
        begun = time.monotonic()
        terminal.send('\n')
        terminal.answer(ACCOUNT, 'ceshi_jia')
        # Not only when the reply that was held came to its end.
        equal(time.monotonic() - begun < 10, True, 'seconds until the question')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect(PROMPT)


@case('to the code and back, again and again')
def to_and_fro():
    terminal, address = begin()
    with terminal:
        for number in (2, 3, 4):
            terminal.seen = len(terminal.text)
            terminal.send('\n')
            terminal.answer(ACCOUNT, '')
            address = code(terminal, number)
        phone('jia', 'confirm', address)
        terminal.expect(PROMPT)


@case('a line typed at the code: not shown, not run by the shell, and the login goes on')
def habit():
    forget()
    terminal, _ = begin()
    with terminal:
        terminal.seen = len(terminal.text)
        terminal.send(HABIT)
        terminal.answer(ACCOUNT, '')
        address = code(terminal, 2)
        terminal.send(f'touch {MARK}')   # a line that is not finished
        phone('jia', 'confirm', address)
        terminal.expect(PROMPT)
        terminal.answer('', 'echo "<$ITAX_METHOD>"')
        terminal.expect('<qr>')
        lacks(terminal.text, 'Jia-pass1', re.escape(MARK))
    no_mark()


@case('where the code is the only way, what is typed is thrown away as well')
def only_way():
    forget()
    before = set_stack('pam_itax.so method=qr')
    try:
        with Terminal(['login']) as terminal:
            address = code(terminal)
            lacks(terminal.text, OTHER_WAY)
            for _ in range(3):
                terminal.send(HABIT)
            terminal.send(f'touch {MARK}')
            terminal.until(lambda: terminal.scan() == [address], 'the same code still stands')
            phone('jia', 'confirm', address)
            terminal.expect(PROMPT)
            terminal.answer('', 'echo "<$ITAX_METHOD>"')
            terminal.expect('<qr>')
            lacks(terminal.text, 'Jia-pass1', re.escape(MARK))
    finally:
        restore_stack(before)
    no_mark()


@case('the terminal is the same before and after, with a code in between (threats 90)')
def same_terminal():
    with shell() as terminal:
        for number in (1, 2):
            terminal.send(f'stty -a | sed s/^/{number}:/; echo END-$(({number}+1))\n')
            terminal.expect(f'END-{number + 1}')
            if number == 1:
                terminal.answer(READY, 'login')
                terminal.answer(ACCOUNT, '')
                phone('jia', 'confirm', code(terminal))
                terminal.answer(PROMPT, 'exit')
                terminal.expect(READY)
        found = {number: re.findall(rf'^{number}:(.*)$', terminal.text, re.MULTILINE) for number in '12'}
        equal(len(found['1']) > 3, True, found)
        equal(found['1'], found['2'])


@case('^C at the code ends login, and the shell that had started it has its terminal back')
def interrupted():
    with shell() as terminal:
        terminal.send('login\n')
        terminal.answer(ACCOUNT, '')
        code(terminal)
        terminal.send(HABIT)
        terminal.answer(ACCOUNT, '')
        code(terminal, 2)
        terminal.send('half a line\x03')
        terminal.expect(READY)
        terminal.answer('', 'stty -a; echo "<$((6*7))>"')
        terminal.expect('<42>')
        contains(terminal.text, r'[^-]echo\b', r'[^-]icanon\b')
        lacks(terminal.text, 'half a line', 'Jia-pass1')
    no_mark()


@case('login killed at the code: lines and ^C still work, only the echo is missing')
def killed():
    terminal, _ = begin()
    with terminal:
        flags = termios.tcgetattr(terminal.fd)[3]
        equal(bool(flags & termios.ICANON and flags & termios.ISIG), True, 'modes while the code stands')
        os.kill(terminal.pid, signal.SIGKILL)
        equal(terminal.ended(), 128 + signal.SIGKILL)
    wait_until(lambda: not pids('login'), 'login is gone')


@case('LOGIN_TIMEOUT ends login while the code stands, and the next login on a terminal works')
def timeout():
    path = '/etc/login.defs'
    with open(path, encoding='utf-8') as file:
        before = file.read()
    with open(path, 'w', encoding='utf-8') as file:
        file.write(re.sub(r'(?m)^LOGIN_TIMEOUT.*$', 'LOGIN_TIMEOUT 6', before))
    try:
        terminal, _ = begin()
        with terminal:
            terminal.expect('timed out', seconds=30)
            terminal.ended(seconds=30)
    finally:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(before)
    with Terminal(['login']) as terminal:
        terminal.answer(ACCOUNT, 'root')
        terminal.secret(PASSWORD, ROOT_PASSWORD)
        terminal.expect(ROOT_PROMPT)


main(environment=ENGLISH)
