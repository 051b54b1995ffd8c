# SPDX-License-Identifier: GPL-2.0-or-later
"""The data volume: guests that are kept, and what happens when it appears, disappears and fills up."""

import pathlib
import re
import subprocess

import emulator
from test_faults import DEMO, guest_boot_id, wait_demo

GUEST = emulator.BUILD / "guest"


def definition(name="demo", more=""):
    """The demo guest with kernel and initrd in its own folder."""
    text = DEMO.replace("demo", name).replace('"guest/vmlinuz"', '"vmlinuz"')
    text = text.replace('"guest/initramfs.cpio.zst"', '"initrd"')
    return text.rstrip()[:-1] + more + "}\n"


def make_volume(path, guests, size_mib=256):
    """An ext4 image labelled mvirt-data with the folders guests/NAME, without becoming root or mounting."""
    folder = pathlib.Path(path).with_suffix(".folder")
    for name, files in guests.items():
        (folder / "guests" / name).mkdir(parents=True)
        for file, content in files.items():
            (folder / "guests" / name / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    folder.mkdir(exist_ok=True)
    with open(path, "wb") as image:
        image.truncate(size_mib << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-L", "mvirt-data", "-d", str(folder), str(path)], check=True)
    return ["-drive", f"if=none,id=data,format=raw,file={path}",
            "-device", "virtio-blk-pci,id=data-disk,drive=data,serial=data1"]


def demo_folder(name="demo", more=""):
    return {"guest.conf": definition(name, more), "vmlinuz": (GUEST / "vmlinuz").read_bytes(),
            "initrd": (GUEST / "initramfs.cpio.zst").read_bytes()}


def test_guests_are_kept(machine, tmp_path):
    """Defined on the data volume: started at boot, with a disk that is made, and again after a reboot of the host."""
    disk = '\tdisk {\n\t\tfile = "root.raw"\n\t\tsize = "8M"\n\t}\n'
    volume = make_volume(tmp_path / "data.img", {"demo": demo_folder(more=disk)})
    host = machine(extra=volume)
    host.console.wait(r"hostd: data: /dev/vda: mounted", 120)
    wait_demo(host)
    status, output = host.shell(
        "(echo; echo 'echo kept-by-the-guest >/dev/vda; sync'; sleep 5) | mvirt console demo", 60)
    assert status == 0, output
    before = len(host.console.text)
    assert host.shell("kill -9 $(pidof hostd)")[0] == 0
    host.console.wait(r"hostd: guest demo: running.*taken up again", 60, start=before)
    host.console.wait(r"hostd: data: /dev/vda: ", 60, start=before)
    host.shell_console.send("mvirt poweroff\n")
    host.wait_off(120)
    again = machine(extra=volume)
    wait_demo(again)
    status, output = again.shell("dd bs=17 count=1 if=/data/guests/demo/root.raw 2>/dev/null")
    assert status == 0 and output == "kept-by-the-guest", output


def test_damaged_volume_is_repaired(machine, tmp_path):
    image = tmp_path / "data.img"
    volume = make_volume(image, {"demo": demo_folder()})
    # Not unmounted cleanly, with free counts that are wrong: the worst that a power cut leaves.
    subprocess.run(["debugfs", "-w", "-R", "ssv free_blocks_count 7", str(image)], check=True, capture_output=True)
    subprocess.run(["debugfs", "-w", "-R", "ssv state 2", str(image)], check=True, capture_output=True)
    host = machine(extra=volume)
    host.console.wait(r"hostd: data: /dev/vda: .*repaired", 120)
    wait_demo(host)


def test_broken_definition_costs_its_guest(machine, tmp_path):
    volume = make_volume(tmp_path / "data.img", {"demo": demo_folder(), "bad": {"guest.conf": 'guest "bad" {\n\tcpus = 0\n}\n'},
                                                 "other": {"guest.conf": 'guest "else" {\n\tdisk { file = "x" }\n}\n'}})
    host = machine(extra=volume)
    host.console.wait(r"hostd: config: guests/bad/guest\.conf:2: cpus", 120)
    host.console.wait(r"hostd: config: guests/other/guest\.conf:1: .*one name", 60, start=0)
    wait_demo(host)


def test_full_volume(machine, tmp_path):
    """With no room left guests run on, and nothing is lost."""
    volume = make_volume(tmp_path / "data.img", {"demo": demo_folder()}, size_mib=64)
    host = machine(extra=volume)
    wait_demo(host)
    host.shell("dd if=/dev/zero of=/data/images/fill bs=1M", 120)
    boot_id = guest_boot_id(host)
    status, output = host.shell("mvirt stop demo && mvirt start demo", 120)
    assert status == 0, output
    wait_demo(host, start=host.console.mark)
    assert guest_boot_id(host) != boot_id


def test_xfs_volume(machine, tmp_path):
    """The other file system; made with mkfs.xfs's prototype file of 1985."""
    files = "".join(f"   {name} ---644 0 0 {path}\n" for name, path in
                    [("vmlinuz", GUEST / "vmlinuz"), ("initrd", GUEST / "initramfs.cpio.zst"),
                     ("guest.conf", tmp_path / "guest.conf")])
    (tmp_path / "guest.conf").write_text(definition())
    (tmp_path / "proto").write_text("/\n0 0\nd--755 0 0\n guests d--755 0 0\n  demo d--755 0 0\n" + files
                                    + "  $\n $\n$\n")
    image = tmp_path / "data.img"
    with open(image, "wb") as file:
        file.truncate(300 << 20)
    subprocess.run(["mkfs.xfs", "-q", "-L", "mvirt-data", "-p", str(tmp_path / "proto"), str(image)], check=True)
    host = machine(extra=["-drive", f"if=none,id=data,format=raw,file={image}",
                          "-device", "nvme,drive=data,serial=data1"])
    host.console.wait(r"hostd: data: /dev/nvme0n1: mounted", 120)
    wait_demo(host)
    assert host.shell("grep -q ' /data xfs ' /proc/mounts")[0] == 0


ON_VOLUME = """
guest "{name}" {{
	machine = "pc"
	memory = "32M"
	{more}
	disk {{
		file = "data:guests/{name}/disk.raw"
		size = "1M"
	}}
}}
"""


def test_guest_of_the_stick_waits_for_the_check(machine, tmp_path):
    """Guests of mvirt.conf with something on the data volume, which is not clean: they wait for its check at every boot."""
    image = tmp_path / "data.img"
    volume = make_volume(image, {}, size_mib=64)
    subprocess.run(["debugfs", "-w", "-R", "ssv state 2", str(image)], check=True, capture_output=True)
    variables = 'guest "variables" {\n\tmachine = "pc"\n\tfirmware = "uefi"\n\tmemory = "64M"\n\tnic {}\n}\n'
    host = machine(stick={"mvirt.conf": (ON_VOLUME.format(name="disk", more="") + variables).encode()}, extra=volume)
    for name in ("disk", "variables"):
        host.console.wait(rf"hostd: guest {name}: waiting for the data volume, which is being checked", 120, start=0)
        host.console.wait(rf"hostd: guest {name}: running", 60, start=0)
    assert not re.search(r"hostd: guest \w+: failed", host.console.text)
    assert host.shell("cd /data/guests && ls -1 */*") == (0, "disk/disk.raw\nvariables/variables.fd")
    assert host.shell("ls /run/mvirt/memory/guests")[0] != 0
    # The next hostd knows the volume before it adopts the guests.
    before = len(host.console.text)
    assert host.shell("kill -9 $(pidof hostd)")[0] == 0
    for name in ("disk", "variables"):
        host.console.wait(rf"hostd: guest {name}: running.*taken up again", 60, start=before)
    assert "waiting for" not in host.console.text[before:]


def test_volume_that_comes_late(machine, tmp_path):
    """Guests that failed without it start when it appears, except those that a person stopped; and only once."""
    make_volume(tmp_path / "data.img", {"kept": {"guest.conf": ON_VOLUME.format(name="kept", more="")}}, size_mib=64)
    config = "".join(ON_VOLUME.format(name=name, more=more)
                     for name, more in (("wanted", ""), ("stopped", ""), ("later", "autostart = false")))
    host = machine(stick={"mvirt.conf": config.encode()})
    host.console.wait(r"hostd: guest stopped: waiting for the data volume$", 120, start=0)
    # On a slow machine it may have failed by now, with the same result.
    host.shell("mvirt stop stopped")
    host.console.wait(r'hostd: guest wanted: failed \(disk "data:guests/wanted/disk.raw": the data volume is not there', 90, start=0)

    def plug():
        start = len(host.console.text)
        for left in range(50, -1, -1):
            try:
                host.qmp("device_add", driver="usb-storage", id="data", drive="data", serial="data", bus="xhci.0")
                break
            except RuntimeError as error:
                # The emulator closes the file a moment after the host has seen the stick disappear.
                if left == 0 or "Permission conflict" not in str(error):
                    raise
                host.shell("sleep 0.2")
        host.console.wait(r"hostd: data: /dev/sd\w+: mounted", 60, start=start)

    def running():
        return {one["name"] for one in host.mvirt("list")["guests"] if one["state"] == "running"}

    host.qmp("blockdev-add", **{"node-name": "data", "driver": "file", "filename": str(tmp_path / "data.img")})
    plug()
    for name in ("wanted", "kept"):
        host.console.wait(rf"hostd: guest {name}: running", 60, start=0)
    assert running() == {"wanted", "kept"}
    assert host.shell("mvirt kill wanted kept", 60)[0] == 0
    start = len(host.console.text)
    host.qmp("device_del", id="data")
    host.console.wait(r"hostd: data: /dev/sd\w+: was removed", 60, start=start)
    plug()
    assert host.shell("mvirt start later", 60)[0] == 0
    assert running() == {"later"}


HUGE = DEMO.rstrip()[:-1] + "\thugepages = true\n}\n"


def test_huge_pages(machine):
    """Huge pages are reserved for the guest, and freed after it."""
    host = machine(stick=emulator.demo_files(HUGE))
    wait_demo(host)
    status, used = host.shell("grep HugePages_Total /proc/meminfo")
    assert status == 0 and int(used.split()[-1]) >= 32, used
    status, output = host.shell("mvirt kill demo; sleep 1; grep HugePages_Total /proc/meminfo", 60)
    assert output.split()[-1] == "0", output
