#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the bus itself lets through to itaxd: these methods, one by one, and nothing else

itaxd refuses on its own besides (tests/unit/test-query.c); here the policy file is what is tried."""

import subprocess

from e2e import case, contains, lacks, main

NAME, PATH, MANAGER = 'org.itax.Auth1', '/org/itax/Auth1', 'org.itax.Auth1.Manager'
BY_THE_BUS = 'Rejected send message'


def send(user, member, *arguments, path=PATH, interface=MANAGER, kind='method_call'):
    """What dbus-send of @user says."""
    become = [] if user == 'root' else ['setpriv', f'--reuid={user}', '--regid=nogroup', '--clear-groups', '--']
    result = subprocess.run([*become, 'dbus-send', '--system', '--print-reply', '--reply-timeout=10000', f'--type={kind}',
                             f'--dest={NAME}', path, f'{interface}.{member}', *arguments],
                            capture_output=True, text=True, timeout=30, check=False)
    return result.stdout + result.stderr


@case('everybody reaches the methods of a login and of his sessions')  # threats 30
def everybody():
    for user in ('root', 'jia', 'nobody'):
        for member in ('OpenLogin', 'CheckAccount', 'OpenSession', 'CloseSession'):
            # A wrong argument: itaxd says so, which the bus would not have let it.
            said = send(user, member, 'uint32:1')
            lacks(said, BY_THE_BUS)
            contains(said, 'InvalidArgs')
        lacks(send(user, 'ListSessions'), 'Error')


@case('what an account would get is told to root alone, by the bus already')  # threats 20, 30
def simulate():
    contains(send('jia', 'Simulate', 'uint32:1'), BY_THE_BUS)
    contains(send('nobody', 'Simulate', 'uint32:1'), BY_THE_BUS)
    lacks(send('root', 'Simulate', 'uint32:1'), BY_THE_BUS)


@case('nothing else reaches it: no other member, path or interface, no signal')  # threats 23, 30
def nothing_else():
    for member, more in (('CloseLogin', {}), ('Introspect', {'interface': 'org.freedesktop.DBus.Introspectable'}),
                         ('Get', {'interface': 'org.freedesktop.DBus.Properties'}),
                         ('Ping', {'interface': 'org.freedesktop.DBus.Peer'}),
                         ('Next', {'interface': 'org.itax.Auth1.Login', 'path': f'{PATH}/Login'}),
                         ('OpenLogin', {'path': '/'}), ('OpenLogin', {'interface': 'org.itax.Auth1.Other'})):
        contains(send('nobody', member, **more), BY_THE_BUS)
    # A signal has no answer; that it is refused shows in nothing happening.
    send('nobody', 'Granted', kind='signal')
    lacks(send('nobody', 'ListSessions'), 'Error')


@case('nobody takes the name')  # threats 22
def the_name():
    result = subprocess.run(['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--', 'dbus-send', '--system',
                             '--print-reply', '--dest=org.freedesktop.DBus', '/org/freedesktop/DBus',
                             'org.freedesktop.DBus.RequestName', f'string:{NAME}', 'uint32:7'],
                            capture_output=True, text=True, timeout=30, check=False)
    contains(result.stderr, 'AccessDenied')


main()
