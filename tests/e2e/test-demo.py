#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make demo as a newcomer meets it: the tour without a terminal, and login on a terminal with a phone next to it"""

import os
import re
import subprocess
import sys

from e2e import LAB, Terminal, _cases, case, contains, equal, run

ENGLISH = {'LANG': 'C.UTF-8'}
PROMPT = r'\$ $'


def tour(language):
    done = subprocess.run([f'{LAB}/demo'], env={**os.environ, 'LANG': language}, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, check=False)
    equal(done.returncode, 0, done.stdout[-2000:] + done.stderr)
    contains(done.stdout, 'Everything happened as it should', 'jia@lab', 'bendi@lab', '█▀|▀█')
    return done.stdout


@case('without a terminal it plays a tour, in English')
def tour_english():
    contains(tour('en_US.UTF-8'), 'Number of the unit')


@case('and in Chinese')
def tour_chinese():
    contains(tour('zh_CN.UTF-8'), '单位序号', '请在手机上确认')


@case('on a terminal: it tells accounts and phone, login shows the code, the phone beside it confirms, env shows the unit')
def terminal():
    with Terminal([f'{LAB}/demo'], env=ENGLISH) as demo:
        demo.expect('ceshi_jia +password Jia-pass1')
        command = demo.expect(r'(tests/lab/phone ceshi_jia confirm) CODE').group(1)
        demo.answer(r'Account \([^)]*\): $', '')
        address = demo.wait_for_code()
        done = subprocess.run(['bash', '-c', f'cd {LAB}/../..; {command} {address[-8:]}'], capture_output=True, text=True, timeout=30,
                              env={**os.environ, 'ITAX_LAB_PID': str(demo.pid)}, check=False)
        equal(done.returncode, 0, done.stdout + done.stderr)
        contains(done.stdout, 'Service: +login', 'Confirmed')
        demo.answer(PROMPT, 'env | grep ITAX')
        demo.expect('ITAX_UNIT_NAME=测试一号有限公司')
        demo.answer(PROMPT, 'exit')
        demo.answer('log in again', '')
        demo.answer(r'Account \([^)]*\): $', 'ceshi_jia')
        demo.secret(r'Password: $', 'Jia-pass1')
        demo.answer(PROMPT, 'exit')
        demo.answer(r'q: leave the demo[^\n]*\n$', 'q')
        equal(demo.ended(), 0)
        if re.search('lab: ', demo.text):
            raise AssertionError(demo.text)


failed = 0
for sentence, function in _cases:
    if not sys.argv[1:] or any(word in sentence or word == function.__name__ for word in sys.argv[1:]):
        failed += not run(sentence, function)
sys.exit(1 if failed else 0)
