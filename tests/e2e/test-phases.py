#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The phases of the roll-out, each in a lab of its own (spec.md 3.4)

usage: test-phases.py [dual|realname]; without, both. Phase relation is what all other tests run in."""

import os
import subprocess
import sys

from e2e import (ACCOUNT, ENGLISH, PASSWORD, UNIT, UNIT_1, UNIT_PASSWORD, Try, case, contains, equal, lacks, main)


def begin(account, password):
    attempt = Try()
    attempt.echo(ACCOUNT, account)
    attempt.secret(PASSWORD, password)
    return attempt


def dual():
    @case('phase dual: a person with a relation types the declaration password all the same')
    def relation_is_not_enough():
        attempt = begin('ceshi_jia', 'Jia-pass1')
        attempt.secret(UNIT_PASSWORD, 'Declare-1')
        attempt.end('PAM_SUCCESS')
        equal(attempt.env['ITAX_UNIT'], UNIT_1)

    @case('phase dual: without the declaration password nobody gets in')
    def without_password():
        attempt = begin('ceshi_jia', 'Jia-pass1')
        attempt.secret(UNIT_PASSWORD, 'Declare-9')
        attempt.prompt('secret', 'declaration password is wrong')
        attempt.hang_up()
        lacks(attempt.end().codes['authenticate'], 'SUCCESS')


def realname():
    @case('phase realname: a relation gets in')
    def relation():
        begin('ceshi_jia', 'Jia-pass1').end('PAM_SUCCESS')

    @case('phase realname: without a relation no declaration password helps')
    def no_relation():
        attempt = begin('Ceshi_Bing', 'Bing-pass3').end('PAM_PERM_DENIED')
        contains(attempt.text, 'no authorisation relation')

    @case('phase realname: a unit without relation is refused, another one can be chosen')
    def other_unit():
        attempt = begin('ceshi_yi', 'Yi-pass22')
        attempt.echo(UNIT, '1')
        attempt.echo(UNIT, '3')
        attempt.end('PAM_SUCCESS')
        contains(attempt.text, 'no authorisation relation')


PHASES = {'dual': dual, 'realname': realname}
if len(sys.argv) > 1:
    PHASES[sys.argv.pop(1)]()
    main(environment=ENGLISH)
status = 0
for phase in PHASES:
    environment = {**os.environ, **ENGLISH}
    lab = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lab/lab')
    status |= subprocess.run([lab, '--phase', phase, '--', '/usr/bin/python3', os.path.abspath(__file__), phase], env=environment,
                             check=False).returncode
sys.exit(status)
