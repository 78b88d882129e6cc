#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion of itaxctl, by a real bash and a real zsh on a terminal, as they are installed"""

import os
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from terminal import Terminal  # noqa: E402

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMPLETION = f'{TREE}/packaging/completion'
# What is typed, what stands there after Tab.
LINES = [('itaxctl doc', 'itaxctl doctor'), ('itaxctl sta', 'itaxctl status'), ('itaxctl user ma', 'itaxctl user map'), ('itaxctl policy s', 'itaxctl policy simulate'),
         ('itaxctl config c', 'itaxctl config check'), ('itaxctl sessions --js', 'itaxctl sessions --json'),
         ('itaxctl try --method pass', 'itaxctl try --method password'), ('itaxctl user unmap daem', 'itaxctl user unmap daemon')]
BASH = '''source /usr/share/bash-completion/bash_completion; source "$1"; shift
COMP_LINE=$1; read -ra COMP_WORDS <<<"$1"; [[ $1 != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_POINT=${#1}
_itaxctl; printf '%s\\n' "${COMPREPLY[@]}"'''


def bash():
    for typed, wanted in LINES:
        done = subprocess.run(['bash', '--norc', '-c', BASH, 'bash', f'{COMPLETION}/itaxctl.bash', typed], text=True, capture_output=True,
                              timeout=60, check=True)
        if done.stdout.split() != [wanted.split()[-1]] or done.stderr:
            raise AssertionError(f'{typed}: {done.stdout!r} {done.stderr!r}')
    done = subprocess.run(['bash', '--norc', '-c', BASH, 'bash', f'{COMPLETION}/itaxctl.bash', 'itaxctl '], text=True, capture_output=True,
                          timeout=60, check=True)
    if not {'status', 'user', '--json'} <= set(done.stdout.split()):
        raise AssertionError(done.stdout)


def zsh():
    with tempfile.TemporaryDirectory() as home:
        with open(f'{home}/.zshrc', 'w', encoding='utf-8') as file:
            file.write(f"fpath=({COMPLETION} $fpath)\nautoload -Uz compinit && compinit -D -u\nPS1='ready> '\n"
                       "unsetopt AUTO_MENU AUTO_LIST\n")
        for typed, wanted in LINES:
            with Terminal(['env', '-i', f'HOME={home}', f'ZDOTDIR={home}', 'PATH=/usr/bin:/bin', 'TERM=xterm', 'LANG=C.UTF-8', 'zsh', '-i'],
                          columns=120, rows=20) as terminal:
                terminal.expect('ready> ')
                terminal.send(f'{typed}\t')
                try:
                    terminal.expect(wanted, 40)
                finally:
                    terminal.send('\x15exit\n')


def main():
    failed = 0
    for sentence, function in (('bash completes verbs, their second words, options and users', bash),
                               ('zsh completes the same', zsh)):
        begin = time.monotonic()
        try:
            function()
            print(f'ok - {sentence} # {time.monotonic() - begin:.2f} s', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f'not ok - {sentence}')
            for line in traceback.format_exc().splitlines():
                print(f'# {line}', flush=True)
    sys.exit(1 if failed else 0)


main()
