# SPDX-License-Identifier: LGPL-2.1-or-later
"""World: the files of the lab - users, map, configuration, PAM stacks

What has to be written before anything is started. It runs inside the box, where every path of the
machine may be changed."""

import json
import os
import secrets
import shutil
import sys

PROGRAMS = ('itaxd', 'itax-backend', 'itaxctl', 'pam_itax.so')
ISSUER = 'https://itax.lab'
HOST = 'itax.lab'
FIRST_UID = 40001
RUN = '/run/itax-lab'
# sha512crypt of "Bendi-pass8" and "Root-pass9"; they are good for nothing outside
BENDI_HASH = '$6$itaxlab$5ATdXw0gqlQ18QE/D/Pl7gCK6/03Eml/x4UrwTy/BPFubDVVuWX86x/nt.GBqOeRZ8djG..xrTZsTcYy133J/1'
ROOT_HASH = '$6$itaxlab$wANJ0AfEjOgaM8ooHHY46.N7qGzeiHyBmwYJbgyWuONGWzR5LhBFGL8RbNy9rZ1E0jeZqdSfoKh1Py/txjVZ8/'


def write(path, text, mode=0o644, owner=(0, 0)):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        os.fchmod(file.fileno(), mode)
        os.fchown(file.fileno(), *owner)
        file.write(text)


def append(path, text):
    with open(path, 'a', encoding='utf-8') as file:
        file.write(text)


def names_in(path):
    with open(path, encoding='utf-8', errors='replace') as lines:
        return {line.split(':', 1)[0]: line.rstrip('\n').split(':') for line in lines}


class Users:
    """Adds users and groups to the files of the machine, without the locks and look-ups of useradd."""

    def __init__(self):
        self.known = names_in('/etc/passwd')
        self.groups = names_in('/etc/group')
        self.next = FIRST_UID
        self.passwd, self.group, self.shadow = [], [], []

    def add(self, name, gecos, home, shell, password):
        if name in self.known:
            raise OSError(f'the user {name} exists on this machine already')
        uid, self.next = self.next, self.next + 1
        if name not in self.groups:
            self.group.append(f'{name}:x:{uid}:\n')
        gid = uid if name not in self.groups else int(self.groups[name][2])
        self.passwd.append(f'{name}:x:{uid}:{gid}:{gecos}:{home}:{shell}\n')
        self.shadow.append(f'{name}:{password}:20000:0:99999:7:::\n')
        return uid, gid

    def add_person(self, name, gecos, password):
        uid, gid = self.add(name, gecos, f'/home/{name}', '/bin/bash', password)
        home = f'/home/{name}'
        shutil.copytree('/etc/skel', home, symlinks=True) if os.path.isdir('/etc/skel') else os.mkdir(home)
        for path, folders, files in os.walk(home):
            for entry in ('.', *folders, *files):
                os.lchown(os.path.join(path, entry), uid, gid)
        os.chmod(home, 0o700)
        write(f'{home}/.hushlogin', '', owner=(uid, gid))

    def add_service(self, name, gecos):
        if name in self.known:  # pam_itax is installed on this machine
            return int(self.known[name][2]), int(self.known[name][3])
        return self.add(name, gecos, '/nonexistent', '/usr/sbin/nologin', '!*')

    def save(self, root_hash):
        append('/etc/passwd', ''.join(self.passwd))
        append('/etc/group', ''.join(self.group))
        with open('/etc/shadow', encoding='utf-8') as file:
            old = [line if not line.startswith('root:') else f'root:{root_hash}:20000:0:99999:7:::\n' for line in file]
        with open('/etc/shadow', 'w', encoding='utf-8') as file:
            file.write(''.join(old + self.shadow))


class World:
    def __init__(self, tree, build, phase):
        self.tree, self.build, self.phase = tree, build, phase
        self.lab = os.path.join(tree, 'tests/lab')
        self.secret = secrets.token_urlsafe(24)
        with open(os.path.join(self.lab, 'demo-data.json'), encoding='utf-8') as file:
            self.data = json.load(file)

    def environment(self):
        """What the command in the lab and the scripts that set it up find in their environment."""
        path = os.environ.get('PATH', '/usr/bin:/bin').split(':')
        path += [folder for folder in ('/usr/local/sbin', '/usr/sbin', '/sbin') if folder not in path]
        return {
            'ITAX_ISSUER': ISSUER, 'ITAX_CA': '/etc/itax/ca.pem', 'ITAX_CLIENT_ID': 'lab-workstation',
            'ITAX_CLIENT_SECRET': self.secret, 'ITAX_LAB': self.lab, 'ITAX_LAB_BUILD': self.build, 'PATH': ':'.join(path),
        }

    def settle(self):
        """Called in the box, before its first process becomes the world script."""
        os.makedirs(f'{RUN}/sanitizer')
        os.chmod(f'{RUN}/sanitizer', 0o1777)  # reports of programs that run as different users
        users = Users()
        daemon = users.add_service('_itaxd', 'itaxd')
        backend = users.add_service('_itax-backend', 'itax-backend')
        for account in self.data['accounts']:
            users.add_person(account['local_user'], account['name'], '!')
        users.add_person('bendi', 'local user without an account', BENDI_HASH)
        users.save(ROOT_HASH)

        append('/etc/hosts', f'\n127.0.0.1 {HOST}\n127.0.1.1 lab\n')
        write('/etc/hostname', 'lab\n')
        write('/etc/itax/client-secret', self.secret + '\n', 0o640, (0, daemon[1]))
        write('/etc/itax/users', ''.join(f'{a["login_name"]} {a["local_user"]}\n' for a in self.data['accounts']))
        write('/etc/itax/itaxd.conf', self._daemon_conf())
        self._pam()
        for folder in ('/run/itaxd', '/var/lib/itaxd', '/var/log/itax', '/run/userdb'):
            os.makedirs(folder, exist_ok=True)
            os.chown(folder, *daemon)
            os.chmod(folder, 0o755 if folder == '/run/userdb' else 0o700)
        for folder in ('/var/lib/itax-backend', '/var/lib/itax-backend/outbox'):
            os.makedirs(folder, exist_ok=True)
            os.chown(folder, *backend)
            os.chmod(folder, 0o700)

    def _daemon_conf(self):
        lines = ['[platform]', f'issuer = {ISSUER}', 'ca_file = /etc/itax/ca.pem', 'client_id = lab-workstation',
                 'client_secret_file = /etc/itax/client-secret', '[login]', f'phase = {self.phase}']
        if 'ITAX_LAB_LANG' in os.environ:
            lines.append(f'language = {os.environ["ITAX_LAB_LANG"]}')
        return '\n'.join(lines + [os.environ.get('ITAX_LAB_ITAXD_CONF', '')]) + '\n'

    def _pam(self):
        """The samples of conf/ as they are, and what the programs need beside them."""
        for name in os.listdir(f'{self.tree}/conf/pam.d'):
            shutil.copy(f'{self.tree}/conf/pam.d/{name}', f'/etc/pam.d/{name}')
        with open('/etc/login.defs', encoding='utf-8') as file:
            lines = [line for line in file if not line.startswith('LOGIN_TIMEOUT')]
        write('/etc/login.defs', ''.join(lines) + 'LOGIN_TIMEOUT 120\n')
        if os.path.isdir('/etc/sudoers.d'):
            write('/etc/sudoers.d/itax-lab', 'jia,yi,bendi ALL=(ALL) ALL\n'.replace(',', ', '), 0o440)
        if os.path.isdir('/etc/ssh'):
            shutil.copy(f'{self.lab}/sshd_config', '/etc/ssh/sshd_config.lab')


def running(by=None):
    """Number of the first process of the lab started last (or of that of process @by), or None."""
    found = []
    for entry in os.listdir('/proc'):
        try:
            with open(f'/proc/{entry}/cmdline', 'rb') as file:
                words = file.read().split(b'\0')
            if len(words) < 2 or not words[1].endswith(b'/tests/lab/world'):
                continue
            with open(f'/proc/{entry}/status', encoding='utf-8', errors='replace') as file:
                status = dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)
            with open(f'/proc/{entry}/stat', encoding='utf-8', errors='replace') as file:
                started = int(file.read().rsplit(')', 1)[1].split()[19])
            if status['NSpid'].split()[-1] == '1' and by in (None, status['PPid']) \
                    and os.path.exists(f'/proc/{entry}/root{RUN}/ready'):
                found.append((started, int(entry)))
        except (OSError, KeyError, ValueError):
            continue
    return max(found)[1] if found else None


def join(command):
    """Become @command in the lab started last, or in that of the process ITAX_LAB_PID."""
    number = running(os.environ.get('ITAX_LAB_PID'))
    if number is None:
        sys.exit('lab: none is running; start one with: make demo')
    with open(f'/proc/{number}/root{RUN}/environment', encoding='utf-8') as file:
        os.environ.update(line.rstrip('\n').split('=', 1) for line in file)
    os.execvp('nsenter', ['nsenter', '-t', str(number), '-m', '-n', '-p', '-u', '-i', '-r', '-w', *command])
