#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hall and the operator at work beside a server that runs: what they do holds at once, and stands in the audit"""

import json
import os
import pwd
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from e2e import (ACCOUNT, ACCOUNTS, CAPTCHA, DATA, ENGLISH, LAB, PASSWORD, RUN, STORE, UNIT_1, UNIT_2, Try, case, contains, equal, lacks,
                 main, unlock, wait_until)

WHY = '本人持身份证到厅'
DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'


class Done:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def line(self):
        """The only line of its output: a secret, shown this once."""
        equal(self.out.count('\n'), 1, self.out)
        return self.out.strip()


def operator(*words, status=0):
    """itax-backend as wang called it by sudo."""
    done = Done(subprocess.run([f'{LAB}/backend', *words], capture_output=True, text=True, timeout=60, check=False,
                               env=dict(os.environ, SUDO_USER='bendi')))
    equal(done.status, status, f'{words}: {done.out}{done.err}')
    return done


def who():
    """As which the audit knows whoever runs this."""
    with open('/proc/self/loginuid', encoding='ascii') as file:
        uid = int(file.read())
    return 'operator:' + ('bendi' if uid == 2**32 - 1 else pwd.getpwuid(uid).pw_name)


def rows():
    """Of the audit, but for what the lab itself wrote."""
    return [row for row in json.loads(operator('audit', 'list', '--json').out) if row['who'] == who()]


def ask(path, **form):
    """Status and body of a request like a workstation's."""
    context = ssl.create_default_context(cafile=os.environ['ITAX_CA'])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(os.environ['ITAX_ISSUER'] + path, urllib.parse.urlencode(form).encode(), timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def key_status(client, key):
    return ask('/oauth2/device', client_id=client, client_secret=key)[0]


def log_in(password, code='PAM_SUCCESS'):
    with Try() as login:
        login.echo(ACCOUNT, 'ceshi_jia')
        login.secret(PASSWORD, password)
        if code != 'PAM_SUCCESS':
            # wrong: it is asked for again
            login.prompt('secret', PASSWORD)
            login.hang_up()
        return login.end(code)


@case('a locked account is reset: the password that is shown once logs in, the one before does not')
def account_reset():
    with Try() as login:
        login.echo(ACCOUNT, 'ceshi_jia')
        login.secret(PASSWORD, 'Wrong-pass1')
        for _ in range(4):
            login.secret(PASSWORD, 'Wrong-pass2')
            login.echo(CAPTCHA, STORE.captcha())
        login.end('PAM_MAXTRIES')
    contains(operator('account', 'show', 'ceshi_jia').out, r'Locked until +20\d\d-', r'Tries left +0')

    done = operator('account', 'reset', ACCOUNTS['jia']['mobile'], '--why', WHY)
    contains(done.err, 'not shown again')
    lacks(done.err, done.line)
    contains(operator('account', 'show', 'ceshi_jia').out, r'Locked until +-\n', r'Tries left +5')
    log_in(done.line)
    log_in(ACCOUNTS['jia']['password'], 'PAM_CONV_ERR')
    unlock('jia')


@case('a password out of a file logs in; a file that others can read, or a password against the rules, is refused')
def account_reset_by_file():
    path = f'{RUN}/new-password'
    user = pwd.getpwnam('_itax-backend')
    for text, mode, status, said in (('Jia-new-pass1', 0o644, 1, 'chmod'), ('jia-new-pass', 0o600, 1, '8 to 15'),
                                     ('Jia-new-pass1\n', 0o600, 0, '')):
        with open(path, 'w', encoding='ascii') as file:
            file.write(text)
        os.chown(path, user.pw_uid, user.pw_gid)
        os.chmod(path, mode)
        done = operator('account', 'reset', 'ceshi_jia', '--password-file', path, '--why', WHY, status=status)
        contains(done.err, said)
        lacks(done.err, 'not there any more')
        equal(done.out, '')
        lacks(done.err, text.strip())
    log_in('Jia-new-pass1')


@case('a reset ends a QR login that waits for its person, at once')
def reset_wakes():
    client = {'client_id': os.environ['ITAX_CLIENT_ID'], 'client_secret': os.environ['ITAX_CLIENT_SECRET']}
    status, device = ask('/oauth2/device', login_hint='ceshi_yi', **client)
    equal(status, 200)
    answers = []

    def wait():
        begin = time.monotonic()
        answers.append((*ask('/oauth2/token', grant_type=DEVICE_GRANT, device_code=device['device_code'], wait=25, seen='pending',
                             **client), time.monotonic() - begin))

    thread = threading.Thread(target=wait)
    thread.start()
    operator('account', 'reset', 'ceshi_yi', '--why', WHY)
    thread.join(60)
    status, body, seconds = answers[0]
    equal((status, body['error']), (400, 'access_denied'), body)
    if seconds > 20:
        raise AssertionError(f'told only after {seconds:.1f} s')


@case('a key is rotated: old and new both work till the end of the old one, and only the new one after it (threats 115)')
def rotate():
    first = operator('client', 'add', 'ws-3', '--note', '三楼').line
    other = operator('client', 'add', 'ws-4').line
    equal((key_status('ws-3', first), key_status('ws-4', other)), (200, 200))
    equal((key_status('ws-3', other), key_status('ws-4', first), key_status('ws-3', '')), (401, 401, 401))

    second = operator('client', 'rotate', 'ws-3', '--keep-old', '20s', '--why', 'yearly').line
    equal((key_status('ws-3', first), key_status('ws-3', second)), (200, 200))
    listed = {client['client']: client for client in json.loads(operator('client', 'list', '--json').out)}
    equal((listed['ws-3']['state'], listed['ws-3']['note']), ('active', '三楼'))
    if not listed['ws-3']['old_until'] or not listed['ws-3']['old_seen_at'] or listed['ws-4']['old_until']:
        raise AssertionError(listed)
    wait_until(lambda: key_status('ws-3', first) == 401, 'the old key ends', 60)
    equal((key_status('ws-3', second), key_status('ws-4', other)), (200, 200))

    third = operator('client', 'rotate', 'ws-3').line
    equal((key_status('ws-3', second), key_status('ws-3', third)), (401, 200))


@case('a revoked key is refused, the QR login it had begun is over, and its neighbour goes on (threats 115)')
def revoke():
    mine, other = operator('client', 'add', 'ws-5').line, operator('client', 'add', 'ws-6').line
    status, device = ask('/oauth2/device', client_id='ws-5', client_secret=mine)
    equal(status, 200)
    operator('client', 'revoke', 'ws-5', '--why', 'stolen')
    equal((key_status('ws-5', mine), key_status('ws-5', ''), key_status('ws-6', other)), (401, 401, 200))
    equal(ask('/oauth2/token', client_id='ws-5', client_secret=mine, grant_type=DEVICE_GRANT,
              device_code=device['device_code'])[0], 401)
    equal(STORE.query("SELECT count(*) FROM device WHERE client_id = 'ws-5' AND state <> 'refused'"), [(0,)])


@case('a hall hands out a code: for 7 days, once, for the document that was shown; a later one voids it')
def codes():
    person = next(code for code in DATA['registration_codes'] if code['code'] == 'A1B2C3')
    issue = ('code', 'issue', '--name', person['name'], '--document-type', person['document_type'], '--document-number')
    printed = operator(*issue, person['document_number'], '--why', WHY).line
    first = printed.split()[0]
    contains(printed, '^[0-9A-Z]{6}  good until 20', person['name'])
    second = json.loads(operator(*issue, person['document_number'], '--why', WHY, '--json').out)['code']

    def states():
        return {code['code']: code['state'] for code in json.loads(operator('code', 'list', '--json').out)}

    # what came with the data is void as well
    equal([states()[code] for code in (first, second, 'A1B2C3', 'Z9Y8X7')], ['revoked', 'open', 'revoked', 'expired'])
    contains(operator('code', 'revoke', first, '--why', WHY, status=1).err, 'revoked already')
    operator('code', 'revoke', f' {second.lower()} ', '--why', WHY)
    equal(states()[second], 'revoked')
    contains(operator(*issue, ACCOUNTS['jia']['document_number'], '--why', WHY, status=1).err, 'account reset')
    contains(operator(*issue, '990101199901010082', '--why', WHY, status=1).err, 'each character')
    contains(operator('code', 'issue', '--why', WHY, status=2).err, 'needs --name', 'needs --document-number')
    lacks(operator('code', 'list').out, person['document_number'])
    lacks(json.dumps(rows(), ensure_ascii=False), first, second, person['document_number'])


@case('every change is one row of the audit, with who and why; a refused one, a wrong one and a look are none')
def audit():
    before = rows()
    changes = [(('account', 'disable', 'ceshi_ding'), 'ceshi_ding'), (('account', 'enable', 'ceshi_ding'), 'ceshi_ding'),
               (('account', 'unlock', ACCOUNTS['ding']['document_number']), 'ceshi_ding'),
               (('relation', 'grant', 'ceshi_ding', UNIT_1), f'ceshi_ding {UNIT_1}'),
               (('relation', 'revoke', 'ceshi_ding', UNIT_1), f'ceshi_ding {UNIT_1}'),
               (('unit', 'ca', UNIT_2, 'off'), f'{UNIT_2} off'), (('unit', 'ca', UNIT_2, 'on'), f'{UNIT_2} on'),
               (('unit', 'reset', UNIT_1), UNIT_1), (('unit', 'unlock', UNIT_1), UNIT_1),
               (('unit', 'change', UNIT_1, '--finance-manager', '-'), UNIT_1),
               (('client', 'add', 'ws-7'), 'ws-7'), (('client', 'rotate', 'ws-7'), 'ws-7'), (('client', 'revoke', 'ws-7'), 'ws-7')]
    for number, (words, _) in enumerate(changes):
        operator(*words, '--why', f'{WHY} {number}')
    operator('account', 'unlock', 'nobody_here', '--why', WHY, status=1)
    contains(operator('account', 'enabel', 'ceshi_ding', status=2).err, "did you mean 'account enable'")
    operator('account', 'show', 'ceshi_ding')
    operator('unit', 'list')

    found = rows()[len(before):]
    equal([(row['action'], row['object'], row['why']) for row in found],
          [(' '.join(words[:2]), thing, f'{WHY} {number}') for number, (words, thing) in enumerate(changes)])
    text = json.dumps(rows(), ensure_ascii=False)
    for account in ACCOUNTS.values():
        lacks(text, account['document_number'], account['mobile'])
    contains(operator('audit', 'list', '--since', '1h').out, r'^TIME +WHO +ACTION', 'account disable +ceshi_ding')


@case('twenty changes at once beside the server: all are made, and the server goes on')
def at_once():
    before, failed = len(rows()), []

    def change(number):
        try:
            operator('relation', 'grant' if number % 2 else 'revoke', 'ceshi_jia', UNIT_1, '--why', str(number))
        except Exception as error:  # pylint: disable=broad-except
            failed.append(error)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    equal(failed, [])
    equal(len(rows()) - before, 20)
    operator('relation', 'grant', 'ceshi_jia', UNIT_1, '--why', 'as it was')
    log_in('Jia-new-pass1')


if __name__ == '__main__':
    # a phone that logs in meanwhile would give tries back
    main(environment={**ENGLISH, 'ITAX_LAB_PHONES': '0'})
