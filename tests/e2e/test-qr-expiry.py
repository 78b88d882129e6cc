#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""QR codes that expire (after two seconds here): a new one in place, then used; and not for ever"""

import re

from e2e import (ACCOUNT, DIGITS, PASSWORD, UNIT_1, Terminal, Try, case, contains, digits_of, equal, main, phone)

PROMPT = r'\$ $'


@case('login: the code expires, a new one is shown without leaving the login, and is used')
def renewed():
    with Terminal(['login']) as terminal:
        terminal.answer(ACCOUNT, '')
        first = terminal.wait_for_code()
        terminal.expect('The code has expired. Please scan the new one')
        second = terminal.wait_for_code(other_than=first)
        contains(phone('jia', 'confirm', first, status=1), 'too old|does not know')
        phone('jia', 'confirm', second)
        terminal.answer(PROMPT, 'printf "<%s>" "$(id -un)" "$ITAX_UNIT"')
        equal(terminal.expect('<([^>%]+)><([^>%]+)>').groups(), ('jia', UNIT_1))


@case('ssh-like: Enter after the code has expired brings a new one with its prompt')
def renewed_at_prompt():
    attempt = Try('sshd', user='jia', rhost='198.51.100.7')
    attempt.secret(PASSWORD, '')
    attempt.prompt('echo', DIGITS)
    first = attempt.address()
    while 'has expired' not in attempt.text:
        attempt.send('')
        attempt.prompt('echo', DIGITS)
    second = attempt.address(other_than=first)
    attempt.send(digits_of(phone('jia', 'confirm', second)))
    attempt.end('PAM_SUCCESS')


@case('nobody scans: after some codes the login is over')
def over():
    attempt = Try()
    attempt.echo(ACCOUNT, '')
    attempt.end('PAM_AUTH_ERR', seconds=40)
    codes = re.findall(r'itax\.lab/Q .*?\b([0-9A-Z]{8})\b', attempt.text)
    if not 2 <= len(codes) <= 6 or len(set(codes)) != len(codes):
        raise AssertionError(codes)
    contains(attempt.text, 'too many codes')


main(environment={'ITAX_LAB_LANG': 'en', 'ITAX_LAB_QR_LIFETIME': '2'})
