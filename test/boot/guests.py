# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by tests with real guests: a data volume, a guest's console, a shell in the demo guest."""

import contextlib
import pathlib
import shutil

import emulator

GUEST = emulator.BUILD / "guest"
LOGS = emulator.BUILD / "run" / "test"


@contextlib.contextmanager
def starter(name):
    """A function that starts machines: start(medium=…, …). They end with the block."""
    started = []

    def start(**options):
        folder = LOGS / (name if not started else f"{name}-{len(started)}")
        # socket paths are short
        folder = pathlib.Path(str(folder)[:80])
        shutil.rmtree(folder, ignore_errors=True)
        one = emulator.Machine(folder, **options)
        started.append(one)
        one.start()
        return one

    try:
        yield start
    finally:
        for one in started:
            one.end()
            for image in one.folder.glob("*.img"):
                image.unlink()
    for one in started:
        # Guests of such a KVM have no timers: see docs/testing.md, "Surprises".
        assert "TSC rate below hardware speed" not in one.console.text


def make_volume(path, guests, size_mib, images=None):
    """A data volume with guests/NAME/FILE from {NAME: {FILE: text or a path}}, and images/FILE; returns the disk's
    arguments."""
    folder = pathlib.Path(path).with_suffix(".folder")
    files = {f"guests/{name}/{file}": content for name, one in guests.items() for file, content in one.items()}
    files |= {f"images/{file}": content for file, content in (images or {}).items()}
    for file, content in files.items():
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pathlib.Path):
            emulator.run("cp", "--sparse=always", content, target)
        else:
            target.write_text(content)
    with open(path, "wb") as image:
        image.truncate(size_mib << 20)
    emulator.run("mke2fs", "-q", "-t", "ext4", "-L", "mvirt-data", "-d", folder, path)
    shutil.rmtree(folder)
    return ["-drive", f"if=none,id=data,format=raw,file={path}", "-device", "virtio-blk-pci,drive=data,serial=data1"]


def wait_guest(host, name, pattern, timeout, start=0):
    """Waits for a line of the guest's console; fails if the guest fails before."""
    found = host.console.wait(rf"{name}: .*{pattern}|hostd: guest {name}: failed.*\n", timeout, start=start)
    assert "hostd: guest" not in found.group(), found.group()
    return found


class GuestConsole:
    """A guest's serial console, through `mvirt console` in the host's root shell. Use as a context manager."""

    def __init__(self, host, name):
        self.host, self.name = host, name
        self.shell = host.shell_console

    def __enter__(self):
        self.host.shell("true")
        start = len(self.shell.text)
        self.shell.send(f"mvirt console {self.name}\n")
        self.shell.wait(rf"connected to {self.name}", 60, start)
        return self

    def __exit__(self, *_):
        start = len(self.shell.text)
        self.shell.send("\x1d")
        self.shell.wait(r"# $", 60, start)

    def ask(self, text, answer, timeout=180):
        """Types a line; waits for the answer, which must not match the echo of the line."""
        start = len(self.shell.text)
        self.shell.send(text + "\n")
        return self.shell.wait(answer, timeout, start)

    def run(self, command, timeout=120):
        """Runs a command in the demo guest's shell; returns (exit status, output)."""
        found = self.ask(f'echo BEGIN-""GUEST; {{ {command}; }} 2>&1; echo GUEST-""$?-END',
                         r"BEGIN-GUEST\n((?:.*\n)*?)GUEST-(\d+)-END\n", timeout)
        self.shell.wait(r"# $", timeout)
        return int(found.group(2)), found.group(1).rstrip("\n")

    def pings(self, address, options="", tries=5):
        """Whether one of several pings is answered."""
        status, output = self.run(f"for n in {" ".join("12345"[:tries])}; do ping -c 1 -W 2 {options} {address} && break; done")
        assert "packets transmitted" in output, output
        return status == 0

    def pings_not(self, address, options=""):
        return not self.pings(address, options, 2)
