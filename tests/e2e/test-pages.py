#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages beside workstations: one count of tries, and logins that the person ends from the browser"""

import re

from e2e import ACCOUNT, ACCOUNTS, CAPTCHA, ENGLISH, PASSWORD, Try, backend, case, contains, equal, lacks, main, unlock
from pages import Browser

JIA = ACCOUNTS['jia']['password']


def stack(service):
    with open(f'/etc/pam.d/{service}', 'w', encoding='ascii') as file:
        file.write('auth required pam_itax.so\naccount required pam_itax.so\n')


def logins(page):
    """The cards of /me, the newest first."""
    return re.findall(r'<li class="card">(.*?)</li>', page.text, re.DOTALL)


@case('a login at a workstation stands on the page; ended there, the account phase refuses it')
def ended():
    unlock('jia')
    stack('itax-pages')
    attempt = Try('itax-pages', 'authenticate', 'wait', 'account', user='jia')
    attempt.secret(PASSWORD, JIA)
    while 'authenticate' not in attempt.codes:
        assert attempt.step() is not None, attempt.text
    equal(attempt.codes['authenticate'], 'PAM_SUCCESS')

    browser = Browser()
    browser.log_in('ceshi_jia', JIA)
    page = browser.get('/me')
    mine = [card for card in logins(page) if 'lab-workstation' in card and 'name="login"' in card]
    equal(len(mine), 1, page.text)
    login = re.search(r'name="login" value="([^"]*)"', mine[0]).group(1)
    equal(browser.post('/me/end', login=login).status, 303)
    lacks(browser.get('/me').text, login)

    attempt.send('')
    attempt.end('PAM_PERM_DENIED', 'account')


@case('wrong passwords in the browser and at a workstation are counted together')
def counted():
    unlock('jia')
    browser = Browser()
    browser.get('/login')
    page = browser.post('/login', account='ceshi_jia', password='Wrong-pass-1')
    equal(page.status, 403)
    contains(page.alert, '再错4次')
    with Try() as login:
        login.echo(ACCOUNT, 'ceshi_jia')
        login.secret(PASSWORD, JIA)
        login.prompt('echo', CAPTCHA)
        login.hang_up()
    unlock('jia')
    browser.log_in('ceshi_jia', JIA)


@case('an account that is disabled is out of the browser at once, and told why at the next login')
def disabled():
    unlock('jia')
    browser, other = Browser(), Browser()
    browser.log_in('ceshi_jia', JIA)
    equal(browser.get('/me').status, 200)
    backend('account', 'disable', 'ceshi_jia')
    try:
        page = browser.get('/me')
        equal((page.status, page.headers['Location']), (303, '/login?next=%2Fme'))
        other.get('/login')
        contains(other.post('/login', account='ceshi_jia', password=JIA).alert, '该账号已停用')
    finally:
        backend('account', 'enable', 'ceshi_jia')


main(environment=ENGLISH)
