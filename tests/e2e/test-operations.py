#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running the platform: numbers, access log, stop, backup and restore - the commands of doc/BACKEND.md"""

import glob
import hashlib
import http.client
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time
import urllib.request

import api
from e2e import RUN, STORE, backend, backend_signal, case, contains, equal, lacks, main, pids, wait_until

FOLDER = '/var/lib/itax-backend'
LOG = f'{FOLDER}/access.log'
BACKUPS = '/var/backups/itax'
METRICS = '127.0.0.1:9464'
NAME = r'[a-zA-Z_][a-zA-Z0-9_]*'
SAMPLE = re.compile(rf'^({NAME})(?:\{{((?:{NAME}="[^"\\\n]*",?)+)\}})? ([0-9]+(?:\.[0-9]+)?|\+Inf)$')


def metrics():
    """{(name, labels): value}; every line must be of the text format."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f'http://{METRICS}/metrics', timeout=10) as file:
        equal(file.headers['Content-Type'], 'text/plain; version=0.0.4; charset=utf-8')
        text = file.read().decode()
    equal(text[-1:], '\n', 'the last line ends')
    found, kinds, helped = {}, {}, set()
    for line in text.splitlines():
        if line.startswith('# HELP '):
            helped.add(line.split(' ', 3)[2])
        elif line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            lacks(' '.join(kinds), rf'(^| ){name}($| )')
            kinds[name] = kind
        else:
            match = SAMPLE.match(line)
            if not match:
                raise AssertionError(f'not of the format: {line!r}')
            name, labels, value = match.groups()
            family = name if name in kinds else re.sub('_(bucket|sum|count)$', '', name)
            equal(kinds[family] == 'histogram', family != name, line)
            equal(kinds[family] == 'counter', name.endswith('_total'), line)
            if (name, labels) in found:
                raise AssertionError(f'twice: {line}')
            found[name, labels] = float(value)
    equal(helped, set(kinds), 'every family has HELP and TYPE')
    for name, kind in kinds.items():
        if kind == 'histogram':
            steps = [value for (sample, _), value in found.items() if sample == f'{name}_bucket']
            equal(steps, sorted(steps), f'{name} is cumulative')
            equal(found[f'{name}_bucket', 'le="+Inf"'], found[f'{name}_count', None], name)
    return text, found


@case('metrics: logins, lock-outs, messages, requests by template, times; a person is in none of them')
def numbers():
    _, before = metrics()
    for attempt in range(5):
        answer = api.password('ceshi_nobody', 'Wrong-pass1')
        if attempt:  # a captcha is due
            equal(answer.json['error'], 'captcha_required')
        else:
            equal(answer.json['error'], 'invalid_credentials')
    equal(api.password('ceshi_jia', 'Jia-pass1').status, 200)
    code = api.device(host='secret-host')
    equal(api.ask('GET', f'/q/{code["user_code"]}').status, 200)
    equal(api.ask('GET', '/no-such-path').status, 404)
    text, after = metrics()

    def grown(name, labels):
        return after.get((name, labels), 0) - before.get((name, labels), 0)
    equal(grown('itax_logins_total', 'method="password",result="wrong"'), 1)
    equal(grown('itax_logins_total', 'method="password",result="captcha"'), 4)
    equal(grown('itax_requests_total', 'method="POST",route="/oauth2/challenge",class="4xx"'), 5)
    equal(grown('itax_requests_total', 'method="POST",route="/oauth2/challenge",class="2xx"'), 1)
    equal(grown('itax_requests_total', 'method="GET",route="/Q/{user_code}",class="2xx"'), 1)
    equal(grown('itax_requests_total', 'method="GET",route="-",class="4xx"'), 1)
    equal(grown('itax_hash_seconds_count', None), 2)
    lacks(text, 'ceshi', 'secret-host', code['user_code'], 'no-such-path', 'lab-workstation')


@case('metrics: a poll that waits is seen while it waits; promtool, where it is there, finds nothing')
def waiting():
    code = api.device()['device_code']
    thread = threading.Thread(target=api.poll, args=(code,), kwargs={'wait': 20, 'seen': 'pending'}, daemon=True)
    before = metrics()[1]['itax_waiting_polls', None]
    thread.start()
    wait_until(lambda: metrics()[1]['itax_waiting_polls', None] == before + 1, 'one poll waits')
    text, found = metrics()
    if found['itax_connections', None] < 1:
        raise AssertionError('no connection')
    if shutil.which('promtool'):
        done = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True, check=False)
        equal((done.returncode, done.stderr), (0, ''))


@case('metrics: only their own listener has them, and it has nothing else')
def apart():
    equal(api.ask('GET', '/metrics').status, 404)
    connection = http.client.HTTPConnection(METRICS, timeout=10)
    for method, path, status in (('GET', '/', 404), ('GET', '/healthz', 404), ('POST', '/metrics', 405), ('HEAD', '/metrics', 200)):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        equal(answer.status, status, f'{method} {path}')
    connection.close()


@case('/healthz: 200 while the store answers, by GET and HEAD, with nothing to tell')
def health():
    answer = api.ask('GET', '/healthz')
    equal((answer.status, answer.json), (200, {'status': 'ok'}))
    answer = api.ask('HEAD', '/healthz')
    equal((answer.status, answer.body), (200, b''))


def log_lines():
    with open(LOG, encoding='utf-8') as file:
        return file.read().splitlines()


@case('access log: a line a request, by template, without path, query, body or code')
def logged():
    equal(stat.S_IMODE(os.stat(LOG).st_mode), 0o600)
    code = api.device(host='secret-host', login_hint='ceshi_jia')
    api.ask('GET', f'/Q/{code["user_code"]}?lang=en&secret=1')
    api.password('ceshi_yi', 'Wrong-secret1')
    last = wait_until(lambda: [line for line in log_lines()[-3:] if '/oauth2/challenge' in line], 'the line is written')[-1]
    contains(last, r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z POST /oauth2/challenge 400 \d+\.\dms lab-workstation 127\.0\.0\.1$')
    text = '\n'.join(log_lines())
    contains(text, r'GET /Q/\{user_code\} 200 \d+\.\dms - 127\.0\.0\.1')
    lacks(text, 'secret', 'ceshi', code['user_code'], code['device_code'], 'lang=')
    for path in glob.glob(f'{RUN}/*.log'):
        with open(path, encoding='utf-8', errors='replace') as file:
            lacks(file.read(), 'Wrong-secret1', code['device_code'])


@case('access log: renamed and SIGHUP, as logrotate does it: a new file, no line lost, the platform goes on')
def rotated():
    pid = pids('itax-backend')
    os.rename(LOG, f'{LOG}.1')
    api.ask('GET', '/healthz')
    wait_until(lambda: '/healthz' in open(f'{LOG}.1', encoding='utf-8').read().splitlines()[-1], 'the old file goes on')
    backend_signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(LOG), 'the file is made anew')
    api.ask('GET', '/healthz')
    wait_until(lambda: log_lines() and '/healthz 200' in log_lines()[-1], 'the new file is written to')
    equal(pids('itax-backend'), pid)


@case('stop: held polls are answered, nobody waits longer than five seconds, then it is there again')
def stop():
    code = api.device()['device_code']
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(api.poll(code, wait=25, seen='pending'))) for _ in range(5)]
    before = metrics()[1]['itax_waiting_polls', None]
    for thread in threads:
        thread.start()
    wait_until(lambda: metrics()[1]['itax_waiting_polls', None] >= before + 5, 'they wait')
    begin = time.monotonic()
    backend('stop')
    for thread in threads:
        thread.join(10)
    if time.monotonic() - begin > 8:
        raise AssertionError(f'{time.monotonic() - begin:.1f} s')
    equal([answer.json.get('error') for answer in answers], ['authorization_pending'] * 5)
    backend('start')
    equal(api.poll(code).json['state'], 'pending')


def as_backend(*words):
    return subprocess.run(['setpriv', '--reuid=_itax-backend', '--regid=_itax-backend', '--clear-groups', '/usr/sbin/itax-backend',
                           *words], capture_output=True, text=True, timeout=60, check=False)


def backup(path):
    done = as_backend('backup', path)
    if done.returncode != 0:
        raise AssertionError(f'{done.returncode}: {done.stdout}{done.stderr}')
    return done.stdout


class Load:
    """Begins QR logins on four connections at once and remembers what was acknowledged, until it is stopped."""

    def __init__(self):
        self.codes, self.failed, self.over = [], [], False
        self.threads = [threading.Thread(target=self._run) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        while not self.over:
            try:
                self.codes.append(api.device()['device_code'])
            except Exception as error:  # pylint: disable=broad-except
                self.failed.append(repr(error))

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join(40)
        equal(self.failed, [])
        return self.codes


@case('backup under load and restore: whole, of one moment, and nothing that was acknowledged before is missing')
def restore():
    os.makedirs(BACKUPS, exist_ok=True)
    shutil.chown(BACKUPS, '_itax-backend', '_itax-backend')
    os.chmod(BACKUPS, 0o700)
    path = f'{BACKUPS}/store-1.db'
    load = Load()
    try:
        wait_until(lambda: len(load.codes) > 30, 'there is load')
        for number in range(3):  # each in the middle of it
            acknowledged = list(load.codes)
            path = f'{BACKUPS}/store-{number}.db'
            contains(backup(path), rf'^{path}: \d+ bytes$')
    finally:
        everything = load.stop()
    if len(everything) == len(acknowledged):
        raise AssertionError('the load had ended before the backup')
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
    equal(sorted(os.listdir(BACKUPS)), ['store-0.db', 'store-1.db', 'store-2.db'])

    copy = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
    equal(copy.execute('PRAGMA integrity_check').fetchall(), [('ok',)])
    equal(copy.execute('PRAGMA user_version').fetchall(), STORE.query('PRAGMA user_version'))
    hashes = {row[0] for row in copy.execute('SELECT hash FROM device')}
    copy.close()
    missing = [code for code in acknowledged if hashlib.sha256(code.encode()).hexdigest() not in hashes]
    equal(missing, [], 'acknowledged before the backup, and not in it')

    # as doc/BACKEND.md says it
    backend('stop')
    for name in glob.glob(f'{FOLDER}/store.db*'):
        os.rename(name, name.replace('store.db', 'before.db'))
    shutil.copyfile(path, f'{FOLDER}/store.db')
    shutil.chown(f'{FOLDER}/store.db', '_itax-backend', '_itax-backend')
    os.chmod(f'{FOLDER}/store.db', 0o600)
    backend('start')
    equal(api.password('ceshi_jia', 'Jia-pass1').status, 200)
    for code in (acknowledged[0], acknowledged[-1]):
        equal(api.poll(code).json['error'], 'authorization_pending')


@case('backup: nothing is overwritten, no store is told, PostgreSQL is sent to pg_dump')
def refused():
    os.makedirs(BACKUPS, exist_ok=True)
    shutil.chown(BACKUPS, '_itax-backend', '_itax-backend')
    path = f'{BACKUPS}/there.db'
    with open(path, 'w', encoding='utf-8') as file:
        file.write('mine')
    done = as_backend('backup', path)
    equal(done.returncode, 1)
    contains(done.stderr, 'there already; nothing is overwritten')
    with open(path, encoding='utf-8') as file:
        equal(file.read(), 'mine')
    with open(f'{FOLDER}/none.db', 'wb') as file:
        file.write(b'no store' * 1000)
    shutil.chown(f'{FOLDER}/none.db', '_itax-backend')
    done = as_backend('--store', f'{FOLDER}/none.db', 'backup', f'{BACKUPS}/none.db')
    equal(done.returncode, 3, done.stderr)
    contains(done.stderr, 'damaged, or no store')
    done = as_backend('--store', 'postgres:///itax', 'backup', f'{BACKUPS}/none.db')
    equal(done.returncode, 1, done.stderr)
    contains(done.stderr, 'pg_dump')
    equal(as_backend('--store', f'{FOLDER}/away.db', 'backup', f'{BACKUPS}/none.db').returncode, 3)
    lacks(' '.join(os.listdir(BACKUPS)), 'none', r'\.new')
    lacks(' '.join(os.listdir(FOLDER)), 'away')


main(environment={'ITAX_LAB_PHONES': '0', 'ITAX_LAB_BACKEND_OPTIONS': f'--metrics {METRICS} --access-log {LOG}'})
