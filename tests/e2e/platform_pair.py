# SPDX-License-Identifier: LGPL-2.1-or-later
"""platform_pair: itax-backend processes without a lab, each on a Unix socket, on one store"""

import base64
import hashlib
import http.client
import importlib.machinery
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.join(os.environ.get('ITAX_LAB_BUILD', f'{TREE}/build'), 'itax-backend')
VERIFIER = 'v' * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b'=').decode()
DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'


def database_server(**options):
    """tests/lab/postgres as a module."""
    loader = importlib.machinery.SourceFileLoader('postgres', f'{TREE}/tests/lab/postgres')
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('postgres', loader))
    loader.exec_module(module)
    return module.Server(**options)


class Answer:
    def __init__(self, status, body):
        self.status, self.text = status, body
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = {}

    @property
    def error(self):
        return self.json.get('error')

    def __repr__(self):
        return f'{self.status} {self.text[:200]}'


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('localhost', timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)  # waits for room in the queue, which it would not with a time limit
        self.sock.settimeout(self.timeout)


class Platform:
    """One process. Requests raise OSError or http.client.HTTPException when there is no answer."""

    def __init__(self, folder, name, store, *options):
        self.socket, self.log = f'{folder}/{name}', f'{folder}/{name}.log'
        self.command = [PROGRAM, 'serve', '--store', store, '--listen', f'unix:{self.socket}', '--issuer', 'http://localhost',
                        '--max-failures-per-source', '0', *options]
        self.environment = {**os.environ, 'ASAN_OPTIONS': f'log_path={folder}/sanitizer',
                            'UBSAN_OPTIONS': f'print_stacktrace=1:log_path={folder}/sanitizer'}
        self.process = None

    def start(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.ask('/healthz').status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f'the platform does not start:\n{self.said()}')

    def kill(self):
        """In the middle of whatever it does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def said(self):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return ''.join(log.readlines()[-15:])

    def ask(self, path, form=None, bearer=None, timeout=60):
        connection = _Connection(self.socket, timeout)
        headers = {'Authorization': f'Bearer {bearer}'} if bearer else {}
        body = None
        if form is not None:
            headers['Content-Type'] = 'application/x-www-form-urlencoded'
            body = urllib.parse.urlencode(form)
        try:
            connection.request('GET' if form is None else 'POST', path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode())
        finally:
            connection.close()

    def password(self, user, password, client='ws', **more):
        """One try; its answer holds a code when it is right."""
        return self.ask('/oauth2/challenge', {'client_id': client, 'username': user, 'password': password,
                                              'code_challenge': CHALLENGE, 'code_challenge_method': 'S256', **more})

    def redeem(self, code, client='ws'):
        return self.ask('/oauth2/token', {'client_id': client, 'grant_type': 'authorization_code', 'code': code,
                                          'code_verifier': VERIFIER})

    def login(self, user, password, client='ws'):
        """The token."""
        code = self.password(user, password, client)
        token = self.redeem(code.json['authorization_code'], client)
        return token.json['access_token']

    def device(self):
        return self.ask('/oauth2/device', {'client_id': 'ws', 'host': 'ws01', 'service': 'login'})

    def poll(self, device_code, **more):
        return self.ask('/oauth2/token', {'client_id': 'ws', 'grant_type': DEVICE_GRANT, 'device_code': device_code, **more})

    def phone(self, deed, user_code, token):
        return self.ask(f'/app/device/{user_code}/{deed}', {}, token)
