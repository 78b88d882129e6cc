#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A database over the network: TLS with a name and an authority, a password out of a file, nothing less

A real server on the loopback of a network of its own."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from platform_pair import PROGRAM, TREE, database_server  # noqa: E402

PASSWORD = 'Database-pass9'


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='itax-pg-tls-')
        self.database = database_server()
        self.home = f'{self.folder}/home'
        os.mkdir(self.home, 0o700)
        for name in ('ca', 'other'):
            self.openssl('req', '-x509', *self.key(name), '-subj', f'/CN={name}', '-out', f'{self.folder}/{name}.pem')
        self.openssl('req', '-x509', *self.key('server'), '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
                     '-CA', f'{self.folder}/ca.pem', '-CAkey', f'{self.folder}/ca.key', '-out', f'{self.folder}/server.pem')
        for name in ('server.pem', 'server.key'):
            shutil.copy(f'{self.folder}/{name}', self.database.folder)
            user = pwd.getpwnam('postgres')
            os.chown(f'{self.database.folder}/{name}', user.pw_uid, user.pw_gid)
            os.chmod(f'{self.database.folder}/{name}', 0o600)
        subprocess.run([f'{self.database.programs}/psql', '-Xq', self.database.uri, '-c', f"ALTER USER itax PASSWORD '{PASSWORD}'"],
                       check=True)
        with open(f'{self.database.data}/pg_hba.conf', 'w', encoding='utf-8') as file:
            file.write('local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
        self.serve(tls=True)
        self.password_file(0o600)

    def key(self, name):
        return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2', '-keyout', f'{self.folder}/{name}.key')

    @staticmethod
    def openssl(*words):
        subprocess.run(['openssl', *words], check=True, stderr=subprocess.DEVNULL)

    def serve(self, tls):
        self.database.stop()
        self.database.arguments = ['-h', 'localhost', '-c', f'ssl={"on" if tls else "off"}', '-c',
                                   f'ssl_cert_file={self.database.folder}/server.pem', '-c', f'ssl_key_file={self.database.folder}/server.key']
        self.database.start()

    def password_file(self, mode, password=PASSWORD):
        with open(f'{self.home}/.pgpass', 'w', encoding='utf-8') as file:
            file.write(f'*:*:itax:itax:{password}\n')
        os.chmod(f'{self.home}/.pgpass', mode)

    def run(self, address, *words, environment=None):
        """(exit status, what it says) of an operator's command on the store at @address."""
        done = subprocess.run([PROGRAM, *(words or ('client', 'list')), '--store', address], text=True, timeout=60, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={'PATH': os.environ['PATH'], 'HOME': self.home, **(environment or {})})
        if PASSWORD in done.stdout:
            raise AssertionError(f'the password is told: {done.stdout}')
        if re.search('Sanitizer|runtime error', done.stdout):
            raise AssertionError(done.stdout)
        return done.returncode, done.stdout

    def address(self, host='localhost', authority='ca', more=''):
        return f'postgres://itax@{host}/itax?sslrootcert={self.folder}/{authority}.pem{more}'

    def close(self):
        self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def equal(got, wanted, what=''):
    if got != wanted:
        raise AssertionError(f'{what} {got!r}, not {wanted!r}')


def refused(world, address, words, **more):
    status, said = world.run(address, **more)
    equal((status, len(said.splitlines()) <= 3, 'has been writing' in said), (3, True, False), said)
    if not re.search(words, said):
        raise AssertionError(f'{words!r} is not in {said!r}')


def right(world):
    equal(world.run(world.address(), 'load', f'{TREE}/tests/lab/demo-data.json')[0], 0)
    status, said = world.run(world.address(), 'account', 'show', 'ceshi_jia')
    equal(status, 0, said)
    secure = subprocess.run([f'{world.database.programs}/psql', '-XAtq', world.database.uri, '-c',
                             "SELECT count(*) FROM account"], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
    equal(secure, '7')
    os.mkdir(f'{world.home}/.postgresql', 0o700)
    shutil.copy(f'{world.folder}/ca.pem', f'{world.home}/.postgresql/root.crt')
    equal(world.run('postgres://itax@localhost/itax')[0], 0, 'authority by its place')
    shutil.rmtree(f'{world.home}/.postgresql')
    os.rename(f'{world.home}/.pgpass', f'{world.folder}/pgpass')
    equal(world.run(world.address(), environment={'PGPASSFILE': f'{world.folder}/pgpass'})[0], 0, 'password by its variable')
    os.rename(f'{world.folder}/pgpass', f'{world.home}/.pgpass')


def strangers(world):
    refused(world, world.address(authority='other'), 'certificate')
    refused(world, world.address(host='127.0.0.1'), 'certificate|host name')
    refused(world, 'postgres://itax@localhost/itax', 'root')
    world.serve(tls=False)
    try:
        refused(world, world.address(), 'SSL')
    finally:
        world.serve(tls=True)


def passwords(world):
    world.password_file(0o644)
    refused(world, world.address(), 'pgpass|password')
    world.password_file(0o600, 'wrong')
    refused(world, world.address(), 'password')
    world.password_file(0o600)
    status, said = world.run(f'postgres://itax:{PASSWORD}@localhost/itax')
    equal(status in (1, 2, 3), True, said)
    equal(world.run(world.address())[0], 0)


CASES = [
    ('a database over TLS: the authority in the address or at its place, the password out of ~/.pgpass or PGPASSFILE', right),
    ('another authority, another name, no authority, no TLS: refused in a line, nothing is sent', strangers),
    ('a password file that others may read, a wrong password, one in the address: refused, and never told', passwords),
]


def main():
    if 'ITAX_PG_TLS_TEST' not in os.environ:
        os.execvpe('unshare', ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', sys.executable,
                               os.path.abspath(__file__), *sys.argv[1:]], {**os.environ, 'ITAX_PG_TLS_TEST': '1'})
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
                for line in traceback.format_exc().splitlines():
                    print(f'# {line}', flush=True)
    finally:
        world.close()
    sys.exit(1 if failed else 0)


main()
