#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two platforms on one PostgreSQL: what one of them knows the other knows, nothing that was acknowledged is lost

tests/unit/test-backend-parallel runs there as well: a thousand guesses through both, exactly five tested."""

import concurrent.futures
import glob
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from platform_pair import PROGRAM, TREE, Platform, database_server  # noqa: E402

with open(f'{TREE}/tests/lab/demo-data.json', encoding='utf-8') as _file:
    ACCOUNTS = {account['login_name']: account['password'] for account in json.load(_file)['accounts']}
NO_ANSWER = (OSError, http.client.HTTPException)
HANDS = 8
UNIT = '919900000000000018'


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='itax-pair-')
        self.database, self.one, self.two = None, None, None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self):
        self.database = database_server(durable=True)
        self.store = self.database.uri
        subprocess.run([PROGRAM, 'load', f'{TREE}/tests/lab/demo-data.json', '--store', self.store], check=True,
                       stdout=subprocess.DEVNULL)
        self.one, self.two = (Platform(self.folder, name, self.store) for name in ('one', 'two'))
        self.one.start()
        self.two.start()
        self.app = self.two.login('ceshi_jia', 'Jia-pass1', 'itax-app')

    def query(self, sql):
        return subprocess.run([f'{self.database.programs}/psql', '-XAtq', self.store, '-c', sql], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def captcha(self, drawn):
        """Where a captcha can be read by a program."""
        return dict(line.split('|') for line in self.query('SELECT id, answer FROM captcha').split())[drawn.json['captcha_id']]

    def close(self):
        for platform in filter(None, (self.one, self.two)):
            try:
                platform.stop()
            except subprocess.TimeoutExpired:
                platform.kill()
        if self.database:
            self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def both(self, n):
        return [(self.one, self.two)[i % 2] for i in range(n)]


def equal(got, wanted, what=''):
    if got != wanted:
        raise AssertionError(f'{what} {got!r}, not {wanted!r}')


def at_once(functions):
    with concurrent.futures.ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(function) for function in functions]]


def captcha_elsewhere(world):
    equal(world.one.password('ceshi_yi', 'Wrong-1').json.get('attempts_left'), 4)
    drawn = world.two.password('ceshi_yi', 'Yi-pass22')
    equal(drawn.error, 'captcha_required')
    solved = {'auth_session': drawn.json['auth_session'], 'captcha_id': drawn.json['captcha_id'],
              'captcha_answer': world.captcha(drawn)}
    # drawn by the second, used at both at once: one try
    answers = at_once([lambda platform=platform: platform.password('ceshi_yi', 'Wrong-2', **solved) for platform in world.both(20)])
    equal(sorted({answer.error for answer in answers}), ['captcha_required', 'invalid_credentials'])
    equal(sum(answer.error == 'invalid_credentials' for answer in answers), 1)
    equal(world.query("SELECT tries_left FROM guard WHERE key LIKE 'a:%' AND tries_left < 5"), '3')


def lock_everywhere(world):
    # four are told how many are left, the fifth locks; the other one of the two knows at once
    for left in (2, 1):
        drawn = world.one.password('ceshi_yi', 'Wrong-3')
        answer = world.captcha(drawn)
        tried = world.two.password('ceshi_yi', f'Wrong-{left}', auth_session=drawn.json['auth_session'],
                                   captcha_id=drawn.json['captcha_id'], captcha_answer=answer)
        equal(tried.json.get('attempts_left'), left)
    drawn = world.two.password('ceshi_yi', 'Wrong-3')
    answer = world.captcha(drawn)
    equal(world.one.password('ceshi_yi', 'Wrong-5', auth_session=drawn.json['auth_session'], captcha_id=drawn.json['captcha_id'],
                             captcha_answer=answer).error, 'account_locked')
    equal(world.two.password('ceshi_yi', 'Yi-pass22').error, 'account_locked')
    subprocess.run([PROGRAM, 'account', 'unlock', 'ceshi_yi', '--why', 'test', '--store', world.store], check=True,
                   stdout=subprocess.DEVNULL)
    equal(world.two.password('ceshi_yi', 'Yi-pass22').status, 200)


def woken(world):
    """Waited for at the one, confirmed at the other."""
    seconds = []
    for _ in range(5):
        begun = world.one.device().json
        answers = []
        waiting = threading.Thread(target=lambda code=begun['device_code']: answers.append(
            (world.one.poll(code, wait='20', seen='scanned'), time.monotonic())))
        equal(world.two.phone('scan', begun['user_code'], world.app).status, 200)
        waiting.start()
        time.sleep(0.2)  # until it is held; were it not, it would be answered as well
        equal(world.two.phone('confirm', begun['user_code'], world.app).status, 200)
        then = time.monotonic()
        waiting.join(30)
        equal(answers[0][0].status, 200, answers[0][0])
        seconds.append(answers[0][1] - then)
    print(f'# woken after {", ".join(f"{1000 * s:.1f} ms" for s in seconds)}')
    if sorted(seconds)[2] > 1:
        raise AssertionError(f'woken after {seconds} s')


def redeemed_once(world):  # threats 58
    for _ in range(5):
        begun = world.one.device().json
        equal(world.two.phone('confirm', begun['user_code'], world.app).status, 200)
        answers = at_once([lambda platform=platform: platform.poll(begun['device_code'], wait='1') for platform in world.both(30)])
        equal(sum(answer.status == 200 for answer in answers), 1, answers)
        equal({answer.error for answer in answers if answer.status != 200}, {'invalid_grant'})


class Load:
    """Hands that log in by QR code through both, and remember what was acknowledged."""

    def __init__(self, world):
        self.world, self.over = world, threading.Event()
        self.begun, self.confirmed, self.tokens = [], [], []
        self.lost = 0
        self.threads = [threading.Thread(target=self._run, args=(i,)) for i in range(HANDS)]

    def _run(self, seed):
        chance = random.Random(seed)
        while not self.over.is_set():
            try:
                self._login(chance)
            except NO_ANSWER:
                self.lost += 1
                time.sleep(0.02)

    def _login(self, chance):
        any_of = (self.world.one, self.world.two)
        begun = chance.choice(any_of).device()
        if begun.status != 200:
            time.sleep(0.05)
            return
        self.begun.append(begun.json['device_code'])
        if chance.choice(any_of).phone('confirm', begun.json['user_code'], self.world.app).status != 200:
            return
        self.confirmed.append(begun.json['device_code'])
        token = chance.choice(any_of).poll(begun.json['device_code'], wait='1')
        if token.status == 200:
            self.tokens.append((begun.json['device_code'], token.json['access_token']))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(120)

    def wait_for(self, n_more):
        """Until so many more have got in; not for ever."""
        wanted, end = len(self.tokens) + n_more, time.monotonic() + 60
        while len(self.tokens) < wanted:
            if time.monotonic() > end:
                raise AssertionError(f'only {len(self.tokens)} of {wanted} got in')
            time.sleep(0.01)

    def verify(self):
        """All of it is there, at the other one of the two as well."""
        print(f'# {len(self.begun)} begun, {len(self.confirmed)} confirmed, {len(self.tokens)} got in, {self.lost} requests lost')
        world, redeemed = self.world, {code for code, _ in self.tokens}
        for code, token in self.tokens:
            platform = random.choice((world.one, world.two))
            equal(platform.ask('/oauth2/userinfo', bearer=token).json.get('preferred_username'), 'ceshi_jia')
            equal(platform.poll(code, wait='1').error, 'invalid_grant')
        # of the others the answer was lost: they may be redeemed, but not be unknown
        known = set(world.query('SELECT hash FROM device').split())
        for code in self.begun:
            if hashlib.sha256(code.encode()).hexdigest() not in known:
                raise AssertionError('a login that was begun is not there')
        states = dict(line.split('|') for line in world.query('SELECT hash, state FROM device').split())
        for code in self.confirmed:
            state = states[hashlib.sha256(code.encode()).hexdigest()]
            if state not in ('redeemed',) if code in redeemed else state not in ('confirmed', 'redeemed'):
                raise AssertionError(f'a confirmed login is {state}')


def killed(world):
    with Load(world) as load:
        for _ in range(4):
            load.wait_for(15)
            world.one.kill()
            load.wait_for(2)  # the other one goes on
            world.one.start()
        load.wait_for(5)
    load.verify()


def database_killed(world):
    with Load(world) as load:
        for _ in range(2):
            load.wait_for(15)
            world.database.stop(signal.SIGQUIT)
            world.database.start()
        load.wait_for(10)
    load.verify()


def database_stopped(world):
    begun = world.one.device().json
    world.database.stop()
    for platform in (world.one, world.two):
        answer = platform.device()
        equal((answer.status, answer.error), (503, 'temporarily_unavailable'), answer)
        equal(platform.password('ceshi_jia', 'Jia-pass1').status, 503)
        equal(platform.ask('/oauth2/revoke', {'client_id': 'ws', 'token': 'x'}).status, 503)
        # whoever asks /healthz, a load balancer for one, is told too
        for path, form in (('/healthz', None), ('/oauth2/userinfo', None), ('/units', None), (f'/units/{UNIT}/verification', {'method': 'relation'}),
                           (f'/app/device/{begun["user_code"]}', None), *((f'/app/device/{begun["user_code"]}/{deed}', {})
                                                                         for deed in ('scan', 'confirm', 'refuse'))):
            answer = platform.ask(path, form, world.app)
            equal((answer.status, answer.json.get('status'), answer.json.get('type', '').split('/')[-1]), (503, 503, 'unavailable'), path)
    world.database.start()
    for platform in (world.one, world.two):
        end = time.monotonic() + 20
        while platform.device().status != 200:
            if time.monotonic() > end:
                raise AssertionError(f'it does not come back: {platform.said()}')
            time.sleep(0.1)
    # what was begun before goes on, and is told again
    equal(world.two.phone('scan', begun['user_code'], world.app).status, 200)
    equal(world.one.poll(begun['device_code'], wait='10', seen='pending').json.get('state'), 'scanned')
    woken(world)


def sanitizers_are_quiet(world):
    for platform in (world.one, world.two):
        platform.stop()
        equal(platform.process.returncode, 0)
    for path in glob.glob(f'{world.folder}/sanitizer*'):
        with open(path, encoding='utf-8', errors='replace') as file:
            raise AssertionError(file.read())


def lab(_world):
    """The demo's people, counted by the user of the platform in the lab's own database."""
    script = '''setpriv --reuid=_itax-backend --regid=_itax-backend --clear-groups psql -XAtq "$(cat /run/itax-lab/store)" \
        -c 'SELECT COUNT(*) FROM account' && test ! -e /var/lib/itax-backend/store.db && curl -s --cacert "$ITAX_CA" "$ITAX_ISSUER/healthz"'''
    done = subprocess.run([f'{TREE}/tests/lab/lab', '--store', 'postgres', '--', 'sh', '-c', script], text=True, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    equal((done.returncode, done.stdout.splitlines()[:1]), (0, ['7']), done.stdout)


def restored(world):
    """As doc/BACKEND.md says it: dumped under load, put into a new database, one platform on that."""
    programs, socket = world.database.programs, ['-h', world.database.folder, '-U', 'itax']
    dump = f'{world.folder}/store.dump'
    for number in range(5):  # a lock that has to be in force afterwards
        drawn = world.one.password('ceshi_ding', f'Wrong-{number}')
        if drawn.error == 'captcha_required':
            world.one.password('ceshi_ding', f'Wrong-{number}', auth_session=drawn.json['auth_session'],
                               captcha_id=drawn.json['captcha_id'], captcha_answer=world.captcha(drawn))
    with Load(world) as load:
        load.wait_for(10)
        before = list(load.tokens)
        subprocess.run([f'{programs}/pg_dump', *socket, '--format=custom', '--file', dump, 'itax'], check=True)
        load.wait_for(5)
    subprocess.run([f'{programs}/createdb', *socket, 'again'], check=True)
    subprocess.run([f'{programs}/pg_restore', *socket, '--exit-on-error', '--dbname=again', dump], check=True)
    again = Platform(world.folder, 'again', world.store.replace('/itax?', '/again?'))
    again.start()
    try:
        equal(again.password('ceshi_jia', 'Jia-pass1').status, 200)
        equal(again.password('ceshi_ding', ACCOUNTS['ceshi_ding']).error, 'account_locked')
        for code, token in before:
            equal(again.ask('/oauth2/userinfo', bearer=token).status, 200)
            equal(again.poll(code, wait='1').error, 'invalid_grant')
    finally:
        again.stop()
    subprocess.run([PROGRAM, 'account', 'unlock', 'ceshi_ding', '--why', 'test', '--store', world.store], check=True,
                   stdout=subprocess.DEVNULL)


CASES = [
    ('a captcha of the one is solved at the other, once', captcha_elsewhere),
    ('tries are counted together: the fifth wrong one locks at both', lock_everywhere),
    ('a QR login confirmed at the other wakes who waits for it within a second', woken),
    ('thirty fetch a confirmed login at both: one gets in', redeemed_once),
    ('killed in mid-request under load: nothing that was acknowledged is lost', killed),
    ('the database killed under load: nothing that was acknowledged is lost', database_killed),
    ('the database stopped: unavailable in words, and back by itself', database_stopped),
    ('pg_dump under load and pg_restore: logins, locks and used codes are as they were', restored),
    ('the lab has a platform on PostgreSQL when it is asked for one', lab),
    ('both stop in order, and nothing was caught by a sanitizer', sanitizers_are_quiet),
]


def main():
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
