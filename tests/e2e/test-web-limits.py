#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that are slow, huge or many: the platform ends them, grows by little, and serves everybody else meanwhile"""

import os
import socket
import ssl
import threading
import time

import api
from e2e import case, equal, main, pids

DRIPS = 60
HEADS = (b'GET /healthz HTTP/1.1\r\nHost: itax.lab\r\n', b'POST /oauth2/challenge HTTP/1.1\r\nHost: itax.lab\r\n'
         b'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n', b'')


def connect(source='127.0.0.1'):
    context = ssl.create_default_context(cafile=os.environ['ITAX_CA'])
    plain = socket.create_connection((api.HOST, 443), timeout=60, source_address=(source, 0))
    return context.wrap_socket(plain, server_hostname=api.HOST)


def resident_kilobytes():
    with open(f'/proc/{pids("itax-backend")[0]}/status', encoding='ascii') as file:
        return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))


def serves(what):
    begin = time.monotonic()
    equal(api.ask('GET', '/healthz').status, 200, what)
    equal(api.password('ceshi_jia', 'Jia-pass1').status, 200, what)
    if time.monotonic() - begin > 10:
        raise AssertionError(f'{what}: {time.monotonic() - begin:.1f} s')


@case('requests that come a byte a second are closed within a minute; others are served meanwhile')  # threats 113
def drips():
    sockets = []
    for number in range(DRIPS):
        wrapped = connect(f'127.0.0.{10 + number % 3}')
        wrapped.sendall(HEADS[number % 3])
        sockets.append(wrapped)
    begin, seconds = time.monotonic(), {}

    def drip(number, wrapped):
        wrapped.settimeout(1)
        try:
            while time.monotonic() - begin < 100:
                wrapped.sendall(b'x' if number % 3 == 1 else b'X')
                try:
                    if wrapped.recv(4096) == b'':
                        break
                except TimeoutError:
                    continue
        except OSError:
            pass
        seconds[number] = time.monotonic() - begin
        wrapped.close()
    threads = [threading.Thread(target=drip, args=pair) for pair in enumerate(sockets)]
    for thread in threads:
        thread.start()
    serves('while they drip')
    for thread in threads:
        thread.join(120)
    if len(seconds) < DRIPS or max(seconds.values()) > 60:
        raise AssertionError(f'{len(seconds)} ended, the last after {max(seconds.values()):.0f} s')
    serves('afterwards')


@case('a body of 100 MB is not read to its end, and nothing of it stays')  # threats 113
def huge():
    before = resident_kilobytes()
    for announced in (True, False):
        wrapped = connect()
        head = b'POST /oauth2/challenge HTTP/1.1\r\nHost: itax.lab\r\nContent-Type: application/x-www-form-urlencoded\r\n'
        wrapped.sendall(head + (b'Content-Length: 104857600\r\n\r\n' if announced else b'Transfer-Encoding: chunked\r\n\r\n'))
        sent, piece = 0, b'x' * 65536
        try:
            while sent < 104857600:
                wrapped.sendall(piece if announced else b'10000\r\n' + piece + b'\r\n')
                sent += len(piece)
        except OSError:
            pass
        wrapped.close()
        if sent > 16 * 1048576:  # what the buffers on the way take
            raise AssertionError(f'{sent} bytes were taken')
    if resident_kilobytes() - before > 32768:
        raise AssertionError(f'{resident_kilobytes() - before} kB more')
    serves('afterwards')


@case('a form of a hundred thousand fields, one of as many as fit, and a head of 100 kB are refused')  # threats 113
def many():
    before = resident_kilobytes()
    for count, length in ((100000, 700000), (16000, 65000)):
        body = '&'.join(f'{number:x}=' for number in range(count))[:length]
        begin = time.monotonic()
        wrapped = connect()
        wrapped.sendall(b'POST /oauth2/challenge HTTP/1.1\r\nHost: itax.lab\r\nConnection: close\r\n'
                        b'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n' % len(body))
        answer = b''
        try:
            wrapped.sendall(body.encode())
            while piece := wrapped.recv(65536):
                answer += piece
        except OSError:
            pass
        equal(answer.split(b' ')[1] in (b'400', b'413'), True, answer[:200])
        if time.monotonic() - begin > 10:
            raise AssertionError(f'{count} fields: {time.monotonic() - begin:.1f} s')
    wrapped = connect()
    wrapped.sendall(b'GET /healthz HTTP/1.1\r\nHost: itax.lab\r\n' + b''.join(b'X-%d: %s\r\n' % (n, b'y' * 90) for n in range(1000)))
    answer = wrapped.recv(4096)
    equal(answer.split(b' ')[1] in (b'400', b'431', b'413'), True, answer[:200])
    wrapped.close()
    if resident_kilobytes() - before > 32768:
        raise AssertionError(f'{resident_kilobytes() - before} kB more')
    serves('afterwards')


@case('one address that holds all connections it may have keeps no other address out')  # threats 113
def crowd():
    held = []
    try:
        for _ in range(600):
            plain = socket.socket()
            plain.settimeout(20)
            plain.bind(('127.0.0.99', 0))
            plain.connect((api.HOST, 443))
            held.append(plain)
        serves('while one holds six hundred')
    finally:
        for plain in held:
            plain.close()


main(environment={'ITAX_LAB_PHONES': '0', 'ITAX_LAB_BACKEND_OPTIONS': '--max-connections 700 --max-per-address 400'})
