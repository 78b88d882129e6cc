#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the prompts offer beside their answer, on a terminal of 80 columns and 24 lines: pages at "?", another
account, Enter beside the code."""

import re

from e2e import ACCOUNT, ACCOUNTS, CAPTCHA, ENGLISH, PASSWORD, STORE, UNIT_1, Terminal, case, contains, equal, main, unlock

PROMPT = r'\$ $'
LINKS = r'Number \(Enter alone to go back\): $'
WIDE = re.compile('[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠￠-￦]')


def login():
    return Terminal(['login'], columns=80, rows=24)


def in_shell(terminal, unit=UNIT_1):
    terminal.answer(PROMPT, 'printf "<%s>" "$ITAX_UNIT"')
    equal(terminal.expect('<([^>%]+)>').group(1), unit)
    terminal.answer(PROMPT, 'exit')
    terminal.ended()


def columns(line):
    return len(line) + len(WIDE.findall(line))


@case('a question mark at the account, at the password and at the captcha: pages with address and picture, no try is used')
def pages():
    with login() as terminal:
        # What the platform announces is known from its first answer on.
        terminal.answer(ACCOUNT, 'ceshi_jjb')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.secret(PASSWORD, 'b')
        terminal.answer(ACCOUNT, '?')
        terminal.expect(r'1\) Forgotten password')
        terminal.answer(LINKS, '2')
        contains(terminal.expect(r'Register now: (\S+)').group(1), 'https://itax.lab/')
        terminal.answer(ACCOUNT, 'ceshi_jia')
        terminal.secret(PASSWORD, '?')
        terminal.answer(LINKS, '1')
        address = terminal.expect(r'Forgotten password: (\S+)').group(1)
        terminal.expect(PASSWORD)
        terminal.until(lambda: terminal.scan() == [address], 'the code is on the screen')
        terminal.send('Wrong-pass1\n')
        terminal.expect('4 tries are left')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.answer(CAPTCHA, '?')
        terminal.answer(LINKS, '4')
        terminal.expect('Forgotten declaration password: ')
        terminal.answer(LINKS, '')
        terminal.expect(CAPTCHA)
        terminal.send(STORE.captcha() + '\n')
        in_shell(terminal)


@case('b after a wrong password leads to another account, and costs no try')
def another_account():
    with login() as terminal:
        terminal.answer(ACCOUNT, 'ceshi_jja')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect('To change the account, type b here')
        terminal.secret(PASSWORD, 'b')
        terminal.answer(ACCOUNT, '199-0000-0001')
        terminal.secret(PASSWORD, 'Jia-pass1')
        in_shell(terminal)


@case('what may be the number of another document: tried, then the advice; what can be none: told at once')
def documents():
    with login() as terminal:
        for number, words in (('830000199001010019', 'not the number of a resident'), ('990101900101009', '15 digits'),
                              ('29900000001', 'from 13 to 19'), ('990101199001010018', 'check character')):
            terminal.answer(ACCOUNT, number)
            terminal.expect(words)
        terminal.answer(ACCOUNT, 'E12345678')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect('other than the resident identity card')


@case('Enter while the code is shown leads to account and password; the picture, its words and the key fit the screen')
def enter():
    with login() as terminal:
        terminal.answer(ACCOUNT, '')
        address = terminal.wait_for_code()
        terminal.expect('Press Enter to log in with account and password instead')
        shown = '\n'.join(terminal.screen.display)
        contains(shown, 'Please scan', address[-8:], 'Press Enter')
        terminal.send('\n')
        terminal.answer(ACCOUNT, 'ceshi_jia')
        terminal.secret(PASSWORD, 'Jia-pass1')
        in_shell(terminal)


@case('a lock: the minutes, what helps, where; no word is divided')
def lock():
    with login() as terminal:
        terminal.answer(ACCOUNT, ACCOUNTS['ding']['mobile'])
        terminal.secret(PASSWORD, 'Wrong-pass0')
        for i in range(1, 5):
            terminal.secret(PASSWORD, f'Wrong-pass{i}')
            terminal.expect(CAPTCHA)
            terminal.send(STORE.captcha() + '\n')
        text = terminal.expect(r'The password is locked[^:]*\.\s+Forgotten password: https://itax\.lab/\S+').group(0)
        contains(text, 'in 120\\s+minutes', 'tax\\s+service\\s+hall')
        for line in text.split('\n'):
            if columns(line.strip()) > 79:
                raise AssertionError(line)
    unlock('ding')


main(environment=ENGLISH)
