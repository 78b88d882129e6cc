#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""PAM applications of this machine: screen lockers, greeters, pkexec, chsh, cron, at (pam-clients.md)

Lockers run as the user and ask itaxd themselves: for their own account, and for nobody else's (threats 21). Graphical
programs run on a screen in memory.

Not here: GDM and SDDM, whose greeters do not start without systemd-logind. test-gdm.py runs GDM's sample; what itaxd says to
SDDM is held by tests/unit/test-services.c."""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import time

from e2e import (ACCOUNTS, CAPTCHA, ENGLISH, PASSWORD, RUN, STORE, UNIT_1, UNIT_2, UNITS, Terminal, Timeout, case, contains,
                 equal, lacks, main, unlock, wait_until)

DISPLAY = ':87'
STACK = """auth required pam_itax.so
account required pam_itax.so
account required pam_unix.so
session optional pam_itax.so
session required pam_permit.so
"""


def as_user(user, *command):
    return ['setpriv', f'--reuid={user}', f'--regid={user}', '--init-groups', '--', 'env', f'HOME=/home/{user}', f'USER={user}',
            f'DISPLAY={DISPLAY}', 'LANG=C.UTF-8', *command]


def stack(service, text=STACK):
    with open(f'/etc/pam.d/{service}', 'w', encoding='ascii') as file:
        file.write(text)
    unlock('jia')


class Log:
    """What itaxd says from now on."""

    def __init__(self):
        self.begin = os.path.getsize(f'{RUN}/itaxd.log')

    def text(self):
        with open(f'{RUN}/itaxd.log', 'rb') as file:
            file.seek(self.begin)
            return file.read().decode('utf-8', 'replace')

    def wait(self, pattern):
        return wait_until(lambda: re.search(pattern, self.text()), f'{pattern} in the log of itaxd')


class Screen:
    """A screen in memory with a keyboard."""

    def __init__(self):
        # Without -noreset it starts anew whenever its last client leaves, and turns others away meanwhile.
        self.server = subprocess.Popen(['Xvfb', DISPLAY, '-screen', '0', '800x600x24', '-nolisten', 'tcp', '-noreset'],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.run('xdpyinfo').returncode == 0, 'Xvfb answers')

    @staticmethod
    def run(*command):
        return subprocess.run(command, env=dict(os.environ, DISPLAY=DISPLAY), capture_output=True, text=True, check=False,
                              timeout=30)

    def window(self, name):
        wait_until(lambda: name in self.run('xwininfo', '-root', '-tree').stdout.lower(), f'a window of {name}')

    def grabbed(self):
        """Until somebody else holds the keyboard: only then is it safe to type."""
        x11 = ctypes.CDLL('libX11.so.6')
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        display = ctypes.c_void_p(wait_until(lambda: x11.XOpenDisplay(DISPLAY.encode()), 'the screen lets a client in'))
        root = ctypes.c_ulong(x11.XDefaultRootWindow(display))

        def taken():
            status = x11.XGrabKeyboard(display, root, 0, 1, 1, ctypes.c_ulong(0))
            x11.XUngrabKeyboard(display, ctypes.c_ulong(0))
            x11.XSync(display, 0)
            return status == 1  # AlreadyGrabbed
        try:
            wait_until(taken, 'a locker holds the keyboard')
        finally:
            x11.XCloseDisplay(display)

    def type(self, text):
        self.run('xdotool', 'type', '--delay', '20', text)
        self.run('xdotool', 'key', 'Return')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait(10)


def locker(*command, user='jia'):
    return subprocess.Popen(as_user(user, *command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait(10)


@case('vlock, run by the user himself, opens with the account password and with nothing else')
def vlock():
    stack('vlock')
    log = Log()
    with Terminal(as_user('jia', 'vlock')) as terminal:
        terminal.expect('ENTER')
        terminal.send('\n')
        terminal.secret(PASSWORD, 'Wrong-pass1')
        terminal.expect('[Ww]rong')
        terminal.secret(PASSWORD, ACCOUNTS['jia']['password'])
        terminal.expect(CAPTCHA)
        # It throws away what was typed until a moment after its prompt came out, and nothing tells the moment.
        captcha = STORE.captcha()
        for _ in range(5):
            terminal.send(captcha + '\n')
            try:
                equal(terminal.ended(3), 0)
                break
            except Timeout:
                continue
        equal(terminal.ended(), 0)
    log.wait(r'login granted .*service="vlock" .*user="jia"')
    lacks(log.text(), ACCOUNTS['jia']['password'], 'Wrong-pass1')


@case('i3lock, on a screen, opens with the account password: one answer for everything')
def i3lock():
    stack('i3lock')
    log = Log()
    with Screen() as screen:
        process = locker('i3lock', '-n')
        try:
            screen.grabbed()
            screen.type('Wrong-pass1')
            log.wait('login denied .*service="i3lock"')
            equal(process.poll(), None, 'i3lock after a wrong password')

            def typed():
                # i3lock is deaf for a moment after a wrong password: what it heard in part was another wrong one.
                unlock('jia')
                screen.type(ACCOUNTS['jia']['password'])
                try:
                    return process.wait(3) == 0
                except subprocess.TimeoutExpired:
                    return False
            wait_until(typed, 'i3lock ends')
        finally:
            end(process)
    log.wait(f'login granted .*service="i3lock" .*unit="{UNIT_1}"')


@case('xsecurelock opens with the account password')
def xsecurelock():
    stack('xsecurelock')
    log = Log()
    with Screen() as screen:
        process = locker('env', 'XSECURELOCK_PAM_SERVICE=xsecurelock', 'XSECURELOCK_AUTH_TIMEOUT=60', 'xsecurelock')
        try:
            screen.grabbed()
            # The first key only wakes it: it is taken into the answer, so it is taken out again.
            screen.run('xdotool', 'key', 'a')
            wait_until(lambda: 'authproto_pam' in subprocess.run(['ps', '-A', '-o', 'args'], capture_output=True, text=True,
                                                                  check=True).stdout, 'its prompt')
            screen.run('xdotool', 'key', 'ctrl+u')
            screen.type(ACCOUNTS['jia']['password'])
            wait_until(lambda: process.poll() == 0, 'xsecurelock ends')
        finally:
            end(process)
    log.wait('login granted .*service="xsecurelock" .*user="jia"')


@case('a locker cannot be opened with the account of somebody else, nor ask for one (threats 20, 21)')
def other_account():
    stack('i3lock')
    log = Log()
    with Screen() as screen:
        process = locker('i3lock', '-n')
        try:
            screen.grabbed()
            screen.type(ACCOUNTS['yi']['password'])
            log.wait('login denied .*service="i3lock"')
            equal(process.poll(), None, 'i3lock')
        finally:
            end(process)
            unlock('jia')


@case('a locker takes account password and declaration password in one answer, and the one alone is not enough (threats 17)')
def both_passwords():
    stack('i3lock')
    log = Log()
    with Screen() as screen:
        process = locker('i3lock', '-n', user='bing')
        try:
            screen.grabbed()
            screen.type(ACCOUNTS['bing']['password'])
            log.wait('login unit .unit-password-missing.*service="i3lock"')

            def typed():
                unlock('bing')
                screen.type(f"{ACCOUNTS['bing']['password']} {UNITS[UNIT_2]['declaration_password']}")
                try:
                    return process.wait(3) == 0
                except subprocess.TimeoutExpired:
                    return False
            wait_until(typed, 'i3lock ends')
        finally:
            end(process)
    log.wait(f'login granted .*service="i3lock" .*unit="{UNIT_2}"')


@case('swaylock opens with the account password')
def swaylock():
    stack('swaylock')
    log = Log()
    place = '/run/itax-lab/wayland'
    os.makedirs(place, mode=0o700)
    shutil.chown(place, 'jia')
    headless = ['env', f'XDG_RUNTIME_DIR={place}', 'WLR_BACKENDS=headless', 'WLR_LIBINPUT_NO_DEVICES=1', 'WLR_RENDERER=pixman',
                'WAYLAND_DISPLAY=wayland-1']
    with open(f'{place}/config', 'w', encoding='ascii') as file:
        file.write('exec true\n')
    quiet = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
    sway = subprocess.Popen(as_user('jia', *headless, 'sway', '-c', f'{place}/config'), **quiet)
    process = None
    try:
        wait_until(lambda: os.path.exists(f'{place}/wayland-1'), 'sway')
        process = subprocess.Popen(as_user('jia', *headless, 'swaylock'), **quiet)

        def typed():
            # What is typed before it has the keyboard is lost: then it was a wrong password.
            unlock('jia')
            subprocess.run(as_user('jia', *headless, 'wtype', '-k', 'Escape', ACCOUNTS['jia']['password'], '-k', 'Return'), timeout=30,
                           check=False, **quiet)
            try:
                return process.wait(3) == 0
            except subprocess.TimeoutExpired:
                return False
        wait_until(typed, 'swaylock ends', 30)
        log.wait('login granted .*service="swaylock" .*user="jia"')
    finally:
        if process:
            end(process)
        end(sway)


# What greetd runs as its greeter: a client of its protocol, as agreety and the graphical ones are.
GREETER = """
import json, os, socket, struct
link = socket.socket(socket.AF_UNIX)
link.connect(os.environ['GREETD_SOCK'])
def call(message):
    text = json.dumps(message).encode()
    link.sendall(struct.pack('=I', len(text)) + text)
    size = struct.unpack('=I', link.recv(4, socket.MSG_WAITALL))[0]
    return json.loads(link.recv(size, socket.MSG_WAITALL))
reply = call({'type': 'create_session', 'username': 'jia'})
while reply['type'] == 'auth_message':
    answer = '%s' if reply['auth_message_type'] == 'secret' else None
    reply = call({'type': 'post_auth_message_response', 'response': answer})
if reply['type'] == 'success':
    call({'type': 'start_session', 'cmd': ['/tmp/greetd.session'], 'env': []})
"""


@case('greetd logs in through its greeter, and the session is the user\'s')
def greetd():
    stack('greetd')
    os.chmod('/tmp', 0o1777)
    with open('/tmp/greeter.py', 'w', encoding='ascii') as file:
        file.write(GREETER % ACCOUNTS['jia']['password'])
    # greetd puts the words of a command together and has a shell take them apart: so it is one word.
    with open('/tmp/greetd.session', 'w', encoding='ascii') as file:
        file.write('#!/bin/sh\nid -un >/tmp/greetd.out\nexec sleep 60\n')
    os.chmod('/tmp/greetd.session', 0o755)
    with open('/tmp/greetd.toml', 'w', encoding='ascii') as file:
        file.write('[terminal]\nvt = "none"\n[default_session]\ncommand = "/usr/bin/python3 /tmp/greeter.py"\nuser = "root"\n')
    log = Log()
    process = subprocess.Popen(['greetd', '--config', '/tmp/greetd.toml'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: os.path.exists('/tmp/greetd.out') and open('/tmp/greetd.out', encoding='ascii').read() == 'jia\n',
                   'a session of greetd')
        log.wait('login granted .*service="greetd" .*user="jia"')
    finally:
        process.kill()
        process.wait(10)


@case('LightDM with its GTK greeter and the sample of conf/pam.d logs in, and the session has person and unit')
def lightdm():
    unlock('jia')
    stack('lightdm-greeter', ''.join(f'{kind} required pam_permit.so\n' for kind in ('auth', 'account', 'session')))
    os.chmod('/tmp', 0o1777)
    os.makedirs('/tmp/lightdm', exist_ok=True)
    with open('/tmp/lightdm/x', 'w', encoding='ascii') as file:
        file.write("""#!/bin/bash
# LightDM gives options of a real screen: only those that Xvfb knows are passed on.
arguments=()
while [ $# -gt 0 ]; do
        case $1 in
        vt*|-novtswitch) ;;
        -seat) shift ;;
        *) arguments+=("$1") ;;
        esac
        shift
done
exec Xvfb "${arguments[@]}" -screen 0 1024x768x24 -fbdir /tmp/lightdm
""")
    os.chmod('/tmp/lightdm/x', 0o755)
    with open('/tmp/lightdm/conf', 'w', encoding='ascii') as file:
        file.write("""[LightDM]
minimum-vt=0
[Seat:*]
xserver-command=/tmp/lightdm/x
greeter-session=lightdm-gtk-greeter
greeter-show-manual-login=true
greeter-hide-users=true
user-session=itax
session-wrapper=/tmp/lightdm/session
""")
    with open('/tmp/lightdm/session', 'w', encoding='ascii') as file:
        file.write('#!/bin/sh\nprintf "%s %s\\n" "$(id -un)" "$ITAX_UNIT" >/tmp/lightdm.out\nexec sleep 60\n')
    os.chmod('/tmp/lightdm/session', 0o755)
    os.makedirs('/usr/share/xsessions', exist_ok=True)
    with open('/usr/share/xsessions/itax.desktop', 'w', encoding='ascii') as file:
        file.write('[Desktop Entry]\nType=Application\nName=itax\nExec=/bin/true\n')
    log = Log()
    process = subprocess.Popen(['lightdm', '--config', '/tmp/lightdm/conf'], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    key = '/var/run/lightdm/root/:0'
    keyboard = dict(os.environ, DISPLAY=':0', XAUTHORITY=key)

    def typed(text):
        subprocess.run(['xdotool', 'type', '--delay', '30', text], env=keyboard, check=True, timeout=30)
        subprocess.run(['xdotool', 'key', 'Return'], env=keyboard, check=True, timeout=30)

    def picture():
        with open('/tmp/lightdm/Xvfb_screen0', 'rb') as file:
            return file.read()

    def settled(before):
        """Until the screen is another one than @before and stays as it is."""
        def found():
            now = picture()
            time.sleep(0.3)
            return now if now and now != before and picture() == now else None
        return wait_until(found, 'the greeter', 120)
    try:
        wait_until(lambda: os.path.exists(key) and 'greeter' in subprocess.run(
            ['xwininfo', '-root', '-tree'], env=keyboard, capture_output=True, text=True, check=False).stdout.lower(), 'the greeter', 120)
        empty = settled(b'')
        # The greeter asks for a name of this host.
        typed('jia')
        settled(empty)
        typed(ACCOUNTS['jia']['password'])
        log.wait('login granted .*service="lightdm" .*user="jia"')
        wait_until(lambda: os.path.exists('/tmp/lightdm.out'), 'a session of LightDM')
        with open('/tmp/lightdm.out', encoding='ascii') as file:
            equal(file.read(), f'jia {UNIT_1}\n')
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


@case('jobs of cron and at run for a user who never logged in, and nobody is asked (threats 8)')
def cron_and_at():
    permitted = STACK.replace('required pam_itax.so', 'required pam_permit.so', 1)
    stack('cron', permitted)
    stack('atd', permitted)
    os.chmod('/tmp', 0o1777)
    subprocess.run(['crontab', '-u', 'jia', '-'], input='@reboot id -un >/tmp/cron.out\n', text=True, check=True)
    for path in ('/run/crond.reboot', '/run/crond.pid', '/tmp/cron.out', '/tmp/at.out'):
        if os.path.exists(path):
            os.unlink(path)

    def said(path):
        return os.path.exists(path) and open(path, encoding='ascii').read() == 'jia\n'

    daemons = [subprocess.Popen([name, '-f'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for name in ('cron', 'atd')]
    try:
        wait_until(lambda: said('/tmp/cron.out'), 'the job of cron')

        def at():
            # at wakes the daemon by a signal, which is lost before it is ready.
            subprocess.run(as_user('jia', 'at', 'now'), input='id -un >/tmp/at.out\n', text=True, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end_at = time.monotonic() + 3
            while time.monotonic() < end_at and not said('/tmp/at.out'):
                time.sleep(0.05)
            return said('/tmp/at.out')
        wait_until(at, 'the job of at')
    finally:
        for daemon in daemons:
            daemon.kill()
            daemon.wait(10)


@case('chsh asks for the account password of whoever changes the shell')
def chsh():
    stack('chsh')
    with Terminal(as_user('jia', 'chsh', '-s', '/bin/sh')) as terminal:
        terminal.secret(PASSWORD, 'Wrong-pass1')
        terminal.expect('[Ww]rong')
    unlock('jia')
    with Terminal(as_user('jia', 'chsh', '-s', '/bin/sh')) as terminal:
        terminal.secret(PASSWORD, ACCOUNTS['jia']['password'])
        equal(terminal.ended(), 0)
    with open('/etc/passwd', encoding='utf-8') as file:
        contains(file.read(), '(?m)^jia:.*:/bin/sh$')


@case('pkexec asks through its agent on the terminal')
def pkexec():
    stack('polkit-1')
    os.makedirs('/etc/polkit-1/rules.d', exist_ok=True)
    with open('/etc/polkit-1/rules.d/10-itax.rules', 'w', encoding='ascii') as file:
        file.write('polkit.addAdminRule(function(action, subject) { return ["unix-user:jia"]; });\n')
    log = Log()
    with Terminal(as_user('jia', 'pkexec', 'id', '-un')) as terminal:
        terminal.secret(PASSWORD, 'Wrong-pass1')
        terminal.expect('[Ww]rong')
    unlock('jia')
    with Terminal(as_user('jia', 'pkexec', 'id', '-un')) as terminal:
        terminal.secret(PASSWORD, ACCOUNTS['jia']['password'])
        # What polkitd does with it is its own affair: without systemd-logind it knows no session to trust.
        log.wait('login granted .*service="polkit-1" .*user="jia"')


# No phone logs in meanwhile: it would be given a captcha of its own.
main(environment=dict(ENGLISH, ITAX_LAB_PHONES='0'))
