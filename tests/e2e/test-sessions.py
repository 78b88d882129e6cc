#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""After the login: the account looked at again, sessions, a unit added to a session, a second check within seconds, a
screen locker, another password (threats 7, 8, 59, 74)"""

import json
import os
import re
import subprocess

from e2e import (ACCOUNT, ACCOUNTS, CAPTCHA, ENGLISH, PASSWORD, RUN, STORE, UNIT_1, UNIT_2, UNIT_3, UNIT_PASSWORD, UNITS, Terminal, Try,
                 backend, case, contains, equal, itaxd_pid, lacks, main, unlock, wait_until)

UNIT = r'Number of the unit[^\n]*: $'
JIA = 40003


def stack(service, options='', auth='required'):
    with open(f'/etc/pam.d/{service}', 'w', encoding='ascii') as file:
        file.write(f'auth {auth} pam_itax.so {options}\naccount required pam_itax.so {options}\n'
                   f'password required pam_itax.so\nsession required pam_itax.so\n')


def sessions(*options):
    done = subprocess.run(['itaxctl', 'sessions', '--json', *options], capture_output=True, text=True, check=True, timeout=30)
    return [session for session in json.loads(done.stdout) if session['open']]


def log_in(user='jia', *calls, service='itax-demo', **more):
    attempt = Try(service, *calls, user=user, **more)
    attempt.secret(PASSWORD, ACCOUNTS[user]['password'])
    return attempt


def until(attempt, call, code='PAM_SUCCESS'):
    """Read on until @call is done."""
    while call not in attempt.codes:
        if attempt.step() is None:
            raise AssertionError(f'ended before {call}: {attempt.codes}\n{attempt.text[-1500:]}')
    equal(attempt.codes[call], code, call)


@case('the account phase repeats the decision, and a login that was right is right')
def account():
    attempt = log_in('jia', 'authenticate', 'account', 'setcred', 'open', 'close').end('PAM_SUCCESS')
    equal(attempt.codes['account'], 'PAM_SUCCESS')
    equal(attempt.codes['open'], 'PAM_SUCCESS')


@case('an account disabled between login and account phase is refused there (threats 59)')
def account_disabled():
    attempt = log_in('jia', 'authenticate', 'wait', 'account')
    until(attempt, 'authenticate')
    backend('account', 'disable', 'ceshi_jia')
    attempt.send('')
    attempt.end('PAM_PERM_DENIED', 'account')
    backend('account', 'enable', 'ceshi_jia')


@case('a relation revoked between login and account phase is refused there (threats 74)')
def account_unrelated():
    attempt = log_in('jia', 'authenticate', 'wait', 'account')
    until(attempt, 'authenticate')
    backend('relation', 'revoke', 'ceshi_jia', UNIT_1)
    attempt.send('')
    attempt.end('PAM_PERM_DENIED', 'account')
    backend('relation', 'grant', 'ceshi_jia', UNIT_1)


@case('a platform that is away in the account phase is told as that, and never lets in (threats 35)')
def account_unavailable():
    attempt = log_in('jia', 'authenticate', 'wait', 'account')
    until(attempt, 'authenticate')
    backend('stop')
    attempt.send('')
    attempt.end('PAM_AUTHINFO_UNAVAIL', 'account')
    backend('start')


@case('a login that was not ours: ignored, denied, or denied for who has an account, as the line says (threats 8)')
def others():
    for options, user, code in (('', 'jia', 'PAM_IGNORE'), ('others=ignore', 'jia', 'PAM_IGNORE'), ('others=deny', 'jia', 'PAM_PERM_DENIED'),
                                ('others=deny', 'bendi', 'PAM_PERM_DENIED'), ('others=mapped', 'jia', 'PAM_PERM_DENIED'),
                                ('others=mapped', 'bendi', 'PAM_IGNORE')):
        with open('/etc/pam.d/others', 'w', encoding='ascii') as file:
            # What the module says becomes visible in what follows it.
            file.write(f'account [ignore=1 default=die] pam_itax.so {options}\naccount requisite pam_deny.so\naccount required pam_permit.so\n')
        attempt = Try('others', 'account', user=user).end()
        wanted = 'PAM_SUCCESS' if code == 'PAM_IGNORE' else code
        equal(attempt.codes['account'], wanted, f'{options} {user}')


@case('itaxctl knows who works here, for which unit and since when, and that it is over')
def session_list():
    equal(sessions(), [])
    attempt = log_in('jia', 'authenticate', 'account', 'open', 'wait', 'close')
    until(attempt, 'open')
    found = sessions()
    equal(len(found), 1)
    equal((found[0]['user'], found[0]['account'], found[0]['unit'], found[0]['service']), ('jia', 'ceshi_jia', UNIT_1, 'itax-demo'))
    os.kill(itaxd_pid(), 15)
    equal([session['user'] for session in sessions()], ['jia'], 'after a restart of itaxd')
    attempt.send('')
    attempt.end('PAM_SUCCESS', 'close')
    equal(sessions(), [])


@case('a session whose program was killed is over too')
def session_killed():
    attempt = log_in('jia', 'authenticate', 'open', 'wait')
    until(attempt, 'open')
    equal(len(sessions()), 1)
    attempt.process.kill()
    attempt.process.wait()
    wait_until(lambda: sessions() == [], 'the session is over', 30)


@case('only=unit adds a unit for the person already logged in: no account password is asked for')
def only_unit():
    stack('no-unit', 'unit=off')
    stack('add-unit', 'only=unit')
    first = log_in('yi', 'authenticate', 'account', 'open', 'wait', service='no-unit')
    until(first, 'open')
    attempt = Try('add-unit', 'authenticate', 'account', user='yi')
    attempt.echo(UNIT, '1')
    attempt.secret(UNIT_PASSWORD, UNITS[UNIT_1]['declaration_password'])
    attempt.end('PAM_SUCCESS')
    equal((attempt.env['ITAX_UNIT'], attempt.env['ITAX_ACCOUNT'], attempt.env['ITAX_METHOD']), (UNIT_1, 'ceshi_yi', 'session'))
    lacks(attempt.text, 'help\\) Password: ')
    first.send('')
    first.end('PAM_SUCCESS')


@case('only=unit without a session asks who it is first')
def only_unit_alone():
    stack('add-unit', 'only=unit')
    attempt = Try('add-unit', 'authenticate', user='jia')
    attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
    attempt.end('PAM_SUCCESS')
    equal(attempt.env['ITAX_UNIT'], UNIT_1)


@case('max_age: who has logged in on this terminal within that time is not asked again; elsewhere he is')
def max_age():
    stack('again', 'max_age=600')
    first = log_in('jia', 'authenticate', 'account', 'open', 'wait', service='again')
    until(first, 'open')
    second = Try('again', 'authenticate', user='jia').end('PAM_SUCCESS')
    equal(second.text, '')
    equal(second.env['ITAX_METHOD'], 'session')
    other = Try('again', 'authenticate', user='jia', tty='/dev/tty8')
    other.secret(PASSWORD, ACCOUNTS['jia']['password'])
    other.end('PAM_SUCCESS')
    backend('account', 'disable', 'ceshi_jia')
    # A held token does not outlive the account: the person is asked, in vain.
    refused = Try('again', 'authenticate', user='jia')
    refused.secret(PASSWORD, ACCOUNTS['jia']['password'])
    lacks(refused.end().codes['authenticate'], 'SUCCESS')
    backend('account', 'enable', 'ceshi_jia')
    first.send('')
    first.end()
    over = Try('again', 'authenticate', user='jia')
    over.prompt('secret', PASSWORD)
    over.hang_up()
    over.end('PAM_CONV_ERR')


@case('max_age believes no terminal that a user\'s own program names, no other user\'s, and none of another host')
def max_age_forged():
    stack('again', 'max_age=600')
    stack('su', 'max_age=600')
    stack('own', 'only=unit')
    first = log_in('jia', 'authenticate', 'account', 'open', 'wait', tty='/dev/tty1')
    until(first, 'open')
    # jia's own program opens a session "at" the terminal that root's program is asked from next.
    own = Try('own', 'authenticate', 'open', 'wait', user='jia', uid=JIA, tty='/dev/tty9')
    until(own, 'open')

    def asked(service, **more):
        attempt = Try(service, 'authenticate', user='jia', **more)
        attempt.prompt('secret', PASSWORD)
        attempt.hang_up()
        attempt.end('PAM_CONV_ERR')
    asked('again', tty='/dev/tty9')
    asked('su', tty='/dev/tty1')
    asked('again', tty='/dev/tty1', rhost='192.0.2.1')
    Try('again', 'authenticate', user='jia', tty='/dev/tty1').end('PAM_SUCCESS')
    for attempt in (own, first):
        attempt.send('')
        attempt.end()


@case('a second check of the same answer within seconds costs neither a try nor a hash (nginx asks twice)')
def twice():
    stack('nginx', 'max_age=30')

    def hashes():
        with open(f'{RUN}/backend.log', encoding='utf-8', errors='replace') as file:
            return file.read().count('POST /oauth2/challenge 200')
    first = Try('nginx', 'authenticate', 'account', user='jia')
    first.secret('', ACCOUNTS['jia']['password'])
    first.end('PAM_SUCCESS')
    before = hashes()
    second = Try('nginx', 'authenticate', 'account', user='jia')
    second.secret('', ACCOUNTS['jia']['password'])
    second.end('PAM_SUCCESS')
    equal(hashes(), before)
    wrong = Try('nginx', 'authenticate', user='jia')
    wrong.secret('', 'Wrong-pass1')
    wrong.end('PAM_AUTH_ERR')
    unlock('jia')


@case('an answer that was taken up again lends no further guesses: three others in all, then the platform alone (threats 44)')
def lent():
    stack('nginx', 'max_age=300')

    def check(answer):
        attempt = Try('nginx', 'authenticate', user='wu')
        attempt.secret('', answer)
        return attempt.end().codes['authenticate']
    equal(check(ACCOUNTS['wu']['password']), 'PAM_SUCCESS')
    for number in range(3):
        equal(check(ACCOUNTS['wu']['password']), 'PAM_SUCCESS', f'after {number} wrong ones')
        equal(check(f'Wrong-pass{number}'), 'PAM_AUTH_ERR')
    # The platform wants a captcha by now, and nothing else says any more what is right.
    lacks(check(ACCOUNTS['wu']['password']), 'SUCCESS')
    unlock('wu')
    equal(check(ACCOUNTS['wu']['password']), 'PAM_SUCCESS')


@case('a locker opens with the password of the session behind it, also after a wrong key, when a captcha would be due')
def locker():
    stack('i3lock')
    first = log_in('jia', 'authenticate', 'account', 'open', 'wait')
    until(first, 'open')

    def unlocked(answer, code):
        attempt = Try('i3lock', 'authenticate', user='jia', uid=JIA)
        attempt.secret('', answer)
        attempt.end(code)
    unlocked('Wrong-pass1', 'PAM_AUTH_ERR')
    unlocked(ACCOUNTS['jia']['password'], 'PAM_SUCCESS')
    # Three others, and it is a matter of the platform, which has its captcha and its lock (threats 44).
    unlocked('Wrong-pass2', 'PAM_AUTH_ERR')
    unlocked('Wrong-pass3', 'PAM_AUTH_ERR')
    unlocked(ACCOUNTS['jia']['password'], 'PAM_AUTH_ERR')
    unlock('jia')
    first.send('')
    first.end()


@case('passwd: the rules are told in words, the old password is needed, and the new one logs in')
def passwd():
    new = 'Neues-wort7'
    attempt = Try('itax-demo', 'password', user='jia')
    attempt.secret('Current password', 'Wrong-pass1')
    attempt.secret('Current password', ACCOUNTS['jia']['password'])
    attempt.echo(CAPTCHA.replace(r'\)', ''), STORE.captcha())
    attempt.secret('New password', 'short')
    attempt.secret('New password', 'allsmallletters')
    attempt.secret('New password', new)
    attempt.secret('once more', 'Neues-wort8')
    attempt.secret('New password', new)
    attempt.secret('once more', new)
    attempt.end('PAM_SUCCESS', 'password')
    contains(attempt.text, '8 to 15 characters', 'too short', 'needs three of', 'entries differ', 'has been changed')
    again = Try(user='jia')
    again.secret(PASSWORD, new)
    again.end('PAM_SUCCESS')
    back = Try('itax-demo', 'password', user='jia')
    back.secret('Current password', new)
    back.secret('New password', ACCOUNTS['jia']['password'])
    back.secret('once more', ACCOUNTS['jia']['password'])
    back.end('PAM_SUCCESS', 'password')


@case('passwd of a local user without an account is none of our affair')
def passwd_local():
    with open('/etc/pam.d/pw', 'w', encoding='ascii') as file:
        file.write('password [ignore=1 default=die] pam_itax.so\npassword requisite pam_deny.so\npassword required pam_permit.so\n')
    Try('pw', 'password', user='bendi').end('PAM_SUCCESS', 'password')


@case('passwd(1), run by the user himself, changes the account password')
def passwd_program():
    with open('/etc/pam.d/passwd', encoding='ascii') as file:
        contains(file.read(), 'pam_itax')
    with Terminal(['setpriv', '--reuid=jia', '--regid=jia', '--init-groups', '--', 'passwd']) as terminal:
        terminal.secret('Current password: $', ACCOUNTS['jia']['password'])
        terminal.secret('New password: $', 'Neues-wort7')
        terminal.secret('once more: $', 'Neues-wort7')
        terminal.expect('has been changed')
        equal(terminal.ended(), 0)
    attempt = Try('itax-demo', 'password', user='jia')
    attempt.secret('Current password', 'Neues-wort7')
    attempt.secret('New password', ACCOUNTS['jia']['password'])
    attempt.secret('once more', ACCOUNTS['jia']['password'])
    attempt.end('PAM_SUCCESS', 'password')


@case('an account phase of an expired local user refuses after a good login (threats 7)')
def expired():
    with open('/etc/pam.d/aged', 'w', encoding='ascii') as file:
        file.write('auth required pam_itax.so\naccount required pam_itax.so\naccount required pam_unix.so\n')
    subprocess.run(['usermod', '--expiredate', '2020-01-01', 'jia'], check=True)
    attempt = log_in('jia', 'authenticate', 'account', service='aged').end('PAM_ACCT_EXPIRED', 'account')
    equal(attempt.codes['authenticate'], 'PAM_SUCCESS')
    subprocess.run(['usermod', '--expiredate', '', 'jia'], check=True)


main(environment=ENGLISH)
