#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompts in Chinese, on a terminal of 80 columns and 24 lines"""

import re

from e2e import ACCOUNTS, Terminal, case, main, unlock

ACCOUNT = r'实名账号[^\n]*：$'
PASSWORD = r'密码 \(Password\): $'
LINKS = r'序号（直接回车返回）：$'
WIDE = re.compile('[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠￠-￦]')


def columns(line):
    return len(line) + len(WIDE.findall(line))


@case('in Chinese: the questions, the pages and the code in the words of the manual, none wider than the terminal')
def chinese():
    with Terminal(['login'], columns=80, rows=24) as terminal:
        terminal.answer(ACCOUNT, ACCOUNTS['ding']['mobile'])
        terminal.secret(PASSWORD, 'Wrong-pass0')
        terminal.expect('账号或密码错误，再错4次账号将被锁定。\\s+如需更换账号，请在此输入 b 。')
        terminal.secret(PASSWORD, 'b')
        terminal.answer(ACCOUNT, '?')
        terminal.expect(r'1\) 忘记密码\s+2\) 立即注册\s+3\) 手机端下载\s+4\) 忘记申报密码')
        terminal.answer(LINKS, '3')
        terminal.expect('手机端下载：https://')
        terminal.answer(ACCOUNT, ACCOUNTS['ding']['mobile'])
        terminal.secret(PASSWORD, '')
        terminal.wait_for_code()
        terminal.expect('按回车键改用账号密码登录')
        for line in terminal.text.split('\n'):
            if columns(line.strip()) > 80:
                raise AssertionError(line)
    unlock('ding')


main()
