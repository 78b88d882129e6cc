#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Units: many of them, their CA certificates, and the old login of a unit without a person (spec.md 3.3 and 3.4)"""

import os
import re
import shutil
import subprocess

from e2e import (ACCOUNT, ACCOUNTS, CAPTCHA, ENGLISH, LAB, PASSWORD, RUN, STORE, UNIT_1, UNIT_2, UNIT_3, UNIT_PASSWORD, UNITS, Try,
                 backend, case, contains, equal, itaxd_pid, lacks, main, unlock, wait_until)

CERTIFICATES = '/etc/itax/certificates'
MADE = '/run/itax-lab/units'
PIN = '123456'
UNIT = r'Number of the unit[^\n]*: $'
WAY = r'Number of the way[^\n]*: $'
ASK_PIN = r'PIN\) of the CA certificate: $'
UNIT_USER = 'danwei'


def make(*names):
    """Certificates of the authority that the platform trusts."""
    if not os.path.isdir(MADE):
        shutil.copytree('/var/lib/itax-lab/units', MADE)
    if not all(os.path.exists(f'{MADE}/{name}.p12') for name in names):
        subprocess.run([f'{LAB}/certificates', '/var/lib/itax-lab/units', *names], check=True, stdout=subprocess.DEVNULL)
        shutil.copytree('/var/lib/itax-lab/units', MADE, dirs_exist_ok=True)
        backend('restart')


def put(name, code=UNIT_2):
    """Give this workstation a certificate; None takes it away."""
    os.makedirs(CERTIFICATES, mode=0o755, exist_ok=True)
    path = f'{CERTIFICATES}/{code}.p12'
    if name is None:
        if os.path.exists(path):
            os.unlink(path)
        return
    make(name)
    shutil.copy(f'{MADE}/{name}.p12', path)
    shutil.chown(path, 'root', '_itaxd')
    os.chmod(path, 0o640)


def begin(user='bing', *calls):
    attempt = Try('itax-demo', *calls)
    attempt.echo(ACCOUNT, ACCOUNTS[user]['login_name'])
    attempt.secret(PASSWORD, ACCOUNTS[user]['password'])
    return attempt


def by_certificate(attempt, pin=PIN):
    attempt.echo(WAY, '2')
    attempt.secret(ASK_PIN, pin)
    return attempt


@case('a unit is verified by its CA certificate: P-256, RSA and SM2')
def certificate():
    for name in ('p256', 'rsa', 'sm2', 'intermediate'):
        put(name)
        attempt = by_certificate(begin()).end('PAM_SUCCESS')
        equal((attempt.user, attempt.env['ITAX_UNIT']), ('bing', UNIT_2), name)


@case('a wrong PIN is asked again with the tries left, and the password of somebody is no PIN')
def wrong_pin():
    put('p256')
    attempt = begin()
    attempt.echo(WAY, '2')
    attempt.secret(ASK_PIN, '000000')
    text = attempt.secret(ASK_PIN, '111111')
    contains(attempt.text, r'The PIN is wrong\. 4 tries are left')
    attempt.secret(ASK_PIN, PIN)
    attempt.end('PAM_SUCCESS')
    lacks(text, PIN)


@case('bad certificates are refused, each with its reason (threats 70, 71)')
def bad_certificates():
    reasons = {'self-signed': 'authority', 'other-ca': 'authority', 'intermediate-not-ca': 'authority', 'wrong-usage': 'purpose',
               'expired': 'not valid at this date', 'revoked': 'revoked', 'weak': 'purpose', 'other-unit': 'another unit|not found'}
    make(*reasons)
    for name, reason in reasons.items():
        put(name)
        attempt = by_certificate(begin())
        while True:
            line = attempt.step()
            if line is None or line.get('style') in ('echo', 'secret'):
                break
        attempt.hang_up()
        attempt.end()
        contains(attempt.text, reason)
        lacks(attempt.codes['authenticate'], 'SUCCESS')


@case('without a certificate on this workstation only the declaration password is offered')
def no_certificate():
    put(None)
    attempt = begin()
    attempt.secret(UNIT_PASSWORD, UNITS[UNIT_2]['declaration_password'])
    attempt.end('PAM_SUCCESS')
    lacks(attempt.text, 'certificate')


@case('sixty units: in pages, by a part of the name, by code; the last used one comes first')
def many_units():
    codes = [f'99010200000{number:04d}' for number in range(60)]
    connection = __import__('sqlite3').connect(STORE.PATH, timeout=10)
    with connection:
        account = connection.execute('SELECT id FROM account WHERE login_name = ?', (ACCOUNTS['wu']['login_name'],)).fetchone()[0]
        for number, code in enumerate(codes):
            connection.execute('INSERT INTO unit (code, name) VALUES (?, ?)', (code, f'连锁第{number}分店'))
            connection.execute('INSERT INTO relation (account_id, unit_code, authorised) VALUES (?, ?, 1)', (account, code))
    connection.close()
    attempt = begin('wu')
    attempt.echo(UNIT, 'n')
    contains(attempt.text, r'Page 1 of 4\.')
    attempt.echo(UNIT, 'n')
    contains(attempt.text, r'Page 2 of 4\.')
    attempt.echo(UNIT, 'p')
    attempt.echo(UNIT, 'p')
    attempt.echo(UNIT, '第47分')
    text = attempt.echo(UNIT, '1')
    contains(text, r'1\) 连锁第47分店', 'whole list')
    lacks(text, r'\n *2\)')
    attempt.end('PAM_SUCCESS')
    equal(attempt.env['ITAX_UNIT'], codes[47])

    attempt = begin('wu')
    contains(attempt.echo(UNIT, '没有这个'), r'1\) 连锁第47分店[^\n]*used last')
    contains(attempt.echo(UNIT, codes[12]), 'No unit has this')
    attempt.end('PAM_SUCCESS')
    equal(attempt.env['ITAX_UNIT'], codes[12])


@case('"b" in the list of units begins again with another person')
def back():
    attempt = begin('yi')
    attempt.echo(UNIT, 'b')
    attempt.echo(ACCOUNT, ACCOUNTS['jia']['login_name'])
    attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
    attempt.end('PAM_SUCCESS')
    equal((attempt.user, attempt.env['ITAX_ACCOUNT'], attempt.env['ITAX_UNIT']), ('jia', 'ceshi_jia', UNIT_1))


@case('the old login: unit code and declaration password, the unit\'s local user, and no person (spec.md 3.4)')
def unit_login():
    for typed in (UNIT_2, f'@{UNIT_2}', UNIT_2.lower()):
        attempt = Try()
        attempt.echo(ACCOUNT, typed)
        attempt.secret('Declaration password', UNITS[UNIT_2]['declaration_password'])
        attempt.end('PAM_SUCCESS')
        equal((attempt.user, attempt.env['ITAX_UNIT'], attempt.env['ITAX_METHOD']), (UNIT_USER, UNIT_2, 'unit'), typed)
        equal([name for name in attempt.env if name in ('ITAX_ACCOUNT', 'ITAX_NAME')], [])


@case('the old login counts with the unit\'s own tries, asks for a captcha, and locks at the fifth (threats 44, 69)')
def unit_login_wrong():
    attempt = Try()
    attempt.echo(ACCOUNT, UNIT_3)
    attempt.secret('Declaration password', 'Wrong-1')
    for number in range(2, 6):
        attempt.secret('Declaration password', f'Wrong-{number}')
        attempt.prompt('echo', CAPTCHA.replace(r'\)', ''))
        attempt.send(STORE.captcha())
    attempt.end('PAM_MAXTRIES')
    contains(attempt.text, r'4 tries are left', r'1 try is left', 'locked')
    backend('unit', 'unlock', UNIT_3)


@case('a unit without a local user, and a unit that nobody has, do not get in')
def unit_login_unmapped():
    attempt = Try()
    attempt.echo(ACCOUNT, UNIT_1)
    attempt.secret('Declaration password', UNITS[UNIT_1]['declaration_password'])
    contains(attempt.end('PAM_AUTH_ERR').text, 'no user on this computer')
    attempt = Try()
    attempt.echo(ACCOUNT, '990101000000000')
    attempt.secret('Declaration password', 'Declare-1')
    attempt.prompt('secret', 'wrong')
    attempt.hang_up()
    attempt.end('PAM_CONV_ERR')


def settle():
    if 'ITAX_LAB' not in os.environ:
        return
    subprocess.run(['useradd', '--create-home', '--shell', '/bin/bash', UNIT_USER], check=True)
    with open('/etc/itax/users', 'a', encoding='ascii') as file:
        file.write(f'{UNIT_2} {UNIT_USER}\n')


settle()
main(environment=dict(ENGLISH, ITAX_LAB_ITAXD_CONF='[certificate]\nfolder = /etc/itax/certificates'))
