#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""itaxctl status, sessions, end, logins, lock and log: what an administrator sees at eight in the morning"""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from e2e import (ACCOUNT, ACCOUNTS, CAPTCHA, ENGLISH, LAB, PASSWORD, RUN, STORE, UNIT_1, Terminal, Try, case, contains, equal, itaxd_pid, lacks,
                 main, pids, unlock, wait_until)

PROMPT = r'\$ $'
CONF = '/etc/itax/itaxd.conf'
JOURNAL = '/run/systemd/journal/socket'
REMOTE = '/lib/systemd/systemd-journal-remote'
NOBODY = 65534


def ctl(*words, status=0, uid=None, language='en'):
    """(standard output, standard error)"""
    prefix = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups'] if uid else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('LC_', 'LANG'))}
    environment['LANG'] = 'zh_CN.UTF-8' if language == 'zh' else 'C.UTF-8'
    done = subprocess.run([*prefix, 'itaxctl', *words], capture_output=True, text=True, timeout=60, check=False, env=environment)
    if status is not None:  # one of 0 and 1, while something is waited for
        equal(done.returncode, status, f'{words}: {done.stdout}{done.stderr}')
    return done.stdout, done.stderr


def told(*words, status=0):
    return json.loads(ctl(*words, '--json', status=status)[0])


def granted(user='jia'):
    with Try('itax-demo', 'authenticate', user=user) as attempt:
        attempt.secret(PASSWORD, ACCOUNTS[user]['password'])
        attempt.end('PAM_SUCCESS')


def log_in():
    terminal = Terminal(['login'])
    terminal.answer(ACCOUNT, 'ceshi_jia')
    terminal.secret(PASSWORD, ACCOUNTS['jia']['password'])
    terminal.expect(PROMPT)
    return terminal


@case('root is told of configuration, platform, certificate, clock, phase and logins; everybody else of the way to the daemon')
def status():
    out, _ = ctl('status')
    contains(out, r'bus +ok', r'owner +ok', rf'configuration +ok +{CONF}, read 20', r'platform +ok +https://itax.lab, after \d+ ms',
             r'certificate +ok +of the platform, until 20', r'clock +ok +the platform\'s differs by [+-]\d s', 'phase +relation',
             r'logins +0 in progress, 0 of them waiting for a scan; \d logged in')
    lacks(out, 'sudo itaxctl')
    contains(ctl('status', language='zh')[0], '配置 +正常 +', '平台 +正常', '证书 +正常 +平台证书有效期至')
    out, _ = ctl('status', uid=NOBODY)
    contains(out, r'owner +ok', 'sudo itaxctl status')
    lacks(out, 'platform +ok')
    found = told('status')
    equal((found['ok'], found['bus'], found['daemon'], found['trusted'], found['platform'], found['issuer'], found['config']),
          (True, True, True, True, 'ok', 'https://itax.lab', CONF))
    equal(found['tls_expires'] > time.time(), True)
    equal(abs(found['clock_offset']) <= 5, True, found)


@case('a configuration that was refused, and why, stands there until one is taken over')
def refused_reload():
    with open(CONF, encoding='utf-8') as file:
        before = file.read()
    try:
        with open(CONF, 'w', encoding='utf-8') as file:
            file.write(before + '\n[login]\nphaze = dual\n')
        os.kill(itaxd_pid(), signal.SIGHUP)
        found = wait_until(lambda: [one for one in [told('status', status=None)] if 'config_error' in one and one['config_error']],
                           'the refusal is told')[0]
        contains(found['config_error'], rf'{CONF}:\d+: .*phaze')
        contains(ctl('status', status=1)[0], r'configuration +FAILED +.*not taken over: .*phaze')
        contains(ctl('status', status=1, language='zh')[0], '配置 +异常|配置 +失败')
    finally:
        with open(CONF, 'w', encoding='utf-8') as file:
            file.write(before)
    os.kill(itaxd_pid(), signal.SIGHUP)
    wait_until(lambda: subprocess.run(['itaxctl', 'status'], capture_output=True, timeout=60, check=False).returncode == 0,
               'all is well again')


@case('a platform that is away, and one that does not know this host any more, are told apart')
def platform():
    subprocess.run([f'{LAB}/backend', 'stop'], check=True)
    try:
        found = told('status', status=1)
        equal(found['platform'], 'away')
        contains(ctl('status', status=1)[0], r'platform +FAILED +https://itax.lab cannot be reached \(')
        contains(ctl('status', status=1, language='zh')[0], 'https://itax.lab 无法连接')
    finally:
        subprocess.run([f'{LAB}/backend', 'start'], check=True)
    equal(told('status')['platform'], 'ok')

    with open(CONF, encoding='utf-8') as file:
        path = re.search(r'^client_secret_file *= *(\S+)', file.read(), re.MULTILINE).group(1)
    with open(path, encoding='utf-8') as file:
        key = file.read()
    try:
        with open(path, 'w', encoding='utf-8') as file:
            file.write('another-key\n')
        os.kill(itaxd_pid(), signal.SIGHUP)
        found = wait_until(lambda: [one for one in [told('status', status=None)] if one['platform'] == 'refused'], 'it is refused')[0]
        contains(ctl('status', status=1)[0], 'refuses this host: look at client_id and client_secret_file')
        lacks(json.dumps(found), 'another-key')
    finally:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(key)
    os.kill(itaxd_pid(), signal.SIGHUP)
    wait_until(lambda: subprocess.run(['itaxctl', 'status'], capture_output=True, timeout=60, check=False).returncode == 0,
               'all is well again')


@case('a session is ended by the first letters of its name: whoever comes back to it is refused')
def ended():
    with log_in() as terminal:
        terminal.answer('', 'echo "<$ITAX_SESSION>"')
        name = terminal.expect('<([0-9a-f]{32})>').group(1)
        out, _ = ctl('sessions')
        contains(out, r'^SESSION +USER +ACCOUNT +UNIT +SERVICE +TERMINAL +SINCE\n', rf'\n{name[:8]} +jia +ceshi_jia +{UNIT_1} +login')
        equal(max(len(line) for line in out.splitlines()) <= 80, True, out)
        contains(ctl('end', 'x', status=1)[1], 'there is no such session')
        contains(ctl('end', '', status=2)[1], 'there is no such session')
        contains(ctl('end', name[:8], status=4, uid=NOBODY)[1], 'ended by root')
        equal([session['session'] for session in told('sessions')], [name])
        out, _ = ctl('end', name[:8])
        contains(out, f'Ended: ceshi_jia, for {UNIT_1}')
        equal(told('sessions'), [])
        contains(ctl('end', name, status=1)[1], 'no such session')
        terminal.answer('', 'exit')
        terminal.ended()


@case('who is logging in is listed with what he sees; root alone sees it')
def logins():
    contains(ctl('logins')[0], 'Nobody is logging in')
    with Try('itax-demo', 'authenticate', user='jia') as attempt:
        attempt.prompt('secret', PASSWORD)
        (found,) = told('logins')
        equal((found['service'], found['user'], found['caller']), ('itax-demo', 'jia', 0))
        contains(ctl('logins')[0], r'^LOGIN +SERVICE +TERMINAL +USER +CALLER +SHOWN +SINCE\n', r'\d{13} +itax-demo +\S+ +jia +root +a password')
        contains(ctl('logins', language='zh')[0], '密码输入')
        equal(told('status')['logins'], 1)
        lacks(''.join(ctl('logins', status=4, uid=NOBODY)), 'jia')
        attempt.hang_up()
    wait_until(lambda: told('logins') == [], 'it is gone')


@case('whom the platform has locked is listed, masked, until the next login gets through')
def locks():
    contains(ctl('lock', 'show')[0], 'knows of no lock')
    with Try('itax-demo', 'authenticate', user='jia') as attempt:
        attempt.secret(PASSWORD, 'Wrong-pass1')
        for _ in range(4):
            attempt.secret(PASSWORD, 'Wrong-pass2')
            attempt.echo(CAPTCHA, STORE.captcha())
        attempt.end('PAM_MAXTRIES')
    (found,) = told('lock', 'show')
    equal((found['kind'], found['subject']), ('password', 'ce*****ia'))
    equal(7000 < found['until'] - time.time() <= 7200, True, found)
    contains(ctl('lock', 'show')[0], r'^WHAT +WHOSE +TRIES +UNTIL\n', r'account password +ce\*{5}ia +0 +20')
    contains(ctl('lock', 'show', language='zh')[0], '账号密码')
    unlock('jia')
    granted()
    equal(told('lock', 'show'), [])


def record_journal(path, stop):
    """Be the journal: what itaxd sends, as (time, text)."""
    records = []
    os.makedirs(os.path.dirname(path), exist_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path)
    os.chmod(path, 0o666)
    server.settimeout(0.2)

    def receive():
        while not stop.is_set():
            try:
                records.append((time.time_ns() // 1000, server.recv(1 << 20).decode()))
            except socket.timeout:
                pass
        server.close()
        os.unlink(path)
    thread = threading.Thread(target=receive)
    thread.start()
    return records, thread


def make_journal(records, forged, folder):
    """A real journal file of them, as systemd-journald would have written it."""
    os.makedirs(folder, exist_ok=True)
    uid = int(subprocess.run(['id', '-u', '_itaxd'], capture_output=True, text=True, check=True).stdout)
    export = ''.join(f'__REALTIME_TIMESTAMP={usec}\n__MONOTONIC_TIMESTAMP={usec}\n_BOOT_ID={"b" * 32}\n_UID={who}\n{text.rstrip()}\n\n'
                     for who, usec, text in [(uid, *record) for record in records] + forged)
    subprocess.run([REMOTE, f'--output={folder}/itax.journal', '-'], input=export, text=True, check=True, timeout=60, capture_output=True)


@case('the story of one login, and how the last ones ended, out of a real journal; what others wrote into it does not count')
def log():
    stop = threading.Event()
    records, thread = record_journal(JOURNAL, stop)
    try:
        os.kill(itaxd_pid(), signal.SIGTERM)
        wait_until(lambda: not pids('itaxd'), 'itaxd ends')
        granted()
        with Try('itax-demo', 'authenticate', user='jia') as attempt:
            attempt.secret(PASSWORD, 'Wrong-pass1')
            attempt.hang_up()
        wait_until(lambda: sum('ITAX_RESULT=' in text for _, text in records) >= 2, 'both outcomes are in the journal')
    finally:
        stop.set()
        thread.join()
        os.kill(itaxd_pid(), signal.SIGTERM)
        wait_until(lambda: not pids('itaxd'), 'itaxd ends')
        unlock('jia')
    outcomes = [text for _, text in records if 'ITAX_RESULT=' in text and 'ITAX_LOGIN=' in text]
    login = re.search('ITAX_LOGIN=([0-9]+)', outcomes[0]).group(1)
    forged = [(1000, records[-1][0] + 1, f'SYSLOG_IDENTIFIER=itaxd\nITAX_LOGIN={login}\nITAX_RESULT=granted\nMESSAGE=login granted: by a forger')]
    make_journal(records, forged, f'{RUN}/journal')
    journal = ['--journal', f'{RUN}/journal']

    out, _ = ctl('log', login, *journal)
    contains(out, r'^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  login granted')
    lacks(out, 'forger', ACCOUNTS['jia']['password'])
    story = json.loads(ctl('log', login, *journal, '--json')[0])
    equal(story[-1]['fields']['ITAX_RESULT'], 'granted')
    equal(story[-1]['fields']['ITAX_USER'], 'jia')
    out, _ = ctl('log', *journal)
    equal([line.split()[2] == login for line in out.splitlines()][-1], True, out)
    contains(out, r'^\S+ \S+  \d{13}  login \S+.*\n\S+ \S+  \d{13}  login granted')
    lacks(out, 'forger')
    contains(ctl('log', '999999', *journal, status=1)[1], 'no record of login 999999')
    contains(ctl('log', 'jia', *journal, status=2)[1], 'a login has a number')
    contains(ctl('log', '999999', *journal, status=1, language='zh')[1], '没有登录 999999 的记录')


main(environment=ENGLISH)
