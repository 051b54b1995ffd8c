#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mvirt console on a terminal: raw while attached, as before after Ctrl-], a signal, hostd's end."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

PATIENCE_S = 15
MVIRT, SOCKET = sys.argv[1:3]


class Terminal:
    def __init__(self):
        self.main, self.side = pty.openpty()
        self.before = termios.tcgetattr(self.side)
        self.process = subprocess.Popen([MVIRT, "--socket", SOCKET, "console", "web"],
                                        stdin=self.side, stdout=self.side, stderr=self.side)
        self.seen = b""

    def expect(self, text):
        end = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            ready = select.select([self.main], [], [], max(0, end - time.monotonic()))[0]
            assert ready, f"no {text!r} in {self.seen!r}"
            self.seen += os.read(self.main, 4096)

    def is_raw(self):
        return not termios.tcgetattr(self.side)[3] & termios.ICANON

    def wait_until_raw(self):
        end = time.monotonic() + PATIENCE_S
        while not self.is_raw():
            assert time.monotonic() < end, "the terminal does not become raw"
            time.sleep(0.02)

    def end(self, status):
        assert self.process.wait(PATIENCE_S) == status, self.process.returncode
        assert termios.tcgetattr(self.side) == self.before, "the terminal was not restored"
        os.close(self.main)
        os.close(self.side)


def main():
    terminal = Terminal()
    terminal.expect(b"connected to web, Ctrl-] leaves")
    terminal.wait_until_raw()
    os.write(terminal.main, b"ls\x03\x1a\r")  # Ctrl-C and Ctrl-Z are the guest's
    terminal.expect(b"ls\x03\x1a\r")
    os.write(terminal.main, b"bye\x1d")
    terminal.end(0)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV):
        terminal = Terminal()
        terminal.wait_until_raw()
        terminal.process.send_signal(number)
        terminal.end(-number)


main()
