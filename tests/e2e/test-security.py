#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the operating system must hold: the memory of itaxd (threats 85), and a module that is gone or of another version
(threats 121)"""

import ctypes
import glob
import os
import pwd
import subprocess

from e2e import ACCOUNT, ACCOUNTS, BENDI_PASSWORD, ENGLISH, PASSWORD, ROOT_PASSWORD, Terminal, Try, case, contains, equal, itaxd_pid, lacks, main

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
PROMPT = r'[$#] $'


def granted():
    with Try('itax-demo', 'authenticate', user='jia') as attempt:
        attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
        attempt.end('PAM_SUCCESS')


def as_daemon(function):
    """What @function returns in a process of itaxd's own user."""
    user = pwd.getpwnam('_itaxd')
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        os.write(writer, str(function()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding='utf-8') as pipe:
        found = pipe.read()
    os.waitpid(pid, 0)
    return found


@case('who runs as itaxd\'s own user can neither trace it nor read its memory, environment or descriptors (threats 85)')
def memory():
    granted()
    pid = itaxd_pid()

    def read(name):
        try:
            with open(f'/proc/{pid}/{name}', 'rb') as file:
                file.read(1)
            return 'read'
        except OSError as error:
            return error.strerror

    def trace(request):
        libc = ctypes.CDLL(None, use_errno=True)
        return 'traced' if libc.ptrace(request, pid, None, None) == 0 else os.strerror(ctypes.get_errno())
    for name in ('mem', 'environ', 'maps', 'smaps', 'auxv', 'syscall'):
        equal(as_daemon(lambda name=name: read(name)), 'Permission denied', name)
    equal(as_daemon(lambda: os.path.exists(f'/proc/{pid}/fd/0')), 'False')
    for request in (PTRACE_ATTACH, PTRACE_SEIZE):
        equal(as_daemon(lambda request=request: trace(request)), 'Operation not permitted')
    with open(f'/proc/{pid}/limits', encoding='ascii') as file:
        contains(file.read(), r'Max core file size +0 +0')
    with open(f'/proc/{pid}/coredump_filter', encoding='ascii') as file:
        file.read()


def module():
    (found,) = glob.glob('/lib/*/security/pam_itax.so') + glob.glob('/lib/security/pam_itax.so')
    return found


@case('the module is removed while stacks still name it: nobody gets in by it, root and local users do (threats 121)')
def removed():
    path = module()
    os.rename(path, f'{path}.away')
    try:
        with Try('itax-demo', 'authenticate', user='jia') as attempt:
            attempt.end()
            lacks(' '.join(attempt.codes.values()), 'PAM_SUCCESS')
        for user, password in (('root', ROOT_PASSWORD), ('bendi', BENDI_PASSWORD)):
            with Terminal(['login']) as terminal:
                terminal.answer('login: $', user)
                terminal.secret('Password: $', password)
                terminal.expect(PROMPT)
                terminal.answer('', 'exit')
                terminal.ended()
    finally:
        os.rename(f'{path}.away', path)
    granted()


@case('a daemon of another version: its bus refuses what it does not know, and root and local users get in (threats 121)')
def other_version():
    for words in (['u', '2'], ['u', '0']):
        done = subprocess.run(['busctl', '--system', 'call', 'org.itax.Auth1', '/org/itax/Auth1', 'org.itax.Auth1.Manager', 'OpenLogin',
                               'a{sv}', '1', 'protocol', *words], capture_output=True, text=True, timeout=40, check=False)
        equal(done.returncode != 0, True)
        contains(done.stderr, 'these arguments cannot be used')
    # one of tomorrow, with a key that means something
    done = subprocess.run(['busctl', '--system', 'call', 'org.itax.Auth1', '/org/itax/Auth1', 'org.itax.Auth1.Manager', 'OpenLogin',
                           'a{sv}', '2', 'protocol', 'u', '1', 'wish', 's', 'x'], capture_output=True, text=True, timeout=40, check=False)
    contains(done.stderr, 'these arguments cannot be used')
    with Terminal(['login']) as terminal:
        terminal.expect(ACCOUNT)
    granted()


main(environment=ENGLISH)
