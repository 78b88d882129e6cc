#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whoever asks, and by whatever way: one counter for a person and one for a unit (threats 48), and neither words nor
time tell whom the platform knows (threats 52, 53)"""

import base64
import hashlib
import json
import math
import os
import secrets
import ssl
import statistics
import time
import urllib.error
import urllib.parse
import urllib.request

from clients import account_tries, tries_left
from e2e import (ACCOUNT, ACCOUNTS, ENGLISH, PASSWORD, STORE, UNIT, UNIT_4, UNIT_PASSWORD, UNITS, Try, backend, case, contains,
                 equal, lacks, main, unlock, wait_until)

SERVICE = 'daemon'  # a user that is everywhere; here it is one that may ask for others
WRONG = 'Wrong-pass{}'
SAMPLES = 40        # of each kind
T_MAX = 4.5


def answered(attempt):
    """The next question, or the line of the end; a captcha in between is read out of the platform's store."""
    while True:
        line = attempt.step()
        if line is None or 'call' in line or line.get('style') == 'secret':
            return line
        if line.get('style') == 'echo':
            if 'picture' not in line['text']:
                return line
            attempt.send(STORE.captcha())


def all_tries_left():
    """The phone of the lab logs in while the lab starts, and a try is taken until its password was tested."""
    wait_until(lambda: account_tries('jia') == 5, 'no try of jia is taken')


def wrong_by_pam(number, user='jia', **how):
    """One wrong password by a PAM application of its own."""
    attempt = Try(user=user, **how)
    attempt.secret(PASSWORD, WRONG.format(number))
    line = answered(attempt)
    if line and 'call' not in line:
        attempt.hang_up()
    attempt.end()
    lacks(attempt.codes['authenticate'], 'SUCCESS')
    return attempt


def wrong_by_app(number):
    """One wrong password by the phone's app: POST /oauth2/challenge as it does."""
    verifier = base64.urlsafe_b64encode(hashlib.sha256(secrets.token_bytes(32)).digest()).rstrip(b'=').decode()
    form = {'client_id': 'itax-app', 'username': ACCOUNTS['jia']['login_name'], 'password': WRONG.format(number),
            'code_challenge': verifier, 'code_challenge_method': 'S256'}
    status, body = post('/oauth2/challenge', form)
    if status in (400, 403) and 'captcha_id' in body:
        status, body = post('/oauth2/challenge', dict(form, auth_session=body['auth_session'], captcha_id=body['captcha_id'],
                                                      captcha_answer=STORE.captcha()))
    if status == 200:
        raise AssertionError(body)
    return body


def post(path, form):
    context = ssl.create_default_context(cafile=os.environ.get('ITAX_CA', '/etc/itax/ca.pem'))
    request = urllib.request.Request('https://itax.lab' + path, data=urllib.parse.urlencode(form).encode())
    try:
        with urllib.request.urlopen(request, timeout=15, context=context) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@case('root, a service and the user, here and from afar, share the tries of a person; the fifth locks for all (threats 48)')
def one_counter_for_callers():
    all_tries_left()
    callers = [dict(uid=None), dict(uid=SERVICE), dict(uid='jia'), dict(uid=None, rhost='198.51.100.7'),
               dict(uid=SERVICE, tty='/dev/pts/3')]
    try:
        for number, how in enumerate(callers):
            equal(account_tries('jia'), 5 - number, f'tries before {how}')
            attempt = wrong_by_pam(number, **how)
        equal(attempt.codes['authenticate'], 'PAM_MAXTRIES')
        for how in callers:
            attempt = Try(user='jia', **how)
            attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
            line = answered(attempt)
            equal(line and line.get('code'), 'PAM_MAXTRIES', f'the right password, {how}')
            attempt.end()
    finally:
        unlock('jia')


@case('a name typed, a local user, another spelling and the app on the phone share the tries of a person (threats 47, 48)')
def one_counter_for_ways():
    all_tries_left()
    mobile = ACCOUNTS['jia']['mobile']
    wide = ''.join(chr(ord(digit) + 0xfee0) for digit in mobile)
    try:
        wrong_by_pam(0)
        equal(account_tries('jia'), 4)
        for number, name in enumerate(('ceshi_jia', f'{mobile[:3]} {mobile[3:7]} {mobile[7:]}', wide), 1):
            attempt = Try()
            attempt.echo(ACCOUNT, name)
            attempt.secret(PASSWORD, WRONG.format(number))
            line = answered(attempt)
            equal(account_tries('jia'), 4 - number, name)
            if line and 'call' not in line:
                attempt.hang_up()
            attempt.end()
        wrong_by_app(4)
        equal(account_tries('jia'), 0)
        attempt = Try(user='jia')
        attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
        equal(answered(attempt).get('code'), 'PAM_MAXTRIES')
    finally:
        unlock('jia')


@case('the unit\'s own login and the declaration password behind a person share the tries of a unit (threats 48)')
def one_counter_for_a_unit():
    def by_unit(number):
        attempt = Try()
        attempt.echo(ACCOUNT, UNIT_4)
        attempt.secret('Declaration password', f'Declare-{number}')
        return attempt

    def by_person(number):
        attempt = Try()
        attempt.echo(ACCOUNT, 'ceshi_yi')
        attempt.secret(PASSWORD, ACCOUNTS['yi']['password'])
        attempt.echo(UNIT, '4')
        attempt.secret(UNIT_PASSWORD, f'Declare-{number}')
        return attempt

    try:
        for number, way in enumerate((by_unit, by_person, by_person, by_unit, by_person), 1):
            attempt = way(f'0{number}')
            line = answered(attempt)
            equal(tries_left(f'u:{UNIT_4}'), 5 - number, way.__name__)
            if line and 'call' not in line:
                attempt.hang_up()
            attempt.end()
            lacks(attempt.codes['authenticate'], 'SUCCESS')
        attempt = Try()
        attempt.echo(ACCOUNT, UNIT_4)
        attempt.secret('Declaration password', UNITS[UNIT_4]['declaration_password'])
        equal(answered(attempt).get('code'), 'PAM_MAXTRIES')
        contains(attempt.text, 'locked')
        equal(account_tries('yi'), 5)
    finally:
        backend('unit', 'unlock', UNIT_4)


def sample(password, **how):
    """Seconds from the wrong password to the next question, and what was said."""
    with Try(**how) as attempt:
        attempt.prompt('secret', PASSWORD)
        begin = time.monotonic()
        attempt.send(password)
        attempt.prompt('secret', PASSWORD)
        return time.monotonic() - begin, [(style, text) for style, text in attempt.messages]


def welch(one, other):
    spread = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(spread)


@case('at the PAM side neither words nor time tell a known user from an unknown one, whatever the length (threats 52, 53)')
def time_tells_nothing():
    # Usual, as long as one may be, and longer: that one is sent nowhere.
    for password in (WRONG.format(0), 'x' * 128, 'x' * 250):
        seconds, said = {'known': [], 'unknown': []}, {}
        for number in range(SAMPLES + 1):
            for kind in (('known', 'unknown'), ('unknown', 'known'))[number % 2]:
                user = 'jia' if kind == 'known' else f'nobody{secrets.token_hex(4)}'
                took, said[kind] = sample(password, user=user)
                if number:  # the first is warm-up
                    seconds[kind].append(took)
                if kind == 'known':
                    unlock('jia')
        equal(said['known'], said['unknown'])
        # What the machine itself did in between is not the difference that is looked for: the slowest tenth is left out.
        kept = {kind: sorted(values)[:SAMPLES * 9 // 10] for kind, values in seconds.items()}
        t = welch(kept['known'], kept['unknown'])
        print(f'# {len(password)} bytes: known {statistics.fmean(kept["known"]) * 1000:.1f} ms, unknown '
              f'{statistics.fmean(kept["unknown"]) * 1000:.1f} ms, t = {t:.2f}', flush=True)
        # A busy machine makes t small, never large; a hash that is missing would make it far larger than the bound.
        if abs(t) >= T_MAX and abs(statistics.fmean(kept['known']) - statistics.fmean(kept['unknown'])) > 0.002:
            raise AssertionError(f'{len(password)} bytes: t = {t:.2f}')


main(environment={**ENGLISH, 'ITAX_LAB_ITAXD_CONF': f'[callers]\nservices = {SERVICE}\n'})
