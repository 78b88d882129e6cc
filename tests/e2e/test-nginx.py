#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""conf/nginx/itax-backend.conf as it stands there, but for its paths: nginx with TLS and HTTP/2 before two platforms on PostgreSQL

All of it in a network of its own, where the addresses of 127.0.0.0/8 are the clients."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
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

from platform_pair import CHALLENGE, DEVICE_GRANT, PROGRAM, TREE, VERIFIER, Platform, database_server  # noqa: E402

NAME = 'itax.example'
CLIENT_1, CLIENT_2 = '127.0.0.21', '127.0.0.22'


def equal(got, wanted, what=''):
    if got != wanted:
        raise AssertionError(f'{what} {got!r}, not {wanted!r}')


def wait_until(condition, what, seconds=40):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f'not within {seconds} s: {what}')
        time.sleep(0.02)


class Behind(Platform):
    """A platform as the example starts it."""

    def __init__(self, folder, name, store):
        super().__init__(folder, name, store)
        self.command = [PROGRAM, 'serve', '--store', store, '--issuer', f'https://{NAME}', '--trusted-proxy', 'unix',
                        '--listen', f'unix:{self.socket}', '--max-failures-per-source', '5']

    def log_lines(self):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return log.read().splitlines()


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='itax-nginx-')
        self.database = self.nginx = self.one = self.two = None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self):
        self.database = database_server(durable=True)
        store = self.database.uri
        for words in (('load', f'{TREE}/tests/lab/demo-data.json'), ('client', 'add', 'office-ws')):
            done = subprocess.run([PROGRAM, *words, '--store', store], check=True, text=True, stdout=subprocess.PIPE)
        self.secret = done.stdout.strip().split()[-1]
        self.one, self.two = (Behind(self.folder, name, store) for name in ('one', 'two'))
        self.one.start()
        self.two.start()
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2',
                        '-subj', f'/CN={NAME}', '-addext', f'subjectAltName=DNS:{NAME}', '-keyout', f'{self.folder}/key',
                        '-out', f'{self.folder}/cert'], check=True, stderr=subprocess.DEVNULL)
        with open(f'{TREE}/conf/nginx/itax-backend.conf', encoding='utf-8') as file:
            site = file.read()
        for there, here in (('/run/itax-backend/', f'{self.folder}/'), ('/etc/itax/backend.pem', f'{self.folder}/cert'),
                            ('/etc/itax/backend.key', f'{self.folder}/key'), ('/var/log/nginx/', f'{self.folder}/')):
            if there not in site:
                raise AssertionError(f'{there} is not in the example')
            site = site.replace(there, here)
        with open(f'{self.folder}/nginx.conf', 'w', encoding='utf-8') as file:
            # as Debian's own nginx.conf, with the paths of this folder
            file.write(f'user root; worker_processes 2; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log; daemon off;\n'
                       'events { worker_connections 2000; }\nhttp {\naccess_log off;\n'
                       + ''.join(f'{kind}_temp_path {self.folder}/{kind};\n' for kind in
                                 ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')) + site + '}\n')
        self.command = ['nginx', '-c', f'{self.folder}/nginx.conf', '-p', self.folder]
        subprocess.run([*self.command, '-t'], check=True, capture_output=True)
        self.nginx = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, 'nginx answers')
        self.app = self.log_in('ceshi_jia', 'Jia-pass1', 'itax-app', CLIENT_1)

    def answers(self):
        try:
            return self.ask('/healthz')[0] == 200
        except OSError:
            return False

    def ask(self, path, form=None, source=CLIENT_1, headers=None, token=None):
        """(status, JSON or {}, headers) over a new connection from address @source."""
        context = ssl.create_default_context(cafile=f'{self.folder}/cert')
        plain = socket.create_connection(('127.0.0.1', 443), timeout=60, source_address=(source, 0))
        lines = {'Host': NAME, **(headers or {}), **({'Authorization': f'Bearer {token}'} if token else {})}
        with context.wrap_socket(plain, server_hostname=NAME) as wrapped:
            connection = http.client.HTTPSConnection(NAME, timeout=60)
            connection.sock = wrapped
            body = None
            if form is not None:
                body = urllib.parse.urlencode(form)
                lines['Content-Type'] = 'application/x-www-form-urlencoded'
            connection.request('GET' if form is None else 'POST', path, body, lines)
            answer = connection.getresponse()
            text = answer.read().decode()
            try:
                return answer.status, json.loads(text), answer.headers
            except ValueError:
                return answer.status, {}, answer.headers

    def client(self, client_id):
        return {'client_id': client_id} if client_id == 'itax-app' else {'client_id': client_id, 'client_secret': self.secret}

    def password(self, user, word, client_id='office-ws', source=CLIENT_1, **more):
        return self.ask('/oauth2/challenge', {**self.client(client_id), 'username': user, 'password': word, 'code_challenge': CHALLENGE,
                                              'code_challenge_method': 'S256'}, source, **more)

    def log_in(self, user, word, client_id='office-ws', source=CLIENT_1):
        status, answer, _ = self.password(user, word, client_id, source)
        equal(status, 200, answer)
        status, answer, _ = self.ask('/oauth2/token', {**self.client(client_id), 'grant_type': 'authorization_code',
                                                       'code': answer['authorization_code'], 'code_verifier': VERIFIER}, source)
        equal(status, 200, answer)
        return answer['access_token']

    def device(self):
        return self.ask('/oauth2/device', {**self.client('office-ws'), 'host': 'ws01', 'service': 'login'})[1]

    def poll(self, code, **more):
        return self.ask('/oauth2/token', {**self.client('office-ws'), 'grant_type': DEVICE_GRANT, 'device_code': code, **more})

    def phone(self, deed, user_code):
        return self.ask(f'/app/device/{user_code}/{deed}', {}, token=self.app)[0]

    def lines(self):
        return self.one.log_lines() + self.two.log_lines()

    def close(self):
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait(30)
        for platform in filter(None, (self.one, self.two)):
            try:
                platform.stop()
            except subprocess.TimeoutExpired:
                platform.kill()
        if self.database:
            self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def curl(world, *words):
    return subprocess.run(['curl', '-sS', '--noproxy', '*', '--max-time', '30', '--cacert', f'{world.folder}/cert', '--resolve',
                           f'{NAME}:443:127.0.0.1', '--resolve', f'{NAME}:80:127.0.0.1', *words], text=True, capture_output=True,
                          check=False)


def outside(world):
    done = curl(world, '--http2', '-o', '/dev/null', '-w', '%{http_version} %{http_code}', f'https://{NAME}/healthz')
    equal(done.stdout, '2 200', done.stderr)
    equal(curl(world, '--tls-max', '1.1', f'https://{NAME}/healthz').returncode, 35, 'TLS 1.1')
    done = curl(world, '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', f'http://{NAME}/login')
    equal(done.stdout, f'301 https://{NAME}/login')
    equal(curl(world, '--resolve', 'other.example:443:127.0.0.1', 'https://other.example/healthz').returncode, 35, 'another name')
    status, answer, headers = world.ask('/.well-known/oauth-authorization-server', headers={'X-Forwarded-Host': 'evil.example',
                                                                                           'Forwarded': 'host=evil.example'})
    equal((status, answer['issuer']), (200, f'https://{NAME}'))
    if 'evil' in json.dumps(answer):
        raise AssertionError(answer)
    equal(headers['Strict-Transport-Security'], 'max-age=31536000')
    equal('nginx/' in str(headers), False)
    equal(world.ask('/oauth2/challenge', {'username': 'a' * 70000})[0], 413)


def both(world):
    for _ in range(6):
        world.log_in('ceshi_jia', 'Jia-pass1')
    for platform in (world.one, world.two):
        if not any('/oauth2/challenge 200' in line for line in platform.log_lines()):
            raise AssertionError('one of them has nothing to do')


def across(world):
    """Five times, as it is left to chance which one of the two holds the poll."""
    for _ in range(5):
        begun = world.device()
        answers = []
        held = threading.Thread(target=lambda code=begun['device_code']: answers.append((world.poll(code, wait='50', seen='scanned'),
                                                                                        time.monotonic())))
        equal(world.phone('scan', begun['user_code']), 200)
        held.start()
        time.sleep(0.1)  # until it is held; were it not, it would be answered as well
        equal(world.phone('confirm', begun['user_code']), 200)
        then = time.monotonic()
        held.join(60)
        equal(answers[0][0][0], 200, answers[0][0][1])
        if answers[0][1] - then > 20:
            raise AssertionError(f'{answers[0][1] - then:.1f} s')


def addresses(world):
    before = len(world.lines())
    world.ask('/healthz', source=CLIENT_2, headers={'X-Forwarded-For': '192.0.2.66'})
    world.ask('/healthz', source=CLIENT_2, headers={'X-Real-IP': '192.0.2.66', 'Forwarded': 'for=192.0.2.66'})
    wait_until(lambda: sum(line.endswith(f'/healthz 200 {line.split()[-3]} - {CLIENT_2}') for line in world.lines()) >= 2,
               'both are known by their address')
    equal(len(world.lines()) > before, True)
    equal([line for line in world.lines() if '192.0.2.66' in line], [])


def sources(world):
    """Wrong passwords of one address slow that one down, whatever it says of itself; not its neighbour."""
    def seconds(source, number):
        begin = time.monotonic()
        equal(world.password(f'nobody{number}', 'Wrong-pass1', source=source, headers={'X-Forwarded-For': f'192.0.2.{number}'})[0], 400)
        return time.monotonic() - begin
    for number in range(12):  # what is free at each of the two
        seconds(CLIENT_2, number)
    begin = time.monotonic()
    slowed = sorted(seconds(CLIENT_2, 20 + number) for number in range(16))
    if time.monotonic() - begin < 2:
        raise AssertionError(f'16 more in {time.monotonic() - begin:.2f} s')
    equal(min(seconds(CLIENT_1, 50 + number) for number in range(4)) < slowed[-1], True, 'the neighbour is as slow')


def killed(world):
    begun = [world.device()['device_code'] for _ in range(6)]
    answers = []
    held = [threading.Thread(target=lambda code=code: answers.append(world.poll(code, wait='30', seen='pending')[0])) for code in begun]
    for thread in held:
        thread.start()
    time.sleep(0.3)
    world.one.kill()
    for number in range(20):
        equal(world.password('ceshi_jia', 'Jia-pass1')[0], 200, f'request {number} after the one was killed')
    user_code = world.device()['user_code']
    equal(world.phone('confirm', user_code), 200)
    world.one.start()
    for code in begun:  # who lost a poll asks again, and nothing is lost
        equal(world.poll(code)[1].get('error') in ('authorization_pending', 'slow_down'), True, 'the login is there')
    os.kill(world.two.process.pid, signal.SIGTERM)  # in order: held polls are answered
    world.two.process.wait(30)
    for thread in held:
        thread.join(60)
    equal(set(answers) <= {400, 502}, True, answers)
    equal(world.ask('/healthz')[0], 200)
    world.two.start()


def logs(world):
    user_code = world.device()['user_code']
    world.ask(f'/Q/{user_code}?secret=1')
    wait_until(lambda: any('GET /Q/{user_code} 200' in line for line in world.lines()), 'the platform logs it')
    for name in ('itax.log', 'itax-error.log', 'error.log', 'one.log', 'two.log'):
        with open(f'{world.folder}/{name}', encoding='utf-8') as file:
            text = file.read()
        if re.search(f'{user_code}|secret=1|Jia-pass1|{world.secret}', text, re.IGNORECASE):
            raise AssertionError(f'{name}: {text[-500:]}')
    with open(f'{world.folder}/itax.log', encoding='utf-8') as file:
        equal(bool(re.search(rf' GET 200 [0-9.]+ unix:{world.folder}/(one|two) {CLIENT_1}$', file.read(), re.M)), True, 'its own log')


CASES = [
    ('nginx: HTTP/2, TLS 1.2 and later, one name only, small forms', outside),
    ('nginx: logins go to both', both),
    ('nginx: who waits for a QR login is answered, whichever of the two holds the poll', across),
    ('nginx: the platform knows the client\'s address, and no other that it claims', addresses),
    ('nginx: guessing slows down one address, not its neighbour, and no header evades or blames', sources),
    ('nginx: one killed in mid-request, the other stopped in order: the next request is answered, no login is lost', killed),
    ('nginx: no code, password or key in any log', logs),
]


def main():
    if 'ITAX_NGINX_TEST' not in os.environ:
        os.execvpe('unshare', ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', sys.executable,
                               os.path.abspath(__file__), *sys.argv[1:]], {**os.environ, 'ITAX_NGINX_TEST': '1'})
    failed = 0
    world = World()
    try:
        for sentence, function in CASES:
            if sys.argv[1:] and not any(word in sentence or word == function.__name__ for word in sys.argv[1:]):
                continue
            begin = time.monotonic()
            try:
                function(world)
                print(f'ok - {sentence} # {time.monotonic() - begin:.2f} s', flush=True)
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f'not ok - {sentence}')
                for line in (traceback.format_exc() + world.one.said() + world.two.said()).splitlines():
                    print(f'# {line}', flush=True)
    finally:
        world.close()
    sys.exit(1 if failed else 0)


main()
