#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Token: the key of a unit on a PKCS#11 token, and modules that hang, crash and lock, behind a real login

The token is SoftHSM behind tests/token/token.c, which misbehaves as the file "mode" beside it says."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from e2e import (ACCOUNT, ACCOUNTS, ENGLISH, LAB, PAM_TRY, PASSWORD, UNIT_2, Skip, Try, case, contains, equal, itaxd_pid, lacks, main,
                 pids, wait_until)

FOLDER = '/usr/lib/itax-test'
MODULE = f'{FOLDER}/test-token.so'
UNITS = '/var/lib/itax-lab/units'
BUILT = os.path.join(os.environ.get('ITAX_LAB_BUILD', os.path.dirname(PAM_TRY)), 'test-token.so')
PIN = '123456'
WAY = r'Number of the way[^\n]*: $'
ASK_PIN = r'PIN\) of the CA certificate: $'
SECONDS = 3  # that a signature may take


def mode(word):
    for name, text in (('mode', word), ('tries', '3')):
        with open(f'{FOLDER}/{name}', 'w', encoding='ascii') as file:
            file.write(f'{text}\n')
        shutil.chown(f'{FOLDER}/{name}', '_itaxd', '_itaxd')


def token(*words):
    subprocess.run(words, check=True, env=dict(os.environ, SOFTHSM2_CONF=f'{FOLDER}/softhsm2.conf'),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def at_pin():
    attempt = Try()
    attempt.echo(ACCOUNT, ACCOUNTS['bing']['login_name'])
    attempt.secret(PASSWORD, ACCOUNTS['bing']['password'])
    attempt.echo(WAY, '2')
    return attempt


def refused(attempt):
    """What is told until the next question; the conversation ends there, and it is no success."""
    while True:
        line = attempt.step(60)
        if line is None or line.get('style') in ('echo', 'secret'):
            break
    attempt.hang_up()
    attempt.end()
    lacks(attempt.codes['authenticate'], 'SUCCESS')
    return attempt.text


@case('a unit is verified by the key on a token')
def by_token():
    mode('plain')
    attempt = at_pin()
    attempt.secret(ASK_PIN, PIN)
    attempt.end('PAM_SUCCESS')
    equal((attempt.user, attempt.env['ITAX_UNIT']), ('bing', UNIT_2))


@case('three wrong PINs lock the token: the tries are told, and the right one comes too late')  # threats 68
def wrong_pin():
    mode('card')
    attempt = at_pin()
    attempt.secret(ASK_PIN, '111111')
    attempt.secret(ASK_PIN, '222222')
    attempt.secret(ASK_PIN, '333333')
    text = refused(attempt)
    contains(text, r'The PIN is wrong\. 1 try is left', 'locked')
    attempt = at_pin()
    attempt.secret(ASK_PIN, PIN)
    contains(refused(attempt), 'locked')


@case('the token is removed while the PIN is typed, or was never there')  # threats 68
def removed():
    mode('removed')
    attempt = at_pin()
    attempt.secret(ASK_PIN, PIN)
    contains(refused(attempt), 'not found')
    mode('plain')
    os.rename(f'{FOLDER}/tokens', f'{FOLDER}/away')
    try:
        os.mkdir(f'{FOLDER}/tokens')
        shutil.chown(f'{FOLDER}/tokens', '_itaxd', '_itaxd')
        attempt = at_pin()
        attempt.secret(ASK_PIN, PIN)
        contains(refused(attempt), 'not found')
    finally:
        os.rmdir(f'{FOLDER}/tokens')
        os.rename(f'{FOLDER}/away', f'{FOLDER}/tokens')


@case('a module that crashes: denied, and neither itaxd nor the login ends')  # threats 68
def crashes():
    pid = itaxd_pid()
    for where in ('load', 'login', 'sign'):
        mode(f'crash-{where}')
        attempt = at_pin()
        attempt.secret(ASK_PIN, PIN)
        contains(refused(attempt), 'could not be used')
    equal(itaxd_pid(), pid)
    by_token()


def blocks_signals(pid):
    """The token blocks all signals before it hangs: only then has it read what it is to do."""
    try:
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            return int(re.search(r'SigBlk:\s*(\S+)', file.read()).group(1), 16) >> (signal.SIGTERM - 1) & 1
    except FileNotFoundError:
        return False


@case('a module that hangs: denied in time, others log in meanwhile, and no process is left')  # threats 68
def hangs():
    pid = itaxd_pid()
    for where in ('load', 'login', 'sign'):
        mode(f'hang-{where}')
        attempt = at_pin()
        attempt.secret(ASK_PIN, PIN)
        wait_until(lambda: any(map(blocks_signals, pids('itax-sign'))), 'the helper hangs')
        mode('plain')  # for those who come after
        begin = time.monotonic()
        by_token()
        if time.monotonic() - begin > 10 * SECONDS:
            raise AssertionError('others had to wait')
        contains(refused(attempt), 'could not be used')
        wait_until(lambda: not pids('itax-sign'), 'the helper is gone')
    equal(itaxd_pid(), pid)
    by_token()


@case('who leaves while a module hangs takes the helper along')
def leaves():
    mode('hang-login')
    attempt = at_pin()
    attempt.secret(ASK_PIN, PIN)
    wait_until(lambda: pids('itax-sign'), 'the helper runs')
    attempt.process.kill()
    attempt.process.wait(10)
    wait_until(lambda: not pids('itax-sign'), 'the helper is gone', SECONDS)
    mode('plain')


@case('the PIN is in no call of itaxd that writes or sends, and nowhere in its memory afterwards')  # threats 83, 87
def traces():
    if not shutil.which('strace'):
        raise Skip('strace is not installed')
    mode('plain')
    pin, pid = 'a-very-peculiar-PIN', itaxd_pid()
    with tempfile.TemporaryDirectory() as folder:
        calls = f'{folder}/calls'
        with subprocess.Popen(['strace', '-f', '-qq', '-s', '65536', '-o', calls, '-p', str(pid),
                               '-e', 'trace=write,writev,pwrite64,sendto,sendmsg,sendmmsg,execve'], stderr=subprocess.DEVNULL) as tracer:
            def is_traced():
                with open(f'/proc/{pid}/status', encoding='ascii') as file:
                    return not re.search(r'TracerPid:\t0\n', file.read())
            try:
                wait_until(is_traced, 'strace has itaxd')
                attempt = at_pin()
                attempt.secret(ASK_PIN, pin)
                attempt.secret(ASK_PIN, PIN)
                attempt.end('PAM_SUCCESS')
            finally:
                tracer.terminate()
                tracer.wait(20)
        with open(calls, encoding='utf-8', errors='replace') as file:
            text = file.read()
    contains(text, r'execve\("/usr/libexec/itax/itax-sign", \["itax-sign"\], 0x[0-9a-f]+ /\* 0 vars \*/', r'sendmsg\(|write\(')
    lacks(text, pin, f'"[^"]*{PIN},')
    equal(memory_hits(pid, pin.encode()), 0, 'in the memory of itaxd: ')


def memory_hits(pid, needle):
    hits = 0
    with open(f'/proc/{pid}/maps', encoding='utf-8') as maps, open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
        for line in maps:
            begin, end, rights = re.match(r'(\w+)-(\w+) (\S+)', line).groups()
            begin, end = int(begin, 16), int(end, 16)
            if 'w' not in rights or end - begin > 1 << 30:  # a sanitizer's own
                continue
            for at in range(begin, end, 1 << 20):
                try:
                    memory.seek(at)
                    hits += memory.read(min(1 << 20, end - at) + len(needle)).count(needle)
                except (OSError, ValueError, OverflowError):
                    continue
    return hits


def settle():
    if 'ITAX_LAB' not in os.environ:
        return
    os.makedirs(f'{FOLDER}/tokens', mode=0o755)
    shutil.copy(BUILT, MODULE)
    with open(f'{FOLDER}/softhsm2.conf', 'w', encoding='ascii') as file:
        file.write(f'directories.tokendir = {FOLDER}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n')
    subprocess.run([f'{LAB}/certificates', UNITS, 'rsa'], check=True, stdout=subprocess.DEVNULL)
    token('softhsm2-util', '--init-token', '--free', '--label', 'unit', '--pin', PIN, '--so-pin', '12345678')
    for words in (['pkcs8', '-topk8', '-nocrypt', '-in', f'{UNITS}/rsa.key', '-outform', 'der', '-out', f'{FOLDER}/key.der'],
                  ['x509', '-in', f'{UNITS}/rsa.pem', '-outform', 'der', '-out', f'{FOLDER}/certificate.der']):
        subprocess.run(['openssl', *words], check=True)
    for name, *words in (('key', '--type', 'privkey', '--usage-sign'), ('certificate', '--type', 'cert')):
        token('pkcs11-tool', '--module', '/usr/lib/softhsm/libsofthsm2.so', '--token-label', 'unit', '--login', '--pin', PIN, '--id', '01',
              '--write-object', f'{FOLDER}/{name}.der', *words)
    subprocess.run(['chown', '-R', '_itaxd:_itaxd', f'{FOLDER}/tokens'], check=True)
    mode('plain')


settle()
main(environment=dict(ENGLISH, ITAX_LAB_ITAXD_CONF=f'[certificate]\npkcs11_module = {MODULE}\ntimeout = {SECONDS}'))
