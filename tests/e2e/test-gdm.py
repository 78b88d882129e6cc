#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sample of conf/pam.d for GDM, asked as GDM's session worker asks

GDM itself does not start without systemd-logind. Here pam-try takes the place of its worker, with the same items and the
same calls in the same order: authenticate, account, setcred, open session. The shell behind GDM shows a message for two
seconds at least, and for 48 ms a character: so what is asserted beside the codes is
how much is shown."""

import re

from e2e import ACCOUNT, ACCOUNTS, BENDI_PASSWORD, DIGITS, ENGLISH, PASSWORD, UNIT_1, UNIT_PASSWORD, Try, case, contains, equal, \
    lacks, main, phone, unlock

CALLS = ('authenticate', 'account', 'setcred', 'open', 'close')
READ_SECONDS = 20  # what one step may take to be read
PICTURE = re.compile('[▀▄█]')


def worker(user=None):
    return Try('gdm-password', *CALLS, user=user, tty='/dev/tty7')


def shown_seconds(attempt):
    return sum(max(2, 0.048 * len(text)) for style, text in attempt.messages if style in ('info', 'error'))


def granted(attempt, user):
    attempt.end('PAM_SUCCESS')
    equal(set(attempt.codes.values()), {'PAM_SUCCESS'}, str(attempt.codes))
    equal(attempt.user, user)
    for _, text in attempt.messages:
        lacks(text, '\n')
        equal(len(text.encode()) <= 511 and not PICTURE.search(text), True, text)


@case('GDM, a user of the list: one hidden question, and the session has person and unit')
def listed():
    attempt = worker('jia')
    attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
    granted(attempt, 'jia')
    equal((attempt.env['ITAX_UNIT'], attempt.env['ITAX_METHOD']), (UNIT_1, 'password'))
    equal([style for style, _ in attempt.messages].count('secret'), 1)
    equal(shown_seconds(attempt) < READ_SECONDS, True, attempt.text)


@case('GDM, "Not listed?": the account is asked, and GDM is given the local user')
def not_listed():
    attempt = worker()
    attempt.echo(ACCOUNT, 'Ceshi_Bing')
    attempt.secret(PASSWORD, ACCOUNTS['bing']['password'])
    attempt.secret(UNIT_PASSWORD, 'Declare-2')
    granted(attempt, 'bing')


@case('GDM, QR login: address and code in words, no picture, and soon read')
def by_phone():
    attempt = worker()
    attempt.echo(ACCOUNT, '')
    phone('jia', 'confirm', attempt.address())
    granted(attempt, 'jia')
    equal(attempt.env['ITAX_METHOD'], 'qr')
    equal(shown_seconds(attempt) < READ_SECONDS, True, attempt.text)
    lacks(attempt.text, DIGITS)


@case('GDM: another person than the one who was chosen is refused')
def another():
    attempt = worker('jia')
    attempt.secret(PASSWORD, ACCOUNTS['yi']['password'])
    # There is no picture, so no captcha either: after a wrong password the phone goes on.
    contains(phone('yi', 'confirm', attempt.address(), status=1), 'for another account')
    attempt.end('PAM_AUTH_ERR')
    equal((attempt.user, attempt.env), ('jia', {}))
    unlock('jia')


@case('GDM: a local user without an account goes on to the local password, root to none')
def local():
    attempt = worker('bendi')
    attempt.secret('assword: $', BENDI_PASSWORD)
    granted(attempt, 'bendi')
    attempt = worker('root')
    attempt.secret('assword: $', 'Root-pass9')
    attempt.end()
    equal((attempt.codes['authenticate'], attempt.codes['account']), ('PAM_SUCCESS', 'PAM_AUTH_ERR'))


main(environment=ENGLISH)
