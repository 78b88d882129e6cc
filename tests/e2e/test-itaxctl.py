#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""itaxctl: sessions, policies and the state of the daemon, in both languages, for people and for programs"""

import json
import os
import re
import subprocess
import time

from e2e import (ACCOUNT, ENGLISH, PASSWORD, UNIT_1, UNITS, Terminal, case, contains, equal, lacks, main, wait_until)

PROMPT = r'\$ $'
BUS = '/run/dbus/system_bus_socket'
CHINESE = {'LANG': 'zh_CN.UTF-8'}
NOBODY = 65534


def ctl(*words, status=0, uid=None, env=None):
    """What itaxctl says on standard output, or on standard error where it fails."""
    prefix = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups'] if uid else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('LC_', 'LANG'))}
    environment.update(env or {'LANG': 'C.UTF-8'})
    done = subprocess.run([*prefix, 'itaxctl', *words], capture_output=True, text=True, timeout=60, check=False,
                          env=environment)
    equal(done.returncode, status, f'{words}: {done.stdout}{done.stderr}')
    return done.stdout if status in (0, 1) and done.stdout else done.stderr


def log_in():
    terminal = Terminal(['login'])
    terminal.answer(ACCOUNT, 'ceshi_jia')
    terminal.secret(PASSWORD, 'Jia-pass1')
    terminal.expect(PROMPT)
    return terminal


@case('help in English and in Chinese, also where the locale is not installed; wrong words are wrong usage')
def usage():
    contains(ctl('--help'), 'Usage: itaxctl VERB', 'policy simulate +tell what an account, unit and date would get')
    contains(ctl('--help', env=CHINESE), '用法：itaxctl', '列出已登录的人员、办税单位及登录时间')
    contains(ctl('--help', env={'LC_ALL': 'zh_CN.GB18030'}), '用法：itaxctl')
    contains(ctl('--help', env={'LANG': 'C.UTF-8', 'LANGUAGE': 'zh_CN'}), '用法：itaxctl')
    contains(ctl('--help', env={'LANG': 'C'}), 'Usage: itaxctl VERB')
    for words in ([], ['session'], ['sessions', 'all'], ['policy'], ['policy', 'guess'], ['try'], ['status', '--colour']):
        contains(ctl(*words, status=2), 'Usage: itaxctl VERB')
    contains(ctl('session', status=2), 'itaxctl: session: no such verb')


@case('the state of the daemon')
def state():
    contains(ctl('status'), rf'bus +ok +{BUS}', r'daemon +ok +org\.itax\.Auth1', r'owner +ok +uid \d+ \(_itaxd\)')
    contains(ctl('status', env=CHINESE), '总线 +正常', '守护进程 +正常', '所属用户 +正常')


@case('a session stands in the list from login to logout, with person and unit, and in JSON for programs')
def sessions():
    equal(json.loads(ctl('sessions', '--json')), [])
    contains(ctl('sessions'), 'Nobody is logged in')
    contains(ctl('sessions', env=CHINESE), '目前没有人')
    begun = time.time()
    with log_in() as terminal:
        terminal.answer('', 'echo "<$ITAX_SESSION>"')
        name = terminal.expect('<([0-9a-f]{32})>').group(1)
        (found,) = json.loads(ctl('sessions', '--json'))
        since = found.pop('since')
        equal(begun - 5 <= since <= time.time() + 5, True, since)
        tty = found.pop('tty')
        contains(tty, r'pts/\d')
        equal(found, {'session': name, 'user': 'jia', 'account': 'ceshi_jia', 'name': found['name'], 'unit': UNIT_1,
                      'unit_name': UNITS[UNIT_1]['name'], 'method': 'password', 'service': 'login', 'rhost': None,
                      'open': True})
        contains(ctl('sessions'), r'^SESSION +USER +ACCOUNT +UNIT +SERVICE +TERMINAL +SINCE\n',
                 rf'\n{name[:8]} +jia +ceshi_jia +{UNIT_1} +login +{re.escape(tty)} +(20\d\d-\d\d-\d\d )?\d\d:\d\d\n')
        contains(ctl('sessions', env=CHINESE), '会话 +用户 +实名账号 +单位 +服务 +终端 +开始时间', 'jia +ceshi_jia ')
        # Nobody sees those of others.
        equal(json.loads(ctl('sessions', '--json', uid=NOBODY)), [])
        terminal.answer('', 'itaxctl sessions --json')
        terminal.expect(name)
        terminal.answer(PROMPT, 'exit')
        terminal.ended()
    wait_until(lambda: json.loads(ctl('sessions', '--json')) == [], 'the session is closed')


@case('what an account and a unit would get: in words, in Chinese, and for programs')
def simulate():
    words = ['policy', 'simulate', '--account', 'ceshi_jia', '--unit', UNIT_1, '--service', 'login']
    found = json.loads(ctl(*words, '--json'))
    equal({key: found[key] for key in ('phase', 'phase_by', 'user', 'user_by', 'unit_policy', 'unit_allowed', 'relation')},
          {'phase': 'relation', 'phase_by': 'configuration', 'user': 'jia', 'user_by': 'table', 'unit_policy': 'required',
           'unit_allowed': True, 'relation': True})
    equal(sorted(found), sorted(['date', 'phase', 'phase_by', 'user', 'user_by', 'unit_policy', 'method', 'unit_allowed',
                                 'relation', 'declaration_password', 'certificate', 'unit_login']))
    contains(found['date'], r'^20\d\d-\d\d-\d\d$')
    contains(ctl(*words), 'Phase +relation: an authorisation relation is enough', 'Local user +jia',
             'Local user is found +by the table of users', 'Unit may be used on this host +yes')
    contains(ctl(*words, env=CHINESE), '阶段 +relation：有办税授权关系即可', '本地用户 +jia', '本机允许该单位 +是')
    nobody = json.loads(ctl('policy', 'simulate', '--account', 'no_such_account', '--json'))
    equal((nobody['user'], nobody['user_by']), (None, 'none'))
    for option, value in (('--account', ''), ('--service', 'x' * 65), ('--unit', 'a\x1b[2J')):
        contains(ctl('policy', 'simulate', option, value, status=2), f'{option}: empty, longer than')
    contains(ctl('policy', 'simulate', '--unit', '12', status=2), '--unit 12: not the code of a unit')
    contains(ctl('policy', 'simulate', '--unit', '12', status=2, env=CHINESE), '--unit 12：不是')


@case('on a day that is given; what is no day is wrong usage')
def dates():
    found = json.loads(ctl('policy', 'simulate', '--date', '2031-02-03', '--json'))
    equal(found['date'], '2031-02-03')
    for date in ('tomorrow', '2031-2-3', '20310203', '2031-02-03x', '２０３１-02-03', '', '2031-02-30', '2031-13-01',
                 '2031-00-01', '2031-01-00', '2031-02-29'):
        contains(ctl('policy', 'simulate', '--date', date, status=2), 'YYYY-MM-DD')
    contains(ctl('policy', 'simulate', '--date', 'x', status=2, env=CHINESE), '不是有效日期')
    equal(json.loads(ctl('policy', 'simulate', '--date', '2032-02-29', '--json'))['date'], '2032-02-29')


@case('a login is tried on this terminal, and its end told in words or as JSON')
def tried():
    with Terminal(['itaxctl', 'try', 'jia', '--json']) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        found = json.loads(terminal.expect(r'\{"granted".*\}').group(0))
        equal((found['granted'], found['user'], found['account'], found['unit']), (True, 'jia', 'ceshi_jia', UNIT_1))
        terminal.ended()
    with Terminal(['itaxctl', 'try', 'jia']) as terminal:
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect(r'granted\s+user +jia')
        terminal.ended()
    equal(json.loads(ctl('try', 'bendi', '--json', status=1)), {'granted': False, 'reason': 'not-ours'})
    contains(ctl('try', 'bendi', status=1), 'refused: not-ours')


@case('policies are for root (threats 20)')
def root_only():
    lacks(ctl('policy', 'simulate', '--account', 'ceshi_jia', status=4, uid=NOBODY), 'jia')


@case('without a bus: told at once, with a status of its own')
def no_bus():
    os.rename(BUS, BUS + '.away')
    try:
        for words in (['status'], ['sessions'], ['policy', 'simulate']):
            begun = time.monotonic()
            contains(ctl(*words, status=3), 'no bus, no daemon, or no answer in time')
            equal(time.monotonic() - begun < 5, True, 'seconds')
    finally:
        os.rename(BUS + '.away', BUS)


main(environment=ENGLISH)
