#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exact PAM codes, users and messages of pam_itax alone (service itax-demo)"""

from e2e import (ACCOUNT, ACCOUNTS, CAPTCHA, DIGITS, ENGLISH, PASSWORD, RUN, STORE, UNIT, UNIT_1, UNIT_2, UNIT_3, UNIT_4,
                 UNIT_PASSWORD, UNITS, Try, backend, case, contains, digits_of, equal, lacks, main, phone, unlock)


def begin(account, password, **how):
    attempt = Try(**how)
    attempt.echo(ACCOUNT, account)
    attempt.secret(PASSWORD, password)
    return attempt


@case('granted: PAM_SUCCESS, PAM_USER is the mapped user, person and unit are in the PAM environment')
def granted():
    attempt = Try('itax-demo', 'authenticate', 'account', 'setcred', 'open', 'close')
    attempt.echo(ACCOUNT, 'ceshi_jia')
    attempt.secret(PASSWORD, 'Jia-pass1')
    attempt.end('PAM_SUCCESS')
    equal(attempt.user, 'jia')
    contains(attempt.env.pop('ITAX_SESSION'), '^[0-9a-f]{32}$')
    equal(attempt.env, {'ITAX_ACCOUNT': 'ceshi_jia', 'ITAX_NAME': '测试甲', 'ITAX_UNIT': UNIT_1,
                        'ITAX_UNIT_NAME': UNITS[UNIT_1]['name'], 'ITAX_METHOD': 'password'})
    equal(set(attempt.codes.values()), {'PAM_SUCCESS'})


# threats 4
@case('PAM_USER is set and another person knows her own password: PAM_AUTH_ERR, PAM_USER stays')
def other_person():
    attempt = Try(user='jia')
    attempt.secret(PASSWORD, ACCOUNTS['wu']['password'])
    attempt.secret(PASSWORD, '')  # to the QR code
    contains(phone('wu', 'confirm', attempt.address(), status=1), 'for another account')
    attempt.end('PAM_AUTH_ERR')
    equal(attempt.user, 'jia')
    equal(attempt.env, {})
    unlock('jia')


@case('wrong password and then no answer: PAM_CONV_ERR or PAM_AUTH_ERR, never success')
def wrong_then_gone():
    attempt = begin('ceshi_ji', 'Wrong-pass1')
    attempt.prompt('secret')
    attempt.hang_up()
    if attempt.end().codes['authenticate'] not in ('PAM_CONV_ERR', 'PAM_AUTH_ERR'):
        raise AssertionError(attempt.codes)
    unlock('ji')


@case('five wrong passwords: PAM_MAXTRIES')
def locked():
    attempt = begin('ceshi_ding', 'Wrong-pass0')
    for i in range(1, 5):
        attempt.secret(PASSWORD, f'Wrong-pass{i}')
        attempt.prompt('echo', CAPTCHA)
        attempt.send(STORE.captcha())
    attempt.end('PAM_MAXTRIES')
    begin('ceshi_ding', ACCOUNTS['ding']['password']).end('PAM_MAXTRIES')
    unlock('ding')


@case('the password is locked, the phone still gets in')
def locked_phone():
    attempt = begin('ceshi_wu_x', 'x')  # an unknown one, to see that nothing is told apart
    attempt.prompt('secret', PASSWORD)
    attempt.hang_up()
    attempt.end()
    attempt = begin('测试_戊', 'Wrong-pass0')
    for i in range(1, 5):
        attempt.secret(PASSWORD, f'Wrong-pass{i}')
        attempt.prompt('echo', CAPTCHA)
        attempt.send(STORE.captcha())
    attempt.end('PAM_MAXTRIES')
    attempt = Try()
    attempt.echo(ACCOUNT, '')
    phone('wu', 'confirm', attempt.address())
    attempt.end('PAM_SUCCESS')
    equal(attempt.user, 'wu')
    unlock('wu')


# threats 45
@case('four wrong passwords and the right one: in, and the counter is at the beginning')
def four_wrong():
    attempt = begin('ceshi_jia', 'Wrong-pass0')
    for i in range(1, 5):
        attempt.secret(PASSWORD, f'Wrong-pass{i}' if i < 4 else 'Jia-pass1')
        attempt.prompt('echo', CAPTCHA)
        attempt.send(STORE.captcha())
    attempt.end('PAM_SUCCESS')
    contains(attempt.text, '1 try is left')
    attempt = begin('ceshi_jia', 'Wrong-pass0')
    attempt.prompt('secret', '4 tries')
    unlock('jia')


@case('a disabled account: PAM_AUTH_ERR')
def disabled():
    begin('ceshi_tingyong', 'Tingyong-7').end('PAM_AUTH_ERR')


@case('no unit: PAM_PERM_DENIED')
def no_unit():
    attempt = begin('ceshi_ding', 'Ding-pass4').end('PAM_PERM_DENIED')
    contains(attempt.text, 'No unit is bound')
    equal(attempt.env, {})


@case('the declaration password is wrong five times: PAM_MAXTRIES, for that unit only')
def unit_locked():
    attempt = begin('ceshi_yi', 'Yi-pass22')
    attempt.echo(UNIT, '4')
    attempt.secret(UNIT_PASSWORD, 'Declare-0')
    for i in range(1, 5):
        attempt.secret(UNIT_PASSWORD, f'Declare-0{i}')
        attempt.prompt('echo', CAPTCHA)
        attempt.send(STORE.captcha())
    line = attempt.step()
    while line and line.get('style') not in ('echo', 'secret') and 'call' not in line:
        line = attempt.step()
    contains(attempt.text, 'declaration password is locked')
    if 'call' not in line:  # other units can still be chosen
        attempt.hang_up()
        attempt.end()
    other = begin('ceshi_yi', 'Yi-pass22')
    other.echo(UNIT, '3')
    other.end('PAM_SUCCESS')
    equal(other.env['ITAX_UNIT'], UNIT_3)
    backend('unit', 'unlock', UNIT_4)


# threats 69
@case('the own password as declaration password is refused and not sent')
def same_password():
    before = len([line for line in open(f'{RUN}/backend.log', encoding='utf-8') if '/verification' in line])
    attempt = begin('ceshi_yi', 'Yi-pass22')
    attempt.echo(UNIT, '2')
    attempt.secret(UNIT_PASSWORD, 'Yi-pass22')
    line = attempt.step()
    while line and line.get('style') not in ('echo', 'secret') and 'call' not in line:
        line = attempt.step()
    after = [line for line in open(f'{RUN}/backend.log', encoding='utf-8') if '/verification' in line]
    # the relation was asked for, no password was sent
    if len(after) > before + 1:
        raise AssertionError(after[before:])
    attempt.hang_up()
    attempt.end()


# threats 15, 46
@case('answers at and above the limits: refused, nothing is cut, no crash')
def long_answers():
    for n in (256, 257, 511, 512, 513, 4096, 1000000):
        attempt = Try(user='jia')
        attempt.secret(PASSWORD, 'Jia-pass1' + 'x' * (n - 9))
        line = attempt.step()
        while line and line.get('style') not in ('echo', 'secret') and 'call' not in line:
            line = attempt.step()
        if 'call' in line:
            equal(line['code'], 'PAM_AUTH_ERR', f'{n} bytes')
        else:
            contains(attempt.text, 'too long for a password')
            attempt.hang_up()
        attempt.end()
        equal(attempt.user, 'jia')
    attempt = Try(user='jia')  # and none of them cost a try
    attempt.secret(PASSWORD, 'Wrong-pass1')
    attempt.prompt('secret', '4 tries')
    unlock('jia')


# threats 76
@case('accounts with control characters, escapes, bidi marks, formats, paths: asked again, never echoed back')
def strange_accounts():
    for name in ('a\x1b[31mb', 'x\u202ey', '%n%s%s', '../../etc/passwd', '$(id)', '-rf', 'a' * 200, 'x\x07', "'; DROP TABLE account; --",
                 '990101199001010018'):
        attempt = Try()
        attempt.echo(ACCOUNT, name)
        attempt.prompt('echo', ACCOUNT)
        lacks(attempt.text, '\x1b\\[31m', '\u202e', '\x07', 'DROP', r'\$\(id')
        attempt.hang_up()
        attempt.end()
    attempt = Try()
    attempt.echo(ACCOUNT, b'ab\xff\xfe')
    attempt.prompt('echo', ACCOUNT)


# threats 16
@case('a service, terminal and remote host full of rubbish do not reach phone page or log as they are')
def strange_context():
    attempt = Try(tty='/dev/\x1b[2Jtty\u202e', rhost='evil\nhost \x1b]0;x\x07')
    attempt.echo(ACCOUNT, '')
    page = phone('jia', 'scan', attempt.address())
    lacks(page, '\x1b', '\u202e', '\x07', 'evil\nhost')
    attempt.process.kill()
    with open(f'{RUN}/itaxd.log', encoding='utf-8', errors='strict') as file:
        lacks(file.read(), '\x1b', '\u202e', '\x07')


# threats 13
@case('PAM_SILENT: prompts only, which hold what is needed')
def silent():
    attempt = Try(user='jia', flags=['--silent'])
    attempt.secret(PASSWORD, '')
    address = attempt.address()
    digits = phone('jia', 'confirm', address)
    attempt.send(digits_of(digits) if 'digits' in digits else '')
    attempt.end('PAM_SUCCESS')
    equal([style for style, _ in attempt.messages if style in ('info', 'error')], [])


# threats 11
@case('PAM_DISALLOW_NULL_AUTHTOK: an empty password is no password and is not sent, it asks for the code')
def disallow_null():
    attempt = Try(user='jia', flags=['--disallow-null'])
    before = open(f'{RUN}/backend.log', encoding='utf-8').read().count('/oauth2/challenge')
    attempt.secret(PASSWORD, '')
    attempt.address()
    equal(open(f'{RUN}/backend.log', encoding='utf-8').read().count('/oauth2/challenge'), before)
    attempt.process.kill()


@case('a remote host: the digits are wanted, the phone alone does not get in')
def remote():
    attempt = Try(user='jia', rhost='198.51.100.7')
    attempt.secret(PASSWORD, '')
    address = attempt.address()
    page = phone('jia', 'scan', address)
    contains(page, r'From: +198\.51\.100\.7')
    digits = digits_of(phone('jia', 'confirm', address))
    attempt.prompt('echo', DIGITS)
    equal(attempt.codes, {})
    attempt.send(digits)
    attempt.end('PAM_SUCCESS')


@case('an unknown local user: asked alike, refused alike')
def unknown_user():
    attempt = Try(user='gibtsnicht')
    attempt.secret(PASSWORD, 'Jia-pass1')
    attempt.prompt('secret', 'The account or the password is wrong. 4 tries')
    attempt.hang_up()
    attempt.end()
    equal(attempt.user, 'gibtsnicht')


@case('a local user without an account: PAM_USER_UNKNOWN at once, without a question')
def not_ours():
    for user in ('bendi', 'root', 'daemon'):
        attempt = Try(user=user).end('PAM_USER_UNKNOWN')
        equal([style for style, _ in attempt.messages if style in ('echo', 'secret')], [])


# threats 21
@case('somebody who is not root may ask for himself only')
def own_account():
    attempt = Try(user='jia', uid='jia')
    attempt.secret(PASSWORD, 'Jia-pass1')
    attempt.end('PAM_SUCCESS')
    for user in ('wu', 'root', None):
        attempt = Try(user=user, uid='jia')
        attempt.end()
        if attempt.codes['authenticate'] in ('PAM_SUCCESS', 'PAM_IGNORE'):
            raise AssertionError(f'{user}: {attempt.codes}')
        equal([style for style, _ in attempt.messages if style in ('echo', 'secret')], [], f'prompts for {user}')


@case('account, setcred and session without a login of ours say neither yes nor crash')
def without_login():
    for call in ('account', 'setcred', 'open', 'close'):
        attempt = Try('itax-demo', call, user='jia').end()
        if attempt.codes[call] == 'PAM_SUCCESS' and call in ('account', 'setcred'):
            raise AssertionError(f'{call}: {attempt.codes}')


# threats 39, 17
@case('one hidden answer: PASSWORD and DECLARATION-PASSWORD in one, for single-answer clients')
def single():
    with open('/etc/pam.d/postgresql', 'w', encoding='ascii') as file:
        file.write('auth required pam_itax.so\n')
    with open('/etc/pam.d/postgresql-2', 'w', encoding='ascii') as file:
        file.write(f'auth required pam_itax.so prompts=one unit={UNIT_2}\n')
    attempt = Try('postgresql', user='jia')
    attempt.secret(PASSWORD, 'Jia-pass1')
    attempt.end('PAM_SUCCESS')
    attempt = Try('postgresql-2', user='yi')
    attempt.secret(PASSWORD, 'Yi-pass22 Declare-2')
    attempt.end('PAM_SUCCESS')
    equal(attempt.env['ITAX_UNIT'], UNIT_2)
    equal([style for style, _ in attempt.messages if style == 'echo'], [])
    for answer in ('Yi-pass22', 'Yi-pass22 Yi-pass22', 'Yi-pass22 Declare-1'):
        attempt = Try('postgresql-2', user='yi')
        attempt.secret(PASSWORD, answer)
        if attempt.end().codes['authenticate'] == 'PAM_SUCCESS':
            raise AssertionError(answer)
    backend('unit', 'unlock', UNIT_2)


# threats 88
@case('no password, captcha, token or full number is in any log')
def logs_are_clean():
    secrets = [account[key] for account in ACCOUNTS.values() for key in ('password', 'document_number', 'mobile')]
    secrets += [unit['declaration_password'] for unit in UNITS.values()]
    secrets += ['Wrong-pass', open('/etc/itax/client-secret', encoding='ascii').read().strip()]
    for name in ('itaxd.log', 'backend.log'):
        with open(f'{RUN}/{name}', encoding='utf-8') as file:
            text = file.read()
        for secret in secrets:
            if secret in text:
                raise AssertionError(f'{secret} stands in {name}')


main(environment=ENGLISH)
