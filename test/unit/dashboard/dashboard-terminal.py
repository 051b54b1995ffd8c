#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mvirt-dashboard in a terminal emulator, key by key: what is on the screen, what hostd was told.

usage: dashboard-terminal.py PROGRAM STUB. Prints TAP.
"""

import fcntl
import os
import pathlib
import pty
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import pyte

PATIENCE_S = 60
PROGRAM, STUB = sys.argv[1:3]
# "openssl passwd -6 -salt salt geheim"
HASH = ("$6$salt$couUYKtQ2tE3/VCDlMTXvTx.w0gArvuHiDiSXsZOiM"
        "i8aDfCsEJSxpqCzLFv7qX/4RFZ1iUIx5tKxuefdjtGG.")

# "mkpasswd -m yescrypt geheim"
YESCRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$iLMagHjBvrahXhlULvb9yW5faxBRfc3sREKM24WCe2C"


class Server:
    all = []

    def __init__(self, folder, how="--serve", **environment):
        Server.all.append(self)
        self.path = str(pathlib.Path(folder) / "api.sock")
        self.process = subprocess.Popen([STUB, how, self.path], env={**os.environ, **environment})
        end = time.monotonic() + PATIENCE_S
        while not os.path.exists(self.path):
            assert time.monotonic() < end and self.process.poll() is None, "the stub server does not come up"
            time.sleep(0.02)

    def end(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0, "the server ended badly"


class Screen(pyte.Screen):
    def __init__(self, terminal, columns, lines):
        self.terminal = terminal
        super().__init__(columns, lines)

    def write_process_input(self, data):
        if self.terminal.answers:
            os.write(self.terminal.main, data.encode())


class Terminal:
    """A program on a pty, and what a person sees."""

    def __init__(self, server, columns=80, lines=24, kind="xterm", utf8=True, answers=True, memory_bytes=None):
        self.main, self.side = pty.openpty()
        self.answers = answers
        self.raw = b""
        self.screen = Screen(self, columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        if not utf8:
            self.stream.select_other_charset("@")
        if answers:
            fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self.side)

        def prepare():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if memory_bytes:
                resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

        self.process = subprocess.Popen([PROGRAM, "--socket", server.path], stdin=self.side, stdout=self.side,
                                        stderr=self.side, start_new_session=True, preexec_fn=prepare,
                                        env={**os.environ, "TERM": kind})

    def read(self, timeout):
        if not select.select([self.main], [], [], timeout)[0]:
            return False
        data = os.read(self.main, 65536)
        self.raw += data
        self.stream.feed(data)
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def expect(self, text, gone=False):
        end = time.monotonic() + PATIENCE_S
        while (text in self.text()) == gone:
            left = end - time.monotonic()
            assert left > 0 and self.process.poll() is None, \
                f"{'still' if gone else 'no'} {text!r} on the screen:\n{self.text()}"
            self.read(min(left, 0.5))

    def press(self, keys):
        os.write(self.main, keys if isinstance(keys, bytes) else keys.encode())

    def is_silent(self, seconds):
        """Whether nothing at all is drawn for that long."""
        while self.read(0.3):
            pass
        return not self.read(seconds)

    def end(self, keys="q"):
        self.press(keys)
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end:\n{self.text()}"
            self.read(0.1)
        assert self.process.returncode == 0, self.process.returncode
        assert termios.tcgetattr(self.side) == self.before, "the terminal was not restored"
        os.close(self.main)
        os.close(self.side)


def test_main_page(server):
    terminal = Terminal(server)
    terminal.expect("Guests: 3 of 8 running")
    terminal.expect("mvirt.conf:12:")
    for word in ("Start", "Console", "Power", "F1 Help", "Leave"):
        terminal.expect(word)
    terminal.end()


def test_help_by_each_key(server):
    terminal = Terminal(server)
    terminal.expect("Guests:")
    for key in ("?", "h", "\033OP", "\033[[A", "\033[11~"):
        terminal.press(key)
        terminal.expect("its serial console; Ctrl-]")
        terminal.press("q")
        terminal.expect("Guests:")
    terminal.end()


def test_start_and_stop(server):
    terminal = Terminal(server)
    terminal.expect("► bad")
    terminal.press("\033[B")
    terminal.expect("► db")
    terminal.press("k")
    terminal.expect("Kill guest db?")
    terminal.press("n")
    terminal.expect("Kill guest db?", gone=True)
    terminal.press("ky")
    terminal.expect("db was killed")
    terminal.expect("Guests: 2 of 8 running")
    terminal.press("S")
    terminal.expect("db is starting")
    terminal.expect("Guests: 3 of 8 running")
    terminal.press("\033[A")
    terminal.expect("► bad")
    terminal.press("s")
    # What a guest says of itself does nothing to the terminal.
    terminal.expect("the kernel ?[31")
    terminal.end()


def test_console(server):
    terminal = Terminal(server)
    terminal.expect("► bad")
    terminal.press("\033[F")
    for _ in range(8):
        terminal.press("\033[B")
    terminal.expect("► web")
    terminal.press("\r")
    terminal.expect("connected to web, Ctrl-] returns")
    terminal.press("ls\x03\x1a")
    terminal.expect("ls")
    terminal.press("\x1d")
    terminal.expect("► web")
    terminal.end()


def test_log(server):
    terminal = Terminal(server)
    terminal.expect("► bad")
    terminal.press("l")
    terminal.expect("Log of bad")
    terminal.press("\033")
    terminal.expect("Guests:")
    terminal.end()


def test_other_sizes(server):
    for columns, lines in ((132, 50), (40, 12), (20, 5)):
        terminal = Terminal(server, columns, lines)
        terminal.expect("lan")
        terminal.screen.resize(24, 80)
        fcntl.ioctl(terminal.side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.kill(terminal.process.pid, signal.SIGWINCH)
        terminal.expect("Guests: 3 of 8 running")
        terminal.end()


def test_ascii_and_vt100(server):
    """A line without UTF-8 gets its own line drawing characters, a line that answers nothing 80x24."""
    terminal = Terminal(server, kind="vt220", utf8=False, answers=False)
    terminal.expect("> bad")
    assert b"\xe2" not in terminal.raw[40:], "UTF-8 was sent"
    assert b"\033(0" in terminal.raw, "no line drawing characters"
    terminal.end()


def test_dumb(server):
    terminal = Terminal(server, kind="dumb")
    terminal.expect("Guests:")
    terminal.end()


def test_nothing_is_drawn_without_change(server):
    terminal = Terminal(server)
    terminal.expect("Guests: 3 of 8 running")
    time.sleep(61 - time.time() % 60 if time.time() % 60 > 45 else 3)
    assert terminal.is_silent(5), "it draws although nothing has changed"
    before = pathlib.Path(f"/proc/{terminal.process.pid}/status").read_text()
    time.sleep(3)
    after = pathlib.Path(f"/proc/{terminal.process.pid}/status").read_text()

    def switches(text):
        return [line for line in text.splitlines() if "ctxt_switches" in line]
    assert switches(before) == switches(after), "it wakes up although nothing has changed"
    terminal.end()


def test_hostd_ends(server):
    other = tempfile.mkdtemp()
    mine = Server(other)
    terminal = Terminal(mine)
    terminal.expect("Guests:")
    mine.end()
    end = time.monotonic() + PATIENCE_S
    while terminal.process.poll() is None:
        assert time.monotonic() < end, "it goes on without hostd"
        terminal.read(0.1)
    shutil.rmtree(other)


def test_password(server):
    """What acts asks for the password; a wrong one takes time; a right one is asked once."""
    folder = tempfile.mkdtemp()
    mine = Server(folder, STUB_CONSOLE_PASSWORD=HASH)
    terminal = Terminal(mine)
    terminal.expect("► bad")
    terminal.press("\033[B")
    terminal.expect("► db")
    terminal.press("ty")
    terminal.expect("Console password")
    terminal.press("\033")
    terminal.expect("Console password", gone=True)
    terminal.press("ty")
    terminal.expect("Console password")
    start = time.monotonic()
    terminal.press("falsch\r")
    terminal.expect("not the console password")
    assert time.monotonic() - start > 0.9, "a wrong password was refused at once"
    terminal.press("ty")
    terminal.expect("Password")
    terminal.press("geheim")
    terminal.expect("******")
    assert b"geheim" not in terminal.raw
    terminal.press("\r")
    terminal.expect("db was asked to power off")
    terminal.expect("Guests: 2 of 8 running")
    # It is not asked a second time.
    terminal.press("s")
    terminal.expect("db is starting")
    terminal.end()
    mine.end()
    shutil.rmtree(folder)


def test_password_yescrypt(server):
    folder = tempfile.mkdtemp()
    mine = Server(folder, STUB_CONSOLE_PASSWORD=YESCRYPT)
    terminal = Terminal(mine)
    terminal.expect("► bad")
    for password, right in (("falsch", False), ("geheim", True)):
        terminal.press("s")
        terminal.expect("Console password")
        terminal.press(password + "\r")
        terminal.expect("Console password", gone=True)
        terminal.expect("not the console password", gone=right)
    terminal.end()
    mine.end()
    shutil.rmtree(folder)


def test_addresses(server):
    """Of guests: what they were seen to use."""
    terminal = Terminal(server)
    terminal.expect("192.0.2.44")
    terminal.end()


def test_a_thousand_guests(server):
    """With the memory that hostd gives a dashboard (dashboards.c)."""
    folder = tempfile.mkdtemp()
    mine = Server(folder, "--serve-many")
    terminal = Terminal(mine, memory_bytes=64 << 20)
    terminal.expect("Guests: 1003 of 1009 running")
    terminal.expect("► bad")
    assert terminal.process.poll() is None, "it has ended"
    terminal.end()
    mine.end()
    shutil.rmtree(folder)


def main():
    tests = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        for number, test in enumerate(tests, 1):
            try:
                test(server)
                print(f"ok {number} - {test.__name__}", flush=True)
            except (AssertionError, OSError) as error:
                failed = True
                print(f"not ok {number} - {test.__name__}", flush=True)
                print("# " + str(error).replace("\n", "\n# "), flush=True)
        server.end()
    # Of a test that failed. Who reads our output waits for them too.
    for left in Server.all:
        left.process.kill()
    sys.exit(failed)


main()
