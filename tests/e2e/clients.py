# SPDX-License-Identifier: LGPL-2.1-or-later
"""clients: servers that ask PAM for somebody at the other end of a connection, and what they must do

A client is driven by one function, login(user, answer): True when it got in. single_answer() makes the cases that
hold for each client that has one hidden question. Whatever the lab writes down while they run - itaxd, the platform,
syslog, the servers themselves - is kept here, and searched for secrets at the end."""

import atexit
import glob
import os
import re
import signal
import socket
import subprocess
import threading

from e2e import ACCOUNTS, RUN, STORE, UNIT_1, UNIT_2, UNITS, backend, case, equal, lacks, unlock, wait_until

CALLERS = '[callers]\nservices = postgres www-data\n'
HOME = '/run/clients'   # configuration and logs of the servers
DECLARATION = UNITS[UNIT_2]['declaration_password']
JIA, JI, BING = (ACCOUNTS[user]['password'] for user in ('jia', 'ji', 'bing'))
# Answers typed in here that are nobody's password, and may stand in a log as little.
WRONG, WRONG_DECLARATION = 'Wrong-pass1', 'Wrong-declare9'
SECRETS = [account['password'] for account in ACCOUNTS.values()] + \
    [unit['declaration_password'] for unit in UNITS.values() if unit['declaration_password']] + [WRONG, WRONG_DECLARATION]


class Syslog:
    """/dev/log, which nobody serves in the lab: what the module and the servers say."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind('/dev/log')
        os.chmod('/dev/log', 0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with open(f'{RUN}/syslog.log', 'ab', buffering=0) as file:
            while True:
                file.write(self.socket.recv(65536).rstrip(b'\0\n') + b'\n')


def begin():
    """Inside the lab, before anything is started."""
    if 'ITAX_LAB' in os.environ:
        os.makedirs(HOME)
        Syslog()


class Server:
    """A server of this test; it is ended with the test at the latest."""

    def __init__(self, name, command, ready, env=None):
        self.name = name
        with open(f'{HOME}/{name}.out', 'ab') as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                            env={**os.environ, **(env or {})}, start_new_session=True)
        atexit.register(self.stop)
        wait_until(lambda: self.runs() and ready(), f'{name} is ready', 30)

    def runs(self):
        if self.process.poll() is not None:
            with open(f'{HOME}/{self.name}.out', encoding='utf-8', errors='replace') as out:
                raise AssertionError(f'{self.name} ended with {self.process.returncode}: {out.read()[-2000:]}')
        return True

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


_servers = {}


def server(name, *start, **options):
    """The server of that name, started when it is first wanted; it must still run."""
    if name not in _servers:
        _servers[name] = Server(name, *start, **options)
    _servers[name].runs()
    return _servers[name]


def listens(port, host='127.0.0.1'):
    def tried():
        with socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET) as probe:
            return probe.connect_ex((host, port)) == 0
    return tried


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


class Watched:
    """What itaxd writes down and the platform is shown while a login runs."""

    LOG = f'{RUN}/itaxd.log'

    def __enter__(self):
        self.offset = os.path.getsize(self.LOG)
        self.codes = self._codes()
        return self

    def __exit__(self, *_):
        pass

    @staticmethod
    def _codes():
        return set(STORE.query('SELECT hash FROM code WHERE client_id = ?', 'lab-workstation'))

    def records(self):
        with open(self.LOG, 'rb') as file:
            file.seek(self.offset)
            text = file.read().decode('utf-8', 'replace')
        return [dict(re.findall(r'ITAX_([A-Z]+)="([^"]*)"', line)) for line in text.splitlines()
                if re.search('login [0-9]+: login ', line)]

    def ended(self, *details, **fields):
        """Logins have ended with these details, and no others; the last one has these fields (None: not there)."""
        wait_until(lambda: len(self.records()) >= len(details), f'logins that end with {details} are in the log of itaxd')
        records = self.records()
        equal([record['DETAIL'] for record in records], list(details))
        equal({name: records[-1].get(name.upper()) for name in fields}, fields)

    def granted(self, n=1):
        """Wait for @n logins that were granted, after whatever else has ended."""
        wait_until(lambda: sum(record['DETAIL'] == 'granted' for record in self.records()) >= n, f'{n} granted logins are in the log of itaxd')

    def right_passwords(self):
        """How often the platform was shown a right account password."""
        return len(self._codes() - self.codes)


def tries_left(key):
    found = STORE.query('SELECT tries_left FROM guard WHERE key = ?', key)
    return found[0][0] if found else 5


def account_tries(user):
    """What the platform has left for this account; 5 when nothing was wrong since the last login."""
    return tries_left('a:' + STORE.query('SELECT id FROM account WHERE login_name = ?', ACCOUNTS[user]['login_name'])[0][0])


def unit_tries(unit=UNIT_2):
    return tries_left(f'u:{unit}')


def single_answer(name, login, service=None, checks=1, unknown='wrong-password'):
    """The cases of a client with one hidden question.

    @login(user, answer) is true when it got in; @checks is how often the client asks for one who gets in; @unknown
    is how a user ends of whom the host knows nothing, None when the client does not ask PAM about him."""
    service = service or name

    @case(f'{name}: a person with an authorisation relation gets in with the password alone')
    def relation():
        with Watched() as watched:
            equal(login('jia', JIA), True)
            watched.ended(*['granted'] * checks, service=service, user='jia', unit=UNIT_1, method='password')
            equal(watched.right_passwords(), checks)

    @case(f'{name}: PASSWORD DECLARATION-PASSWORD in one answer gets in, the password alone tries nothing at the unit')
    def declaration():
        with Watched() as watched:
            equal(login('bing', f'{BING} {DECLARATION}'), True)
            watched.ended(*['granted'] * checks)
        # threats 17
        with Watched() as watched:
            equal(login('bing', BING), False)
            watched.ended('unit-password-missing', result='unit', service=service, user='bing', unit=UNIT_2)
            equal((watched.right_passwords(), unit_tries()), (1, 5))

    @case(f'{name}: a wrong password is counted once, and the right one behind it waits for a captcha at no cost')
    def wrong():
        unlock('jia')
        with Watched() as watched:
            equal(login('jia', WRONG), False)
            watched.ended('wrong-password')
            equal(account_tries('jia'), 4)
        with Watched() as watched:
            equal(login('jia', JIA), False)
            watched.ended('captcha-due')
            equal((account_tries('jia'), watched.right_passwords()), (4, 0))
        unlock('jia')

    @case(f'{name}: a wrong declaration password is counted once, at the unit; one that is the password is never sent')
    def wrong_declaration():
        with Watched() as watched:
            equal(login('bing', f'{BING} {WRONG_DECLARATION}'), False)
            watched.ended('wrong-unit-password')
            equal((account_tries('bing'), unit_tries()), (5, 4))
        backend('unit', 'unlock', UNIT_2)
        with Watched() as watched:
            equal(login('bing', f'{BING} {BING}'), False)
            watched.ended('same-password-twice')
            equal((watched.right_passwords(), unit_tries()), (0, 5))

    @case(f'{name}: a person with several units is refused where none is chosen, with the reason in the log')
    def several():
        with Watched() as watched:
            equal(login('ji', JI), False)
            watched.ended('unit-ambiguous', result='unit', user='ji', unit=None)
            equal(watched.right_passwords(), 1)

    @case(f'{name}: names and answers that nobody has are refused, cost no account a try, and the server stays')
    def odd():
        with Watched() as watched:
            equal(login(f'nobody-{name}@{UNIT_2}', JI), False)
            if unknown:
                watched.ended(unknown, account=None, user=None)
        for answer in (' ', 'x' * 200, 'y' * 600):
            equal(login('jia', answer), False)
        unlock('jia')
        with Watched() as watched:
            equal(login('jia', JIA), True)
            watched.granted(checks)


def logs_hold_no_secret():
    """Everything that anybody wrote down in here."""
    pattern = '|'.join(re.escape(word) for word in SECRETS)
    paths = [path for top in (RUN, HOME) for path in glob.glob(f'{top}/**', recursive=True)
             if os.path.isfile(path) and re.search(r'\.(log|out)$|log/', path)]
    assert len(paths) > 5, paths
    for path in paths:
        lacks(read(path), pattern)
