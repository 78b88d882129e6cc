# SPDX-License-Identifier: LGPL-2.1-or-later
"""api: the platform as a workstation of the lab asks it, without itaxd in between"""

import base64
import hashlib
import http.client
import json
import os
import ssl
import urllib.parse

CLIENT_ID, HOST = 'lab-workstation', 'itax.lab'
DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
VERIFIER = 'v' * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b'=').decode()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def ask(method, path, form=None, headers=None, seconds=30):
    """One request over a connection of its own. OSError or HTTPException when there is no whole answer."""
    key = base64.b64encode(f'{CLIENT_ID}:{os.environ["ITAX_CLIENT_SECRET"]}'.encode()).decode()
    lines = {'Authorization': f'Basic {key}', **(headers or {})}
    body = None
    if form is not None:
        body = urllib.parse.urlencode({'client_id': CLIENT_ID, **form})
        lines['Content-Type'] = 'application/x-www-form-urlencoded'
    context = ssl.create_default_context(cafile=os.environ['ITAX_CA'])
    connection = http.client.HTTPSConnection(HOST, timeout=seconds, context=context)
    try:
        connection.request(method, path, body, lines)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def device(**form):
    """A new QR login."""
    answer = ask('POST', '/oauth2/device', {'scope': 'openid', **form})
    if answer.status != 200:
        raise AssertionError(f'{answer.status} {answer.body}')
    return answer.json


def poll(code, **form):
    return ask('POST', '/oauth2/token', {'grant_type': DEVICE_GRANT, 'device_code': code, **form})


def password(username, word):
    """What the platform says to an account password."""
    return ask('POST', '/oauth2/challenge', {'username': username, 'password': word, 'code_challenge': CHALLENGE,
                                             'code_challenge_method': 'S256'})
