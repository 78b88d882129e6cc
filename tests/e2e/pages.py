# SPDX-License-Identifier: LGPL-2.1-or-later
"""pages: the platform's pages as a browser without scripts asks for them"""

import html
import http.client
import os
import re
import ssl
import urllib.parse

HOST = 'itax.lab'


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body

    def value(self, name):
        """Of the first field of this name."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        if not found:
            raise AssertionError(f'no {name} in {self.text}')
        return html.unescape(found.group(1))

    @property
    def alert(self):
        found = re.search(r'role="alert">(.*?)</p>', self.text, re.DOTALL)
        return html.unescape(re.sub(r'<[^>]*>', '', found.group(1))) if found else None


class Browser:
    """Keeps cookies, sends the csrf field of the page it saw last, follows no redirection."""

    def __init__(self):
        self.cookies, self.page = {}, None

    def ask(self, method, path, body=None, headers=None):
        lines = {'Accept': 'text/html', **(headers or {})}
        if self.cookies:
            lines['Cookie'] = '; '.join(f'{name}={value}' for name, value in self.cookies.items())
        context = ssl.create_default_context(cafile=os.environ['ITAX_CA'])
        connection = http.client.HTTPSConnection(HOST, timeout=60, context=context)
        try:
            connection.request(method, path, body, lines)
            answer = connection.getresponse()
            for line in answer.headers.get_all('Set-Cookie', []):
                name, value = line.split(';')[0].split('=', 1)
                if value:
                    self.cookies[name] = value
                else:
                    self.cookies.pop(name, None)
            page = Page(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()
        if 'name="csrf"' in page.text:
            self.page = page
        return page

    def get(self, path):
        return self.ask('GET', path)

    def post(self, path, **form):
        body = urllib.parse.urlencode({'csrf': self.page.value('csrf'), **form})
        return self.ask('POST', path, body, {'Content-Type': 'application/x-www-form-urlencoded',
                                             'Origin': os.environ['ITAX_ISSUER']})

    def log_in(self, account, password):
        self.get('/login')
        page = self.post('/login', account=account, password=password)
        if page.status != 303:
            raise AssertionError(f'{page.status} {page.text}')
        return page
