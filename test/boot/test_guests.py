# SPDX-License-Identifier: GPL-2.0-or-later
"""Real guests: Debian with cloud-init under UEFI and BIOS, ISO images, a microVM that is kept."""

import base64
import os
import re
import shutil
import struct

import emulator
from guests import GUEST, GuestConsole, make_volume, wait_guest

DEBIAN = emulator.BUILD / "test" / "debian.qcow2"
# In an emulator in an emulator a system takes minutes to boot, and more where others want the processors too.
DEBIAN_S = 900
PASSWORD = "correct horse"

# qemu64 instead of the default: with the vector units of "host" it takes longer in an emulator (docs/testing.md).
DEBIAN_GUEST = """
guest "{name}" {{
	machine = "q35"
	firmware = "{firmware}"
	cpu = "qemu64"
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
	shutdown-timeout = 300
}}
"""

ISO_GUEST = """
guest "iso" {
	machine = "q35"
	memory = "96M"
	cdrom { file = "data:images/one.iso" }
	boot = ["cdrom"]
	display = "vnc"
	nic {}
	echo-console = true
}
"""


def make_iso(path, name):
    """An ISO that boots under BIOS, like an installer's: isolinux and the demo guest."""
    folder = path.with_suffix(".folder")
    (folder / "isolinux").mkdir(parents=True)
    shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", folder / "isolinux")
    shutil.copy("/usr/lib/syslinux/modules/bios/ldlinux.c32", folder / "isolinux")
    shutil.copy(GUEST / "vmlinuz", folder / "vmlinuz")
    shutil.copy(GUEST / "initramfs.cpio.zst", folder / "initrd")
    (folder / "isolinux" / "isolinux.cfg").write_text(
        "DEFAULT guest\nPROMPT 0\nLABEL guest\nLINUX /vmlinuz\nINITRD /initrd\n"
        f"APPEND console=ttyS0 quiet mvirt.name={name}\n")
    emulator.run("genisoimage", "-quiet", "-o", path, "-volid", "GUEST", "-rational-rock", "-b", "isolinux/isolinux.bin",
                 "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", folder)
    return path


def make_key(folder):
    """A public key as ssh-keygen writes it (RFC 8709). Nobody has its private half."""
    kind = b"ssh-ed25519"
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", 32) + os.urandom(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} tester@{folder.name}"


def check_debian(host, name, hostname, key):
    """The seed's settings are in effect inside: host name, user, password, ssh key; and the network works."""
    with GuestConsole(host, name) as console:
        console.ask("", rf"{hostname} login: $")
        console.ask("debian", r"Password: $")
        console.ask(PASSWORD, r"debian@\S+:~\$ $")
        console.ask("echo host-$(hostname) user-$(id -un)", rf"host-{hostname} user-debian$")
        console.ask("cat .ssh/authorized_keys", re.escape(key) + "$")
        address = console.ask("ip -4 -o address show scope global | cat", r"inet (10\.0\.2\.\d+)/24").group(1)
        console.ask("exit", rf"{hostname} login: $")
    status, output = host.shell(f"ping -c 3 -W 10 {address}", 90)
    assert status == 0, output


def test_debian(machine, tmp_path):
    """One image under UEFI and under BIOS, from power-on to a login with what the seed set; then off by ACPI."""
    key = make_key(tmp_path)
    password = emulator.run("openssl", "passwd", "-6", "-stdin", input=PASSWORD).strip()
    kinds = {"deb-uefi": "uefi", "deb-bios": "bios"}
    volume = make_volume(tmp_path / "data.img", {
        name: {"guest.conf": DEBIAN_GUEST.format(name=name, firmware=firmware, key=key, hash=password),
               "disk.qcow2": DEBIAN} for name, firmware in kinds.items()}, 1024)
    host = machine(extra=volume, memory_mib=2048)
    for name, firmware in kinds.items():
        # the prompt has no newline, and is not echoed
        wait_guest(host, name, rf"Debian GNU/Linux 13 seeded-{firmware} ttyS0", DEBIAN_S)
    for name, firmware in kinds.items():
        check_debian(host, name, f"seeded-{firmware}", key)
    # Only UEFI guests have a variable store.
    assert host.shell("ls /data/guests/*/variables.fd") == (0, "/data/guests/deb-uefi/variables.fd")
    # Debian may take any time to power off in an emulator in an emulator.
    for name in kinds:
        status, output = host.shell(f"mvirt stop --no-wait {name}")
        assert status == 0, output
    for name in kinds:
        host.console.wait(rf"hostd: guest {name}: stopped", 330, start=0)
    assert "killed" not in host.console.text


def open_media(host):
    """The ISO images that the guest's QEMU has open."""
    status, output = host.shell("ls -l /proc/$(cat /sys/fs/cgroup/mvirt/iso/cgroup.procs)/fd")
    assert status == 0, output
    return set(re.findall(r"/data/images/(\w+)\.iso", output))


def test_iso(machine, tmp_path):
    """A guest without a disk boots an ISO; a picture while it runs; another medium, which a reset boots; none."""
    probe = tmp_path / "probe"
    emulator.run("gcc", "-static", "-O1", "-s", "-o", probe, emulator.SOURCE / "test/boot/probe.c")
    images = {f"{name}.iso": make_iso(tmp_path / f"{name}.iso", f"from-{name}") for name in ("one", "two")}
    volume = make_volume(tmp_path / "data.img", {"iso": {"guest.conf": ISO_GUEST}}, 64, images | {"probe": probe})
    host = machine(extra=volume)
    wait_guest(host, "iso", r"mvirt-guest: up from-one \S+", 300)
    assert open_media(host) == {"one"}

    # RFC 6143 section 7.1.1: the server speaks first.
    assert host.shell("cp /data/images/probe /tmp && chmod 755 /tmp/probe"
                      " && /tmp/probe greeting /run/mvirt/guests/iso/vnc.sock") == (0, "RFB 003.008")

    before = len(host.console.text)
    status, output = host.shell("mvirt medium iso 0 data:images/two.iso")
    assert status == 0, output
    host.console.wait(r"hostd: guest iso: medium of drive 0: data:images/two\.iso", 60, start=before)
    assert open_media(host) == {"two"}
    with GuestConsole(host, "iso") as console:
        console.shell.send("reboot -f\n")
        wait_guest(host, "iso", r"mvirt-guest: up from-two \S+", 300, start=before)
    status, output = host.shell("mvirt medium iso 0 --eject")
    assert status == 0, output
    host.console.wait(r"hostd: guest iso: medium of drive 0: empty", 60, start=before)
    assert open_media(host) == set()
    status, output = host.shell("mvirt medium iso 0 data:images/three.iso")
    assert status == 1 and "data:images/three.iso" in output, output


def test_created_guest_after_reboot(machine, tmp_path):
    """A microVM made with `mvirt create` survives the host's reboot unchanged, and starts with it."""
    volume = make_volume(tmp_path / "data.img", {}, 64, {name: GUEST / file for name, file in
                         (("vmlinuz", "vmlinuz"), ("initrd", "initramfs.cpio.zst"))})
    host = machine(extra=volume)
    host.console.wait(r"hostd: data: /dev/vda: mounted", 120)
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 60, start=0)
    status, output = host.shell("mvirt create --import /data/images/vmlinuz --import /data/images/initrd kept machine=microvm"
                                " memory=64M kernel=vmlinuz initrd=initrd 'cmdline=console=ttyS0 quiet mvirt.name=kept'"
                                " nic.0.network=lan disk.0.file=root.raw disk.0.format=raw disk.0.size=4M echo-console=true"
                                " && mvirt start kept")
    assert status == 0, output
    wait_guest(host, "kept", r"mvirt-guest: up kept \S+", 240)
    with GuestConsole(host, "kept") as console:
        mac = console.run("cat /sys/class/net/eth0/address")
        assert console.run("echo written-by-the-guest >/dev/vda && sync") == (0, "")
    definition = host.shell("mvirt definition kept")
    before = len(host.console.text)
    host.shell_console.send("mvirt reboot\n")
    host.console.wait(r"hostd: guest kept: stopped", 60, start=before)
    wait_guest(host, "kept", r"mvirt-guest: up kept \S+", 300, start=before)
    host.shell_console.wait(r"# $", 60)
    assert host.shell("mvirt definition kept") == definition
    with GuestConsole(host, "kept") as console:
        assert console.run("cat /sys/class/net/eth0/address") == mac
        assert console.run("head -n 1 /dev/vda") == (0, "written-by-the-guest")
