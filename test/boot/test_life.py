# SPDX-License-Identifier: GPL-2.0-or-later
"""How guests end and start, on one machine with two NICs in a bond. The guests that end are a boot sector:
life-guest.S."""

import time

import pytest

import emulator
from guests import GuestConsole, make_volume, starter, wait_guest
from screen_guests import make_sector_disk

SECTOR_GUEST = """
guest "{name}" {{
	machine = "{machine}"
	memory = "32M"
	restart = "always"
	echo-console = true
	{policy}
	disk {{
		file = "life.img"
		bus = "{bus}"
	}}
}}
"""
# name: machine, policy, bus of the disk that it boots from
ENDING = {"panics": ("pc", 'on-panic = "stop"', "virtio"),
          "pauses": ("pc", 'on-panic = "pause"', "scsi"),
          "reboots": ("q35", 'on-reboot = "stop"', "sata")}
DEMO = """
guest "{name}" {{
	machine = "microvm"
	memory = "64M"
	kernel = "guest/{kernel}"
	initrd = "guest/initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet mvirt.name={name} mvirt.address={address}/24"
	echo-console = true
	{order}
	nic {{
		address = "{address}"
	}}
}}
"""
WHOLE_DISK = """
guest "{name}" {{
	machine = "pc"
	memory = "32M"
	autostart = false
	disk {{
		device = "serial:keep1"
		{allow}
	}}
}}
"""
NAMED_DISK = """
guest "{name}" {{
	machine = "pc"
	memory = "32M"
	disk {{
		device = "serial:{name}"
	}}
}}
"""
BOND_MACS = ("52:54:00:b0:00:01", "52:54:00:b0:00:02")
CONFIG = (f'network "lan" {{\n\tbond = ["{BOND_MACS[0]}", "{BOND_MACS[1]}"]\n}}\n'
          + DEMO.format(name="server", kernel="vmlinuz", address="10.0.2.60", order='ready = "tcp:7"')
          + DEMO.format(name="client", kernel="vmlinux", address="10.0.2.61", order='after = ["server"]')
          + WHOLE_DISK.format(name="careful", allow="")
          + WHOLE_DISK.format(name="careless", allow="allow-existing = true")
          + NAMED_DISK.format(name="late") + NAMED_DISK.format(name="never"))
PATIENCE_S = 120


def plug_late(machine, path):
    """Plugs in a stick once its guest waits for it."""
    path.write_bytes(bytes(1 << 20))
    machine.console.wait(r"hostd: guest late: waiting for the disk serial:late", 30, start=0)
    machine.qmp("blockdev-add", **{"node-name": "late", "driver": "file", "filename": str(path)})
    machine.qmp("device_add", driver="usb-storage", id="late", drive="late", serial="late", bus="xhci.0")


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("life")
    sector = folder / "life.img"
    sector.write_bytes(make_sector_disk(folder, "life-guest.S"))
    volume = make_volume(folder / "data.img", {
        name: {"life.img": sector,
               "guest.conf": SECTOR_GUEST.format(name=name, machine=machine, policy=policy, bus=bus)}
        for name, (machine, policy, bus) in ENDING.items()}, 64)
    kept = folder / "kept.img"
    with open(kept, "wb") as image:
        image.truncate(8 << 20)
    emulator.run("mke2fs", "-q", "-t", "ext4", "-L", "precious", kept)
    extra = [*volume, "-drive", f"if=none,id=kept,format=raw,file={kept}",
             "-device", "virtio-blk-pci,drive=kept,serial=keep1",
             "-netdev", "user,id=up,restrict=on", "-netdev", "hubport,id=port-up,hubid=9,netdev=up"]
    for number, mac in enumerate(BOND_MACS):
        extra += ["-netdev", f"hubport,id=port{number},hubid=9",
                  "-device", f"virtio-net-pci,id=bonded{number},netdev=port{number},mac={mac},romfile="]
    with starter("life") as start:
        stick = {**emulator.demo_files(CONFIG), "guest/vmlinux": emulator.BUILD / "guest/vmlinux"}
        machine = start(stick=stick, nic=False, memory_mib=1536, extra=extra)
        machine.console.wait(r"hostd: host: ready", 180)
        plug_late(machine, folder / "late.img")
        yield machine


def guest(host, name):
    return next(one for one in host.mvirt("list")["guests"] if one["name"] == name)


def wait_state(host, name, state):
    end = time.monotonic() + PATIENCE_S
    while (now := guest(host, name))["state"] != state:
        assert time.monotonic() < end, now
        time.sleep(1)
    return now


def tell(host, name, letter):
    wait_guest(host, name, "life: here", 240)
    status, output = host.shell(f"(printf {letter}; sleep 1) | mvirt console {name}", 60)
    assert status == 0, output


def test_stops_when_it_panics(host):
    tell(host, "panics", "p")
    assert "panicked" in wait_state(host, "panics", "failed")["reason"]


def test_is_kept_as_it_is_when_it_panics(host):
    """Its QEMU stays for inspection; kill ends it."""
    tell(host, "pauses", "p")
    host.console.wait(r"hostd: guest pauses: paused by QEMU \(guest-panicked\)", 60, start=0)
    assert guest(host, "pauses")["paused"]
    status, output = host.shell("mvirt kill pauses")
    assert status == 0, output
    wait_state(host, "pauses", "stopped")


def test_stops_when_it_reboots(host):
    tell(host, "reboots", "r")
    wait_state(host, "reboots", "stopped")


def test_waits_for_a_port(host):
    """The client starts only after the server takes connections."""
    wait_guest(host, "server", r"mvirt-guest: up server 10\.0\.2\.60", 240)
    time.sleep(3)
    assert guest(host, "client")["state"] == "stopped"
    assert "hostd: guest client: starting" not in host.console.text
    with GuestConsole(host, "server") as console:
        assert console.run("while nc -l -p 7; do :; done </dev/null >/dev/null 2>&1 & true")[0] == 0
    wait_guest(host, "client", r"mvirt-guest: up client 10\.0\.2\.61", 240)


@pytest.mark.parametrize("name", ["server", "client"])
def test_microvm_reboots(host, name):
    """By itself, from a bzImage as from an ELF kernel with a PVH entry: the same QEMU process, another boot."""
    before = guest(host, name)["pid"]
    start = len(host.console.text)
    with GuestConsole(host, name) as console:
        boot_id = console.run("cat /proc/sys/kernel/random/boot_id")[1]
        console.shell.send("reboot -f\n")
        wait_guest(host, name, f"mvirt-guest: up {name} ", 240, start)
    with GuestConsole(host, name) as console:
        assert console.run("cat /proc/sys/kernel/random/boot_id")[1] != boot_id
    assert guest(host, name)["pid"] == before


def test_disk_that_is_found_late(host):
    """A guest that starts with the host waits for its disk."""
    host.console.wait(r"hostd: guest late: running", 60, start=0)
    assert "guest late: failed" not in host.console.text


def test_disk_that_is_not_found(host):
    """The wait ends, and the line says what is missing and where to look."""
    host.console.wait(r"hostd: guest never: waiting for the disk serial:never", 60, start=0)
    found = host.console.wait(r"hostd: guest never: failed \((.*)\)", PATIENCE_S, start=0)
    assert found.group(1) == 'disk "serial:never": there is no disk serial:never (`mvirt devices` lists them)'
    assert guest(host, "never")["state"] == "failed"


def test_disk_with_a_file_system(host):
    """Nothing is written to it unless the definition says so."""
    status, output = host.shell("mvirt start careful 2>&1")
    assert status == 1 and "allow-existing = true" in output and "ext4" in output, output
    status, output = host.shell("mvirt start careless")
    assert status == 0, output
    wait_state(host, "careless", "running")


def test_bond(host):
    """Either NIC alone carries the host's network."""
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 120, start=0)
    for down, up in ((0, 1), (1, 0)):
        host.qmp("set_link", name=f"bonded{up}", up=True)
        host.qmp("set_link", name=f"bonded{down}", up=False)
        status, output = host.shell("for n in 1 2 3 4 5 6; do ping -c 1 -W 5 10.0.2.2 && exit_is=0 && break; exit_is=1; done;"
                                    " [ $exit_is = 0 ]", 90)
        assert status == 0, output
