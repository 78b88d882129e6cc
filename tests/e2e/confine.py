#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""confine: start what a systemd unit starts, under what the unit says, without systemd

usage: confine.py UNIT [--probe]

It reads the installed unit itself, so that a test sees what is shipped. A $NAME in ExecStart= comes from the environment. What it does as systemd does (systemd.exec(5)):
user, limits, umask, file systems (ProtectSystem=strict, ProtectHome=, PrivateTmp=, PrivateDevices=, ProcSubset=,
InaccessiblePaths=, ReadWritePaths=, NoExecPaths=, ExecPaths=, state and runtime folders), PrivateUsers=, PrivateIPC=,
capabilities, NoNewPrivileges=, SystemCallFilter= with systemd's own groups, RestrictAddressFamilies=,
RestrictNamespaces=, RestrictSUIDSGID=, RestrictRealtime=, LockPersonality= and MemoryDenyWriteExecute=. What needs
control groups (MemoryMax=, TasksMax=, DevicePolicy=) and KeyringMode= are left out. A setting that it does
not know of is an error: then this program is behind the unit.

With --probe the program is not started, but what must fail is tried; one JSON object tells the errors."""

import ctypes
import errno
import json
import mmap
import os
import pwd
import resource
import shlex
import socket
import stat
import struct
import subprocess
import sys

import seccomp

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
NAMESPACES = (CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET, 0x20000000, 0x04000000, 0x02000000)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
RDONLY, NOEXEC = 1, 8
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
FOLDERS = '/usr/lib/systemd/system'

# Of these the words are not looked at: they are systemd's own affair, or need control groups.
PASSED_BY = """Type NotifyAccess ExecReload Restart RestartPreventExitStatus RestartSec EnvironmentFile Group RuntimeDirectoryPreserve MemoryMax TasksMax OOMScoreAdjust OOMPolicy DevicePolicy KeyringMode RemoveIPC
PrivateMounts ProtectClock ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules
ProtectKernelTunables SystemCallArchitectures""".split()
# These are done in one way only.
ONE_WAY = {'ProtectSystem': 'strict', 'ProtectHome': 'yes', 'PrivateTmp': 'yes', 'PrivateDevices': 'yes', 'PrivateIPC': 'yes',
           'PrivateUsers': 'yes', 'ProcSubset': 'pid', 'NoExecPaths': '/', 'CapabilityBoundingSet': '', 'AmbientCapabilities': '',
           'NoNewPrivileges': 'yes', 'LockPersonality': 'yes', 'MemoryDenyWriteExecute': 'yes', 'RestrictNamespaces': 'yes',
           'RestrictRealtime': 'yes', 'RestrictSUIDSGID': 'yes', 'SystemCallErrorNumber': 'EPERM', 'ProtectProc': None}
WORDS = """ExecStart User RuntimeDirectory RuntimeDirectoryMode StateDirectory StateDirectoryMode LogsDirectory LogsDirectoryMode LimitCORE LimitMEMLOCK LimitNOFILE ReadWritePaths InaccessiblePaths
ExecPaths RestrictAddressFamilies SystemCallFilter UMask""".split()

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f'{what}: {os.strerror(number)}')


def read(name):
    """{setting: [value, …]} of the section [Service]."""
    found, section = {}, None
    with open(f'{FOLDERS}/{name}', encoding='utf-8') as file:
        for line in map(str.strip, file):
            if line.startswith('['):
                section = line
            elif section == '[Service]' and line and not line.startswith('#'):
                key, _, value = line.partition('=')
                found.setdefault(key, []).append(value)
    for key, values in found.items():
        if key not in PASSED_BY and key not in WORDS and key not in ONE_WAY:
            sys.exit(f'confine: {key}= is not known here')
        if ONE_WAY.get(key) is not None and values != [ONE_WAY[key]]:
            sys.exit(f'confine: {key}={values} is not known here')
    missing = [key for key, value in ONE_WAY.items() if key not in found]
    if missing:
        sys.exit(f'confine: the unit lacks {missing}')
    return found


def system_calls(lines):
    """Names that are allowed, from systemd's own groups."""
    text = subprocess.run(['systemd-analyze', '--no-pager', 'syscall-filter'], capture_output=True, text=True, check=True).stdout
    groups, group = {}, None
    for line in text.splitlines():
        word = line.strip()
        if line.startswith('@'):
            group = groups.setdefault(word, [])
        elif group is not None and line.startswith(' ') and word and not word.startswith('#'):
            group.append(word)
        elif not line.startswith(' '):
            group = None

    def spread(word):
        return set().union(*map(spread, groups[word])) if word in groups else {word}

    allowed = spread('@default')
    for line in lines:
        names = set().union(*map(spread, line.lstrip('~').split()))
        allowed = allowed - names if line.startswith('~') else allowed | names
    return sorted(allowed)


# -- what it may see

def mount(source, target, kind, flags=0, options=''):
    check(libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags),
                     options.encode()), f'mount on {target}')


def attributes(path, give=0, take=0, flags=0):
    packed = struct.pack('QQQQ', give, take, 0, 0)
    check(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, packed, len(packed)), f'attributes of {path}')


def paths(unit, key):
    """Paths of a setting that are there; the links in them are followed."""
    words = ' '.join(unit.get(key, [])).split()
    for word in words:
        if not word.startswith('-') and not os.path.exists(word):
            sys.exit(f'confine: {key}={word} is not there')
    return sorted({os.path.realpath(word.lstrip('-')) for word in words if os.path.exists(word.lstrip('-'))})


def devices():
    mount('tmpfs', '/dev', 'tmpfs', MS_NOSUID | MS_NOEXEC, 'mode=755')
    for name, number in (('null', 3), ('zero', 5), ('full', 7), ('random', 8), ('urandom', 9)):
        os.mknod(f'/dev/{name}', stat.S_IFCHR | 0o666, os.makedev(1, number))
        os.chmod(f'/dev/{name}', 0o666)


def own_folders(unit):
    user, found = pwd.getpwnam(unit['User'][0]), []
    for key, place in (('RuntimeDirectory', '/run'), ('StateDirectory', '/var/lib'), ('LogsDirectory', '/var/log')):
        if key not in unit:
            continue
        path = f'{place}/{unit[key][0]}'
        os.makedirs(path, exist_ok=True)
        os.chmod(path, int(unit[f'{key}Mode'][0], 8))
        os.chown(path, user.pw_uid, user.pw_gid)
        found.append(path)
    return found


def close_file_systems(unit):
    writable = paths(unit, 'ReadWritePaths') + own_folders(unit)
    runnable = paths(unit, 'ExecPaths')
    hidden = paths(unit, 'InaccessiblePaths') + [path for path in ('/home', '/root', '/run/user') if os.path.isdir(path)]

    check(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC), 'unshare')
    mount('none', '/', None, MS_REC | MS_PRIVATE)
    for path in writable + runnable:
        mount(path, path, None, MS_BIND | MS_REC)
    for path in ('/tmp', '/var/tmp'):
        mount('tmpfs', path, 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=1777')
    for path in hidden:
        mount('tmpfs', path, 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=0')
    mount('proc', '/proc', 'proc', MS_NOSUID | MS_NODEV | MS_NOEXEC,
          f'subset=pid,hidepid={ {"default": "off", "invisible": "invisible"}[unit["ProtectProc"][0]]}')
    devices()
    attributes('/', give=RDONLY | NOEXEC, flags=AT_RECURSIVE)
    for path in writable + ['/tmp', '/var/tmp', '/dev', '/proc']:
        attributes(path, take=RDONLY)
    for path in runnable:
        attributes(path, take=NOEXEC, flags=AT_RECURSIVE)
    os.chdir('/')


# -- what it may do

def own_users(user):
    """A user name space with root and the unit's user alone; a child that stayed outside writes the maps."""
    here, there = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.read(here[0], 1)
        for kind, number in (('uid', user.pw_uid), ('gid', user.pw_gid)):
            with open(f'/proc/{os.getppid()}/{kind}_map', 'w', encoding='ascii') as file:
                file.write(f'0 0 1\n{number} {number} 1\n')
        os._exit(0)
    check(libc.unshare(CLONE_NEWUSER), 'unshare of users')
    os.write(here[1], b'x')
    if os.waitpid(child, 0)[1] != 0:
        sys.exit('confine: the maps of users could not be written')
    for descriptor in here + there:
        os.close(descriptor)


def become(user):
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'no new privileges')


def refuse(rules, number=errno.EPERM):
    """A filter that lets all pass but what one of @rules (system call, conditions…) tells."""
    wall = seccomp.SyscallFilter(seccomp.ALLOW)
    for name, *conditions in rules:
        wall.add_rule(seccomp.ERRNO(number), name, *conditions)
    wall.load()


def close_system_calls(unit, names):
    masked, other = seccomp.MASKED_EQ, seccomp.NE
    refuse([(name, seccomp.Arg(2, masked, mmap.PROT_EXEC, mmap.PROT_EXEC)) for name in ('mprotect', 'pkey_mprotect')]
           + [('mmap', seccomp.Arg(2, masked, mmap.PROT_EXEC | mmap.PROT_WRITE, mmap.PROT_EXEC | mmap.PROT_WRITE)),
              ('shmat', seccomp.Arg(2, masked, 0o100000, 0o100000))])
    refuse([(name, seccomp.Arg(0, masked, flag, flag)) for flag in NAMESPACES for name in ('unshare', 'clone')]
           + [('setns',), ('personality', seccomp.Arg(0, other, 0))]
           + [('sched_setscheduler', seccomp.Arg(1, seccomp.GT, 0))])
    refuse([('clone3',)], errno.ENOSYS)  # its flags cannot be seen; libc then takes clone
    modes = {'chmod': 1, 'fchmod': 1, 'fchmodat': 2, 'mkdir': 1, 'mkdirat': 2, 'creat': 1, 'open': 2, 'openat': 3}
    refuse([(name, seccomp.Arg(at, masked, bit, bit)) for name, at in modes.items() for bit in (stat.S_ISUID, stat.S_ISGID)])
    families = [getattr(socket, word) for word in unit['RestrictAddressFamilies'][0].split()]
    refuse([('socket', seccomp.Arg(0, seccomp.EQ, family)) for family in range(64) if family not in families],
           errno.EAFNOSUPPORT)
    wall = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in names:
        if seccomp.resolve_syscall(seccomp.Arch(), name) >= 0:  # others are of other processors
            wall.add_rule(seccomp.ALLOW, name)
    wall.load()


# -- what must fail

def attempt(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return 'done'


def call(name, *words):
    check(libc.syscall(seccomp.resolve_syscall(seccomp.Arch(), name), *words), name)


def probe(unit):
    state = f'/var/lib/{unit["StateDirectory"][0]}/probe'

    def make(path, mode=0o600):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, mode))

    def code_from(flags):
        with open('/proc/self/exe', 'rb') as file:
            mmap.mmap(file.fileno(), 4096, mmap.MAP_PRIVATE, flags)

    def set_user_id():
        make(state)
        try:
            os.chmod(state, 0o4700)
        finally:
            os.unlink(state)

    return {name: attempt(action) for name, action in {
        'a file among its configuration': lambda: make('/etc/itax/probe'),
        'a file among the programs': lambda: make('/usr/lib/probe'),
        'homes': lambda: os.listdir('/home'),
        'the home of root': lambda: os.listdir('/root'),
        'settings of the kernel': lambda: os.listdir('/proc/sys'),
        'a disk': lambda: os.mknod('/dev/disk', stat.S_IFBLK | 0o600, os.makedev(8, 0)),
        'another program': lambda: os.execv('/usr/bin/id', ['id']),
        'a raw socket': lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        'a socket to the kernel': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        'memory that is written and run': lambda: mmap.mmap(-1, 4096, mmap.MAP_PRIVATE, mmap.PROT_WRITE | mmap.PROT_EXEC),
        'a user name space': lambda: check(libc.unshare(CLONE_NEWUSER), 'unshare'),
        'a mount': lambda: mount('tmpfs', '/tmp', 'tmpfs'),
        'tracing': lambda: call('ptrace', 0, 0, 0, 0),
        'a module of the kernel': lambda: call('init_module', 0, 0, 0),
        'keys of the kernel': lambda: call('add_key', 0, 0, 0, 0, 0),
        'another user': lambda: os.setuid(0),
        'a file that gives its user away': set_user_id,
        # What it needs
        'a file in its state': lambda: (make(state), os.unlink(state)),
        'code from a file': lambda: code_from(mmap.PROT_READ | mmap.PROT_EXEC),
        'a socket to the platform': lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close(),
    }.items()}


def main():
    unit = read(sys.argv[1])
    user = pwd.getpwnam(unit['User'][0])
    names = system_calls(unit['SystemCallFilter'])
    command = [part for word in shlex.split(unit['ExecStart'][0])
               for part in (os.environ.get(word[1:], '').split() if word.startswith('$') else [word])]
    sizes = {'M': 1 << 20, 'K': 1 << 10}
    for name in ('CORE', 'MEMLOCK', 'NOFILE'):
        value = unit[f'Limit{name}'][0]
        number = int(value.rstrip('MK')) * sizes.get(value[-1], 1)
        kind = getattr(resource, f'RLIMIT_{name}')
        most = resource.getrlimit(kind)[1]  # in a container root, too, may not raise it
        number = number if most == resource.RLIM_INFINITY else min(number, most)
        resource.setrlimit(kind, (number, number))
    close_file_systems(unit)
    own_users(user)
    os.umask(int(unit['UMask'][0], 8))
    become(user)
    close_system_calls(unit, names)
    if sys.argv[2:] == ['--probe']:
        print(json.dumps(probe(unit), indent=1))
        return
    os.execv(command[0], command)


main()
