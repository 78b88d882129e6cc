# SPDX-License-Identifier: LGPL-2.1-or-later
"""Box: a private copy-on-write view of this machine

Own mounts, processes, network, host name and IPC. Every file system of the machine is the lower layer
of an overlay whose upper layer is a tmpfs, so all is there at its usual path, all may be changed, and
nothing of it outlives the box. Its first process dies with the process that made it, and the kernel
ends everything else with it."""

import ctypes
import fcntl
import grp
import os
import select
import signal
import socket
import stat
import struct

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
SYS_PIVOT_ROOT = {'x86_64': 155, 'aarch64': 41, 'riscv64': 41, 'loongarch64': 41}

# Kinds of file system that hold files of the machine; the rest is made anew inside or is not wanted.
_FILES = {'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'f2fs', 'bcachefs', 'tmpfs', 'overlay', 'nfs',
          'nfs4', 'virtiofs', '9p', 'fuse.virtiofs', 'fuseblk', 'squashfs', 'iso9660', 'erofs'}
_NEW_INSIDE = ('/proc', '/sys', '/dev', '/run')


class BoxError(Exception):
    pass


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise BoxError(f'{what}: {os.strerror(number)}')


def _mount(source, target, kind, flags=0, options=''):
    _check(_libc.mount(source.encode(), os.fsencode(target), kind.encode() if kind else None,
                       ctypes.c_ulong(flags), options.encode()), f'mount {kind or source} on {target}')


def _own_namespaces():
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC),
           'namespaces (unshare)')


def _file_systems():
    """Folders at which a file system with files of the machine is mounted, below "/", outermost first."""
    found = {}
    with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape') as lines:
        for line in lines:
            left, right = line.split(' - ', 1)
            path = left.split(' ')[4].encode().decode('unicode_escape')
            hidden = any(path == top or path.startswith(top + '/') for top in _NEW_INSIDE)
            found[path] = right.split(' ')[0] in _FILES and not hidden
    return sorted(path for path, wanted in found.items() if wanted and path != '/' and os.path.isdir(path))


def _leave_chroot():
    """See the machine's own root instead of a chroot's, so that mounts can be made private and the root be
    changed. The new root of the box is still the folder that was "/" before."""
    descriptor = os.pidfd_open(os.getpid())
    _check(_libc.setns(descriptor, CLONE_NEWNS), 'leaving the chroot (setns)')
    os.close(descriptor)


def _overlay(lower, upper_name, base, target):
    """Copy-on-write view of the folder behind descriptor @lower on @target."""
    upper, work = f'{base}/layers/{upper_name}/up', f'{base}/layers/{upper_name}/work'
    os.makedirs(upper)
    os.makedirs(work)
    seen = os.fstat(lower)
    os.chmod(upper, stat.S_IMODE(seen.st_mode))
    os.chown(upper, seen.st_uid, seen.st_gid)
    os.fchdir(lower)
    _mount('overlay', target, 'overlay', 0, f'lowerdir=.,upperdir={upper},workdir={work}')


def _devices(dev):
    _mount('tmpfs', dev, 'tmpfs', MS_NOSUID, 'mode=755')
    for name, major, minor in (('null', 1, 3), ('zero', 1, 5), ('full', 1, 7), ('random', 1, 8),
                               ('urandom', 1, 9), ('tty', 5, 0)):
        os.mknod(f'{dev}/{name}', stat.S_IFCHR | 0o666, os.makedev(major, minor))
        os.chmod(f'{dev}/{name}', 0o666)
    for folder in ('pts', 'shm'):
        os.mkdir(f'{dev}/{folder}')
    gid = grp.getgrnam('tty').gr_gid
    _mount('devpts', f'{dev}/pts', 'devpts', MS_NOSUID | MS_NOEXEC,
           f'newinstance,ptmxmode=0666,mode=620,gid={gid}')
    _mount('tmpfs', f'{dev}/shm', 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=1777')
    for name, target in (('ptmx', 'pts/ptmx'), ('fd', '/proc/self/fd'), ('stdin', '/proc/self/fd/0'),
                         ('stdout', '/proc/self/fd/1'), ('stderr', '/proc/self/fd/2')):
        os.symlink(target, f'{dev}/{name}')


def _build():
    root = os.open('/', os.O_PATH | os.O_DIRECTORY)
    lowers = [(path, os.open(path, os.O_PATH | os.O_DIRECTORY)) for path in _file_systems()]
    try:
        _mount('none', '/', None, MS_REC | MS_PRIVATE)
    except BoxError:
        _leave_chroot()
        _mount('none', '/', None, MS_REC | MS_PRIVATE)

    # A place to build on; it is hidden only in our own view, and only until the root is changed.
    base = next((path for path in ('/mnt', '/media', '/srv', '/opt', '/tmp') if os.path.isdir(path)), None)
    if base is None:
        raise BoxError('no folder to mount on: none of /mnt /media /srv /opt /tmp is there')
    _mount('tmpfs', base, 'tmpfs', 0, 'mode=755')
    new = f'{base}/root'
    os.mkdir(new)
    _overlay(root, 'root', base, new)
    for number, (path, lower) in enumerate(lowers):
        if os.path.isdir(new + path):
            _overlay(lower, str(number), base, new + path)
        os.close(lower)
    os.close(root)

    for folder in ('proc', 'sys', 'dev', 'run', 'tmp'):
        os.makedirs(f'{new}/{folder}', exist_ok=True)
    _mount('proc', f'{new}/proc', 'proc', MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount('sysfs', f'{new}/sys', 'sysfs', MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY)
    _devices(f'{new}/dev')
    _mount('tmpfs', f'{new}/run', 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=755')

    os.chdir(new)
    number = SYS_PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise BoxError(f'pivot_root: its number on {os.uname().machine} is not known here')
    _check(_libc.syscall(number, b'.', b'.'), 'pivot_root')
    _check(_libc.umount2(b'.', MNT_DETACH), 'leaving the old root')
    os.chdir('/')


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack('16sH14x', b'lo', 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, request)             # SIOCSIFFLAGS


def _first_process(alive, hostname, cwd, prepare, command):
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), 'prctl')
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)  # our parent died before it could take us along
    os.close(alive)
    os.umask(0o022)
    _build()
    socket.sethostname(hostname)
    _loopback_up()
    # Unprivileged users may serve every port of this network: it is nobody else's.
    with open('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'w', encoding='ascii') as setting:
        setting.write('0')
    prepare()
    os.chdir(cwd if os.path.isdir(cwd) else '/')
    os.execv(command[0], command)


def run(hostname, prepare, command):
    """Run @command (argv, absolute path) as the first process of a new box, after a call of @prepare() in it.

    Returns its exit status as a shell tells it, once it and everything it started is gone. A SIGINT,
    SIGTERM, SIGHUP or SIGQUIT that was sent to us (not typed at the terminal, where the command gets it as well) ends
    the box; the status is then 128 + signal."""
    cwd = os.getcwd()
    watched = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    _own_namespaces()
    alive, ours = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ours)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _first_process(alive, hostname, cwd, prepare, command)
        except (BoxError, OSError) as error:
            os.write(2, f'lab: {error}\n'.encode())
        os._exit(70)
    os.close(alive)

    ended_by = 0
    while True:
        came = signal.sigwaitinfo(watched)
        if came.si_signo == signal.SIGCHLD:
            done, status = os.waitpid(child, os.WNOHANG)
            if done == child:
                break
        elif came.si_code <= 0 or came.si_signo in (signal.SIGHUP, signal.SIGTERM):
            ended_by = ended_by or came.si_signo
            os.kill(child, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if ended_by:
        return 128 + ended_by
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
