#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""su to a mapped user, and sudo of one"""

from e2e import (ACCOUNTS, BENDI_PASSWORD, CAPTCHA, DIGITS, ENGLISH, PASSWORD, STORE, UNIT, UNIT_3, Terminal, case, contains,
                 digits_of, equal, lacks, main, phone, unlock)

AS_BENDI = ['setpriv', '--reuid=bendi', '--regid=bendi', '--init-groups', '--']
AS_JIA = ['setpriv', '--reuid=jia', '--regid=jia', '--init-groups', '--']
AS_YI = ['setpriv', '--reuid=yi', '--regid=yi', '--init-groups', '--']
SAY = 'printf "<%s>" "$(id -un)" "${ITAX_UNIT-none}"'
SAID = '<([^>%]+)><([^>%]+)>'


@case('su to a mapped user asks for the password of that user\'s account')
def su():
    with Terminal([*AS_BENDI, 'su', 'jia', '-c', SAY]) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        equal(terminal.expect(SAID).group(1), 'jia')
        equal(terminal.ended(), 0)


@case('su to a mapped user with the password of another account does not get in')
def su_other():
    with Terminal([*AS_BENDI, 'su', 'jia', '-c', SAY]) as terminal:
        terminal.secret(PASSWORD, ACCOUNTS['yi']['password'])
        terminal.expect('wrong')
        terminal.close()
        lacks(terminal.text, '<')
    unlock('jia')


@case('su with the QR code: the digits of the phone, as a session may have come over the network (threats 56)')
def su_code():
    with Terminal([*AS_BENDI, 'su', 'wu', '-c', SAY]) as terminal:
        terminal.secret(PASSWORD, '')
        told = phone('wu', 'confirm', terminal.wait_for_code())
        terminal.answer(DIGITS, digits_of(told))
        equal(terminal.expect(SAID).groups(), ('wu', UNIT_3))


@case('su of root to a mapped user asks nothing')
def su_root():
    with Terminal(['su', 'jia', '-c', SAY]) as terminal:
        equal(terminal.expect(SAID).group(1), 'jia')


@case('su to a local user without an account asks for the local password')
def su_local():
    with Terminal([*AS_JIA, 'su', 'bendi', '-c', SAY]) as terminal:
        terminal.secret('Password: $', BENDI_PASSWORD)
        equal(terminal.expect(SAID).group(1), 'bendi')


@case('su obeys nothing of a hostile environment')
def su_environment():
    hostile = {'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=/tmp/evil', 'DBUS_STARTER_ADDRESS': 'unix:path=/tmp/evil',
               'LANGUAGE': '../../../tmp', 'NLSPATH': '/tmp/%N', 'HOME': '/tmp', 'TMPDIR': '/tmp/x'}
    with Terminal([*AS_BENDI, 'su', 'jia', '-c', SAY], env=hostile) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        equal(terminal.expect(SAID).group(1), 'jia')


@case('sudo asks for the account of whoever sits there')
def sudo():
    with Terminal([*AS_JIA, 'sudo', '-k', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect('root\n')
        equal(terminal.ended(), 0)


@case('sudo with the QR code: picture and prompt are shown although sudo asks for silence')
def sudo_code():
    with Terminal([*AS_JIA, 'sudo', '-k', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, '')
        terminal.expect('confirmed on the phone|' + DIGITS)
        told = phone('jia', 'confirm', terminal.wait_for_code())
        terminal.send((digits_of(told) if 'digits' in told else '') + '\n')
        terminal.expect('root\n')


@case('sudo of a person with several units shows the list')
def sudo_units():
    with Terminal([*AS_YI, 'sudo', '-k', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, 'Yi-pass22')
        terminal.expect(r'3\) 测试三号')
        terminal.answer(UNIT, '3')
        terminal.expect('root\n')


@case('sudo after a wrong password shows tries and captcha')
def sudo_wrong():
    with Terminal([*AS_JIA, 'sudo', '-k', 'id', '-un']) as terminal:
        terminal.secret(PASSWORD, 'Wrong-pass1')
        terminal.expect('4 tries are left')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect(CAPTCHA)
        terminal.send(STORE.captcha() + '\n')
        terminal.expect('root\n')


@case('sudo of a local user without an account asks for the local password')
def sudo_local():
    with Terminal([*AS_BENDI, 'sudo', '-k', 'id', '-un']) as terminal:
        terminal.secret('[Pp]assword[^\n]*: $', BENDI_PASSWORD)
        terminal.expect('root\n')
        contains(terminal.text, 'root')


main(environment=ENGLISH)
