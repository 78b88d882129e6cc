#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration in a real Chromium: by keyboard alone, with a name that no input method has, and on to the terminal"""

import glob
import json
import os
import re
import subprocess

from selenium.webdriver.common.keys import Keys

from browser import Chromium
from e2e import (ACCOUNT, ENGLISH, LAB, PASSWORD, STORE, UNIT_1, Try, backend, case, contains, equal, lacks, main, wait_until)

# Beside those of the demonstration data, and of the same region that there is not.
OTHER_NUMBER, OTHER_MOBILE, OTHER_NAME = '990101199901010110', '19900000011', '测试来者'
NUMBER, MOBILE, LOGIN, SECRET = '990101199901010102', '19900000010', 'ceshi_sheng', 'Sheng-pass1'
RARE, NAME = '\U00020bb7', '\U00020bb7测'
USER = 'sheng'
# Each of the first sets window.ran when it runs.
HOSTILE = ('<script>window.ran=1</script>', '"><img src=x onerror=window.ran=1>', "'><svg/onload=window.ran=1>",
           '" autofocus onfocus=window.ran=1 x="', '</textarea></details><script>window.ran=1</script>', '&quot;onclick=window.ran=1',
           "' OR '1'='1", "'; DROP TABLE account; --", "' UNION SELECT password_hash FROM account --", '%s%n%1$s', '\\', '$1')
BROWSER = None


def chromium(size):
    """The one of this file, as new, without the soft keyboard."""
    global BROWSER  # pylint: disable=global-statement
    if BROWSER is None:
        BROWSER = Chromium()
    BROWSER.fresh(size)
    BROWSER.js('localStorage.setItem("keyboard", "off")')
    return BROWSER


def is_narrow(browser):
    width, shown = browser.js('return [document.documentElement.scrollWidth, document.documentElement.clientWidth]')
    if width > shown:
        raise AssertionError(f'{browser.path}: {width} pixels wide on a screen of {shown}')


def code(name, number):
    printed = subprocess.run([f'{LAB}/backend', 'code', 'issue', '--name', name, '--document-type', 'resident_identity_card',
                              '--document-number', number, '--why', '本人持身份证到厅', '--json'], check=True, timeout=60,
                             capture_output=True, text=True).stdout
    return json.loads(printed)['code']


def message(mobile):
    """The newest code that was sent to @mobile."""
    found = []

    def sent():
        for path in sorted(glob.glob('/var/lib/itax-backend/outbox/*'), key=os.path.getmtime):
            with open(path, encoding='utf-8') as file:
                text = file.read()
            found.extend(re.findall(r'验证码：([0-9]{6})', text) if mobile in text else [])
        return found
    wait_until(sent, f'a message to {mobile}')
    return found[-1]


class Keyboard:
    """Whoever has no mouse."""

    def __init__(self, browser):
        self.browser = browser

    @property
    def focused(self):
        return self.browser.driver.switch_to.active_element

    def go(self, css, most=250):
        """Tab until what is focused is @css; it has to be seen then."""
        for _ in range(most):
            self.focused.send_keys(Keys.TAB)
            if self.browser.js('return document.activeElement.matches(arguments[0])', css):
                return self.focused
        raise AssertionError(f'{css} is not reached by Tab')

    def choose(self, css, value):
        """By arrows, as a list that is closed takes them."""
        select = self.go(css)
        steps = self.browser.js('return [...arguments[0].options].findIndex((option) => option.value === arguments[1])', select, value)
        if steps < 1:
            raise AssertionError(f'{css} has no {value}')
        select.send_keys(Keys.ARROW_DOWN * steps)
        equal(select.get_property('value'), value)

    def send(self, key=Keys.ENTER):
        """A key that leads to the next page."""
        page = self.browser.find('html')
        self.focused.send_keys(key)
        self.browser.wait(lambda: self.browser._is_gone(page), 'the next page')  # pylint: disable=protected-access
        self.browser.wait(lambda: self.browser.all('main'), 'its content')


def looked_at(browser, name):
    is_narrow(browser)
    browser.picture(name)


def rules(browser):
    return [rule.get_attribute('class') for rule in browser.all('#password-rules li')]


@case('registered by keyboard alone at 320 pixels: consent, code, a rare character, residence, message, rules told live')
def by_keyboard():
    browser = chromium('small')
    keyboard = Keyboard(browser)
    browser.open('/register')
    looked_at(browser, 'register-1-small')
    keyboard.go('[name=consent]').send_keys(Keys.SPACE)
    keyboard.go('main button')
    keyboard.send()

    contains(browser.text, '第2步')
    looked_at(browser, 'register-2-small')
    keyboard.go('#code').send_keys(code(NAME, NUMBER))
    keyboard.go('#name').send_keys('测', Keys.HOME)
    keyboard.go('summary').send_keys(Keys.ENTER)
    keyboard.choose('#radical', '30')
    keyboard.choose('#strokes', '3')
    browser.wait(lambda: browser.all(f'button[value="{RARE}"]'), 'the characters')
    looked_at(browser, 'register-2-characters-small')
    keyboard.go(f'button[value="{RARE}"]').send_keys(Keys.ENTER)
    equal(browser.find('#name').get_property('value'), NAME)
    contains(browser.find('#picked').text, RARE)
    keyboard.go('#number').send_keys(NUMBER)
    keyboard.send()

    contains(browser.text, '第3步')
    for part, place in (('province', '44'), ('city', '4403'), ('county', '440305')):
        browser.wait(lambda part=part, place=place: browser.all(f'#{part} option[value="{place}"]'), part)
        keyboard.choose(f'#{part}', place)
    looked_at(browser, 'register-3-small')
    keyboard.go('#mobile').send_keys(MOBILE)
    keyboard.send()

    contains(browser.text, '第4步')
    equal(browser.find('button[data-wait]').is_enabled(), False, 'no second message within a minute')
    contains(browser.find('button[data-wait]').text, '[0-9]+秒后')
    keyboard.go('#sms').send_keys(message(MOBILE))
    keyboard.go('#login').send_keys(LOGIN)
    password = keyboard.go('#password')
    told = browser.find('#password-told')
    equal(len(browser.all('.keyboard-toggle')), 2, 'soft keyboards')
    equal((rules(browser), told.get_attribute('role')), (['', '', ''], 'status'))
    password.send_keys('sheng ')
    equal(rules(browser), ['broken', 'broken', 'broken'])
    browser.wait(lambda: '密码还不符合' in told.text, 'told')
    looked_at(browser, 'register-4-small')
    password.send_keys(Keys.BACKSPACE, '-12')
    equal(rules(browser), ['holds', 'holds', 'holds'])
    browser.js('arguments[0].select()', password)
    password.send_keys(SECRET)
    keyboard.go('#repeated').send_keys(SECRET[:-1])
    browser.wait(lambda: '不一致' in told.text, 'told that they differ')
    keyboard.focused.send_keys(SECRET[-1])
    browser.wait(lambda: '两次输入一致' in told.text, 'told that both are the same')
    keyboard.send()
    contains(browser.text, '注册成功')
    looked_at(browser, 'register-5-small')
    equal(browser.complaints(), [])
    equal(STORE.query('SELECT name, residence FROM account WHERE login_name = ?', LOGIN), [(NAME, '440305')])


@case('login name, mobile number and document number log in, and the page has the name as it was written')
def names():
    for account in (LOGIN, MOBILE, NUMBER):
        browser = chromium('phone')
        browser.log_in(account, SECRET)
        equal(browser.path, '/me', account)
        contains(browser.text, NAME)
    looked_at(browser, 'me-rare-phone')


@case('the name is whole at a login at a terminal, byte for byte, and at who asks the platform for it later')
def terminal():
    subprocess.run(['useradd', '--create-home', '--shell', '/bin/bash', USER], check=True)
    with open('/etc/itax/users', 'a', encoding='ascii') as file:
        file.write(f'{LOGIN} {USER}\n')
    backend('relation', 'grant', LOGIN, UNIT_1, '--why', '测试')
    with Try() as login:
        login.echo(ACCOUNT, LOGIN)
        login.secret(PASSWORD, SECRET)
        login.end('PAM_SUCCESS')
        equal((login.user, login.env['ITAX_NAME'], login.env['ITAX_UNIT']), (USER, NAME, UNIT_1))
    browser = chromium('phone')
    browser.log_in(LOGIN, SECRET)
    contains(browser.text, NAME, 'lab-workstation')
    equal(login.env['ITAX_NAME'].encode(), b'\xf0\xa0\xae\xb7\xe6\xb5\x8b')


@case('in English, by mouse, on a large screen: a character at the cursor, places at once, what was wrong said above the form')
def english():
    browser = chromium('desktop')
    browser.open('/register?lang=en')
    browser.wait(lambda: browser.find('html').get_attribute('lang') == 'en', 'English')
    looked_at(browser, 'register-1-desktop')
    browser.find('[name=consent]').click()
    browser.press('Next')
    browser.find('#name').send_keys('测测', Keys.ARROW_LEFT)
    browser.find('summary').click()
    browser.js('for (const [id, value] of [["radical", "149s"], ["strokes", "6"]]) {'
               ' const select = document.getElementById(id); select.value = value;'
               ' select.dispatchEvent(new Event("change", { bubbles: true })); }')
    browser.wait(lambda: browser.all('button[value="诗"]'), 'the characters')
    equal(browser.all('button[value="詩"]'), [])
    looked_at(browser, 'register-2-desktop')
    browser.find('button[value="诗"]').click()
    equal(browser.find('#name').get_property('value'), '测诗测')
    equal(browser.find('button[name=find]').is_displayed(), False, 'with scripts nobody needs it')
    browser.find('#code').send_keys('A1B2C3')
    browser.find('#number').send_keys('99010119990101010X')
    browser.press('Next')
    contains(browser.find('[role=alert]').text, 'cannot be right')
    equal(browser.find('#name').get_property('value'), '测诗测')
    lacks(browser.text, '请')
    looked_at(browser, 'register-2-wrong-desktop')
    equal(browser.complaints(), [])


@case('without scripts each step is a form: found, picked to the end of the name, nothing lost on the way')
def plain():
    browser = chromium('phone')
    browser.driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': True})
    try:
        browser.open('/register')
        browser.find('[name=consent]').click()
        browser.press('下一步')
        browser.find('#code').send_keys('ABC')
        browser.find('#name').send_keys('测')
        browser.find('summary').click()
        browser.find('#radical option[value="30"]').click()
        browser.find('#strokes').send_keys('3')
        browser.press('查找')
        browser.press(RARE)
        equal(browser.find('#name').get_property('value'), f'测{RARE}')
        equal((browser.find('#code').get_property('value'), browser.find('#strokes').get_property('value')), ('ABC', '3'))
        looked_at(browser, 'register-2-plain-phone')
    finally:
        browser.driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': False})


def submit(browser, path, **fields):
    """The form of this path with these fields, whether it has them or not and whatever it says of them."""
    page = browser.find('html')
    browser.js('const form = document.querySelector(`form[action="${arguments[0]}"]`);'
               'for (const [name, value] of Object.entries(arguments[1])) {'
               ' let field = form.elements[name];'
               ' if (!field?.matches?.("input:not([type=hidden]):not([type=checkbox])")) {'
               '  field?.removeAttribute?.("name");'
               '  field = document.createElement("input"); field.type = "hidden"; field.name = name; form.append(field); }'
               ' field.value = value; }'
               'HTMLFormElement.prototype.submit.call(form)', path, fields)
    browser.wait(lambda: browser._is_gone(page), f'the answer of {path}')  # pylint: disable=protected-access
    browser.wait(lambda: browser.all('main'), 'its content')


@case('scripts and SQL in every field of every step: text in the form that comes again, nothing runs, nothing changes (threats 108, 112)')
def hostile():
    tables = 'SELECT (SELECT COUNT(*) FROM account), (SELECT COUNT(*) FROM audit), (SELECT GROUP_CONCAT(password_hash) FROM account)'
    given = code(OTHER_NAME, OTHER_NUMBER)
    before = STORE.query(tables)
    browser = chromium('desktop')

    def tried(path, field, text, **fields):
        submit(browser, path, **{field: text}, **fields)
        equal(browser.js('return window.ran ?? null'), None, f'{path} {field} {text}')
        equal(browser.find('h1').text, '立即注册', f'{path} {field} {text}')
        return browser.find(f'#{field}').get_property('value')

    browser.open('/register')
    submit(browser, '/register', consent='1')
    for text in HOSTILE:
        rest = {'code': text, 'type': text, 'radical': text, 'strokes': text}
        equal(tried('/register/identity', 'number', text, name=text, **rest), text)
        equal(browser.find('#name').get_property('value'), text)
        equal(tried('/register/identity', 'name', '', pick=text, **rest), text)
    submit(browser, '/register/identity', code=given, name=OTHER_NAME, number=OTHER_NUMBER, type='resident_identity_card')
    for text in HOSTILE:
        equal(tried('/register/contact', 'mobile', text, province=text, city=text, county=text, places=text), text)
    submit(browser, '/register/contact', province='44', city='4403', county='440305', mobile=OTHER_MOBILE)
    for text in HOSTILE:
        equal(tried('/register/account', 'login', text, password=text, repeated=text, sms=text), text)
    equal(STORE.query(tables), before)
    equal(browser.complaints(), [])


@case('the browser ends with everything that it started')
def closed():
    if BROWSER:
        BROWSER.close()


main(environment=ENGLISH)
