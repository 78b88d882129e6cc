#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ssh with keyboard-interactive: one message with one prompt, and the six digits that bind phone and terminal"""

import os
import subprocess

from e2e import (ACCOUNTS, BENDI_PASSWORD, CAPTCHA, DIGITS, ENGLISH, PASSWORD, ROOT_PASSWORD, STORE, UNIT, UNIT_1, UNIT_2,
                 UNIT_PASSWORD, UNITS, Terminal, case, contains, digits_of, equal, lacks, main, phone, unlock, wait_until)

PROMPT = r'[$#] $'
QR = r'Enter alone for a QR code, \? for help\) Password: $'


def start_sshd():
    subprocess.run(['/usr/sbin/sshd', '-f', '/etc/ssh/sshd_config.lab', '-E', '/run/itax-lab/sshd.log'], check=True)
    wait_until(lambda: os.path.exists('/run/sshd.pid'), 'sshd runs')


def ssh(user, columns=80, rows=24, words=()):
    if not os.path.exists('/run/sshd.pid'):
        start_sshd()
    return Terminal(['ssh', '-F', 'none', '-tt', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
                     '-o', 'PubkeyAuthentication=no', '-o', 'LogLevel=ERROR', f'{user}@127.0.0.1', *words],
                    columns=columns, rows=rows)


def shell_is_of(terminal, user, unit, method):
    terminal.answer(PROMPT, 'printf "<%s>" "$(id -un)" "$ITAX_UNIT" "$ITAX_UNIT_NAME" "$ITAX_METHOD"')
    found = terminal.expect('<([^>%]+)><([^>%]+)><([^>%]+)><([^>%]+)>').groups()
    equal(found, (user, unit, UNITS[unit]['name'], method))


@case('password: the shell of the mapped user, with person and unit in the environment')
def password():
    with ssh('jia') as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        shell_is_of(terminal, 'jia', UNIT_1, 'password')
        lacks(terminal.text, 'Jia-pass1')


@case('QR: picture, address and prompt stand together in 80x24, the picture is scanned, the digits are typed')
def code():
    with ssh('jia') as terminal:
        terminal.secret(QR, '')
        terminal.expect(DIGITS)
        address = terminal.wait_for_code()
        terminal.until(lambda: terminal.scan() == [address], 'the code is on the screen')
        shown = '\n'.join(terminal.screen.display)
        contains(shown, f'itax.lab/Q [^\n]*{address[-8:]}', 'Six digits')
        page = phone('jia', 'scan', address)
        contains(page, 'Service: +sshd', 'From: +127.0.0.1', r'Account: +ce\*+')
        terminal.send(digits_of(phone('jia', 'confirm', address)) + '\n')
        shell_is_of(terminal, 'jia', UNIT_1, 'qr')


@case('Enter before the phone has confirmed asks again, and wrong digits do not get in')
def wrong_digits():
    with ssh('jia') as terminal:
        terminal.secret(QR, '')
        terminal.expect(DIGITS)
        address = terminal.wait_for_code()
        terminal.send('\n')
        terminal.expect('not been scanned yet')
        terminal.expect(DIGITS)
        digits = digits_of(phone('jia', 'confirm', address))
        terminal.send(f'{(int(digits) + 1) % 1000000:06}\n')
        terminal.expect('not the digits on the phone')
        terminal.answer(DIGITS, digits)
        shell_is_of(terminal, 'jia', UNIT_1, 'qr')


@case('wrong digits three times end the login')
def digits_over():
    with ssh('jia') as terminal:
        terminal.secret(QR, '')
        terminal.expect(DIGITS)
        digits = digits_of(phone('jia', 'confirm', terminal.wait_for_code()))
        for i in range(1, 4):
            terminal.send(f'{(int(digits) + i) % 1000000:06}\n')
            if i < 3:
                terminal.expect(DIGITS)
        # sshd begins anew; what the first login was about is over
        terminal.expect(r'Password: $')
        lacks(terminal.text, r'\$ $')


@case('p leads back from the code to the password')
def back():
    with ssh('jia') as terminal:
        terminal.secret(QR, '')
        terminal.answer(DIGITS, 'p')
        terminal.secret(PASSWORD, 'Jia-pass1')
        shell_is_of(terminal, 'jia', UNIT_1, 'password')


@case('the phone of a different person gets nothing')
def wrong_person():
    with ssh('jia') as terminal:
        terminal.secret(QR, '')
        terminal.expect(DIGITS)
        contains(phone('yi', 'confirm', terminal.wait_for_code(), status=1), 'for another account')
        terminal.send('123456\n')
        terminal.expect(PASSWORD)
        lacks(terminal.text, r'\$ $')


@case('four units: the list and the declaration password, with a captcha, all in 80 columns')
def units():
    with ssh('yi', rows=50) as terminal:
        terminal.secret(PASSWORD, ACCOUNTS['yi']['password'])
        terminal.expect(r'2\) 测试二号有限公司')
        terminal.answer(UNIT, '2')
        terminal.secret(UNIT_PASSWORD, 'Declare-7')
        terminal.secret(UNIT_PASSWORD, 'Declare-2')
        terminal.expect(CAPTCHA)
        terminal.send(STORE.captcha() + '\n')
        shell_is_of(terminal, 'yi', UNIT_2, 'password')


@case('a user whom sshd does not know is asked alike and gets in with nobody\'s password')
def unknown():
    with ssh('gibtsnicht') as terminal:
        terminal.secret(QR, 'Jia-pass1')
        terminal.expect('The account or the password is wrong')
        terminal.expect(PASSWORD)


# threats 19
@case('what sshd makes of the answers for an unknown user costs no account a try')
def junk():
    unlock('jia')
    for name in ('ceshi_jia', '19900000001'):
        with ssh(name) as terminal:
            terminal.secret(PASSWORD, 'Jia-pass1')
            terminal.expect('The account or the password is wrong')
    with ssh('jia') as terminal:
        terminal.secret(PASSWORD, 'Wrong-pass1')
        terminal.expect('4 tries')
    unlock('jia')


@case('root and a local user without an account log in with their local passwords')
def local_users():
    for user, word in (('root', ROOT_PASSWORD), ('bendi', BENDI_PASSWORD)):
        with ssh(user) as terminal:
            terminal.secret('Password: $', word)
            terminal.answer(PROMPT, 'printf "<%s>" "$(id -un)" "${ITAX_UNIT-none}"')
            equal(terminal.expect('<([^>%]+)><([^>%]+)>').groups(), (user, 'none'))


main(environment=ENGLISH)
