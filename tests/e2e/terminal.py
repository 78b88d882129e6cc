# SPDX-License-Identifier: LGPL-2.1-or-later
"""Terminal: a program on a pseudo-terminal, and what a person sees there

The screen is pyte's; pictures on it are scanned as a phone would scan them: drawn pixel by pixel with
the colours the terminal would have and read by zbarimg."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import zlib
from fcntl import ioctl

import pyte

CONTROL = re.compile(r'\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\r')
# Width and height of a character cell: half blocks become squares.
CELL_WIDTH, CELL_HEIGHT = 6, 12
GROUNDS = {'dark': ((229, 229, 229), (0, 0, 0)), 'light': ((0, 0, 0), (255, 255, 255))}
COLOURS = {'black': (0, 0, 0), 'white': (255, 255, 255), 'red': (205, 0, 0), 'green': (0, 205, 0),
           'brown': (205, 205, 0), 'blue': (0, 0, 238), 'magenta': (205, 0, 205), 'cyan': (0, 205, 205)}
# Which quarters of a cell are ink: upper left, upper right, lower left, lower right
BLOCKS = {' ': 0, '\u2588': 15, '\u2580': 12, '\u2584': 3, '\u258c': 10, '\u2590': 5}


class Timeout(AssertionError):
    pass


class Terminal:
    def __init__(self, command, columns=120, rows=50, env=None):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b''       # everything that came
        self.seen = 0        # length of the text that was waited for already
        self.status = None
        environment = dict(os.environ, TERM='xterm', LANG='C.UTF-8')
        environment.pop('LC_ALL', None)
        environment.update(env or {})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    @property
    def text(self):
        """Everything that came so far, without control sequences."""
        return CONTROL.sub('', self.raw.decode('utf-8', 'replace'))

    def read(self, seconds):
        """Take what comes within @seconds; False once the other side is closed."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b''
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    def until(self, condition, what, seconds=40):
        """Read until @condition() is true."""
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout(f'not within {seconds} s: {what}; on the terminal:\n{self.text[-2500:]}')
            if not self.read(left):
                found = condition()
                if found:
                    return found
                raise Timeout(f'ended before: {what}; on the terminal:\n{self.text[-2500:]}')

    def expect(self, pattern, seconds=40):
        """Read until what came since the last expect() matches."""
        match = self.until(lambda: re.search(pattern, self.text[self.seen:]), pattern, seconds)
        self.seen += match.end()
        return match

    def send(self, text):
        os.write(self.fd, text.encode())

    def answer(self, pattern, text, seconds=40):
        """Wait for a prompt, then type. Echo is taken off by programs just after the prompt came out, and what
        was typed before that is thrown away: so wait until it is off when the answer must not be seen."""
        self.expect(pattern, seconds)
        self.send(text + '\n')

    def secret(self, pattern, text, seconds=40):
        self.expect(pattern, seconds)
        self.until(self._echo_is_off, 'echo off', seconds)
        self.send(text + '\n')

    def _echo_is_off(self):
        self.read(0.005)
        return not termios.tcgetattr(self.fd)[3] & termios.ECHO

    def ended(self, seconds=40):
        """Wait for the end; exit status as a shell tells it."""
        end = time.monotonic() + seconds
        while self.status is None:
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout(f'still running after {seconds} s; on the terminal:\n{self.text[-2500:]}')
            if not self.read(min(left, 0.2)):
                self._reap(0)
            else:
                self._reap(os.WNOHANG)
        return self.status

    def _reap(self, how):
        done, status = os.waitpid(self.pid, how)
        if done:
            code = os.waitstatus_to_exitcode(status)
            self.status = code if code >= 0 else 128 - code

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)  # hangs up
            self.fd = -1
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def pixels(self, ground='dark'):
        """The screen as rows of RGB bytes, as a terminal with light text on dark ground (or dark on light) draws it."""
        front, back = GROUNDS[ground]

        def colour(name, default):
            if name == 'default':
                return default
            return COLOURS[name] if name in COLOURS else tuple(bytes.fromhex(name))

        rows = []
        for y in range(self.screen.lines):
            halves = [bytearray(), bytearray()]
            for x in range(self.screen.columns):
                cell = self.screen.buffer[y][x]
                ink, paper = colour(cell.fg, front), colour(cell.bg, back)
                if cell.reverse:
                    ink, paper = paper, ink
                # Letters are a grey smear: no scanner takes them for part of a code.
                block = BLOCKS.get(cell.data, 9 if cell.data.strip() else 0)
                if cell.data == '#':
                    block = 15
                for half in (0, 1):
                    for side in (0, 1):
                        bit = 8 >> (half * 2 + side)
                        halves[half] += bytes(ink if block & bit else paper) * (CELL_WIDTH // 2)
            for half in halves:
                rows += [bytes(half)] * (CELL_HEIGHT // 2)
        return rows

    def scan(self, ground='dark'):
        """What a phone reads from the screen: a list of texts."""
        rows = self.pixels(ground)
        with tempfile.NamedTemporaryFile(suffix='.png') as file:
            file.write(png(rows))
            file.flush()
            found = subprocess.run(['zbarimg', '-q', '--raw', '-Sdisable', '-Sqrcode.enable', file.name],
                                   capture_output=True, text=True, check=False)
        return found.stdout.split()

    def wait_for_code(self, seconds=40, other_than=None):
        """Read until a code can be scanned (another one than @other_than)."""
        def scanned():
            codes = [code for code in self.scan() if code != other_than]
            return codes[-1] if codes else None
        return self.until(scanned, 'a picture that can be scanned', seconds)


def png(rows):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    width, height = len(rows[0]) // 3, len(rows)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(b''.join(b'\0' + row for row in rows), 1)) + chunk(b'IEND', b''))
