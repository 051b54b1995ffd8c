# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests as people have them: Debian with cloud-init under UEFI and BIOS, an ISO, neighbours on a bridge."""

import base64
import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

import emulator

DEBIAN = emulator.BUILD / "test" / "debian.qcow2"
GUEST = emulator.BUILD / "guest"
# In an emulator in an emulator a system takes minutes to boot.
DEBIAN_S = 600
PASSWORD = "correct horse"

DEBIAN_GUEST = """
guest "{name}" {{
	machine = "q35"
	firmware = "{firmware}"
	memory = "384M"
	disk {{
		file = "disk.qcow2"
		format = "qcow2"
	}}
	cloud-init {{
		hostname = "seeded-{firmware}"
		ssh-key = "{key}"
		password-hash = "{hash}"
	}}
	nic {{}}
	echo-console = true
	shutdown-timeout = 120
}}
"""

ISO_GUEST = """
guest "iso" {
	machine = "q35"
	memory = "96M"
	cdrom { file = "guest.iso" }
	boot = ["cdrom"]
	nic {}
	echo-console = true
}
"""

NEIGHBOUR = """
guest "{name}" {{
	machine = "microvm"
	memory = "96M"
	kernel = "guest/vmlinuz"
	initrd = "guest/initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet mvirt.name={name} mvirt.address=10.0.2.{own}/24 mvirt.ping=10.0.2.{other} mvirt.ping=10.0.2.2"
	echo-console = true
	nic {{}}
}}
"""


def make_volume(path, guests, size_mib):
    """A data volume with guests/NAME/FILE from {NAME: {FILE: text or a path}}; returns the disk's arguments."""
    folder = pathlib.Path(path).with_suffix(".folder")
    for name, files in guests.items():
        (folder / "guests" / name).mkdir(parents=True)
        for file, content in files.items():
            target = folder / "guests" / name / file
            if isinstance(content, pathlib.Path):
                emulator.run("cp", "--sparse=always", content, target)
            else:
                target.write_text(content)
    with open(path, "wb") as image:
        image.truncate(size_mib << 20)
    emulator.run("mke2fs", "-q", "-t", "ext4", "-L", "mvirt-data", "-d", folder, path)
    shutil.rmtree(folder)
    return ["-drive", f"if=none,id=data,format=raw,file={path}", "-device", "virtio-blk-pci,drive=data,serial=data1"]


def make_iso(path):
    """An ISO that boots under BIOS, like an installer's: isolinux and the demo guest."""
    folder = path.with_suffix(".folder")
    (folder / "isolinux").mkdir(parents=True)
    shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", folder / "isolinux")
    shutil.copy("/usr/lib/syslinux/modules/bios/ldlinux.c32", folder / "isolinux")
    shutil.copy(GUEST / "vmlinuz", folder / "vmlinuz")
    shutil.copy(GUEST / "initramfs.cpio.zst", folder / "initrd")
    (folder / "isolinux" / "isolinux.cfg").write_text(
        "DEFAULT guest\nPROMPT 0\nLABEL guest\nLINUX /vmlinuz\nINITRD /initrd\n"
        "APPEND console=ttyS0 quiet mvirt.name=from-iso\n")
    emulator.run("genisoimage", "-quiet", "-o", path, "-volid", "GUEST", "-rational-rock", "-b", "isolinux/isolinux.bin",
                 "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", folder)
    return path


def make_key(folder):
    """A public key as ssh-keygen writes it (RFC 8709). Nobody has its private half."""
    kind = b"ssh-ed25519"
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", 32) + os.urandom(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} tester@{folder.name}"


def wait_guest(host, name, pattern, timeout):
    """Waits for a line of the guest's console; when the guest fails before, so does this."""
    found = host.console.wait(rf"{name}: .*{pattern}|hostd: guest {name}: failed.*\n", timeout, start=0)
    assert "hostd: guest" not in found.group(), found.group()
    return found


class GuestConsole:
    """A guest's serial console, through `mvirt console` in the host's root shell."""

    def __init__(self, host, name):
        self.host, self.name = host, name
        self.shell = host.shell_console
        host.shell("true")
        self.shell.send(f"mvirt console {name}\n")

    def ask(self, text, answer, timeout=120):
        start = len(self.shell.text)
        self.shell.send(text + "\n")
        return self.shell.wait(answer, timeout, start)

    def leave(self):
        self.shell.send("\x1d")
        self.shell.wait(r"# $", 60)


def check_debian(host, name, hostname, key):
    """What the seed says is so inside: host name, user, password, ssh key, address."""
    console = GuestConsole(host, name)
    console.ask("", rf"{hostname} login: $")
    console.ask("debian", r"Password: $")
    console.ask(PASSWORD, r"debian@\S+:~\$ $")
    console.ask("echo host-$(hostname) user-$(id -un)", rf"host-{hostname} user-debian$")
    console.ask("cat .ssh/authorized_keys", re.escape(key) + "$")
    console.ask("ping -c 1 -W 20 10.0.2.2", r", 0% packet loss")
    console.ask("exit", rf"{hostname} login: $")
    console.leave()


def test_debian(machine, tmp_path):
    """One image under UEFI and under BIOS, from power-on to a login with what the seed set; then off by ACPI."""
    if not DEBIAN.exists():
        pytest.fail(f"{DEBIAN} is missing: make test makes it")
    key = make_key(tmp_path)
    password = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, text=True, check=True,
                              capture_output=True).stdout.strip()
    kinds = {"deb-uefi": "uefi", "deb-bios": "bios"}
    volume = make_volume(tmp_path / "data.img", {
        name: {"guest.conf": DEBIAN_GUEST.format(name=name, firmware=firmware, key=key, hash=password),
               "disk.qcow2": DEBIAN} for name, firmware in kinds.items()}, 1024)
    host = machine(extra=volume, memory_mib=2048, uefi_guests=True)
    for name, firmware in kinds.items():
        # the prompt itself has no end of line, and is not echoed
        wait_guest(host, name, rf"Debian GNU/Linux 13 seeded-{firmware} ttyS0", DEBIAN_S)
    for name, firmware in kinds.items():
        check_debian(host, name, f"seeded-{firmware}", key)
    status, output = host.shell("ls /data/guests/deb-uefi /data/guests/deb-bios")
    assert status == 0 and output.count("disk.qcow2") == 2, output
    for name in kinds:
        status, output = host.shell(f"mvirt stop {name}", 150)
        assert status == 0, output
        host.console.wait(rf"hostd: guest {name}: stopped", 30, start=0)
    assert "killed" not in host.console.text


def test_iso(machine, tmp_path):
    """An ISO on the data volume, in the CD-ROM drive of a guest without a disk, boots under BIOS."""
    iso = make_iso(tmp_path / "guest.iso")
    volume = make_volume(tmp_path / "data.img", {"iso": {"guest.conf": ISO_GUEST, "guest.iso": iso}}, 64)
    host = machine(extra=volume)
    wait_guest(host, "iso", r"mvirt-guest: up from-iso \S+", 300)


def test_neighbours(machine):
    """Two guests on one bridge reach each other, and what is outside the machine."""
    files = emulator.demo_files(NEIGHBOUR.format(name="left", own=50, other=51)
                                + NEIGHBOUR.format(name="right", own=51, other=50))
    host = machine(stick=files)
    for name, other in (("left", 51), ("right", 50)):
        wait_guest(host, name, rf"mvirt-guest: ping 10\.0\.2\.{other} ok", 240)
        wait_guest(host, name, r"mvirt-guest: ping 10\.0\.2\.2 ok", 120)
