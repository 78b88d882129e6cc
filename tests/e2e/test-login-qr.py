#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""login(1) with the QR code: what stands on the screen is scanned from there, as a phone does"""

import re

from e2e import (ACCOUNT, ENGLISH, PASSWORD, UNIT, UNIT_1, UNIT_3, UNITS, Terminal, case, contains, equal, lacks, main, phone, wait_until)

PROMPT = r'\$ $'


def begin(**how):
    """login, and Enter at the account prompt; the address that was scanned from the screen."""
    terminal = Terminal(['login'], **how)
    terminal.answer(ACCOUNT, '')
    return terminal, terminal.wait_for_code()


def shell_is_of(terminal, user, unit):
    terminal.answer(PROMPT, 'printf "<%s>" "$(id -un)" "$ITAX_UNIT" "$ITAX_UNIT_NAME" "$ITAX_METHOD"')
    found = terminal.expect('<([^>%]+)><([^>%]+)><([^>%]+)><([^>%]+)>').groups()
    equal(found, (user, unit, UNITS[unit]['name'], 'qr'))


@case('scan, confirm, and the login goes on by itself, without a key pressed')
def straight():
    terminal, address = begin()
    with terminal:
        contains(address, r'^HTTPS://ITAX\.LAB/Q/[0-9A-Z]{8}$')
        code = address[-8:]
        contains(terminal.text, 'personal income tax app', rf'itax\.lab[^\n]*{code}')
        page = phone('jia', 'scan', address)
        contains(page, r'Host: +lab', r'Service: +login', r'Terminal: +(/dev/)?pts/\d', r'Asked at: +20\d\d-')
        terminal.expect('Scanned. Please confirm on the phone')
        contains(phone('jia', 'confirm', address), 'Confirmed')
        shell_is_of(terminal, 'jia', UNIT_1)
        lacks(terminal.text, 'digits')


@case('the picture is scanned on a dark and on a light terminal, of 80 columns and 24 lines, with its address')
def grounds():
    terminal, address = begin(columns=80, rows=24)
    with terminal:
        for ground in ('dark', 'light'):
            equal(terminal.scan(ground), [address], ground)
        shown = '\n'.join(terminal.screen.display)
        contains(shown, 'personal income tax app', address[-8:])


@case('confirmed without being scanned first')
def confirm_only():
    terminal, address = begin()
    with terminal:
        phone('wu', 'confirm', address)
        shell_is_of(terminal, 'wu', UNIT_3)


@case('a person with several units is asked for one after the phone')
def several_units():
    terminal, address = begin()
    with terminal:
        phone('yi', 'confirm', address)
        terminal.answer(UNIT, '3')
        shell_is_of(terminal, 'yi', UNIT_3)


@case('refused on the phone: back to the first question, with words; the password still works')
def refused():
    terminal, address = begin()
    with terminal:
        phone('jia', 'scan', address)
        contains(phone('jia', 'refuse', address), 'Refused')
        terminal.expect('refused on the phone')
        terminal.answer(ACCOUNT, 'ceshi_jia')
        terminal.secret(PASSWORD, 'Jia-pass1')
        terminal.expect(PROMPT)
        contains(phone('jia', 'confirm', address, status=1), 'already')


@case('a code that was confirmed is worth nothing afterwards')
def used():
    terminal, address = begin()
    with terminal:
        phone('jia', 'confirm', address)
        terminal.expect(PROMPT)
        contains(phone('jia', 'confirm', address, status=1), 'already|does not know|too old')


@case('the phone of a different person: refused on both sides, nothing granted')
def wrong_person():
    with Terminal(['login', 'jia']) as terminal:
        terminal.expect(PASSWORD)
        terminal.until(terminal._echo_is_off, 'echo off')
        terminal.send('\n')
        address = terminal.wait_for_code()
        contains(phone('yi', 'confirm', address, status=1), 'for another account')
        terminal.expect(r'phone\s+of\s+somebody\s+else')
        terminal.expect('Login incorrect')
        lacks(terminal.text, r'\$ $')
        contains(phone('jia', 'confirm', address, status=1), 'already|does not know|too old')


@case('the phone of the right person, when login was given the user')
def right_person():
    with Terminal(['login', 'jia']) as terminal:
        terminal.expect(PASSWORD)
        terminal.until(terminal._echo_is_off, 'echo off')
        terminal.send('\n')
        address = terminal.wait_for_code()
        contains(phone('jia', 'scan', address), r'Account: +ce\*+')
        phone('jia', 'confirm', address)
        shell_is_of(terminal, 'jia', UNIT_1)


@case('a disabled account confirms nothing')
def disabled():
    terminal, address = begin()
    with terminal:
        contains(phone('tingyong', 'confirm', address, status=1), 'disabled')
        terminal.until(lambda: terminal.scan() == [address], 'the code is on the screen')


@case('^C while the code stands ends the login, and the daemon lets go of it')
def interrupted():
    terminal, address = begin()
    with terminal:
        terminal.send('\x03')
        terminal.ended()

    def forgotten():
        with open('/run/itax-lab/itaxd.log', encoding='utf-8', errors='replace') as file:
            return re.search(r'client-gone', file.read())
    wait_until(forgotten, 'itaxd notices')
    phone('jia', 'confirm', address)  # confirms something that nobody redeems any more


main(environment=ENGLISH)
