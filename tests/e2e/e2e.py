# SPDX-License-Identifier: LGPL-2.1-or-later
"""e2e: what the end-to-end tests share

A test file holds cases (functions under @case with a sentence) and ends in main(). Called outside, it
starts a lab of its own and runs inside it as root. One line a case on standard output: "ok - sentence" or "not ok -
sentence", what went wrong behind it in lines with "#"."""

import glob
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from terminal import Terminal, Timeout  # noqa: E402,F401

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
LAB = os.path.join(TREE, 'tests/lab')
RUN = '/run/itax-lab'
# Never a sanitized one: it loads whatever modules a stack has.
PAM_TRY = os.path.join(os.path.dirname(os.environ['ITAX_LAB_MODULE']) if 'ITAX_LAB_MODULE' in os.environ
                       else os.environ.get('ITAX_LAB_BUILD', f'{TREE}/build'), 'pam-try')

with open(os.path.join(LAB, 'demo-data.json'), encoding='utf-8') as _file:
    DATA = json.load(_file)
ACCOUNTS = {account['local_user']: account for account in DATA['accounts']}
UNITS = {unit['code']: unit for unit in DATA['units']}
UNIT_1, UNIT_2, UNIT_3, UNIT_4 = (unit['code'] for unit in DATA['units'])
BENDI_PASSWORD, ROOT_PASSWORD = 'Bendi-pass8', 'Root-pass9'

_cases = []


class Skip(Exception):
    pass


def case(sentence):
    def add(function):
        _cases.append((sentence, function))
        return function
    return add


def main(options=(), environment=None):
    if 'ITAX_LAB' not in os.environ:
        os.environ.update(environment or {})
        script = os.path.abspath(sys.argv[0])
        os.execv(f'{LAB}/lab', [f'{LAB}/lab', *options, '--', '/usr/bin/python3', script, *sys.argv[1:]])
    wanted = sys.argv[1:]
    failed = 0
    for sentence, function in _cases:
        if wanted and not any(word in sentence or word == function.__name__ for word in wanted):
            continue
        failed += not run(sentence, function)
    failed += not run('nothing in itaxd or the platform was caught by a sanitizer', sanitizers_are_quiet)
    sys.exit(1 if failed else 0)


def run(sentence, function):
    begin = time.monotonic()
    try:
        function()
    except Skip as reason:
        print(f'ok - {sentence} # SKIP {reason}', flush=True)
        return True
    except Exception:  # pylint: disable=broad-except
        print(f'not ok - {sentence}')
        for line in traceback.format_exc().splitlines() + logs():
            print(f'# {line}')
        sys.stdout.flush()
        return False
    print(f'ok - {sentence} # {time.monotonic() - begin:.2f} s', flush=True)
    return True


def logs():
    """Ends of the logs of the lab."""
    lines = []
    for path in sorted(glob.glob(f'{RUN}/*.log') + glob.glob(f'{RUN}/sanitizer/*')):
        with open(path, encoding='utf-8', errors='replace') as file:
            lines += [f'{os.path.basename(path)}: {line.rstrip()}' for line in file.readlines()[-12:]]
    return lines


def sanitizers_are_quiet():
    """A program that is stopped properly also tells its leaks. What has no report says it in its log."""
    subprocess.run([f'{LAB}/backend', 'stop'], check=True)
    for pid in pids('itaxd'):
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda gone=pid: not os.path.exists(f'/proc/{gone}'), 'itaxd ends at SIGTERM')
    for path in glob.glob(f'{RUN}/sanitizer/*'):
        with open(path, encoding='utf-8', errors='replace') as file:
            raise AssertionError(f'{path}:\n{file.read()[:6000]}')
    for name in ('itaxd.log', 'backend.log'):
        with open(f'{RUN}/{name}', encoding='utf-8', errors='replace') as file:
            lacks(file.read(), 'Sanitizer|runtime error')


def wait_until(condition, what, seconds=40):
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Timeout(f'not within {seconds} s: {what}')
        time.sleep(0.02)


def equal(found, wanted, what=''):
    if found != wanted:
        raise AssertionError(f'{what}: found {found!r}, wanted {wanted!r}')


def contains(text, *words):
    for word in words:
        if not re.search(word, text):
            raise AssertionError(f'{word!r} is not in:\n{text[-2500:]}')


def lacks(text, *words):
    for word in words:
        if re.search(word, text):
            raise AssertionError(f'{word!r} is in:\n{text[-2500:]}')


def phone(user, verb, address, status=0):
    """Play the phone of a local user's person; what it prints."""
    done = subprocess.run([f'{LAB}/phone', ACCOUNTS[user]['login_name'], verb, address], capture_output=True, text=True,
                          timeout=30, check=False)
    if done.returncode != status:
        raise AssertionError(f'phone {verb}: status {done.returncode}, wanted {status}: {done.stdout}{done.stderr}')
    return done.stdout + done.stderr


def digits_of(text):
    return re.search(r'\b([0-9]{6})\b', text).group(1)


def pids(name):
    """Processes whose program is called @name."""
    found = []
    for entry in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.path.basename(os.readlink(f'/proc/{entry}/exe')).split(' ')[0] == name:
                found.append(int(entry))
        except OSError:
            continue
    return found


def itaxd_pid():
    found = pids('itaxd')
    if len(found) != 1:
        raise AssertionError(f'{len(found)} itaxd run')
    return found[0]


def backend(*words):
    """start, stop, restart, or what the platform's administrator does (tests/lab/backend)."""
    subprocess.run([f'{LAB}/backend', *words], check=True, timeout=30, stdout=subprocess.DEVNULL)


def unlock(user):
    """Give an account its tries back, so that no captcha is due."""
    backend('account', 'unlock', ACCOUNTS[user]['login_name'])


def backend_signal(number):
    for pid in pids('itax-backend'):
        os.kill(pid, number)


class Store:
    """Looks into the platform's store: the only place where a captcha can be read by a program."""

    PATH = '/var/lib/itax-backend/store.db'

    def query(self, sql, *values):
        connection = sqlite3.connect(f'file:{self.PATH}?mode=rw', uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def captcha(self):
        return self.query('SELECT answer FROM captcha ORDER BY created_at DESC, rowid DESC LIMIT 1')[0][0]


STORE = Store()


def pam_try():
    """pam-try where everybody can run it; the tree may lie in a folder of root's."""
    path = f'{RUN}/pam-try'
    if not os.path.exists(path):
        shutil.copy(PAM_TRY, path)
    return path


class Try:
    """pam-try as a conversation: exact codes and messages."""

    def __init__(self, service='itax-demo', *calls, user=None, rhost=None, tty='/dev/tty9', uid=None, flags=(), env=None):
        command = [pam_try(), f'--tty={tty}', *flags]
        command += [f'--user={user}'] if user is not None else []
        command += [f'--rhost={rhost}'] if rhost else []
        prefix = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--init-groups'] if uid else []
        environment = dict(os.environ, LANG='C.UTF-8', **(env or {}))
        self.process = subprocess.Popen([*prefix, *command, service, *calls], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.messages = []   # (style, text) so far
        self.codes = {}      # call: code
        self.seconds = {}
        self.user, self.env = None, {}
        self.lines = []
        self.changed = threading.Condition()
        self.over = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(json.loads(line.decode('utf-8', 'replace')))
                self.changed.notify()
        with self.changed:
            self.over = True
            self.changed.notify()

    def step(self, seconds=20):
        """The next line of pam-try; None at its end."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.lines or self.over, seconds):
                raise Timeout(f'nothing within {seconds} s after {self.messages[-3:]}')
            if not self.lines:
                return None
            line = self.lines.pop(0)
        if 'style' in line:
            self.messages.append((line['style'], line['text']))
        elif 'call' in line:
            self.codes[line['call']] = line['code']
            self.seconds[line['call']] = line['seconds']
        else:
            self.user, self.env = line['user'], line['env']
        return line

    @property
    def text(self):
        return '\n'.join(text for _, text in self.messages)

    def prompt(self, style, pattern='', seconds=20):
        """Wait for the next question; it must be of @style and match."""
        while True:
            line = self.step(seconds)
            if line is None or 'call' in line:
                raise AssertionError(f'{line} instead of a prompt {pattern!r} after:\n{self.text[-2000:]}')
            if line.get('style') in ('secret', 'echo'):
                equal(line['style'], style, f'style of the prompt {line["text"][-200:]!r}')
                contains(line['text'], pattern)
                return line['text']

    def send(self, answer):
        self.process.stdin.write((answer if isinstance(answer, bytes) else answer.encode()) + b'\n')
        self.process.stdin.flush()

    def secret(self, pattern, answer, seconds=20):
        text = self.prompt('secret', pattern, seconds)
        self.send(answer)
        return text

    def echo(self, pattern, answer, seconds=20):
        text = self.prompt('echo', pattern, seconds)
        self.send(answer)
        return text

    def address(self, seconds=20, other_than=None):
        """Wait until the address of a QR login was shown in words; the one that the picture holds."""
        while True:
            found = [f'HTTPS://ITAX.LAB/Q/{code}' for code in re.findall(r'itax\.lab/Q .*?\b([0-9A-Z]{8})\b', self.text)]
            if found and found[-1] != other_than:
                return found[-1]
            line = self.step(seconds)
            if line is None or 'call' in line:
                raise AssertionError(f'{line} instead of an address after:\n{self.text[-2000:]}')

    def end(self, code=None, call='authenticate', seconds=30):
        """Wait for the end of pam-try; @code is what @call must have returned."""
        while self.step(seconds) is not None:
            pass
        self.process.stdin.close()
        self.process.wait(10)
        if not self.codes:
            raise AssertionError(f'pam-try ended with {self.process.returncode}: {self.process.stderr.read()}')
        if code:
            equal(self.codes.get(call), code, f'code of {call} after:\n{self.text[-2000:]}\n')
        return self

    def hang_up(self):
        """No more answers: the conversation fails at the next prompt."""
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


# The questions, as itaxd asks them in English.
ACCOUNT = r'Account \([^)]*\): $'
PASSWORD = r'Password: $'
CAPTCHA = r'Characters in the picture[^\n]*: $'
UNIT = r'Number of the unit[^\n]*: $'
UNIT_PASSWORD = r'Declaration password of the unit: $'
DIGITS = r'Six digits shown on the phone[^\n]*: $'
ENGLISH = {'ITAX_LAB_LANG': 'en'}
