#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""itaxctl user and config: the map of accounts changed by command, and what is wrong with the configuration"""

import fcntl
import json
import os
import stat
import subprocess
import threading

from e2e import ACCOUNT, ACCOUNTS, ENGLISH, PASSWORD, Try, case, contains, equal, lacks, main

MAP, OTHER = '/etc/itax/users', '/etc/itax/users.test'
NOBODY = 65534


def ctl(*words, status=0, uid=None, language='en'):
    """(standard output, standard error)"""
    prefix = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups'] if uid else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith(('LC_', 'LANG'))}
    environment['LANG'] = 'zh_CN.UTF-8' if language == 'zh' else 'C.UTF-8'
    done = subprocess.run([*prefix, 'itaxctl', *words], capture_output=True, text=True, timeout=60, check=False, env=environment)
    equal(done.returncode, status, f'{words}: {done.stdout}{done.stderr}')
    return done.stdout, done.stderr


def write(text, path=OTHER):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def read(path=OTHER):
    with open(path, encoding='utf-8') as file:
        return file.read()


@case('the map as a table, in Chinese with columns in line, and for programs; lines that itaxd refuses are named')
def listed():
    out, _ = ctl('user', 'list')
    contains(out, r'^ACCOUNT +USER +STATE', rf'{ACCOUNTS["jia"]["login_name"]} +jia +exists')
    write('# who\nceshi_jia jia # first\n测试_戊 wu\nceshi_gone gone\nbroken\nceshi_x 007\n')
    os.chmod(OTHER, 0o666)
    contains(ctl('user', 'list', '--file', OTHER, status=1)[1], 'others may write to it: itaxd does not take it')
    os.chmod(OTHER, 0o644)
    out, error = ctl('user', 'list', '--file', OTHER, status=1, language='zh')
    contains(out, '本机没有此用户')
    widths = {sum(2 if ord(letter) > 0x2e80 else 1 for letter in line[:line.index(f'  {word}')])
              for line, word in zip(out.splitlines()[1:], ('jia ', 'wu ', 'gone '))}
    equal(len(widths), 1, out)
    contains(error, f'{OTHER}:5: 每行应为', f'{OTHER}:6: 本地用户的名字不能全为数字')
    out, _ = ctl('user', 'list', '--file', OTHER, '--json', status=1)
    told = json.loads(out)
    equal([entry['account'] for entry in told['users']], ['ceshi_jia', '测试_戊', 'ceshi_gone'])
    equal([entry['exists'] for entry in told['users']], [True, True, False])
    equal([entry['line'] for entry in told['faults']], [5, 6])


@case('an account is mapped and logs in at once, unmapped and does not; comments stay, the file keeps mode and owner')
def mapped():
    before = read(MAP)
    state = os.stat(MAP)
    account = ACCOUNTS['jia']
    ctl('user', 'unmap', 'jia', account['login_name'])
    with Try('itax-demo', 'authenticate') as attempt:
        attempt.echo(ACCOUNT, account['login_name'])
        attempt.secret(PASSWORD, account['password'])
        attempt.end()
        lacks(' '.join(attempt.codes.values()), 'PAM_SUCCESS')
    out, _ = ctl('user', 'map', 'jia', account['login_name'])
    contains(out, 'accounts added for jia: 1')
    with Try('itax-demo', 'authenticate') as attempt:
        attempt.echo(ACCOUNT, account['login_name'])
        attempt.secret(PASSWORD, account['password'])
        attempt.end('PAM_SUCCESS')
    after = os.stat(MAP)
    equal((after.st_mode, after.st_uid, after.st_gid), (state.st_mode, state.st_uid, state.st_gid))
    equal(sorted(before.split()), sorted(read(MAP).split()))
    equal([name for name in os.listdir('/etc/itax') if name.startswith('.users.') and not name.endswith('.lock')], [])


@case('what itaxd would refuse is not written, nor two users for an account, nor root by a slip')
def refused():
    text = 'ceshi_jia jia\n'
    for words, status, said in ((('map', 'jia', 'two words'), 2, 'no spaces'), (('map', 'jia', 'a#b'), 2, 'no spaces'),
                                (('map', 'jia', ''), 2, 'empty'), (('map', 'jia', 'x' * 97), 2, 'too long'),
                                (('map', 'jia', 'line\nroot root'), 2, 'no spaces'), (('map', 'a:b', 'ceshi_yi'), 2, 'characters'),
                                (('map', '1000', 'ceshi_yi'), 2, 'digits'), (('map', 'yi', 'ceshi_jia'), 1, 'already'),
                                (('map', 'root', 'ceshi_yi'), 1, '--system'), (('map', 'daemon', 'ceshi_yi'), 1, '--system'),
                                (('unmap', 'yi'), 1, 'nothing was changed'), (('unmap', 'jia', 'ceshi_yi'), 1, 'nothing was changed')):
        write(text)
        _, error = ctl('user', *words, '--file', OTHER, status=status)
        contains(error, said)
        equal(read(), text, words)
    ctl('user', 'map', 'root', 'ceshi_yi', '--system', '--file', OTHER)
    equal(read(), 'ceshi_jia jia\nceshi_yi root\n')
    os.unlink(OTHER)
    os.symlink('/etc/passwd', OTHER)
    _, error = ctl('user', 'map', 'jia', 'ceshi_yi', '--file', OTHER, status=1)
    contains(error, 'link')
    os.unlink(OTHER)
    equal(stat.S_ISREG(os.stat('/etc/passwd').st_mode), True)


@case('twenty changes at once are all in it; a user who may only read can neither change nor block')
def together():
    write('# kept\n')
    threads = [threading.Thread(target=ctl, args=('user', 'map', 'jia', f'ceshi_{number}', '--file', OTHER)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    equal(sorted(read().splitlines()), sorted(['# kept'] + [f'ceshi_{number} jia' for number in range(20)]))
    _, error = ctl('user', 'map', 'jia', 'ceshi_yi', '--file', OTHER, status=4, uid=NOBODY)
    contains(error, 'as root')
    equal(stat.S_IMODE(os.stat('/etc/itax/.users.test.lock').st_mode), 0o600)
    with open('/etc/itax/.users.test.lock', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _, error = ctl('user', 'map', 'jia', 'ceshi_yi', '--file', OTHER, status=1)
        contains(error, 'somebody else')
    ctl('user', 'unmap', 'jia', '--file', OTHER)
    equal(read(), '# kept\n')


@case('config check: what itaxd says of the file, with its line; for programs; and of the one that is in force')
def config():
    ctl('config', 'check')
    write('[platform]\nissuer = http://itax.lab\nisuer = x\n', '/etc/itax/wrong.conf')
    out, _ = ctl('config', 'check', '/etc/itax/wrong.conf', status=1)
    contains(out, r'/etc/itax/wrong\.conf:2: ', r'/etc/itax/wrong\.conf:3: .*issuer')
    told = json.loads(ctl('config', 'check', '/etc/itax/wrong.conf', '--json', status=1)[0])
    equal((told['ok'], len(told['findings']) >= 2), (False, True))


main(environment=ENGLISH)
