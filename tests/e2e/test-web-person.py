#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A person's own pages in a real Chromium: a forgotten password, logins and their end, what a unit's manager does"""

import glob
import os
import re

import api
from browser import Chromium
from e2e import ACCOUNTS, ENGLISH, STORE, UNIT_1, UNITS, backend, case, contains, equal, lacks, main, phone, unlock, wait_until

JI, JIA, YI = (ACCOUNTS[user] for user in ('ji', 'jia', 'yi'))
BROWSER = None


def chromium(size='desktop'):
    """The one of this file, as new, without the soft keyboard."""
    global BROWSER  # pylint: disable=global-statement
    if BROWSER is None:
        BROWSER = Chromium()
    BROWSER.fresh(size)
    BROWSER.js('localStorage.setItem("keyboard", "off")')
    return BROWSER


def looked_at(browser, name):
    """Nothing is wider than the screen, nothing is said on the console; a picture for who wants to look."""
    width, shown = browser.js('return [document.documentElement.scrollWidth, document.documentElement.clientWidth]')
    if width > shown:
        raise AssertionError(f'{browser.path}: {width} pixels wide on a screen of {shown}')
    equal(browser.complaints(), [])
    browser.picture(name)


def message(mobile, before):
    """The code of the next message to @mobile after the @before first."""
    found = []

    def sent():
        found.clear()
        for path in sorted(glob.glob('/var/lib/itax-backend/outbox/*'), key=os.path.getmtime):
            with open(path, encoding='utf-8') as file:
                text = file.read()
            found.extend(re.findall(r'验证码：([0-9]{6})', text) if mobile in text else [])
        return len(found) > before
    wait_until(sent, f'a message to {mobile}')
    return found[-1]


def fill(browser, **values):
    for name, value in values.items():
        field = browser.find(f'main [name={name}]')
        field.clear()
        field.send_keys(value)


def forgot_identity(browser, person, number=None):
    browser.open('/forgot')
    fill(browser, name=person['name'], number=number or person['document_number'])
    browser.press('发送短信验证码')


@case('a forgotten password: identity, code of the text message, new password; lock, logins and QR logins of before are over')
def forgot():
    for number in range(5):  # locked
        answer = api.password(YI['login_name'], f'Wrong-pass{number}')
        while answer.json['error'] in ('captcha_required', 'invalid_credentials') and 'captcha_id' in answer.json:
            answer = api.ask('POST', '/oauth2/challenge', {
                'username': YI['login_name'], 'password': 'Wrong-pass9', 'code_challenge': api.CHALLENGE, 'code_challenge_method': 'S256',
                'auth_session': answer.json['auth_session'], 'captcha_id': answer.json['captcha_id'], 'captcha_answer': STORE.captcha()})
    equal(api.password(YI['login_name'], YI['password']).json['error'], 'account_locked')
    code = api.device(login_hint=YI['login_name'])

    browser = chromium('small')
    browser.open('/login')
    browser.find('main a[href="/f"]').click()
    browser.wait(lambda: browser.path in ('/f', '/forgot'), 'the page of who forgot')
    contains(browser.text, '第1步')
    looked_at(browser, 'forgot-1-small')
    forgot_identity(browser, YI)
    contains(browser.text, '第2步')
    looked_at(browser, 'forgot-2-small')
    sent = message(YI['mobile'], 0)
    fill(browser, sms=f'{(int(sent) + 1) % 1000000:06d}')
    browser.press('下一步')
    contains(browser.find('[role=alert]').text, '验证码错误')
    fill(browser, sms=sent)
    browser.press('下一步')
    contains(browser.text, '第3步')
    looked_at(browser, 'forgot-3-small')
    fill(browser, password='Fresh-pass77', repeated='Fresh-pass78')
    browser.press('设置新密码')
    contains(browser.find('[role=alert]').text, '不一致')
    fill(browser, password='Fresh-pass77', repeated='Fresh-pass77')
    browser.press('设置新密码')
    contains(browser.text, '密码已重置')
    looked_at(browser, 'forgot-done-small')

    equal(api.poll(code['device_code']).json['error'] in ('expired_token', 'access_denied', 'invalid_grant'), True)
    equal(api.password(YI['login_name'], YI['password']).json['error'], 'invalid_credentials')
    unlock('yi')
    for name in (YI['login_name'], YI['mobile'], YI['document_number']):
        equal(api.password(name, 'Fresh-pass77').status, 200, name)


@case('a forgotten password: nobody, another name and an odd number are told like everybody')
def forgot_nobody():
    texts = set()
    for person in ({'name': '测试无人', 'document_number': '99010119700101001X'}, {'name': '测试他人', 'document_number': JI['document_number']}):
        browser = chromium('phone')
        forgot_identity(browser, person)
        texts.add(browser.text)
        fill(browser, sms='123456')
        browser.press('下一步')
        contains(browser.find('[role=alert]').text, '验证码错误')
    equal(len(texts), 1)
    browser = chromium('phone')
    forgot_identity(browser, JI, '990101197001010015')
    contains(browser.find('[role=alert]').text, '证件号码有误')
    looked_at(browser, 'forgot-wrong-phone')


@case('my page: units, who logged in where, by what and when; ended there, it is over at the platform')
def me():
    begun = api.device(host='ws-caiwu-3', service='gdm-password', terminal='tty2', login_hint=JIA['login_name'])
    phone('jia', 'confirm', begun['verification_uri_complete'])
    token = api.poll(begun['device_code']).json['access_token']
    for size in ('small', 'desktop'):
        browser = chromium(size)
        browser.log_in(JIA['login_name'], JIA['password'])
        equal(browser.path, '/me')
        contains(browser.text, JIA['name'], UNITS[UNIT_1]['name'], '已授权')
        card = [entry for entry in browser.all('.logins .card') if 'ws-caiwu-3' in entry.text][0]
        contains(card.text, 'gdm-password', 'tty2', '扫码', '登录中', r'20\d\d-\d\d-\d\d \d\d:\d\d')
        looked_at(browser, f'me-{size}')
    page = browser.find('html')
    card.find_element('css selector', 'button').click()
    browser.wait(lambda: browser._is_gone(page), 'the page after it was ended')  # pylint: disable=protected-access
    card = [entry for entry in browser.all('.logins .card') if 'ws-caiwu-3' in entry.text][0]
    contains(card.text, '已结束')
    answer = api.ask('GET', '/oauth2/userinfo', headers={'Authorization': f'Bearer {token}'})
    equal(answer.status, 401)


@case('a unit: its legal representative resets the declaration password, grants and revokes; finance manager too, others find nothing')
def unit():
    browser = chromium('phone')
    browser.log_in(JI['login_name'], JI['password'])
    browser.find(f'a[href="/unit/{UNIT_1}"]').click()
    browser.wait(lambda: browser.path == f'/unit/{UNIT_1}', 'the page of the unit')
    looked_at(browser, 'unit-phone')
    fill(browser, password='Fresh-declare1', repeated='Fresh-declare1', current='Wrong-pass1')
    browser.press('重置')
    contains(browser.find('[role=alert]').text, '再错4次')
    looked_at(browser, 'unit-captcha-phone')
    picture = browser.find('main img').get_attribute('src')
    browser.press('换一张图片')
    equal(browser.find('main img').get_attribute('src') == picture, False, 'the same picture')
    fill(browser, password='Fresh-declare1', repeated='Fresh-declare1', current=JI['password'], captcha_answer=STORE.captcha())
    browser.press('重置')
    contains(browser.text, '申报密码已重置')

    browser.open(f'/unit/{UNIT_1}')
    fill(browser, account=YI['mobile'], name='测试不是')
    browser.press('授权')
    contains(browser.find('[role=alert]').text, '没有与该姓名相符的账号')
    fill(browser, account=YI['mobile'], name=YI['name'])
    browser.press('授权')
    card = [entry for entry in browser.all('.card') if YI['name'] in entry.text][0]
    contains(card.text, '已授权')
    lacks(card.text, YI['mobile'], YI['login_name'])
    looked_at(browser, 'unit-granted-phone')
    rows = 'SELECT authorised FROM relation JOIN account ON account.id = account_id WHERE login_name = ? AND unit_code = ?'
    equal(STORE.query(rows, YI['login_name'], UNIT_1), [(1,)])
    page = browser.find('html')
    card.find_element('css selector', 'button').click()
    browser.wait(lambda: browser._is_gone(page), 'the page after it was revoked')  # pylint: disable=protected-access
    equal(STORE.query(rows, YI['login_name'], UNIT_1) in ([], [(0,)]), True)

    # threats 114: who is neither finds no such unit; the finance manager does
    browser = chromium('desktop')
    unlock('jia')
    browser.log_in(JIA['login_name'], JIA['password'])
    browser.open(f'/unit/{UNIT_1}')
    contains(browser.text, '重置申报密码')
    looked_at(browser, 'unit-desktop')
    browser = chromium('desktop')
    backend('account', 'reset', '--why', '本人到厅', ACCOUNTS['bing']['login_name'])
    browser.open(f'/unit/{UNIT_1}')
    contains(browser.path, '^/login')
    actions = [row[0] for row in STORE.query('SELECT action FROM audit ORDER BY id')]
    for action in ('password reset', 'login end', 'unit reset', 'relation grant', 'relation revoke'):
        equal(action in actions, True, f'{action} in {actions}')


@case('the browser ends with everything that it started')
def closed():
    if BROWSER:
        BROWSER.close()


main(environment=ENGLISH)
