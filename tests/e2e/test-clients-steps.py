#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that hand several questions on, or ought to: the web console cockpit, and sshd with its password method

sshd's password method answers every hidden question with the one password (threats 17); conf/pam.d/sshd says to turn it
off. Here it is on."""

import base64
import json
import re
import urllib.error
import urllib.request

from clients import BING, CALLERS, DECLARATION, HOME, JI, JIA, WRONG, Watched, account_tries, begin, listens, \
    logs_hold_no_secret, read, server, unit_tries, write
from e2e import DIGITS, ENGLISH, UNIT, UNIT_1, UNIT_2, UNIT_PASSWORD, UNITS, Terminal, case, contains, digits_of, equal, lacks, \
    main, phone, unlock

PROMPT = r'[$#] $'


def ssh(user):
    conf = write(f'{HOME}/sshd_config', re.sub('(?m)^(Port|PasswordAuthentication|KbdInteractiveAuthentication|PidFile) .*$', '',
                                               read('/etc/ssh/sshd_config.lab'))
                 + f'Port 8022\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nPidFile {HOME}/sshd.pid\n')
    server('sshd', ['/usr/sbin/sshd', '-D', '-e', '-f', conf], listens(8022))
    return Terminal(['ssh', '-F', 'none', '-tt', '-p', '8022', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
                     '-o', 'PreferredAuthentications=password', '-o', 'NumberOfPasswordPrompts=1', '-o', 'LogLevel=ERROR',
                     f'{user}@127.0.0.1'])


def ssh_is_refused(user, answer):
    with ssh(user) as terminal:
        terminal.secret('password: $', answer)
        terminal.expect('Permission denied', 30)
        lacks(terminal.text, PROMPT)


@case('sshd, password method: a person with an authorisation relation gets in, person and unit stand in the environment')
def ssh_relation():
    with ssh('jia') as terminal:
        terminal.secret('password: $', JIA)
        terminal.answer(PROMPT, 'printf "<%s>" "$(id -un)" "$ITAX_UNIT" "$ITAX_METHOD"', 30)
        equal(terminal.expect('<([^>%]+)><([^>%]+)><([^>%]+)>').groups(), ('jia', UNIT_1, 'password'))


# threats 17
@case('sshd, password method: where a declaration password is needed, the password is not sent in its place')
def ssh_declaration():
    with Watched() as watched:
        ssh_is_refused('bing', BING)
        watched.ended('blind-answer', result='client', service='sshd', user='bing')
        equal((watched.right_passwords(), account_tries('bing'), unit_tries()), (1, 5, 5))


@case('sshd, password method: a wrong password is counted once, and is not the answer to the captcha')
def ssh_wrong():
    unlock('jia')
    with Watched() as watched:
        ssh_is_refused('jia', WRONG)
        watched.ended('client-gone', user='jia', refused='wrong-password')
        equal((account_tries('jia'), watched.right_passwords()), (4, 0))
    unlock('jia')


@case('sshd, password method: who would have to choose a unit is refused')
def ssh_several():
    with Watched() as watched:
        ssh_is_refused('ji', JI)
        watched.ended('client-gone', user='ji')
        equal(account_tries('ji'), 5)


class Cockpit:
    """A conversation with cockpit: one request an answer."""

    def __init__(self, user, answer):
        server('cockpit', ['/usr/lib/cockpit/cockpit-ws', '--no-tls', '--address', '127.0.0.1', '--port', '8009'], listens(8009))
        self._ask('Basic', f'{user}:{answer}')

    def _ask(self, kind, words):
        request = urllib.request.Request('http://127.0.0.1:8009/cockpit/login')
        request.add_header('Authorization', f'{kind} {base64.b64encode(words.encode()).decode()}')
        try:
            with urllib.request.urlopen(request, timeout=60) as page:
                assert 'csrf-token' in json.load(page)
                self.status, self.question = page.status, None
        except urllib.error.HTTPError as error:
            self.status, self.question = error.code, None
            challenge = (error.headers['WWW-Authenticate'] or '').split()
            if challenge[:1] == ['X-Conversation']:
                self.number = challenge[1]
                self.question = base64.b64decode(challenge[2]).decode()
                self.is_secret = not json.load(error)['echo']

    def answer(self, question, words, secret):
        """What was asked is of that kind and matches; now answer it."""
        assert self.question is not None, f'status {self.status} instead of {question!r}'
        contains(self.question, question)
        equal(self.is_secret, secret, self.question)
        self._ask(f'X-Conversation {self.number}', words)

    def phone_confirms(self, user):
        code = re.search(r'itax\.lab/Q .*?\b([0-9A-Z]{8})\b', self.question, re.DOTALL).group(1)
        self.answer(DIGITS, digits_of(phone(user, 'confirm', f'HTTPS://ITAX.LAB/Q/{code}')), False)

    def is_in(self):
        equal((self.status, self.question), (200, None))

    def is_out(self):
        equal((self.status, self.question), (401, None))


@case('cockpit: a person with an authorisation relation gets in with the password alone')
def cockpit_relation():
    with Watched() as watched:
        Cockpit('jia', JIA).is_in()
        watched.ended('granted', service='cockpit', rhost='127.0.0.1', user='jia', unit=UNIT_1)


@case('cockpit: the declaration password is a question of its own, and the account password is no answer to it')
def cockpit_declaration():
    with Watched() as watched:
        login = Cockpit('bing', BING)
        login.answer(UNIT_PASSWORD, DECLARATION, True)
        login.is_in()
        watched.ended('granted')
    with Watched() as watched:
        login = Cockpit('bing', BING)
        login.answer(UNIT_PASSWORD, BING, True)
        login.is_out()
        watched.ended('blind-answer')
        equal((watched.right_passwords(), unit_tries()), (1, 5))


@case('cockpit: the unit is chosen from the list')
def cockpit_units():
    with Watched() as watched:
        login = Cockpit('ji', JI)
        contains(login.question, *(rf'{number}\) {re.escape(UNITS[code]["name"])} +\({code}\)'
                                   for number, code in enumerate((UNIT_1, UNIT_2), 1)))
        login.answer(UNIT, '2', False)
        login.is_in()
        watched.ended('granted', user='ji', unit=UNIT_2)


@case('cockpit: after a wrong password the phone goes on, as the page shows no captcha; the password is counted once')
def cockpit_wrong():
    unlock('jia')
    with Watched() as watched:
        login = Cockpit('jia', WRONG)
        contains(login.question, 'wrong. 4 tries are left', 'captcha, which cannot be shown here')
        equal((account_tries('jia'), watched.right_passwords()), (4, 0))
        login.phone_confirms('jia')
        login.is_in()
        watched.ended('granted', user='jia', method='qr')
    unlock('jia')


@case('cockpit: without a password the phone logs in: address and question come together, the digits are typed')
def cockpit_phone():
    with Watched() as watched:
        login = Cockpit('jia', '')
        login.phone_confirms('jia')
        login.is_in()
        watched.ended('granted', user='jia', method='qr')


@case('cockpit: root is refused before itaxd is asked, a local user without an account gets in with his password')
def cockpit_local():
    with Watched() as watched:
        Cockpit('root', 'Root-pass9').is_out()
        equal(watched.records(), [])
        Cockpit('bendi', 'Bendi-pass8').is_in()
        watched.ended('not-ours')


@case('nothing that was typed stands in any log')
def secrets():
    logs_hold_no_secret()


begin()
main(environment={**ENGLISH, 'ITAX_LAB_ITAXD_CONF': CALLERS})
