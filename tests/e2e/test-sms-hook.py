#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text messages by --sms-hook: a real HTTPS server gets them, and nobody else; whatever it does, the person is told the same"""

import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from platform_pair import PROGRAM, TREE, Platform, _Connection  # noqa: E402

KEY = 'hook-key-that-nobody-else-has-17'
with open(f'{TREE}/tests/lab/demo-data.json', encoding='utf-8') as _file:
    PERSONS = {account['login_name']: account for account in json.load(_file)['accounts']}


def equal(got, wanted, what=''):
    if got != wanted:
        raise AssertionError(f'{what} {got!r}, not {wanted!r}')


def wait_until(condition, what, seconds=40):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f'not within {seconds} s: {what}')
        time.sleep(0.02)


class Hook:
    """An HTTPS server under a certificate for @name; answers @status, or not at all."""

    def __init__(self, folder, certificate):
        self.got, self.status, self.silent = [], 200, threading.Event()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length'])).decode()
                hook.got.append((self.path, dict(self.headers), urllib.parse.parse_qs(body)))
                if hook.silent.is_set():
                    time.sleep(30)
                    return
                self.send_response(hook.status)
                if hook.status == 307:
                    self.send_header('Location', f'https://localhost:{hook.port}/elsewhere')
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{folder}/{certificate}.pem', f'{folder}/{certificate}.key')
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='itax-hook-')
        self.hooks, self.platform = [], None
        certificate = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2')
        for name in ('ca', 'other'):
            self.openssl('req', '-x509', *certificate, '-keyout', f'{self.folder}/{name}.key', '-subj', f'/CN={name}', '-out',
                         f'{self.folder}/{name}.pem')
        for name, authority, host in (('right', 'ca', 'localhost'), ('stranger', 'other', 'localhost'), ('misnamed', 'ca', 'example.org')):
            self.openssl('req', '-x509', *certificate, '-keyout', f'{self.folder}/{name}.key', '-subj', f'/CN={host}', '-addext',
                         f'subjectAltName=DNS:{host}', '-CA', f'{self.folder}/{authority}.pem', '-CAkey', f'{self.folder}/{authority}.key',
                         '-out', f'{self.folder}/{name}.pem')
        with open(f'{self.folder}/hook-key', 'w', encoding='utf-8', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(f'{KEY}\n')
        self.store = f'{self.folder}/store.db'
        subprocess.run([PROGRAM, 'load', f'{TREE}/tests/lab/demo-data.json', '--store', self.store], check=True, stdout=subprocess.DEVNULL)

    @staticmethod
    def openssl(*words):
        subprocess.run(['openssl', *words], check=True, stderr=subprocess.DEVNULL)

    def begin(self, certificate):
        """A platform that posts to a server with this certificate."""
        self.end()
        hook = Hook(self.folder, certificate)
        self.hooks.append(hook)
        self.platform = Platform(self.folder, certificate, self.store, '--sms-hook', f'https://localhost:{hook.port}/send?by=itax',
                                 '--sms-hook-key-file', f'{self.folder}/hook-key', '--sms-hook-ca', f'{self.folder}/ca.pem')
        self.platform.start()
        return hook

    def log(self):
        with open(self.platform.log, encoding='utf-8') as file:
            return file.read()

    def forgot(self, login_name):
        """Ask for a new password as this person, in a new browser; the page that comes."""
        person = PERSONS[login_name]
        connection = _Connection(self.platform.socket, 60)
        try:
            connection.request('GET', '/forgot')
            answer = connection.getresponse()
            page = answer.read().decode()
            cookie = answer.headers['Set-Cookie'].split(';')[0]
            form = {'csrf': re.search(r'name="csrf" value="([^"]+)"', page).group(1), 'name': person['name'],
                    'type': person['document_type'], 'number': person['document_number']}
            connection.request('POST', '/forgot', urllib.parse.urlencode(form), {
                'Content-Type': 'application/x-www-form-urlencoded', 'Cookie': cookie, 'Origin': 'http://localhost'})
            answer = connection.getresponse()
            page = answer.read().decode()
            equal(answer.status, 200, page)
            return re.sub('name="csrf" value="[^"]*"', '', page)
        finally:
            connection.close()

    def end(self):
        if self.platform:
            self.platform.stop()
            if re.search('Sanitizer|runtime error', self.log()) or any(name.startswith('sanitizer') for name in os.listdir(self.folder)):
                raise AssertionError(self.log())
        self.platform = None

    def close(self):
        try:
            self.end()
        finally:
            for hook in self.hooks:
                hook.close()
            shutil.rmtree(self.folder, ignore_errors=True)


PAGES = []


def sent(world):
    hook = world.begin('right')
    PAGES.append(world.forgot('ceshi_jia'))
    wait_until(lambda: hook.got, 'the message')
    path, headers, form = hook.got[0]
    equal((path, headers['Authorization'], headers['Content-Type']), ('/send?by=itax', f'Bearer {KEY}', 'application/x-www-form-urlencoded'))
    equal((sorted(form), form['to']), (['text', 'to'], [PERSONS['ceshi_jia']['mobile']]))
    code = re.search('验证码：([0-9]{6})', form['text'][0]).group(1)
    for secret in (code, KEY, PERSONS['ceshi_jia']['mobile'], PERSONS['ceshi_jia']['document_number']):
        equal(secret in world.log(), False, f'{secret} is in the log')


def refused(world):
    hook = world.begin('right')
    for person, status in (('ceshi_yi', 500), ('Ceshi_Bing', 307), ('ceshi_ding', 404)):
        hook.status = status
        PAGES.append(world.forgot(person))
        wait_until(lambda status=status: f'answered {status}' in world.log(), f'the operator is told of {status}')
    equal([path for path, _, _ in hook.got if 'elsewhere' in path], [], 'a redirection was followed')


def strangers(world):
    for certificate, person in (('stranger', 'ceshi_ji'), ('misnamed', '测试_戊')):
        hook = world.begin(certificate)
        PAGES.append(world.forgot(person))
        wait_until(lambda: re.search('text message to .*(certificate|SSL|verif)', world.log()), 'the operator is told')
        equal(hook.got, [], 'something was sent')


def silent(world):
    hook = world.begin('right')
    hook.silent.set()
    # limits are for a minute: those of this test are forgotten
    subprocess.run([sys.executable, '-c', 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("DELETE FROM rate"); c.commit()',
                    world.store], check=True)
    begin = time.monotonic()
    PAGES.append(world.forgot('ceshi_jia'))
    equal(world.platform.password('ceshi_yi', PERSONS['ceshi_yi']['password']).status, 200)
    if time.monotonic() - begin > 8:
        raise AssertionError(f'{time.monotonic() - begin:.1f} s')
    wait_until(lambda: re.search('text message to .*(time|Time)', world.log()), 'it is given up')


def alike(_):
    equal(len(set(PAGES)), 1, 'pages that differ')
    equal(len(PAGES) >= 6, True)


CASES = [
    ('a message is posted over HTTPS with its key; neither code, key nor number is in the log', sent),
    ('a hook that answers 500, 404 or leads elsewhere: told to the operator, not followed', refused),
    ('a hook under another authority or another name: nothing is sent', strangers),
    ('a hook that does not answer: given up, and others are served meanwhile', silent),
    ('whatever became of the message, the page is the same', alike),
]


def main():
    failed = 0
    world = World()
    try:
        for sentence, function in CASES:
            begin = time.monotonic()
            try:
                function(world)
                print(f'ok - {sentence} # {time.monotonic() - begin:.2f} s', flush=True)
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f'not ok - {sentence}')
                for line in (traceback.format_exc() + (world.log() if world.platform else '')).splitlines():
                    print(f'# {line}', flush=True)
    finally:
        world.close()
    sys.exit(1 if failed else 0)


main()
