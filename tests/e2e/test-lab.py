#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab itself, seen from outside: what goes in and out of it, and that nothing stays behind"""

import glob
import os
import re
import signal
import subprocess
import sys
import time

from e2e import LAB, TREE, Terminal, case, contains, equal, run, wait_until, _cases

COMMAND = [f'{LAB}/lab', '--']


def lab(*command, **how):
    how = {'capture_output': True, 'text': True, 'timeout': 60, 'check': False, **how}
    return subprocess.run([*COMMAND, *command], **how)


def of_lab(marker):
    """Processes, also inside of labs, that have @marker in their environment."""
    found = []
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            with open(path, 'rb') as file:
                if f'LAB_MARKER={marker}'.encode() in file.read():
                    found.append(int(path.split('/')[2]))
        except OSError:
            continue
    return found


def start(marker, script):
    """A lab whose command runs @script and says "up" first."""
    process = subprocess.Popen([*COMMAND, 'bash', '-c', f'echo up; {script}'], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True, env={**os.environ, 'LAB_MARKER': marker})
    equal(process.stdout.readline(), 'up\n')
    return process


@case('the exit status, standard input and standard output are those of the command')
def status():
    done = lab('bash', '-c', 'read line; echo "got $line"; echo bad >&2; exit 7', input='words\n')
    equal((done.returncode, done.stdout, done.stderr), (7, 'got words\n', 'bad\n'))
    equal(lab('bash', '-c', 'kill -TERM $$').returncode, 128 + signal.SIGTERM)


@case('it works from any folder, in which the command then runs, and arguments stay whole')
def any_folder():
    done = lab('bash', '-c', 'pwd; printf "<%s>" "$@"', 'x', 'a b', '', '$HOME', cwd='/usr/share')
    equal(done.stdout, '/usr/share\n<a b><><$HOME>')


@case('it starts in less than 1.5 s')
def quick():
    begin = time.monotonic()
    equal(lab('true').returncode, 0)
    seconds = time.monotonic() - begin
    if seconds > 1.5 * max(1, os.getloadavg()[0] / os.cpu_count()):
        raise AssertionError(f'{seconds:.2f} s')


@case('the machine is as it was: no user, no file, no mount, no process stays')
def nothing_stays():
    def machine():
        seen = []
        for path in ('/etc/passwd', '/etc/shadow', '/etc/group', '/etc/hosts', '/proc/self/mountinfo'):
            if os.path.exists(path):  # a bare system has no /etc/hosts
                with open(path, encoding='utf-8') as file:
                    seen.append(file.read())
        return seen, sorted(os.listdir('/etc/pam.d')), os.path.exists('/etc/itax'), os.uname().nodename
    before = machine()
    done = lab('bash', '-c', 'id jia && echo x >/etc/lab-was-here && echo y >/tmp/lab-was-here && touch $ITAX_LAB/here && sleep 600 &',
               env={**os.environ, 'LAB_MARKER': 'stay'})
    equal(done.returncode, 0)
    equal(machine(), before, 'machine')
    for path in ('/etc/lab-was-here', '/tmp/lab-was-here', f'{LAB}/here'):
        equal(os.path.exists(path), False, path)
    wait_until(lambda: not of_lab('stay'), 'all processes are gone')


@case('SIGINT, SIGTERM and SIGKILL of the lab end everything inside')
def signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP):
        marker = f'signal-{number}'
        process = start(marker, 'trap "" INT TERM HUP; setsid sleep 600 & sleep 600')
        if len(of_lab(marker)) < 3:
            raise AssertionError('the processes of the lab are not seen')
        os.kill(process.pid, number)
        process.wait(10)
        equal(process.returncode, -number if number == signal.SIGKILL else 128 + number, 'status')
        wait_until(lambda m=marker: not of_lab(m), f'all processes are gone after signal {number}')


@case('three labs at once do not see each other')
def parallel():
    labs = [start(f'parallel-{i}', f'echo {i} >/tmp/lab-number; sleep 0.3; cat /tmp/lab-number; '
                                   'curl -sS --cacert $ITAX_CA $ITAX_ISSUER/healthz') for i in range(3)]
    for number, process in enumerate(labs):
        contains(process.communicate(timeout=30)[0], rf'^{number}\n', r'"status": ?"ok"')
        equal(process.returncode, 0)


@case('an interactive shell has a terminal of its own with job control, and ^C reaches what runs in it')
def terminal():
    with Terminal([*COMMAND, 'bash', '--norc'], columns=99, rows=33) as shell:
        shell.answer(r'# $', 'tty; stty size')
        shell.expect(r'/dev/pts/\d+\n33 99\n')
        shell.answer(r'# $', 'sleep 600 && echo "not ${x}reached"')
        shell.expect('reached"\n')
        wait_until(lambda: any(b'sleep\x00600' in open(p, 'rb').read() for p in glob.glob('/proc/[0-9]*/cmdline')
                               if os.path.exists(p)), 'sleep runs')
        shell.send('\x03')
        shell.answer(r'\^C\n.*# $', 'echo "status $?"')
        shell.expect('status 130\n')
        shell.answer(r'# $', 'exit 5')
        equal(shell.ended(), 5)
        if re.search('not reached', shell.text):
            raise AssertionError(shell.text)


@case('the network ends at the lab: only loopback is there')
def network():
    done = lab('bash', '-c', 'cat /proc/net/dev | tail -n +3 | cut -d: -f1; exec 3<>/dev/tcp/192.0.2.1/80')
    equal(done.stdout.split(), ['lo'])
    contains(done.stderr, 'unreachable')


@case('the platform is reachable with curl by the variables of the environment')
def platform():
    done = lab('bash', '-c', 'curl -sS --cacert $ITAX_CA $ITAX_ISSUER/.well-known/oauth-authorization-server')
    contains(done.stdout, '"issuer": ?"https://itax.lab"', 'authorization_challenge_endpoint')
    done = lab('bash', '-c', 'curl -sS --cacert $ITAX_CA -u $ITAX_CLIENT_ID:$ITAX_CLIENT_SECRET -d client_id=$ITAX_CLIENT_ID '
               '$ITAX_ISSUER/oauth2/device')
    contains(done.stdout, '"device_code"', 'HTTPS:..ITAX.LAB.Q')


@case('a command enters the lab that runs with --join, and the phone finds it from outside')
def join():
    process = start('join', 'touch /run/here; sleep 600')
    how = {'capture_output': True, 'text': True, 'timeout': 20, 'check': False,
           'env': {**os.environ, 'ITAX_LAB_PID': str(process.pid)}}
    try:
        done = subprocess.run([f'{LAB}/lab', '--join', 'bash', '-c', 'hostname; echo $ITAX_ISSUER; ls /run/here'], **how)
        equal(done.stdout, 'lab\nhttps://itax.lab\n/run/here\n', done.stderr)
        done = subprocess.run([f'{LAB}/phone', 'ceshi_jia', 'scan', 'ZZZZZZZZ'], **how)
        equal(done.returncode, 1)
        contains(done.stderr, 'does not know this code')
    finally:
        process.kill()
        process.wait()


@case('options that cannot be met are refused in words')
def refusals():
    for words, says in ((['--store', 'mysql'], 'sqlite postgres'), (['--phase', 'four'], 'dual relation realname'),
                        (['--nonsense'], 'unknown option')):
        done = subprocess.run([f'{LAB}/lab', *words, 'true'], capture_output=True, text=True, timeout=20, check=False)
        equal(done.returncode, 1)
        contains(done.stderr, says)


@case('the tree is seen at its place')
def tree():
    equal(lab('test', '-x', f'{TREE}/tests/lab/lab').returncode, 0)


for sentence, function in _cases:
    if not sys.argv[1:] or any(word in sentence or word == function.__name__ for word in sys.argv[1:]):
        if not run(sentence, function):
            os.environ['LAB_FAILED'] = '1'
sys.exit('LAB_FAILED' in os.environ)
