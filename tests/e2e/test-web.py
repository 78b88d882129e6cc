#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The platform's pages in a real Chromium: phone page of a QR login, soft keyboard, text of others, small screens"""

import http.server
import os
import re
import sqlite3
import threading
import urllib.parse

from selenium.webdriver.common.keys import Keys

import api
import pages
from browser import Chromium
from e2e import (ACCOUNT, ACCOUNTS, DIGITS, ENGLISH, PASSWORD, STORE, TREE, UNIT_1, Try, case, contains, digits_of, equal, lacks, main,
                 unlock)

JIA = ACCOUNTS['jia']['password']
# Each sets window.ran when it runs.
CORPUS = ('<script>window.ran=1</script>', '"><img src=x onerror=window.ran=1>', "'><svg/onload=window.ran=1>",
          '</title><script>window.ran=1</script>', '<iframe srcdoc="<script>parent.ran=1</script>">',
          'javascript:window.ran=1//', '" autofocus onfocus=window.ran=1 x="', '<a href=javascript:window.ran=1>x</a>',
          '<math><mi xlink:href="data:x,<script>window.ran=1</script>">', '&lt;script&gt;window.ran=1&lt;/script&gt;',
          '{{constructor.constructor("window.ran=1")()}}', '--><script>window.ran=1</script><!--')
INJECTIONS = ("' OR '1'='1", "'; DROP TABLE account; --", "' UNION SELECT password_hash FROM account --", '" OR ""="', '\\',
              "1; UPDATE account SET disabled=1", '$1', '%27%20OR%201=1', '{"$ne":null}', '"},"admin":true,{"', '\u0000',
              'x\r\nSet-Cookie: a=b', 'x\nLocation: https://example.org/', '%0d%0aX-Injected: 1', '../../etc/passwd', '%s%n', '\0')
BROWSER = None


def chromium(size='desktop'):
    """The one of this file, as new."""
    global BROWSER  # pylint: disable=global-statement
    if BROWSER is None:
        BROWSER = Chromium()
    BROWSER.fresh(size)
    return BROWSER


def change(statements):
    """What no way in lets pass, in the store all the same."""
    connection = sqlite3.connect(f'file:{STORE.PATH}?mode=rw', uri=True, timeout=20)
    try:
        with connection:
            for sql, values in statements:
                connection.execute(sql, values)
    finally:
        connection.close()


def is_narrow(browser):
    width, shown = browser.js('return [document.documentElement.scrollWidth, document.documentElement.clientWidth]')
    if width > shown:
        raise AssertionError(f'{browser.path}: {width} pixels wide on a screen of {shown}')


def keys(browser):
    return browser.js('return [...document.querySelectorAll("#keyboard button")].map((key) => key.textContent)')


def key(browser, text):
    for button in browser.all('#keyboard button'):
        if button.text == text:
            return button
    raise AssertionError(f'no key {text!r}')


@case('the login page and what is behind it, at 320, 390 and 1280 pixels, in two languages, without a word on the console')
def login_page():
    unlock('jia')
    for size in ('small', 'phone', 'desktop'):
        browser = chromium(size)
        browser.open('/login')
        equal(browser.find('html').get_attribute('lang'), 'zh-CN')
        contains(browser.text, '实名登录')
        is_narrow(browser)
        browser.picture(f'login-{size}')
        browser.find('a[hreflang=en]').click()
        browser.wait(lambda: browser.find('html').get_attribute('lang') == 'en', 'English')
        contains(browser.text, 'Log in')
        is_narrow(browser)
        browser.log_in('ceshi_jia', JIA)
        equal(browser.path, '/me')
        is_narrow(browser)
        browser.picture(f'me-{size}')
        equal(browser.complaints(), [])


@case('logged in by keyboard alone, from the top of the page')
def by_keyboard():
    unlock('jia')
    browser = chromium()
    browser.open('/login')

    def focused():
        return browser.driver.switch_to.active_element

    browser.js('localStorage.setItem("keyboard", "off")')
    for _ in range(20):
        focused().send_keys(Keys.TAB)
        if focused().get_attribute('id') == 'account':
            break
    focused().send_keys('ceshi_jia', Keys.TAB)
    equal(focused().get_attribute('id'), 'password')
    focused().send_keys(JIA, Keys.ENTER)
    browser.wait(lambda: browser.path == '/me', 'logged in')


@case('the soft keyboard: every sign once, elsewhere each time, typed by mouse; closed, it stays closed')
def soft_keyboard():
    unlock('jia')
    browser = chromium()
    browser.open('/login')
    browser.find('#account').send_keys('ceshi_jia')
    password = browser.find('#password')
    browser.js('localStorage.setItem("keyboard", "on")')
    equal(browser.find('#keyboard').is_displayed() if browser.all('#keyboard') else False, False)
    password.click()
    shown = keys(browser)
    equal(sorted(shown[:-4]), sorted(chr(sign) for sign in range(0x21, 0x7f) if not chr(sign).isupper()))
    browser.picture('keyboard-desktop')
    key(browser, '关闭').click()
    equal(browser.find('#keyboard').is_displayed(), False)
    equal(browser.js('return localStorage.getItem("keyboard")'), 'off')

    toggle = browser.find('.keyboard-toggle')
    equal(toggle.get_attribute('aria-expanded'), 'false')
    toggle.click()
    equal(toggle.get_attribute('aria-expanded'), 'true')
    if keys(browser) == shown:
        raise AssertionError('the keys lie where they lay')
    for sign in JIA:
        if sign.isupper():
            key(browser, '大写').click()
            key(browser, sign).click()
            key(browser, '大写').click()
        else:
            key(browser, sign).click()
    equal(password.get_property('value'), JIA)
    key(browser, 'x').click()
    key(browser, '退格').click()
    equal(password.get_property('value'), JIA)
    browser.press('登录')
    equal(browser.path, '/me')
    equal(browser.complaints(), [])


@case('the soft keyboard by keyboard: one stop of Tab, arrows inside, Escape closes; it fits 320 pixels')
def soft_keyboard_by_keyboard():
    browser = chromium('small')
    browser.open('/login')
    browser.find('.keyboard-toggle').send_keys(Keys.ENTER)
    is_narrow(browser)
    browser.picture('keyboard-small')
    stops = browser.js('return [...document.querySelectorAll("#keyboard button")].filter((key) => key.tabIndex === 0).length')
    equal(stops, 1)
    shown = keys(browser)
    browser.find('#keyboard button[tabindex="0"]').send_keys(Keys.ARROW_RIGHT)
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    equal(browser.find('#password').get_property('value'), shown[1])
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    equal(browser.find('#keyboard').is_displayed(), False)
    equal(browser.driver.switch_to.active_element.get_attribute('id'), 'password')


def scanned(login, browser, account, password):
    """What a camera does: the address, the login page, and back. The workstation is told at once."""
    login.echo(ACCOUNT, '')
    code = login.address()[-8:]
    browser.open(f'/Q/{code}')
    lacks(browser.text, 'itax-demo')
    browser.press('登录后查看')
    browser.log_in(account, password, browser.path)
    equal(browser.path, f'/Q/{code}')
    contains(browser.text, '是您本人在登录吗', 'itax-demo')
    is_narrow(browser)
    equal(len({(button.size['width'], button.size['height'], button.value_of_css_property('background-color'))
               for button in browser.all('.pair button')}), 1, 'two buttons of equal weight')
    while 'Scanned' not in login.text:
        if login.step() is None:
            raise AssertionError(login.text)
    return code


@case('a QR login at a phone\'s browser: nothing before the login, told as scanned by script, confirmed, done')
def confirmed():
    unlock('jia')
    browser = chromium('small')
    with Try() as login:
        code = scanned(login, browser, 'ceshi_jia', JIA)
        browser.picture('confirm-small')
        browser.press('确认登录')
        contains(browser.text, '已确认登录')
        login.end('PAM_SUCCESS')
        equal((login.user, login.env['ITAX_UNIT']), ('jia', UNIT_1))
    browser.open(f'/Q/{code}')
    contains(browser.text, '此登录已处理')
    equal(browser.complaints(), [])


@case('refused at a phone\'s browser: told at the workstation')
def refused():
    unlock('jia')
    browser = chromium('phone')
    with Try() as login:
        scanned(login, browser, 'ceshi_jia', JIA)
        browser.press('拒绝')
        contains(browser.text, '已拒绝登录')
        login.prompt('echo', ACCOUNT)
        contains(login.text, 'refused on the phone')


@case('from elsewhere six digits are shown after the confirmation, and they finish the login')
def digits():
    unlock('jia')
    browser = chromium('phone')
    code = api.device(binding='digits', host='lab', service='sshd', remote_host='192.0.2.9')
    browser.log_in('ceshi_jia', JIA, f'/login?next=/Q/{code["user_code"]}')
    contains(browser.text, '192.0.2.9')
    browser.press('确认登录')
    found = digits_of(browser.text)
    browser.picture('digits-phone')
    contains(str(api.poll(code['device_code'], digits=found).status), '^200$')


@case('another person\'s login is no other page than none (threats 114)')
def another():
    unlock('jia')
    browser = chromium('phone')
    code = api.device(login_hint='ceshi_yi', host='host-of-yi', service='sshd')
    browser.log_in('ceshi_jia', JIA, f'/login?next=/Q/{code["user_code"]}')
    page = browser.text
    lacks(page, 'host-of-yi')
    browser.open('/Q/34679ACD')
    equal(browser.text, page)


@case('text of others in hosts, services, terminals, names and units is text and runs nowhere (threats 108)')
def scripts():
    unlock('jia')
    browser = chromium()
    browser.log_in('ceshi_jia', JIA)
    for text in CORPUS:
        code = api.device(host=text, service=text, terminal=text, remote_host=text)
        browser.open(f'/Q/{code["user_code"]}')
        contains(browser.text, 'ran=1')
        equal(browser.js('return window.ran ?? null'), None, text)
        browser.open(f'/login?next={urllib.parse.quote(text)}')
        equal(browser.js('return window.ran ?? null'), None, text)
        browser.open(f'/Q?code={urllib.parse.quote(text)}')
        equal(browser.js('return window.ran ?? null'), None, text)
    names = STORE.query('SELECT name, id FROM account'), STORE.query('SELECT name, code FROM unit')
    try:
        for text in CORPUS:
            change([('UPDATE account SET name = ?', (text,)), ('UPDATE unit SET name = ?', (text,)),
                    ('UPDATE login SET host = ?, service = ?', (text, text))])
            browser.open('/me')
            contains(browser.text, 'ran=1')
            equal(browser.js('return window.ran ?? null'), None, text)
    finally:
        change([('UPDATE account SET name = ? WHERE id = ?', row) for row in names[0]]
               + [('UPDATE unit SET name = ? WHERE code = ?', row) for row in names[1]])
    equal(browser.complaints(), [])


class Foreign(http.server.BaseHTTPRequestHandler):
    """Somebody else's page, with the login page in a frame."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(b'<iframe src="https://itax.lab/login"></iframe>')

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@case('the login page within a frame of another page is not shown (threats 109)')
def framed():
    browser = chromium()
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Foreign)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.driver.get(f'http://127.0.0.1:{server.server_port}/')
        browser.driver.switch_to.frame(0)
        browser.wait(lambda: browser.js('return location.href') == 'chrome-error://chromewebdata/', 'refused')
        equal(browser.all('form'), [])
    finally:
        browser.driver.switch_to.default_content()
        server.shutdown()
        server.server_close()


def routes(style):
    """Methods and paths of backend/routes.c; what stands for a code is one."""
    with open(f'{TREE}/backend/routes.c', encoding='utf-8') as file:
        table = re.sub(r'\s+', ' ', file.read())
    found = re.findall(rf'\{{ "(GET|POST)", "([^"]+)", "[^"]+", ({style}),', table)
    return [(method, path.replace('*', '34679ACD')) for method, path, _ in found]


@case('no form of a page is taken by GET, without csrf, with another Origin or without one (threats 106)')
def forged():
    unlock('jia')
    person = pages.Browser()
    person.log_in('ceshi_jia', JIA)
    csrf = person.get('/me').value('csrf')
    posts = [path for method, path in routes('STYLE_PAGE') if method == 'POST']
    gets = [path for method, path in routes('STYLE_PAGE') if method == 'GET']
    equal('/Q/34679ACD/confirm' in posts and '/logout' in posts, True, posts)
    form, origin = {'Content-Type': 'application/x-www-form-urlencoded'}, os.environ['ITAX_ISSUER']
    for path in posts:
        if path not in gets:
            equal(person.get(path).status, 405, path)
        for body, headers in ((f'csrf={csrf}', {}), (f'csrf={csrf}', {'Origin': 'https://example.org'}),
                              (f'csrf={csrf}', {'Origin': 'null'}), ('', {'Origin': origin}),
                              ('csrf=' + 'A' * len(csrf), {'Origin': origin})):
            equal(person.ask('POST', path, body, {**form, **headers}).status, 403, f'{path} {body[:5]} {headers}')
    equal(person.get('/me').status, 200, 'still logged in')


@case('SQL, JSON and lines of headers in every field that there is: no failure, nothing changed (threats 112)')
def injected():
    unlock('jia')
    person = pages.Browser()
    person.log_in('ceshi_jia', JIA)
    csrf = person.get('/me').value('csrf')
    tables = 'SELECT (SELECT COUNT(*) FROM account), (SELECT COUNT(*) FROM unit), (SELECT COUNT(*) FROM relation), ' \
             '(SELECT COUNT(*) FROM client), (SELECT GROUP_CONCAT(password_hash) FROM account)'
    before = STORE.query(tables)
    form = {'Content-Type': 'application/x-www-form-urlencoded', 'Origin': os.environ['ITAX_ISSUER']}
    fields = ('account', 'username', 'password', 'code', 'login', 'next', 'captcha_id', 'captcha_answer', 'session', 'token',
              'code_verifier', 'device_code', 'digits', 'wait', 'scope', 'login_hint', 'host', 'service', 'unit', 'refresh')
    for text in INJECTIONS:
        body = {field: text for field in fields}
        for method, path in routes('STYLE_[A-Z]+'):
            if path in ('/logout',):
                continue  # it would be one
            path = path.replace('34679ACD', urllib.parse.quote(text, safe=''))
            if method == 'GET':
                found = person.get(f'{path}?{urllib.parse.urlencode(body)}').status
            else:
                found = person.ask('POST', path, urllib.parse.urlencode({'csrf': csrf, **body}), form).status
                found = max(found, api.ask('POST', path, body).status)
            if found >= 500:
                raise AssertionError(f'{method} {path}: {found}')
    equal(STORE.query(tables), before)
    equal(person.get('/me').status, 200)
    equal(sorted(person.cookies), ['__Host-itax'])


@case('the browser ends with everything that it started')
def closed():
    if BROWSER:
        BROWSER.close()


main(environment=ENGLISH)
