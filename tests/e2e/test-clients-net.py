#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that ask PAM over a network, with the samples of conf/pam.d: web servers, mail, files, a database, SASL, VPN

Each of them has one hidden question, and each behaves in its own way where there are more. Of the two FTP servers
Debian installs one only: the cases run with that which is there."""

import base64
import contextlib
import ftplib
import imaplib
import os
import pwd
import re
import signal
import shutil
import subprocess
import time
import urllib.error
import urllib.request

from clients import BING, CALLERS, DECLARATION, HOME, JI, JIA, Watched, account_tries, begin, listens, logs_hold_no_secret, read, \
    server, single_answer, unit_tries, write
from e2e import BENDI_PASSWORD, ENGLISH, UNIT_1, UNIT_2, backend, case, contains, equal, itaxd_pid, main, unlock, wait_until
from faults import changed

CONF = '/etc/itax/itaxd.conf'


def reload():
    n = read(Watched.LOG).count('taken over')
    os.kill(itaxd_pid(), signal.SIGHUP)
    wait_until(lambda: read(Watched.LOG).count('taken over') > n, 'the configuration is taken over')


def http(port, user, answer):
    """Status of a page behind basic authentication."""
    request = urllib.request.Request(f'http://127.0.0.1:{port}/')
    request.add_header('Authorization', 'Basic ' + base64.b64encode(f'{user}:{answer}'.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=30) as page:
            contains(page.read().decode(), 'behind the login')
            return page.status
    except urllib.error.HTTPError as error:
        return error.code


def http_gets_in(port):
    def login(user, answer):
        status = http(port, user, answer)
        assert status in (200, 401), status
        return status == 200
    return login


def page():
    write(f'{HOME}/www/index.html', 'behind the login\n')


def nginx(user, answer):
    page()
    conf = write(f'{HOME}/nginx.conf', f"""
        load_module /usr/lib/nginx/modules/ngx_http_auth_pam_module.so;
        user www-data; worker_processes 1; daemon off; pid {HOME}/nginx.pid; error_log {HOME}/nginx.log info;
        events {{}}
        http {{
            access_log {HOME}/nginx-access.log;
            server {{
                listen 127.0.0.1:8001; root {HOME}/www;
                location / {{ auth_pam "persons"; auth_pam_service_name "nginx"; }}
            }}
        }}""")
    server('nginx', ['/usr/sbin/nginx', '-e', f'{HOME}/nginx.log', '-c', conf], listens(8001))
    return http_gets_in(8001)(user, answer)


def apache2(user, answer):
    page()
    modules = ''.join(f'LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n' for name in (
        'mpm_prefork', 'authn_core', 'authz_core', 'authz_user', 'auth_basic', 'authnz_pam', 'dir'))
    conf = write(f'{HOME}/apache2.conf', modules + f"""
        ServerName localhost
        ServerRoot {HOME}
        PidFile {HOME}/apache2.pid
        DefaultRuntimeDir {HOME}
        Listen 127.0.0.1:8002
        User www-data
        Group www-data
        StartServers 1
        ErrorLog {HOME}/apache2.log
        LogLevel debug
        DocumentRoot {HOME}/www
        DirectoryIndex index.html
        <Location />
            AuthType Basic
            AuthName persons
            AuthBasicProvider PAM
            AuthPAMService apache2
            Require pam-account apache2
        </Location>""")
    server('apache2', ['/usr/sbin/apache2', '-f', conf, '-DFOREGROUND'], listens(8002))
    return http_gets_in(8002)(user, answer)


def dovecot(user, answer):
    conf = write(f'{HOME}/dovecot.conf', f"""
        base_dir = {HOME}/dovecot
        state_dir = {HOME}/dovecot-state
        log_path = {HOME}/dovecot.log
        auth_debug = yes
        auth_verbose = yes
        protocols = imap
        listen = 127.0.0.1
        ssl = no
        disable_plaintext_auth = no
        auth_failure_delay = 0
        mail_location = maildir:~/Maildir
        service imap-login {{
          chroot =
          inet_listener imap {{
            port = 8003
          }}
          inet_listener imaps {{
            port = 0
          }}
        }}
        service anvil {{
          unix_listener anvil-auth-penalty {{
            mode = 0
          }}
        }}
        passdb {{
          driver = pam
          args = failure_show_msg=yes dovecot
        }}
        userdb {{
          driver = passwd
        }}""")
    server('dovecot', ['/usr/sbin/dovecot', '-F', '-c', conf], listens(8003))
    box = imaplib.IMAP4('127.0.0.1', 8003, timeout=30)
    try:
        box.login(user, answer)
        equal(box.select('INBOX')[0], 'OK')
        return True
    except imaplib.IMAP4.error as error:
        contains(str(error), 'AUTHENTICATIONFAILED')
        return False
    finally:
        box.shutdown()


def ftp(port, user, answer):
    with ftplib.FTP() as client:
        client.connect('127.0.0.1', port, timeout=30)
        try:
            client.login(user, answer)
            equal(client.pwd(), f'/home/{user}')
            return True
        except ftplib.error_perm as error:
            contains(str(error), '^530 ')
            return False


def vsftpd(user, answer):
    conf = write(f'{HOME}/vsftpd.conf', '\n'.join((
        'listen=YES', 'background=NO', 'listen_address=127.0.0.1', 'listen_port=8004', 'anonymous_enable=NO',
        'local_enable=YES', 'pam_service_name=vsftpd', 'delay_failed_login=0', 'dual_log_enable=YES', 'xferlog_enable=YES',
        f'vsftpd_log_file={HOME}/vsftpd.log', f'xferlog_file={HOME}/vsftpd-xfer.log', f'secure_chroot_dir={HOME}/empty', '')))
    os.makedirs(f'{HOME}/empty', exist_ok=True)
    server('vsftpd', ['/usr/sbin/vsftpd', conf], listens(8004))
    return ftp(8004, user, answer)


def proftpd(user, answer):
    conf = write(f'{HOME}/proftpd.conf', f"""
        ServerName lab
        ServerType standalone
        DefaultAddress 127.0.0.1
        Port 8005
        UseReverseDNS off
        User proftpd
        Group nogroup
        PidFile {HOME}/proftpd.pid
        ScoreboardFile {HOME}/proftpd.scoreboard
        SystemLog {HOME}/proftpd.log
        AuthOrder mod_auth_pam.c* mod_auth_unix.c
        AuthPAM on
        AuthPAMConfig proftpd\n""")
    server('proftpd', ['/usr/sbin/proftpd', '-n', '-c', conf], listens(8005))
    return ftp(8005, user, answer)


def saslauthd(user, answer):
    os.makedirs(f'{HOME}/sasl', exist_ok=True)
    server('saslauthd', ['/usr/sbin/saslauthd', '-a', 'pam', '-d', '-n', '1', '-m', f'{HOME}/sasl'],
           lambda: os.path.exists(f'{HOME}/sasl/mux'))
    done = subprocess.run(['testsaslauthd', '-f', f'{HOME}/sasl/mux', '-s', 'imap', '-u', user, '-p', answer],
                          capture_output=True, text=True, timeout=30, check=False)
    contains(done.stdout, '0: OK "Success."' if done.returncode == 0 else '0: NO "authentication failed"')
    return done.returncode == 0


def pwauth(user, answer):
    done = subprocess.run(['setpriv', '--reuid=www-data', '--regid=www-data', '--clear-groups', '/usr/sbin/pwauth'],
                          input=f'{user}\n{answer}\n', text=True, timeout=30, check=False)
    assert 0 <= done.returncode < 50, done.returncode
    return done.returncode == 0


def postgresql(user, answer):
    programs = max(f'/usr/lib/postgresql/{version}/bin' for version in os.listdir('/usr/lib/postgresql'))
    data = f'{HOME}/postgresql'
    as_postgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups']
    if not os.path.exists(data):
        os.mkdir(data)
        shutil.chown(data, 'postgres', 'postgres')
        subprocess.run([*as_postgres, f'{programs}/initdb', '-D', data, '--no-sync', '--no-locale', '-E', 'UTF8', '-A', 'trust',
                        '--no-instructions'], stdout=subprocess.DEVNULL, timeout=120, check=True)
        write(f'{data}/pg_hba.conf', 'local all postgres trust\nhost all all 127.0.0.1/32 pam pamservice=postgresql\n')
    server('postgresql', [*as_postgres, f'{programs}/postgres', '-D', data, '-k', data, '-p', '8006', '-h', '127.0.0.1', '-F',
                          '-c', 'log_connections=on'],
           lambda: subprocess.run([f'{programs}/pg_isready', '-q', '-h', data, '-p', '8006'], timeout=30, check=False).returncode == 0)
    ask = [f'{programs}/psql', '-X', '-A', '-t', '-p', '8006', '-d', 'postgres', '-w']
    if not os.path.exists(f'{HOME}/roles'):
        subprocess.run([*ask, '-h', data, '-U', 'postgres', '-c', 'CREATE ROLE jia LOGIN', '-c', 'CREATE ROLE ji LOGIN', '-c',
                        'CREATE ROLE bing LOGIN'], stdout=subprocess.DEVNULL, timeout=30, check=True)
        write(f'{HOME}/roles', '')
    done = subprocess.run([*ask, '-h', '127.0.0.1', '-U', user, '-c', 'SELECT session_user'], capture_output=True, text=True,
                          timeout=30, check=False, env={**os.environ, 'PGPASSWORD': answer})
    if done.returncode != 0:
        contains(done.stderr, 'PAM authentication failed')
        return False
    equal(done.stdout, f'{user}\n')
    return True


def xrdp_sesman(user, answer):
    conf = write(f'{HOME}/sesman.ini', f"""
[Globals]
ListenAddress=127.0.0.1
ListenPort=8008
EnableUserWindowManager=false
DefaultWindowManager=/bin/true
[Security]
AllowRootLogin=false
MaxLoginRetry=1
AlwaysGroupCheck=false
[Sessions]
X11DisplayOffset=10
MaxSessions=50
Policy=Default
[Logging]
LogFile={HOME}/xrdp-sesman.log
LogLevel=DEBUG
EnableSyslog=false
[Xvnc]
param=/bin/false
""")
    server('xrdp-sesman', ['/usr/sbin/xrdp-sesman', '-n', '-c', conf], listens(8008, '::1'))
    # "localhost" cannot be looked up in the lab as xrdp does it: there is no network but the loopback.
    done = subprocess.run(['xrdp-sesrun', '-c', conf, '-t', 'Xvnc', '-s', '127.0.0.1', '-F', '0', user], input=answer, text=True,
                          capture_output=True, timeout=60, check=False)
    return re.search('^(ok data=1)|^Connection denied', done.stdout, re.MULTILINE).group(1) is not None


def openvpn(user, answer):
    """Between two ends without a device: a server for many needs one, and the plugin makes no difference."""
    key, certificate = f'{HOME}/vpn.key', f'{HOME}/vpn.pem'
    if not os.path.exists(certificate):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                        '-subj', '/CN=vpn', '-keyout', key, '-out', certificate], stderr=subprocess.DEVNULL, timeout=30, check=True)
    answers = write(f'{HOME}/vpn.answers', f'{user}\n{answer}\n', 0o600)
    log, their_log = f'{HOME}/openvpn.log', f'{HOME}/openvpn-client.log'
    both = ['openvpn', '--dev', 'null', '--ca', certificate, '--cert', certificate, '--key', key, '--verb', '4']
    for path in (log, their_log):
        write(path, '')
    with contextlib.ExitStack() as stack:
        def start(*words):
            process = stack.enter_context(subprocess.Popen([*both, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
            stack.callback(process.terminate)
            return process

        ours = start('--tls-server', '--dh', 'none', '--local', '127.0.0.1', '--lport', '8010', '--log', log,
                     '--plugin', '/usr/lib/openvpn/openvpn-plugin-auth-pam.so', 'openvpn')
        wait_until(lambda: 'UDPv4 link' in read(log), 'openvpn is ready')
        start('--client', '--remote', '127.0.0.1', '8010', '--nobind', '--auth-user-pass', answers, '--auth-retry', 'none', '--log',
              their_log)
        said = wait_until(lambda: re.search('authentication succeeded|verification failed', read(log)), 'openvpn has asked PAM', 40)
        assert ours.poll() in (None, 0), ours.returncode
    return said.group() == 'authentication succeeded'


FTP = proftpd if os.path.exists('/usr/sbin/proftpd') else vsftpd
begin()
single_answer('nginx', nginx, checks=2)
single_answer('apache2', apache2)
single_answer('dovecot', dovecot)
single_answer(FTP.__name__, FTP, unknown=None if FTP is proftpd else 'wrong-password')
single_answer('saslauthd', saslauthd, service='imap')
single_answer('pwauth', pwauth, unknown=None)
single_answer('postgresql', postgresql)
single_answer('xrdp-sesman', xrdp_sesman)
single_answer('openvpn', openvpn)


@case('ACCOUNT@UNIT-CODE, or the local user before it, as the name of the user picks the unit (design.md D10)')
def unit_in_user():
    for name in (f'ji@{UNIT_1}', f'ceshi_ji@{UNIT_1}'):
        with Watched() as watched:
            equal(nginx(name, JI), True)
            watched.ended('granted', 'granted', user='ji', unit=UNIT_1)
    # The unit must be the person's, the person the user, and the line of pam.d may admit another unit only.
    for name, password in ((f'jia@{UNIT_2}', JIA), (f'jia@{UNIT_1}', JI), (f'@{UNIT_1}', JI), (f'ji@{UNIT_1[:-1]}9', JI)):
        with Watched():
            equal(nginx(name, password), False, name)
        unlock('jia')
    with changed('/etc/pam.d/nginx', f'auth required pam_itax.so unit={UNIT_2}\naccount required pam_itax.so\n'):
        with Watched():
            equal(nginx(f'ji@{UNIT_1}', JI), False)


@case('a unit in the line of pam.d chooses for a person with several, and for nobody whose unit it is not')
def unit_in_line():
    with changed('/etc/pam.d/nginx', f'auth required pam_itax.so unit={UNIT_1}\naccount required pam_itax.so\n'):
        with Watched() as watched:
            equal(nginx('ji', JI), True)
            watched.ended('granted', 'granted', user='ji', unit=UNIT_1)
        with Watched() as watched:
            equal(nginx('bing', f'{BING} {DECLARATION}'), False)
            watched.ended('unit-of-others')
            equal(unit_tries(), 5)


@case('a caller who is not in the configuration lets nobody in, whoever it is, and the log says who asked')
def not_a_caller():
    with changed(CONF, read(CONF).replace(CALLERS, '')):
        reload()
        offset = os.path.getsize(Watched.LOG)
        for log_in, uid in ((nginx, 'www-data'), (apache2, 'www-data'), (postgresql, 'postgres')):
            with Watched() as watched:
                equal(log_in('jia', JIA), False)
                equal(log_in('root', 'Root-pass9'), False)
                equal((watched.records(), watched.right_passwords()), ([], 0))
            contains(read(Watched.LOG)[offset:], f'uid {pwd.getpwnam(uid).pw_uid} was refused: it asked for somebody else')
    reload()
    with Watched() as watched:
        equal(nginx('jia', JIA), True)
        watched.granted(2)


@case('a local user without an account gets in with the local password where the line goes on to pam_unix, and nowhere else')
def local_user():
    for log_in, gets_in in ((dovecot, True), (FTP, True), (saslauthd, True), (xrdp_sesman, True), (nginx, False), (pwauth, False)):
        with Watched() as watched:
            equal(log_in('bendi', BENDI_PASSWORD), gets_in, log_in.__name__)
            watched.ended('not-ours')


@case('the platform away: refused within a bound, the servers stay, and the local user gets in')
def platform_away():
    backend('stop')
    try:
        for log_in in (nginx, apache2, dovecot, FTP, saslauthd, pwauth, postgresql):
            with Watched() as watched:
                begun = time.monotonic()
                equal(log_in('jia', JIA), False, log_in.__name__)
                assert time.monotonic() - begun < 15, log_in.__name__
                watched.ended('platform-unavailable')
        with Watched() as watched:
            equal(FTP('bendi', BENDI_PASSWORD), True)
            watched.ended('not-ours')
    finally:
        backend('start')
    for log_in in (nginx, dovecot, saslauthd, postgresql):
        with Watched() as watched:
            equal(log_in('jia', JIA), True, log_in.__name__)
            watched.granted(2 if log_in is nginx else 1)


@case('nothing that was typed stands in any log')
def secrets():
    logs_hold_no_secret()


main(environment={**ENGLISH, 'ITAX_LAB_ITAXD_CONF': CALLERS})
