# SPDX-License-Identifier: GPL-2.0-or-later
"""make screenshots: the pictures of README.md and the manual, taken of a machine in the emulator."""

import pathlib
import sys
import tempfile

import emulator
import guests
from pictures import key, wait_text
from screen_guests import LINUX, make_linux
from test_faults import DEMO

CONFIG = 'hostname = "rack-7"\n' + DEMO.replace("echo-console = true\n", "") + LINUX.replace("{", "{\n\tautostart = false", 1)
MISTAKE = CONFIG.replace("memory = ", "memroy = ", 1)


def take(host, name, pattern, timeout=60):
    """A picture, once it shows what it has to show."""
    wait_text(host, pattern, timeout)
    host.screenshot(pathlib.Path(sys.argv[1]) / name)
    print(f"mvirt: {name}")


def boot(start, config, folder):
    files = emulator.demo_files(config)
    return start(stick={**files, **make_linux(folder)}, memory_mib=1536, extra=["-vga", "virtio", "-device", "usb-tablet,bus=xhci.0"])


def main():
    with tempfile.TemporaryDirectory() as folder, guests.starter("screenshots") as start:
        folder = pathlib.Path(folder)
        host = boot(start, CONFIG, folder)
        host.console.wait(r"hostd: host: ready", 240)
        take(host, "screen.png", r"lan +10\.0\.2\.15/24(.|\n)*demo +running.* 10\.0\.2\.1\d$", 240)
        key(host, "f1")
        take(host, "screen-help.png", r"its serial console; Ctrl-\]")
        key(host, "esc")
        assert host.shell("mvirt start desktop", 120)[0] == 0
        key(host, "ctrl", "alt", "f2")
        wait_text(host, r"^desktop: Linux(.|\n)*^desktop # ", 240)
        for letter in "free":
            key(host, letter)
        key(host, "ret")
        take(host, "screen-guest.png", r"^Mem: (.|\n)*^desktop # ")
        key(host, "ctrl", "alt", "esc")
        take(host, "screen-question.png", r'End guest "desktop" now')
        host.end()
        host = boot(start, MISTAKE, folder)
        take(host, "screen-mistake.png", r'Processor.* %(.|\n)*! mvirt\.conf:\d+: unknown key "memroy"(.|\n)* \(ra\)$', 240)


if __name__ == "__main__":
    main()
