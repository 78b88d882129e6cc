# SPDX-License-Identifier: LGPL-2.1-or-later
"""faults: what breaks things on order, and looks whether everybody still gets in"""

import contextlib
import os
import signal
import socket
import ssl
import threading
import time

from e2e import ACCOUNT, BENDI_PASSWORD, PASSWORD, ROOT_PASSWORD, UNIT_1, Terminal, Try, backend, equal, pids, wait_until

# Seconds: what counts as "at once" on a busy machine, with programs under sanitizers.
AT_ONCE = 1.0
DAEMON = 5.0    # for the first answer of itaxd
NEXT = 25.0     # for a step, as one may be held for 18 s
PLATFORM = 5.0  # for one answer of the platform, unless the configuration says otherwise
SPARE = 1.5     # what may come on top of a bound


class Watch:
    """Tells how long something took, and fails where that is not within the bounds."""

    def __init__(self, what, most, least=0.0):
        self.what, self.most, self.least = what, most, least

    def __enter__(self):
        self.begin = time.monotonic()

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.begin
        print(f'# {self.what}: {took:.2f} s', flush=True)
        if kind is None and not self.least <= took <= self.most:
            raise AssertionError(f'{self.what} took {took:.2f} s, allowed are {self.least:.2f} to {self.most:.2f} s')


def kill(name):
    """They are gone when this returns."""
    for gone in pids(name):
        os.kill(gone, signal.SIGKILL)
        wait_until(lambda pid=gone: not os.path.exists(f'/proc/{pid}'), f'{name} is gone')


@contextlib.contextmanager
def stopped(name):
    """All programs of that name take part in nothing."""
    found = pids(name)
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in found:
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def changed(path, text):
    """@path holds @text; None: it is not there."""
    saved = path + '.saved'
    os.rename(path, saved)
    try:
        if text is not None:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            os.chmod(path, os.stat(saved).st_mode & 0o777)
        yield
    finally:
        os.replace(saved, path)


def jia_gets_in():
    """The whole way works, if need be with an itaxd that is started now."""
    with Watch('the next login', DAEMON + SPARE), Try() as login:
        login.echo(ACCOUNT, 'ceshi_jia')
        login.secret(PASSWORD, 'Jia-pass1')
        login.end('PAM_SUCCESS')
        equal((login.user, login.env['ITAX_UNIT']), ('jia', UNIT_1))


def by_login(user, seconds, named=True):
    """login(1) of a user without an account; the name given in advance or typed at the prompt of pam_unix."""
    password, prompt = (ROOT_PASSWORD, r'# $') if user == 'root' else (BENDI_PASSWORD, r'\$ $')
    with Watch(f'login {user}{"" if named else ", not named in advance"}', seconds):
        with Terminal(['login', user] if named else ['login']) as terminal:
            if not named:
                terminal.answer('login: $', user, seconds)
            terminal.secret(PASSWORD, password, seconds)
            terminal.answer(prompt, 'printf "<%s>" "$(id -un)" "${ITAX_ACCOUNT-none}"', seconds)
            equal(terminal.expect('<([^>%]+)><([^>%]+)>').groups(), (user, 'none'))


def by_su(user, seconds):
    """su of an ordinary user."""
    command = ['setpriv', '--reuid=jia', '--regid=jia', '--init-groups', 'su', user, '-c', 'printf "<%s>" "$(id -un)"']
    with Watch(f'su {user}', seconds), Terminal(command) as terminal:
        terminal.secret(PASSWORD, ROOT_PASSWORD if user == 'root' else BENDI_PASSWORD, seconds)
        equal(terminal.expect('<([^>%]+)>', seconds).group(1), user)


NORMAL = {}


def measure():
    """How long root and a local user take when all is well; called before something is broken, measured once."""
    if NORMAL:
        return
    for name in ('.bashrc', '.profile', '.bash_profile'):  # what this machine's root starts there is not measured
        with contextlib.suppress(FileNotFoundError):
            os.remove(f'/root/{name}')
    for way in (by_login, by_su):
        for user in ('root', 'bendi'):
            begin = time.monotonic()
            way(user, 10.0)
            NORMAL[way, user] = time.monotonic() - begin


def locals_get_in(more=1.0):
    """root and a local user get in, at most @more seconds later than when all is well (see measure())."""
    for (way, user), seconds in NORMAL.items():
        way(user, seconds + more)


class Stage:
    """Somebody else in the platform's place, who does @say(connection) at each request."""

    def __init__(self, say, tls=True):
        self.say, self.requests, self.open = say, 0, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if tls:
            self.context.load_cert_chain('/var/lib/itax-lab/server.pem', '/var/lib/itax-lab/server.key')

    def __enter__(self):
        backend('stop')
        self.listener = socket.create_server(('127.0.0.1', 443), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                self.open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError):
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.open.append(connection)
            while self._take(connection):
                self.requests += 1
                self.say(connection)

    @staticmethod
    def _take(connection):
        """A request, as far as its head and what came with it."""
        head = b''
        while b'\r\n\r\n' not in head:
            data = connection.recv(65536)
            if not data:
                return False
            head += data
        return True

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            connection.close()
        backend('start')
