#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""login(1) with account and password, to the shell of the mapped user"""

from e2e import (ACCOUNT, ACCOUNTS, BENDI_PASSWORD, CAPTCHA, DATA, ENGLISH, PASSWORD, ROOT_PASSWORD, STORE, UNIT,
                 UNIT_1, UNIT_2, UNIT_3, UNIT_PASSWORD, Terminal, UNITS, backend, case, contains, equal, lacks, main)

PROMPT = r'\$ $'


def shell_says(terminal, user, unit):
    """The shell is the mapped user's, and the environment holds person and unit."""
    terminal.answer(PROMPT, 'printf "<%s>" "$(id -un)" "$USER" "$HOME" "$ITAX_UNIT" "$ITAX_UNIT_NAME" "$ITAX_ACCOUNT" "$(tty)"')
    found = terminal.expect('<([^>%]+)>' * 7).groups()
    equal(found[:6], (user, user, f'/home/{user}', unit, UNITS[unit]['name'], ACCOUNTS[user]['login_name']))
    contains(found[6], '/dev/pts/')
    terminal.answer(PROMPT, 'exit')
    terminal.ended()


def log_in(name, password):
    terminal = Terminal(['login'])
    terminal.answer(ACCOUNT, name)
    terminal.secret(PASSWORD, password)
    return terminal


@case('a person with an authorisation relation logs in by login name and gets the shell of the mapped user')
def by_login_name():
    with log_in('ceshi_jia', 'Jia-pass1') as terminal:
        shell_says(terminal, 'jia', UNIT_1)
        lacks(terminal.text, 'Jia-pass1')


@case('by mobile number')
def by_mobile():
    with log_in('19900000001', 'Jia-pass1') as terminal:
        shell_says(terminal, 'jia', UNIT_1)


@case('by identity number')
def by_identity():
    with log_in('990101199001010019', 'Jia-pass1') as terminal:
        shell_says(terminal, 'jia', UNIT_1)


@case('by identity number with a small x at its end')
def by_small_x():
    account = ACCOUNTS['ding']
    with log_in(account['document_number'].lower(), account['password']) as terminal:
        # The right person, but without a unit: that is told after the password only.
        terminal.expect('No unit is bound to your account')


@case('by a login name in Chinese')
def by_chinese_name():
    with log_in('测试_戊', 'Wu-pass555') as terminal:
        shell_says(terminal, 'wu', UNIT_3)


@case('login is given the name of the local user: the password is asked for straight away')
def by_user():
    with Terminal(['login', 'jia']) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        shell_says(terminal, 'jia', UNIT_1)
        lacks(terminal.text, 'Account')


@case('in Chinese, with the official words')
def in_chinese():
    with Terminal(['login'], env={'LANG': 'zh_CN.UTF-8', 'LC_ALL': 'C.UTF-8'}) as terminal:
        terminal.expect(ACCOUNT)  # C.UTF-8 tells no language, the configuration says English
    with Terminal(['bash', '-c', 'sed -i "s/^language = en/language = zh_CN/" /etc/itax/itaxd.conf && pkill -HUP -x itaxd && exec login']) as terminal:
        terminal.answer('账号[^\n]*$', 'ceshi_jia')
        terminal.secret('密码[^\n]*$', 'Jia-pass1')
        shell_says(terminal, 'jia', UNIT_1)
    with Terminal(['bash', '-c', 'sed -i "s/^language = zh_CN/language = en/" /etc/itax/itaxd.conf && pkill -HUP -x itaxd && exec login']) as terminal:
        terminal.expect(ACCOUNT)


@case('a person with four units picks the second and types its declaration password, with a captcha after a wrong one')
def four_units():
    with log_in('ceshi_yi', 'Yi-pass22') as terminal:
        terminal.expect('choose the unit you act for')
        for number, unit in enumerate(DATA['units'], 1):
            terminal.expect(rf'{number}\) {unit["name"]} +\({unit["code"]}\)')
        terminal.answer(UNIT, '2')
        terminal.expect(f'Unit verification: {UNITS[UNIT_2]["name"]}')
        terminal.secret(UNIT_PASSWORD, 'Declare-9')
        terminal.expect('declaration password is wrong. 4 tries are left')
        terminal.secret(UNIT_PASSWORD, 'Declare-2')
        terminal.expect(CAPTCHA)
        terminal.send('WRNG\n')
        terminal.expect('not the characters in the picture')
        terminal.expect(CAPTCHA)
        terminal.send(STORE.captcha().lower() + '\n')
        shell_says(terminal, 'yi', UNIT_2)
        lacks(terminal.text, 'Declare-2')


@case('the third unit has an authorisation relation: nothing more to type')
def third_unit():
    with log_in('ceshi_yi', 'Yi-pass22') as terminal:
        terminal.answer(UNIT, '3')
        shell_says(terminal, 'yi', UNIT_3)
        lacks(terminal.text, 'Declaration password of')


@case('ACCOUNT@UNIT-CODE picks the unit')
def unit_in_account():
    with log_in(f'ceshi_yi@{UNIT_3}', 'Yi-pass22') as terminal:
        shell_says(terminal, 'yi', UNIT_3)
        lacks(terminal.text, 'choose the unit')


@case('a relation that was taken away while the person chose is not used')
def relation_gone():
    with log_in('ceshi_yi', 'Yi-pass22') as terminal:
        terminal.expect(UNIT)
        backend('relation', 'revoke', 'ceshi_yi', UNIT_3)
        terminal.send('3\n')
        terminal.expect(UNIT_PASSWORD)
    backend('relation', 'grant', 'ceshi_yi', UNIT_3)


@case('wrong password and unknown account: the same words, tries told, then a captcha; the right one still gets in')
def wrong_password():
    told = {}
    for name in ('ceshi_ji', 'nobody_here'):
        with log_in(name, 'Wrong-pass1') as terminal:
            told[name] = terminal.expect(r'(The account or the password is wrong[^\n]*)\n').group(1)
            terminal.secret(PASSWORD, 'Ji-pass666')
            terminal.expect(CAPTCHA)
            terminal.send(STORE.captcha() + '\n')
            if name == 'ceshi_ji':
                terminal.expect(UNIT)
            else:
                terminal.expect(r'The account or the password is wrong[^\n]*3 tries')
    equal(told['ceshi_ji'], told['nobody_here'])
    contains(told['ceshi_ji'], '4 tries are left')


@case('a new captcha is shown when asked for')
def refresh_captcha():
    with log_in('ceshi_ji', 'Wrong-pass1') as terminal:
        terminal.secret(PASSWORD, 'Ji-pass666')
        terminal.expect(CAPTCHA)
        first = STORE.captcha()
        terminal.send('r\n')
        terminal.expect(CAPTCHA)
        if STORE.captcha() == first:
            raise AssertionError('the picture is the old one')
        terminal.send(STORE.captcha() + '\n')
        terminal.expect(UNIT)


@case('a disabled account is told so after the right password, and does not get in')
def disabled():
    with log_in('ceshi_tingyong', 'Tingyong-7') as terminal:
        terminal.expect('This account is disabled')
        lacks(terminal.text, PROMPT)


@case('a passport number does not log in')
def passport():
    with log_in('X99000003', 'Bing-pass3') as terminal:
        terminal.expect('The account or the password is wrong')


@case('after the fifth wrong password the account is locked for 120 minutes, for the right password too')
def lock():
    with log_in('ceshi_bing2', 'x') as terminal:
        terminal.expect(PASSWORD)
    with log_in('Ceshi_Bing', 'Wrong-pass1') as terminal:
        for left in ('4 tries', '3 tries', '2 tries', '1 try'):
            terminal.expect(left)
            terminal.secret(PASSWORD, 'Wrong-pass2')
            terminal.expect(CAPTCHA)
            terminal.send(STORE.captcha() + '\n')
        terminal.expect(r'locked after too many wrong ones. Please try again in\s+120\s+minutes')
    with log_in('19900000003', 'Bing-pass3') as terminal:
        terminal.expect(r'try again in (120|119)\s+minutes')
    backend('account', 'unlock', 'Ceshi_Bing')
    with log_in('Ceshi_Bing', 'Bing-pass3') as terminal:
        terminal.secret(UNIT_PASSWORD, 'Declare-2')
        shell_says(terminal, 'bing', UNIT_2)


@case('root and a local user without an account log in with their local passwords')
def local_users():
    for user, password, prompt in (('root', ROOT_PASSWORD, '# $'), ('bendi', BENDI_PASSWORD, PROMPT)):
        with Terminal(['login', user]) as terminal:
            terminal.secret(PASSWORD, password)
            terminal.answer(prompt, 'printf "<%s>" "$(id -un)" "${ITAX_UNIT-none}"')
            equal(terminal.expect('<([^>%]+)><([^>%]+)>').groups(), (user, 'none'))


@case('their names typed at the prompt for the account lead to the local password, and to the platform goes nothing')
def local_users_at_prompt():
    def asked():
        with open('/run/itax-lab/backend.log', encoding='utf-8') as file:
            return sum('POST /oauth2' in line and 'lab-workstation' in line for line in file)
    before = asked()
    for user, password, prompt in (('root', ROOT_PASSWORD, '# $'), ('bendi', BENDI_PASSWORD, PROMPT)):
        with Terminal(['login']) as terminal:
            terminal.answer(ACCOUNT, user)
            terminal.secret(r'\nPassword: $', password)
            terminal.answer(prompt, 'printf "<%s>" "$(id -un)" "${ITAX_UNIT-none}"')
            equal(terminal.expect('<([^>%]+)><([^>%]+)>').groups(), (user, 'none'))
    equal(asked(), before)


@case('^C at the password ends login, and itaxd knows that the person left')
def interrupted():
    with Terminal(['login']) as terminal:
        terminal.answer(ACCOUNT, 'ceshi_jia')
        terminal.expect(PASSWORD)
        terminal.until(terminal._echo_is_off, 'echo off')
        terminal.send('\x03')
        terminal.ended()
        lacks(terminal.text, PROMPT)


main(environment=ENGLISH)
