#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The running platform against doc/platform-api.yaml, the way somebody checks it who has only that file

Requests are drawn from the schemas of the description: what it allows, what lies at its limits, and what it forbids. Every answer
has to have a status, a content type and a body that the description knows for that request; a member that it does not know
is a fault as well. In the end each status that is described was seen. Draws are the same in every run."""

import base64
import concurrent.futures
import copy
import http.client
import json
import os
import re
import sqlite3
import ssl
import urllib.parse

import hypothesis
import hypothesis.strategies as st
import jsonschema
import yaml

import api
from e2e import ACCOUNTS, STORE, TREE, UNIT_1, UNIT_2, UNIT_3, case, equal, main, unlock

FORM = 'application/x-www-form-urlencoded'
DRAWS = 40
with open(f'{TREE}/doc/platform-api.yaml', encoding='utf-8') as _file:
    API = yaml.safe_load(_file)
METHODS = ('get', 'post', 'put', 'delete', 'patch')
# Of a unit's verification: what is not of the method that was asked for is not looked at.
METHOD_OF = {**dict.fromkeys(('password', 'captcha_id', 'captcha_answer', 'refresh'), 'declaration_password'),
             **dict.fromkeys(('challenge', 'algorithm', 'signature', 'certificates'), 'ca')}
seen = set()


def closed(node):
    """The same schema, in which an object has no other members than the described ones."""
    if isinstance(node, dict):
        node = {key: closed(value) for key, value in node.items()}
        if node.get('type') == 'object' and '$ref' not in node and not isinstance(node.get('type'), dict):
            node.setdefault('additionalProperties', False)
            node.setdefault('properties', {})
        return node
    return [closed(value) for value in node] if isinstance(node, list) else node


ANSWERS = {'components': {'schemas': closed(copy.deepcopy(API['components']['schemas']))}}
RESOLVER = jsonschema.RefResolver('', ANSWERS)


def resolved(node):
    """What a $ref of the description stands for."""
    while '$ref' in node:
        found = API
        for word in node['$ref'].removeprefix('#/').split('/'):
            found = found[word]
        node = {**found, **{key: value for key, value in node.items() if key != '$ref'}}
    return node


def no_twice(pairs):
    equal(len(pairs), len(dict(pairs)), f'members twice in {pairs}')
    return dict(pairs)


def depth(value):
    if isinstance(value, (dict, list)):
        return 1 + max([depth(item) for item in (value.values() if isinstance(value, dict) else value)] or [0])
    return 0


class Operation:
    def __init__(self, method, path, about):
        self.method, self.path, self.about, self.id = method, path, about, about['operationId']
        content = about.get('requestBody', {}).get('content', {})
        self.schema = resolved(content[FORM]['schema']) if content else None
        self.bearer = any('bearer' in way for way in about['security'])

    def address(self, **values):
        return re.sub(r'{(\w+)}', lambda match: urllib.parse.quote(values[match.group(1)], safe=''), self.path)

    def ask(self, form=None, values=None, token=None, headers=None, body=None):
        """Send a request, check the answer by the description, return (status, JSON)."""
        lines = dict(headers or {})
        if token:
            lines['Authorization'] = f'Bearer {token}'
        if body is None and self.schema is not None:
            body = urllib.parse.urlencode(form or {}, doseq=True)
        if body is not None:
            lines.setdefault('Content-Type', FORM)
        context = ssl.create_default_context(cafile=os.environ['ITAX_CA'])
        connection = http.client.HTTPSConnection(api.HOST, timeout=60, context=context)
        try:
            connection.request(self.method.upper(), self.address(**(values or {})), body, lines)
            answer = connection.getresponse()
            return self.check(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def check(self, status, headers, body):
        what = f'{self.id} {status} {body[:300]}'
        described = self.about['responses'].get(str(status))
        if described is None:
            raise AssertionError(f'not described: {what}')
        content = resolved(described)['content']
        kind = headers.get('Content-Type', '').split(';')[0]
        if kind not in content:
            raise AssertionError(f'content type {kind}: {what}')
        if len(body) > 65536:
            raise AssertionError(f'{len(body)} bytes: {what}')
        value = json.loads(body.decode('utf-8'), object_pairs_hook=no_twice)
        if depth(value) > 8:
            raise AssertionError(f'deep: {what}')
        jsonschema.Draft202012Validator(closed(content[kind]['schema']), resolver=RESOLVER).validate(value)
        if status == 401:
            # RFC 6749 section 5.2, RFC 6750 section 3
            equal(headers.get('WWW-Authenticate', '').split(' ')[0], 'Bearer' if self.bearer else 'Basic', what)
        if self.id not in ('metadata', 'health'):
            equal(headers.get('Cache-Control'), 'no-store', what)  # RFC 6749 section 5.1, RFC 8628
        seen.add((self.id, str(status)))
        return status, value


OPERATIONS = {about['operationId']: Operation(method, path, about)
              for path, item in API['paths'].items() for method, about in item.items() if method in METHODS}


def text_for(schema):
    """A strategy for values that @schema, of one member of a form, allows."""
    schema = resolved(schema)
    if 'const' in schema:
        return st.just(schema['const'])
    if 'enum' in schema:
        return st.sampled_from(schema['enum'])
    if schema.get('type') == 'integer':
        return st.sampled_from([schema['minimum'], schema['maximum']]) | st.integers(schema['minimum'], schema['maximum'])
    least, most = schema.get('minLength', 0), schema.get('maxLength', 64)
    if 'pattern' in schema:
        drawn = st.from_regex(re.compile(schema['pattern'].replace('$', r'\Z'), re.ASCII))
        return drawn.filter(lambda text: least <= len(text) <= most)
    letters = st.characters(blacklist_categories=('Cs', 'Cc'))
    return st.text(letters, min_size=least, max_size=min(most, 64)) | st.just('字' * (most // 3)).filter(lambda text: len(text) >= least)


def wrong_for(schema):
    """Values that @schema forbids. Not the empty one: it counts as none (RFC 6749 section 3.1)."""
    schema = resolved(schema)
    if 'const' in schema or 'enum' in schema:
        return ['x', 'S256 ', 'CAPTCHA']
    if schema.get('type') == 'integer':
        return ['-1', str(schema['maximum'] + 1), '1.5', 'x', '1e1', '0x1', ' 1', '99999999999999999999']
    wrong = []
    if 'maxLength' in schema:
        wrong += ['a' * (schema['maxLength'] + 1), 'a' * (schema['maxLength'] + 1000)]
    if 'pattern' in schema:
        wrong += [text for text in (' ', 'a b', 'ä', '\x7f', '%00', 'a\n') if not re.search(schema['pattern'].replace('$', r'\Z'), text)]
    return wrong


def right_forms(schema):
    required = schema.get('required', [])
    return st.fixed_dictionaries({name: text_for(schema['properties'][name]) for name in required},
                                 optional={name: text_for(about) for name, about in schema['properties'].items()
                                           if name not in required and name != 'wait'})


def drawn(strategy, count=DRAWS):
    """Always the same draws."""
    found = []

    @hypothesis.settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[hypothesis.Phase.generate],
                         suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(strategy)
    def gather(value):
        found.append(value)
    gather()
    return found


def basic(client=api.CLIENT_ID, secret=None):
    secret = os.environ['ITAX_CLIENT_SECRET'] if secret is None else secret
    return {'Authorization': 'Basic ' + base64.b64encode(f'{client}:{secret}'.encode()).decode()}


def token_of(user, client='itax-app'):
    """An access token, by password."""
    account = ACCOUNTS[user]
    unlock(user)
    form = {'client_id': client, 'username': account['login_name'], 'password': account['password'],
            'code_challenge': api.CHALLENGE, 'code_challenge_method': 'S256'}
    headers = basic() if client == api.CLIENT_ID else {}
    status, answer = OPERATIONS['challenge'].ask(form, headers=headers)
    equal(status, 200, str(answer))
    status, answer = OPERATIONS['token'].ask({'client_id': client, 'grant_type': 'authorization_code',
                                              'code': answer['authorization_code'], 'code_verifier': api.VERIFIER}, headers=headers)
    equal(status, 200, str(answer))
    return answer['access_token']


def token_for(operation, user='jia'):
    """The phone app's operations and a workstation's each want a token of their own."""
    return token_of(user, 'itax-app' if 'phone' in operation.about['tags'] else api.CLIENT_ID)


def change_store(sql, *values):
    connection = sqlite3.connect(f'file:{STORE.PATH}?mode=rw', uri=True, timeout=20)
    with connection:
        connection.execute(sql, values)
    connection.close()


def device(**form):
    status, answer = OPERATIONS['device'].ask({'client_id': api.CLIENT_ID, **form}, headers=basic())
    equal(status, 200, str(answer))
    return answer


def poll(code, **form):
    return OPERATIONS['token'].ask({'client_id': api.CLIENT_ID, 'grant_type': api.DEVICE_GRANT, 'device_code': code, **form},
                                   headers=basic())


@case('the description is an OpenAPI 3.1 document whose schemas are JSON Schemas, and every operation says how it is protected')
def description():
    equal(API['openapi'].split('.')[:2], ['3', '1'])
    for name, schema in API['components']['schemas'].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        equal(name[0].isupper(), True, name)
    for operation in OPERATIONS.values():
        equal('security' in operation.about, True, operation.id)
        for status, answer in operation.about['responses'].items():
            equal([status, list(resolved(answer)['content'])], [status, [kind for kind in resolved(answer)['content']
                                                                        if kind in ('application/json', 'application/problem+json')]])


@case('the check finds an answer of another status, type or form, an unknown member, and one twice')
def finds():
    health = OPERATIONS['health']
    kind = {'Content-Type': 'application/json'}
    health.check(200, kind, b'{"status":"ok"}')
    for status, headers, body in ((201, kind, b'{"status":"ok"}'), (200, {'Content-Type': 'text/html'}, b'{"status":"ok"}'),
                                  (200, kind, b'{"status":"OK"}'), (200, kind, b'{}'), (200, kind, b'{"status":"ok","x":1}'),
                                  (200, kind, b'{"status":"ok","status":"ok"}'), (200, kind, b'\xff'), (200, kind, b'')):
        try:
            health.check(status, headers, body)
        except (AssertionError, ValueError, jsonschema.ValidationError):
            continue
        raise AssertionError(f'not found: {status} {headers} {body}')
    seen.clear()


@case('metadata and health are as described, and say where the described addresses are')
def metadata():
    status, answer = OPERATIONS['metadata'].ask()
    equal(status, 200)
    equal(OPERATIONS['health'].ask()[0], 200)
    described = {f'{answer["issuer"]}{path}' for path in API['paths']}
    for name, address in answer.items():
        if name.endswith('_endpoint'):
            equal(address in described, True, f'{name} {address}')
    context = ssl.create_default_context(cafile=os.environ['ITAX_CA'])
    connection = http.client.HTTPSConnection(api.HOST, timeout=60, context=context)
    connection.request('DELETE', '/.well-known/oauth-authorization-server')
    reply = connection.getresponse()
    equal(OPERATIONS['metadata'].check(reply.status, reply.headers, reply.read())[0], 405)
    connection.close()


def with_form():
    return [operation for operation in OPERATIONS.values() if operation.schema is not None]


def prepared(operation):
    """(path values, token, headers) with which only the form decides."""
    if operation.bearer:
        return {'code': UNIT_1, 'user_code': 'AAAAAAAA'}, token_for(operation), {}
    return {}, None, basic()


@case('whatever the description allows in a form is answered as it describes')
def allowed():
    for operation in with_form():
        values, token, headers = prepared(operation)
        for form in drawn(right_forms(operation.schema)):
            if 'client_id' in form:
                form['client_id'] = api.CLIENT_ID
                form.pop('client_secret', None)
            operation.ask(form, values, token, headers)


@case('whatever it forbids in a form is refused: too long, too short, of other characters, twice, missing')
def forbidden():
    for operation in with_form():
        values, token, headers = prepared(operation)
        properties = operation.schema['properties']
        right = [form for form in drawn(right_forms(operation.schema), 3)][0]
        right.pop('client_secret', None)
        if 'client_id' in properties:
            right['client_id'] = api.CLIENT_ID
        for name, about in properties.items():
            for value in wrong_for(about):
                if (operation.id, name) == ('revoke', 'token') and len(value) < 4096:
                    continue  # no token at all is as good as ended (RFC 7009 section 2.2)
                method = {'method': METHOD_OF[name]} if operation.id == 'verifyUnit' and name in METHOD_OF else {}
                status, answer = operation.ask({**right, **method, name: value}, values, token, headers)
                equal(status in (400, 401, 403, 413), True, f'{operation.id} {name}={value[:60]!r}: {status} {answer}')
            if name in right:
                status, answer = operation.ask({**right, name: [right[name], right[name]]}, values, token, headers)
                equal(status in (400, 401), True, f'{operation.id} {name} twice: {status} {answer}')
        for name in operation.schema.get('required', []):
            form = {key: value for key, value in right.items() if key != name}
            status, answer = operation.ask(form, values, token, {} if name == 'client_id' else headers)
            equal(status in (400, 401), True, f'{operation.id} without {name}: {status} {answer}')


@case('a body that is no form, not UTF-8 or too large is refused as described')
def bodies():
    for operation in with_form():
        values, token, headers = prepared(operation)
        for body, kind in ((b'{}', 'application/json'), (b'a=b', 'text/plain'), (b'client_id=\xff\xfe', FORM),
                           (b'client_secret=%00', FORM), (b'a=' + b'b' * 70000, FORM)):
            status, answer = operation.ask(None, values, token, {**headers, 'Content-Type': kind}, body)
            equal(status in (400, 401, 403, 413), True, f'{operation.id} {body[:20]} {kind}: {status} {answer}')
            if len(body) > 65536:
                equal(status, 413, operation.id)


@case('without a key, with a wrong one, or with an old one nobody is let in anywhere')
def strangers():
    for operation in OPERATIONS.values():
        values = {'code': UNIT_1, 'user_code': 'AAAAAAAA'}
        if operation.bearer:
            for headers in ({}, {'Authorization': 'Bearer x'}, {'Authorization': 'Basic eDp5'}, {'Authorization': 'Bearer ' + 'x' * 43}):
                equal(operation.ask({}, values, None, headers)[0], 401, f'{operation.id} {headers}')
        elif operation.schema is not None:
            form = {**[form for form in drawn(right_forms(operation.schema), 2)][0], 'client_id': api.CLIENT_ID}
            form.pop('client_secret', None)
            for headers in ({}, basic(secret='wrong'), basic('nobody')):
                equal(operation.ask(form, values, None, headers)[0], 401, f'{operation.id} {headers}')
    gone = token_of('yi')
    equal(OPERATIONS['revoke'].ask({'client_id': 'itax-app', 'token': gone})[0], 200)
    equal(OPERATIONS['userinfo'].ask(token=gone)[0], 401)


@case('paths of nothing that is there are not found')
def nothing():
    for operation in OPERATIONS.values():
        if '{' not in operation.path:
            continue
        token = token_for(operation, 'yi')  # a phone that misses often is stopped
        parameter = resolved(operation.about['parameters'][0])
        for value in drawn(text_for(parameter['schema']), 8):
            form = {'method': 'relation'} if operation.schema else None
            status, answer = operation.ask(form, {parameter['name']: value}, token)
            equal(status in ((403, 404) if operation.id == 'verifyUnit' else (404,)), True, f'{operation.id} {value} {status} {answer}')


@case('a QR login by its whole way: shown, scanned, confirmed, redeemed, refused, decided, too old, another person\'s')
def qr():
    show, scan, confirm, refuse = (OPERATIONS[f'{verb}Device'] for verb in ('show', 'scan', 'confirm', 'refuse'))
    jia, ji = token_of('jia'), token_of('ji')
    begun = device(host='ws01', service='login', terminal='tty1', remote_host='', binding='digits')
    where = {'user_code': begun['user_code']}
    equal(show.ask(values=where, token=jia)[1]['state'], 'pending')
    equal(poll(begun['device_code'])[1]['state'], 'pending')
    equal(scan.ask(values=where, token=jia)[1]['state'], 'scanned')
    equal(scan.ask(values=where, token=ji)[0] in (403, 409), True)
    equal(poll(begun['device_code'], wait='5', seen='pending')[1]['state'], 'scanned')
    digits = confirm.ask(values=where, token=jia)[1]['digits']
    wrong = f'{(int(digits) + 1) % 1000000:06d}'
    equal(poll(begun['device_code'], digits=wrong)[1]['error'], 'invalid_digits')
    status, answer = poll(begun['device_code'], digits=digits)
    equal((status, answer['userinfo']['preferred_username']), (200, ACCOUNTS['jia']['login_name']))
    for operation in (scan, confirm, refuse):
        equal(operation.ask(values=where, token=jia)[0] in (409, 410), True, operation.id)

    begun = device()
    where = {'user_code': begun['user_code']}
    equal(refuse.ask(values=where, token=jia)[0], 200)
    equal(poll(begun['device_code'])[1], {'error': 'access_denied', 'reason': 'refused', **{
        key: value for key, value in poll(begun['device_code'])[1].items() if key == 'error_description'}})
    for operation in (scan, confirm, refuse):
        equal(operation.ask(values=where, token=jia)[0], 409, operation.id)

    for operation in (show, scan, confirm, refuse):
        begun = device(login_hint=ACCOUNTS['jia']['login_name'])
        equal(operation.ask(values={'user_code': begun['user_code']}, token=ji)[0], 403, operation.id)
        begun = device()
        change_store("UPDATE device SET expires_at = 1 WHERE user_code = ?", begun['user_code'])
        equal(operation.ask(values={'user_code': begun['user_code']}, token=ji)[0], 200 if operation is show else 410, operation.id)


@case('a unit: relation, declaration password right and wrong, a challenge, the lists')
def unit():
    jia, yi = (token_of(user, api.CLIENT_ID) for user in ('jia', 'yi'))
    equal(OPERATIONS['userinfo'].ask(token=jia)[0], 200)
    equal(OPERATIONS['units'].ask(token=yi)[0], 200)
    verify = OPERATIONS['verifyUnit']
    equal(verify.ask({'method': 'relation'}, {'code': UNIT_1}, jia)[0], 200)
    equal(verify.ask({'method': 'relation'}, {'code': 'A' * 18}, jia)[0] in (403, 404), True)
    codes = [entry['code'] for entry in OPERATIONS['units'].ask(token=yi)[1]['units']]
    for code in codes:
        verify.ask({'method': 'declaration_password', 'password': 'Wrong-declare'}, {'code': code}, yi)
        verify.ask({'method': 'declaration_password', 'refresh': 'captcha'}, {'code': code}, yi)
        verify.ask({'method': 'ca'}, {'code': code}, yi)
        OPERATIONS['challengeUnit'].ask(values={'code': code}, token=yi)
    for user in ('jia', 'yi', 'bing'):
        token = token_of(user, api.CLIENT_ID)
        for code in (UNIT_1, UNIT_2, UNIT_3):
            OPERATIONS['challengeUnit'].ask(values={'code': code}, token=token)


@case('a new password: weak, the same, wrong, then right')
def password():
    change, token, old = OPERATIONS['changePassword'], token_of('jia', api.CLIENT_ID), ACCOUNTS['jia']['password']
    equal(change.ask({'current_password': old, 'new_password': 'x'}, token=token)[0], 403)
    equal(change.ask({'current_password': old, 'new_password': old}, token=token)[0], 403)
    equal(change.ask({'current_password': old, 'new_password': 'Fresh-pass77'}, token=token)[0], 200)
    equal(change.ask({'current_password': 'Fresh-pass77', 'new_password': old}, token=token)[0], 200)
    equal(change.ask({'current_password': 'Wrong-pass1', 'new_password': 'Fresh-pass78'}, token=token)[0], 403)
    equal(change.ask({}, token=token)[0], 400)


@case('a store that cannot be written to is told by 503, and nothing else is')
def away():
    token = token_of('yi', api.CLIENT_ID)
    begun = device()
    connection = sqlite3.connect(f'file:{STORE.PATH}?mode=rw', uri=True, timeout=20, isolation_level=None)
    connection.execute('BEGIN EXCLUSIVE')
    asked = [('challenge', {'form': {'client_id': api.CLIENT_ID, 'username': 'ceshi_jia', 'password': 'Jia-pass1',
                                     'code_challenge': api.CHALLENGE, 'code_challenge_method': 'S256'}, 'headers': basic()}),
             ('device', {'form': {'client_id': api.CLIENT_ID}, 'headers': basic()}),
             ('token', {'form': {'client_id': api.CLIENT_ID, 'grant_type': api.DEVICE_GRANT, 'device_code': begun['device_code']},
                        'headers': basic()}),
             ('changePassword', {'form': {'current_password': 'Yi-pass22', 'new_password': 'Fresh-pass77'}, 'token': token}),
             ('challengeUnit', {'values': {'code': UNIT_2}, 'token': token})]
    try:
        with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
            for name, answer in [(name, pool.submit(OPERATIONS[name].ask, **words)) for name, words in asked]:
                equal(answer.result()[0], 503, name)
    finally:
        connection.execute('ROLLBACK')
        connection.close()


@case('every status that is described was seen, but for those that are listed here')
def complete():
    described = {(operation.id, status) for operation in OPERATIONS.values() for status in operation.about['responses']}
    # The store has to be gone altogether, or each of them would wait for it: tests/e2e/test-postgres.py.
    not_seen = {(name, '503') for name in ('health', 'userinfo', 'revoke', 'units', 'verifyUnit', 'showDevice', 'scanDevice',
                                           'confirmDevice', 'refuseDevice')}
    equal(sorted(described - seen), sorted(not_seen))


main(environment={'ITAX_LAB_PHONES': '0', 'ITAX_LAB_BACKEND_OPTIONS': '--max-failures-per-source 0'})
