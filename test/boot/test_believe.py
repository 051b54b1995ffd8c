# SPDX-License-Identifier: GPL-2.0-or-later
"""Which file systems the host believes: a guest has written both labels onto its whole disk, and the host boots again."""

import re

import emulator
from guests import make_volume
from test_faults import DEMO, wait_demo

# The disk is the guest's: in this boot it may write anything there.
OWNER = """
guest "owner" {
	machine = "microvm"
	memory = "64M"
	kernel = "KERNEL"
	autostart = false
	disk {
		device = "serial:own1"
		allow-existing = true
	}
}
"""
EVIL = """
hostname = "evil"
guest "evil" {{
	machine = "microvm"
	memory = "64M"
	kernel = "x"
	autostart = false
	disk {{
		device = "{gold}"
		allow-existing = true
	}}
}}
"""
CONFIG = 'hostname = "good"\n' + OWNER.replace("KERNEL", "guest/vmlinuz") + DEMO
DATA_UUID = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"
STORED = {"owner": {"guest.conf": OWNER.replace("KERNEL", "vmlinuz")}}


def owned_disk(folder, gold):
    """The guest's disk, with a configuration and a data volume that give it another disk."""
    evil = EVIL.format(gold=gold)
    config = emulator.make_fat(folder / "evil-config.img", "MVIRT", {"mvirt.conf": evil.encode()})
    make_volume(folder / "evil-data.img", {"evil": {"guest.conf": evil.replace('hostname = "evil"\n', "")}}, 64)
    disk = emulator.make_disk(folder / "owned.img", {config: "8300", folder / "evil-data.img": "8300"})
    return ["-drive", f"if=none,id=owned,format=raw,file={disk}", "-device", "virtio-blk-pci,drive=owned,serial=own1"]


def data_disk(folder, guests=None, uuid=DATA_UUID):
    volume = make_volume(folder / "data.img", guests or {}, 64, {"note": "the host's own"})
    emulator.run("tune2fs", "-U", uuid, folder / "data.img")
    return volume


def stick(path, files):
    """A disk besides the machine's own one, with a serial number that others can name."""
    return ["-drive", f"if=none,id=other,format=raw,file={emulator.make_fat(path, 'MVIRT', files)}",
            "-device", "usb-storage,id=other-usb,drive=other,serial=stick1,removable=on"]


def names(host):
    return {guest["name"] for guest in host.mvirt("list")["guests"]}


def status(host):
    return host.shell("mvirt status")[1]


def expect_not_believed(host):
    """Nothing that the guest wrote is in use, and the guest still has the disk."""
    assert "evil" not in names(host)
    assert host.mvirt("status")["hostname"] != "evil"
    mounts = host.shell("cat /proc/mounts")[1]
    assert "/dev/vda" not in mounts, mounts


def test_a_guests_disk_is_not_believed(machine, tmp_path):
    """mvirt.conf on a stick gives a disk to a guest, which has written a configuration and a data volume onto it."""
    extra = owned_disk(tmp_path, "serial:data1") + data_disk(tmp_path)
    host = machine(stick=emulator.demo_files(CONFIG), extra=extra)
    host.console.wait(r"hostd: config: /dev/vda1: labelled MVIRT, but /dev/sda gives its disk to a guest \(serial:own1\)", 120)
    host.console.wait(r"hostd: config: /dev/sda: mounted", 60, start=0)
    host.console.wait(r"hostd: data: /dev/vdb: mounted", 60, start=0)
    wait_demo(host)
    expect_not_believed(host)
    assert host.mvirt("status")["hostname"] == "good"
    # the next hostd of this boot finds the same, though the stick is gone
    host.qmp("device_del", id="stick-usb")
    host.console.wait(r"hostd: config: /dev/sda: was removed", 60, start=0)
    before = len(host.console.text)
    assert host.shell("kill -9 $(pidof hostd)")[0] == 0
    host.console.wait(r"hostd: guest demo: running.*taken up again", 60, start=before)
    host.console.wait(r"hostd: host: ready", 60, start=before)
    expect_not_believed(host)
    assert host.mvirt("status")["hostname"] == "good"
    # nor does a volume become one there
    code, output = host.shell("mvirt host format-disk --erase --confirm own1 own1")
    assert code == 1, output


def test_they_accuse_each_other(machine, tmp_path):
    """A stick and a guest's disk that give each other to guests: none is used, and the person is told what to do."""
    extra = owned_disk(tmp_path, "serial:stick1") + stick(tmp_path / "stick.img", emulator.demo_files(CONFIG))
    host = machine(extra=extra)
    host.console.wait(r"hostd: config: /dev/sda: labelled MVIRT, but /dev/vda[12] gives its disk to a guest \(serial:stick1\)", 120)
    host.console.wait(r"hostd: config: /dev/vda1: labelled MVIRT, but /dev/sda gives its disk to a guest \(serial:own1\)", 60, start=0)
    host.console.wait(r"hostd: host: ready", 60, start=0)
    expect_not_believed(host)
    assert re.search(r"^config +built-in$", status(host), re.MULTILINE), status(host)
    assert "its disk is a guest's" in status(host)
    # nor its data volume, which is the only one
    host.console.wait(r"hostd: data: /dev/vda2 is not used: there are several mvirt\.conf", 60, start=0)
    before = len(host.console.text)
    assert host.shell("kill -9 $(pidof hostd)")[0] == 0
    host.console.wait(r"hostd: data: /dev/vda2 is not used: there are several mvirt\.conf", 60, start=before)
    expect_not_believed(host)


def test_created_guests_have_disks_too(machine, tmp_path):
    """Without a stick: the guest was created, and only the data volume knows whose disk it is."""
    host = machine(extra=owned_disk(tmp_path, "serial:data1") + data_disk(tmp_path, STORED))
    host.console.wait(r"hostd: config: /dev/vda1: labelled MVIRT, but /dev/vdb gives its disk to a guest \(serial:own1\)", 120)
    host.console.wait(r"hostd: data: 2 file systems are labelled mvirt-data, and none is used: .*/dev/vd.*data-volume = ", 60, start=0)
    host.console.wait(r"hostd: host: ready", 60, start=0)
    expect_not_believed(host)
    assert re.search(r"^data +failed: 2 file systems .*/dev/vdb \(UUID " + DATA_UUID, status(host), re.MULTILINE), status(host)
    # removing one of them does not make the other trustworthy
    code, output = host.shell("mvirt host format-disk --erase --confirm data1 data1")
    assert code == 1 and "2 file systems are labelled mvirt-data" in output, output
    before = len(host.console.text)
    assert host.shell("kill -9 $(pidof hostd)")[0] == 0
    host.console.wait(r"hostd: data: 2 file systems", 60, start=before)
    expect_not_believed(host)


def test_data_volume_is_named(machine, tmp_path):
    """With its UUID in mvirt.conf, on the boot medium: no question, no wait."""
    files = {"mvirt.conf": f'hostname = "good"\ndata-volume = "{DATA_UUID.upper()}"\n'.encode()}
    host = machine(medium="esp-nvme", esp_files=files, cmdline="mvirt.shell=ttyS1",
                   extra=owned_disk(tmp_path, "serial:boot0") + data_disk(tmp_path, STORED))
    host.console.wait(r"hostd: config: /dev/nvme0n1p1: mounted", 240)
    host.console.wait(r"hostd: data: /dev/vdb: mounted", 60, start=0)
    host.console.wait(r"hostd: host: ready", 60, start=0)
    # the guest's disk was not even read
    assert not re.search(r"config: /dev/vd\w+: .*gives its disk", host.console.text), host.console.text
    expect_not_believed(host)
    assert names(host) == {"owner"}
    assert host.mvirt("status")["hostname"] == "good"
