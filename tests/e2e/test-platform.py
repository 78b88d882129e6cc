#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The platform away, silent, slow, talking nonsense or started anew: bounds, words, and who gets in all the same

test-faults.py has the plain cases; here are every way to begin a login, the middle of one, and the answers of a
platform that is not itself."""

import threading

from e2e import (ACCOUNT, BENDI_PASSWORD, CAPTCHA, ENGLISH, PASSWORD, STORE, UNIT, UNIT_PASSWORD, Terminal, Try, backend, case,
                 contains, equal, lacks, main)
from faults import AT_ONCE, PLATFORM, SPARE, Stage, Watch, changed, jia_gets_in, kill, locals_get_in, measure, stopped

CONF = '/etc/itax/itaxd.conf'
AWAY = 'The tax platform cannot be reached at the moment'
SOME_TIME = (PLATFORM + SPARE, PLATFORM - 0.5)


def ends_in_words(login):
    login.end('PAM_AUTHINFO_UNAVAIL')
    equal(login.messages[-1][0], 'error')
    contains(login.messages[-1][1], AWAY)
    equal(login.env, {})


def password_of_jia():
    with Try() as login:
        login.echo(ACCOUNT, 'ceshi_jia')
        login.secret(PASSWORD, 'Jia-pass1')
        ends_in_words(login)


def all_are_told(most, least=0.0):
    """By whatever way a login begins."""
    with Watch('password', most, least):
        password_of_jia()
    with Watch('password of an account that nobody has', most, least), Try() as login:
        login.echo(ACCOUNT, 'nobody_here')
        login.secret(PASSWORD, 'Jia-pass1')
        ends_in_words(login)
    with Watch('password of a user named in advance', most, least), Try(user='jia') as login:
        login.secret(PASSWORD, 'Jia-pass1')
        ends_in_words(login)
    with Watch('QR code', most, least), Try() as login:
        login.echo(ACCOUNT, '')
        ends_in_words(login)


@case('the platform stopped: all are told in words at once, also by an itaxd that was just started; local users as ever')
def gone():
    measure()
    jia_gets_in()
    backend('stop')
    try:
        all_are_told(AT_ONCE)
        kill('itaxd')
        all_are_told(AT_ONCE)
        locals_get_in()
    finally:
        backend('start')
    jia_gets_in()


@case('the platform stopped: login(1) shows the words and goes on to the local password, which an account does not have')
def gone_in_login():
    backend('stop')
    try:
        with Terminal(['login']) as terminal:
            terminal.answer(ACCOUNT, 'ceshi_jia')
            terminal.secret(PASSWORD, 'Jia-pass1')
            terminal.expect(AWAY)
            terminal.answer('login: $', 'bendi')
            terminal.secret(PASSWORD, BENDI_PASSWORD)
            terminal.answer(r'\$ $', 'printf "<%s>" "$(id -un)"')
            equal(terminal.expect('<([^>%]+)>').group(1), 'bendi')
        with Terminal(['login', 'jia']) as terminal:
            terminal.secret(PASSWORD, 'Jia-pass1')
            terminal.expect(AWAY)
            terminal.secret(PASSWORD, 'Jia-pass1')
            terminal.expect('Login incorrect')
            lacks(terminal.text, r'\$ $')
    finally:
        backend('start')


def at_password():
    login = Try()
    login.echo(ACCOUNT, 'ceshi_jia')
    login.prompt('secret', PASSWORD)
    return login, 'Jia-pass1'


def at_unit():
    login = Try()
    login.echo(ACCOUNT, 'ceshi_yi')
    login.secret(PASSWORD, 'Yi-pass22')
    login.prompt('echo', UNIT)
    return login, '3'


def at_unit_password():
    login = Try(user='bing')
    login.secret(PASSWORD, 'Bing-pass3')
    login.prompt('secret', UNIT_PASSWORD)
    return login, 'Declare-2'


@case('the platform accepts and is silent (SIGSTOP): told in words after 5 s, wherever the login is; local users as ever')  # threats 36
def hangs():
    measure()
    for reach in (at_unit, at_unit_password):
        login, answer = reach()
        with login, stopped('itax-backend'), Watch(reach.__name__, *SOME_TIME):
            login.send(answer)
            ends_in_words(login)
    with stopped('itax-backend'):
        all_are_told(*SOME_TIME)
        locals_get_in()
    jia_gets_in()


@case('the bound for one answer of the platform is the one of the configuration')
def configured():
    with open(CONF, encoding='utf-8') as file:
        text = file.read()
    kill('itaxd')
    with changed(CONF, text.replace('[platform]\n', '[platform]\ntimeout = 1\n')):
        jia_gets_in()
        with stopped('itax-backend'):
            all_are_told(1 + SPARE, 0.5)
    kill('itaxd')
    jia_gets_in()


def answer_with(status, kind, body, *headers):
    head = '\r\n'.join([f'HTTP/1.1 {status}', f'Content-Type: {kind}', f'Content-Length: {len(body)}', *headers, '', ''])
    return lambda connection: connection.sendall(head.encode() + body)


LONG = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"auth'


def silent(_connection):
    threading.Event().wait(60)


def trickle(connection):
    """A byte now and then of an answer without end."""
    pause = threading.Event()
    connection.sendall(LONG)
    for _ in range(120):
        pause.wait(0.5)
        connection.sendall(b' ')


def half(connection):
    connection.sendall(LONG)
    connection.close()


PAGE = b'<html><body>Maintenance. {"authorization_code": "granted"}</body></html>'
ANSWERS = {
    '503': answer_with('503 Service Unavailable', 'text/html', PAGE, 'Retry-After: 120'),
    '503 as a problem': answer_with('503 Service Unavailable', 'application/problem+json', b'{"title": "away", "status": 503}'),
    '500': answer_with('500 Internal Server Error', 'application/json', b'{}'),
    '429': answer_with('429 Too Many Requests', 'application/json', b'{}', 'Retry-After: 3600'),
    'a page with 200': answer_with('200 OK', 'text/html', PAGE),
    '204': answer_with('204 No Content', 'application/json', b''),
    '302': answer_with('302 Found', 'text/html', b'', 'Location: https://itax.lab/elsewhere'),
    'another schema': answer_with('200 OK', 'application/json', b'{"authorization_code": 1, "granted": true}'),
    'half an answer': half,
}


@case('the platform answers 503, 500, 429, a page, nothing, half or nonsense: told in words at once, asked twice at most')  # threats 37, 38
def nonsense():
    for name, say in ANSWERS.items():
        for fresh in ('', ', itaxd just started'):
            jia_gets_in()  # itaxd has connections, and knows the metadata
            if fresh:
                kill('itaxd')
            with Stage(say) as stage, Watch(name + fresh, AT_ONCE):
                password_of_jia()
            if not 1 <= stage.requests <= 2:
                raise AssertionError(f'{name}{fresh}: asked {stage.requests} times')
    jia_gets_in()


@case('the platform answers 503: told by every way to begin, local users as ever')
def unwell():
    measure()
    jia_gets_in()
    with Stage(ANSWERS['503']):
        all_are_told(AT_ONCE)
        locals_get_in()
    jia_gets_in()


@case('the platform is silent behind TLS, silent before TLS, or sends a byte now and then: told in words after 5 s')  # threats 36
def slow():
    for say, tls in ((silent, True), (silent, False), (trickle, True)):
        jia_gets_in()
        with Stage(say, tls), Watch(f'{say.__name__}{"" if tls else " before TLS"}', *SOME_TIME):
            password_of_jia()
    jia_gets_in()


@case('the platform is started anew while somebody types: the login goes on, at the password, the unit and its password')
def restarted_while_typing():
    for reach in (at_password, at_unit, at_unit_password):
        login, answer = reach()
        with login:
            backend('restart')
            login.send(answer)
            login.end('PAM_SUCCESS')


@case('the platform stops while a QR code stands: told in words')
def gone_under_code():
    with Try() as login:
        login.echo(ACCOUNT, '')
        login.address()
        backend('stop')
        try:
            with Watch('the platform stops', PLATFORM + SPARE):
                ends_in_words(login)
        finally:
            backend('start')
    jia_gets_in()


def until_asked_again(login):
    """Answer captchas until the password is asked for again, or it is over."""
    while True:
        line = login.step()
        if line is None or 'call' in line or line['style'] == 'secret':
            return
        if line['style'] == 'echo':
            contains(line['text'], CAPTCHA)
            login.send(STORE.captcha())


def crash():
    kill('itax-backend')
    backend('start')


@case('the count of wrong passwords and the lock survive restarts and crashes of the platform and of itaxd')  # threats 49
def count_survives():
    told = []
    for disturb in (lambda: backend('restart'), crash, lambda: kill('itaxd'), crash, None):
        with Try() as login:
            login.echo(ACCOUNT, 'ceshi_ji')
            login.secret(PASSWORD, 'Wrong-pass1')
            until_asked_again(login)
            told.append(login.text)
            if disturb is None:
                login.end('PAM_MAXTRIES')
        if disturb:
            disturb()
    for text, words in zip(told, ('4 tries are left', '3 tries are left', '2 tries are left', '1 try is left', 'is locked')):
        contains(text, words)
    for disturb in (crash, lambda: kill('itaxd')):
        disturb()
        with Try(user='ji') as login:
            login.secret(PASSWORD, 'Ji-pass666')
            login.end('PAM_MAXTRIES')
    backend('account', 'unlock', 'ceshi_ji')


main(environment=ENGLISH)
