#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The configuration in parts, who says what holds, a thousand reloads (threats 117, 118), and the audit file: what was
changed in it is found by command"""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

from e2e import ACCOUNTS, ENGLISH, PASSWORD, RUN, Try, case, contains, equal, itaxd_pid, lacks, main, pids, unlock, wait_until

CONF, PARTS = '/etc/itax/itaxd.conf', '/etc/itax/itaxd.conf.d'
AUDIT = '/var/log/itax/audit.log'
NOBODY = 65534


def ctl(*words, status=0, uid=None, language='en'):
    """(standard output, standard error)"""
    prefix = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups'] if uid else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('LC_', 'LANG'))}
    environment['LANG'] = 'zh_CN.UTF-8' if language == 'zh' else 'C.UTF-8'
    done = subprocess.run([*prefix, 'itaxctl', *words], capture_output=True, text=True, timeout=60, check=False, env=environment)
    equal(done.returncode, status, f'{words}: {done.stdout}{done.stderr}')
    return done.stdout, done.stderr


def part(name, text):
    os.makedirs(PARTS, exist_ok=True)
    with open(f'{PARTS}/{name}', 'w', encoding='utf-8') as file:
        file.write(text)


def granted():
    """And told: the record is written when the client knows already."""
    told = log().count('login granted')
    with Try('itax-demo', 'authenticate', user='jia') as attempt:
        attempt.secret(PASSWORD, ACCOUNTS['jia']['password'])
        attempt.end('PAM_SUCCESS')
    wait_until(lambda: log().count('login granted') > told, 'it is recorded')


def status():
    return json.loads(subprocess.run(['itaxctl', 'status', '--json'], capture_output=True, text=True, timeout=60, check=False).stdout)


def reload():
    """And wait until it was done: a reload is told to the log, taken over or not."""
    told = lambda: len(re.findall(r'taken over', log()))  # noqa: E731
    before = told()
    os.kill(itaxd_pid(), signal.SIGHUP)
    wait_until(lambda: told() > before, 'the reload is done')


def log():
    with open(f'{RUN}/itaxd.log', encoding='utf-8') as file:
        return file.read()


def records():
    with open(AUDIT, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


@case('a part says otherwise than the file, and config show tells which line of which file says what holds')
def parts():
    granted()
    part('20-wait.conf', '[platform]\ntimeout = 9\n')
    part('10-wait.conf', '[platform]\ntimeout = 7\n[service itax-demo]\nlayout = folded\n')
    reload()
    out, _ = ctl('config', 'show')
    contains(out, rf'\[platform\] timeout = 9 +# {PARTS}/20-wait\.conf:2\n', rf'\[platform\] issuer = https://itax\.lab +# {CONF}:\d+\n',
             r'\[login\] method = any +# built in\n', rf'\[service itax-demo\] layout = folded +# {PARTS}/10-wait\.conf:4\n')
    shown = {(one['section'], one['key']): one for one in json.loads(ctl('config', 'show', '--json')[0])}
    equal(shown['platform', 'timeout'], {'section': 'platform', 'key': 'timeout', 'value': '9', 'file': f'{PARTS}/20-wait.conf', 'line': 2})
    equal(shown['platform', 'proxy']['value'], None)
    with open('/etc/itax/client-secret', encoding='utf-8') as file:
        lacks(out + json.dumps(list(shown.values())), file.read().strip())
    granted()


@case('a part with a fault is told with its file and line, in both languages; what held before holds on (threats 118)')
def faults():
    part('30-bad.conf', '[login]\nphaze = dual\n')
    contains(ctl('config', 'check', status=1)[0], f"{PARTS}/30-bad.conf:2: unknown key 'phaze' in \\[login\\]; did you mean 'phase'")
    contains(ctl('config', 'check', status=1, language='zh')[0], f'{PARTS}/30-bad.conf:2: \\[login\\] 中没有“phaze”这一项；是否应为 \\[login\\] 中的“phase”？')
    reload()
    contains(status()['config_error'], '30-bad.conf:2')
    granted()
    os.unlink(f'{PARTS}/30-bad.conf')
    part('30-names.conf', '[callers]\nservices = no-such-user\n[service no-such-service]\nmode = many\n')
    out, _ = ctl('config', 'check')
    contains(out, "warning: there is no local user 'no-such-user'", r'warning: \[service no-such-service\]: there is no such file', 'can be used')
    contains(ctl('config', 'check', language='zh')[0], '警告: 没有本地用户“no-such-user”', '可以使用')
    os.unlink(f'{PARTS}/30-names.conf')
    os.chmod(PARTS, 0o777)
    contains(ctl('config', 'check', status=1)[0], f'{PARTS}: is writable for its group or for others')
    os.chmod(PARTS, 0o755)
    reload()
    lacks(json.dumps(status()), '30-bad')


@case('a thousand reloads: logins in progress go on, nothing grows (threats 117)')
def reloads():
    granted()
    pid = itaxd_pid()

    def descriptors():
        return len(os.listdir(f'/proc/{pid}/fd'))

    def size():
        with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
            return int(re.search(r'^Pss: +(\d+)', file.read(), re.MULTILINE).group(1))
    with Try('itax-demo', 'authenticate', user='jia') as attempt:
        attempt.prompt('secret', PASSWORD)
        with open(f'{RUN}/itaxd.log', encoding='utf-8') as told:
            told.seek(0, os.SEEK_END)
            for i in range(1000):
                if i == 100:
                    before, pss = descriptors(), size()
                os.kill(pid, signal.SIGHUP)
                text, end = '', time.monotonic() + 40
                while 'taken over' not in text:  # signals of one kind do not queue
                    text += told.read()
                    equal(time.monotonic() < end, True, f'reload {i} is done')
                    time.sleep(0.0005)
        attempt.send(ACCOUNTS['jia']['password'])
        attempt.end('PAM_SUCCESS')
    granted()
    wait_until(lambda: descriptors() <= before + 4, 'descriptors are given back')
    with open(f'/proc/{pid}/maps', encoding='utf-8') as maps:
        if 'libasan' not in maps.read():  # that one keeps for a while what was given back
            equal(size() < pss + 2048, True, f'{pss} kB before, {size()} kB after')
    equal(itaxd_pid(), pid)


@case('each outcome is a record of the audit file, which is whole; whoever changes, removes or moves one is found out')
def audit():
    granted()
    with Try('itax-demo', 'authenticate', user='jia') as attempt:
        attempt.secret(PASSWORD, 'Wrong-pass1')
        attempt.hang_up()
    wait_until(lambda: records()[-1].get('result') != 'granted', 'the refusal is there')
    unlock('jia')  # it may have cost a try
    granted()
    found = records()
    equal([record['seq'] for record in found], list(range(1, len(found) + 1)))
    equal(found[-1]['result'], 'granted')
    equal((found[-1]['user'], found[-1]['account'], found[-1]['service']), ('jia', 'ce*****ia', 'itax-demo'))
    contains(found[-1]['login'], r'^\d{13}$')
    lacks(json.dumps(found), ACCOUNTS['jia']['password'], 'Wrong-pass1', 'ceshi_jia')
    equal((os.stat(AUDIT).st_mode & 0o7777, os.stat(AUDIT).st_uid), (0o600, pwd.getpwnam('_itaxd').pw_uid))

    out, _ = ctl('audit', 'verify')
    contains(out, f'{AUDIT}: whole', f'good records: {len(found)} \\(1 to {len(found)}\\)')
    lacks(out, 'cannot be excluded')
    told = json.loads(ctl('audit', 'verify', '--json')[0])
    equal((told['result'], told['records'], told['hash']), ('whole', len(found), found[-1]['hash']))
    contains(ctl('audit', 'verify', '--head', f'{len(found)}:{found[-1]["hash"]}')[0], 'whole')
    ctl('audit', 'verify', status=4, uid=NOBODY)
    contains(ctl('audit', 'verify', '--head', '7:x', status=2)[1], 'allowed: SEQ:HASH')

    with open(AUDIT, encoding='utf-8') as file:
        lines = file.readlines()
    copy = f'{RUN}/audit.copy'

    def verify(changed, *words):
        with open(copy, 'w', encoding='utf-8') as file:
            file.writelines(changed)
        return ctl('audit', 'verify', copy, *words, status=1)[0]
    # what itaxd knows of the newest record, where there is no journal
    shutil.copy2(AUDIT, f'{AUDIT}.whole')
    with open(AUDIT, 'w', encoding='utf-8') as file:
        file.writelines(lines[:-1])
    contains(ctl('audit', 'verify', status=1)[0], 'records at the end were removed')
    with open(AUDIT, 'w', encoding='utf-8'):
        pass
    contains(ctl('audit', 'verify', status=1)[0], 'records at the end were removed')
    with open(f'{AUDIT}.whole', encoding='utf-8') as file, open(AUDIT, 'w', encoding='utf-8') as original:
        original.write(file.read())
    os.unlink(f'{AUDIT}.whole')
    contains(ctl('audit', 'verify')[0], 'whole')

    contains(verify(lines[:1] + [lines[1].replace('"granted"', '"denied"', 1)] + lines[2:]), f'{copy}:2: this record was changed')
    contains(verify(lines[:1] + lines[2:]), f'{copy}:2: records before this one were removed')
    contains(verify(lines[1:]), f'{copy}:1: records at the beginning were removed')
    contains(verify([lines[1], lines[0]] + lines[2:]), f'{copy}:2: records before this one were removed or put elsewhere')
    contains(verify(lines[:-1], '--head', f'{len(found)}:{found[-1]["hash"]}'), 'records at the end were removed')
    contains(verify(lines[:-1] + [lines[-1][:40]]), f'{copy}:{len(lines)}: the last line was cut off')


@case('the file is put away and gone on with; a full disk and a missing folder stop no login, and are told')
def trouble():
    os.rename(AUDIT, f'{AUDIT}.1')
    reload()
    granted()
    with open(f'{AUDIT}.1', encoding='utf-8') as file:
        before = json.loads(file.readlines()[-1])
    equal((records()[0]['seq'], records()[0]['previous']), (before['seq'] + 1, before['hash']))
    contains(ctl('audit', 'verify')[0], 'whole')

    shutil.move(os.path.dirname(AUDIT), '/var/log/itax.away')
    reload()
    granted()
    contains(ctl('status', status=1)[0], 'audit file +FAILED +No such file or directory: records lost: 1')
    shutil.move('/var/log/itax.away', os.path.dirname(AUDIT))
    reload()
    granted()
    equal([record.get('lost') for record in records()][-2:], ['1', None])
    contains(ctl('status')[0], 'audit file +ok')
    contains(ctl('audit', 'verify')[0], 'whole')

    os.kill(itaxd_pid(), signal.SIGKILL)
    wait_until(lambda: not pids('itaxd'), 'itaxd is gone')
    with open(AUDIT, 'a', encoding='utf-8') as file:
        file.write('{"seq":99,"ti')
    granted()
    contains(ctl('audit', 'verify')[0], 'whole', 'lines that were cut off, and told of: 1')
    contains(ctl('audit', 'verify', language='zh')[0], '完整', '不完整但已有说明的行：1')


main(environment=ENGLISH)
