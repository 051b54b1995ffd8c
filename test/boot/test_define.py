# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that are created, changed and deleted with mvirt; disks that are formatted; hostd that is replaced."""

import pathlib
import re
import shlex
import subprocess

import emulator
from test_faults import DEMO, guest_boot_id, wait_demo
from test_storage import definition

GUEST = emulator.BUILD / "guest"
FIXED = DEMO.replace('"demo"', '"fixed"').replace("\tnic {}", "\tautostart = false\n\tnic {}")
IMPORTS = "--import /data/images/vmlinuz --import /data/images/initrd"


def make_volume(path, confs, size_mib=512):
    """A data volume without guests; images/ has the demo guest's files, and NAME.conf for each of confs."""
    folder = pathlib.Path(path).with_suffix(".folder")
    images = folder / "images"
    images.mkdir(parents=True)
    (images / "vmlinuz").write_bytes((GUEST / "vmlinuz").read_bytes())
    (images / "initrd").write_bytes((GUEST / "initramfs.cpio.zst").read_bytes())
    for name, text in confs.items():
        (images / f"{name}.conf").write_text(text)
    with open(path, "wb") as image:
        image.truncate(size_mib << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-L", "mvirt-data", "-d", str(folder), str(path)], check=True)
    return disk(path, "data1")


def disk(path, serial):
    return ["-drive", f"if=none,id={serial},format=raw,file={path}",
            "-device", f"virtio-blk-pci,id={serial}-disk,drive={serial},serial={serial}"]


def empty_disk(path, serial, size_mib=256):
    with open(path, "wb") as image:
        image.truncate(size_mib << 20)
    return disk(path, serial)


def done(host, arguments, timeout=120):
    status, output = host.shell("mvirt " + arguments, timeout)
    assert status == 0, f"mvirt {arguments}: {output}"
    return output


def refused(host, arguments, pattern, status=1):
    """One line on stderr that says why, and the exit status."""
    got, output = host.shell(f"mvirt {arguments} 2>&1 >/dev/null </dev/null", 120)
    assert got == status and re.search(pattern, output), f"mvirt {arguments}: {got}: {output}"
    assert status != 1 or len(output.splitlines()) == 1, output


def folder(host, name, root="/data"):
    """What is in a guest's folder; None when there is no such folder."""
    status, output = host.shell(f"ls -A {root}/guests/{name}")
    return set(output.split()) if status == 0 else None


def test_life_of_a_created_guest(machine, tmp_path):
    with_disk = definition(more='\tdisk {\n\t\tfile = "root.raw"\n\t\tsize = "8M"\n\t}\n')
    volume = make_volume(tmp_path / "data.img", {"demo": with_disk, "wrong": 'guest "w" {\n\tmemry = 1\n}\n'})
    host = machine(stick=emulator.demo_files(FIXED), extra=volume)
    host.console.wait(r"hostd: data: /dev/vda: mounted", 120)
    host.console.wait(r"hostd: host: ready", 60, start=0)
    assert "/dev/vda, ext4" in done(host, "status")

    # a mistake is reported with its line, and leaves nothing behind
    refused(host, "create w --conf /data/images/wrong.conf", r'line 2: unknown key "memry".*did you mean "memory"')
    refused(host, "create w --conf /data/images/demo.conf --import /data/images/none", "/data/images/none: No such file")
    refused(host, "create W kernel=vmlinuz", '"W" is no name')
    refused(host, "create bad disk.0.file=wrong.conf disk.0.format=qcow2 --import /data/images/wrong.conf", "qcow2")
    refused(host, "create", "usage: mvirt create", status=2)
    assert folder(host, "w") is None and folder(host, "bad") is None

    # guests of mvirt.conf can only be changed there
    assert re.search(r"^defined in +mvirt\.conf", done(host, "info fixed"), re.MULTILINE)
    for command in ("set fixed memory=64M", "delete fixed", "rename fixed other"):
        refused(host, command, r"guest fixed is defined in mvirt\.conf")
    refused(host, "create fixed kernel=vmlinuz", r"there is a guest fixed already: it is defined in mvirt\.conf")

    done(host, f"create demo --conf /data/images/demo.conf {IMPORTS}")
    assert folder(host, "demo") == {"guest.conf", "vmlinuz", "initrd", "root.raw"}
    assert "the data volume" in done(host, "info demo")
    # it is not started, not even by the next hostd
    start = len(host.console.text)
    assert host.shell("kill -9 $(pidof hostd)")[0] == 0
    host.console.wait(r"hostd: data: /dev/vda: is mounted already", 60, start=start)
    host.console.wait(r"hostd: host: ready", 60, start=start)
    assert host.shell("sleep 2; mvirt list")[1].count("stopped") == 2
    done(host, "start demo")
    wait_demo(host)

    output = done(host, "set demo shutdown-timeout=90 memory=112M")
    assert output.splitlines() == ["shutdown-timeout: now", "memory: at the next start"], output
    assert "changed, at its next start" in done(host, "list")
    refused(host, "set demo memory=1", "memory")
    refused(host, "medium demo 0 --eject", "has no CD-ROM drive 0")

    done(host, "pause demo")
    assert re.search(r"^demo +paused ", done(host, "list"), re.MULTILINE)
    done(host, "resume demo")
    assert re.search(r"^demo +running ", done(host, "list"), re.MULTILINE)
    guest_boot_id(host)
    stats = host.mvirt("stats demo")
    assert stats["cpuUsec"] > 0 and stats["memoryBytes"] > 0, stats
    assert stats["nics"][0]["network"] == "lan" and stats["nics"][0]["txBytes"] > 0, stats
    assert re.search(r"^demo +\d+\.\d s ", done(host, "stats"), re.MULTILINE)

    refused(host, "rename demo other", "stop it first")
    refused(host, "delete demo", "stop it first")
    done(host, "stop demo")
    done(host, "rename demo other")
    assert folder(host, "demo") is None and "root.raw" in folder(host, "other")
    assert host.mvirt("info other")["guest"]["memoryBytes"] == 112 << 20
    host.shell("echo kept >/data/guests/other/root.raw")
    done(host, "delete other")
    assert folder(host, "other") == {"vmlinuz", "initrd", "root.raw"}
    refused(host, "info other", "there is no guest other")
    # a new guest of the same name gets what was left
    done(host, "create other kernel=vmlinuz initrd=initrd disk.0.file=root.raw disk.0.format=raw disk.0.size=8M")
    assert host.shell("dd if=/data/guests/other/root.raw bs=4 count=1 2>/dev/null")[1] == "kept"
    done(host, "delete --with-disks other")
    assert folder(host, "other") is None


def test_not_kept_until_there_is_a_data_volume(machine, tmp_path):
    full = emulator.make_fat(tmp_path / "full.img", "PHOTOS", {"a.txt": b"photo"}, size_mib=256)
    host = machine(stick=emulator.demo_files(FIXED), extra=disk(full, "full1") + empty_disk(tmp_path / "e.img", "empty1"))
    host.console.wait(r"hostd: host: ready", 120)
    assert "none: created guests are not kept" in done(host, "status")
    files = "--import /run/mvirt/config/guest/vmlinuz --import /run/mvirt/config/guest/initramfs.cpio.zst=initrd"
    create = f"create demo {files} machine=microvm memory=96M kernel=vmlinuz initrd=initrd echo-console=true nic.0.network=lan "
    output = done(host, create + "--set cmdline=" + shlex.quote("console=ttyS0 quiet mvirt.name=demo"))
    assert output == "guest demo is not kept: there is no data volume", output
    done(host, "start demo")
    wait_demo(host)
    boot_id = guest_boot_id(host)
    assert host.shell("kill -9 $(pidof hostd)")[0] == 0
    host.console.wait(r"hostd: guest demo: running.*taken up again", 60)
    assert guest_boot_id(host) == boot_id
    for command in ("list", "info demo", "stats", "(timeout 1 mvirt events; true)"):
        text = host.shell(command if command[0] == "(" else "mvirt " + command)[1]
        assert "not kept" in text, f"{command}: {text}"

    # formatting: a disk that is not empty only after a second confirmation
    refused(host, "host format-disk nothing", 'no disk with the serial "nothing"')
    refused(host, "host format-disk full1", "vfat|FAT")
    refused(host, "host format-disk --erase full1", "--confirm", status=2)
    refused(host, "host format-disk --erase --confirm empty1 full1", "given twice")
    done(host, "host format-disk --erase --confirm full1 full1")
    host.console.wait(r"hostd: data: /dev/vda1: mounted", 60)
    refused(host, "host format-disk empty1", "there is a data volume already, on /dev/vda1")
    assert re.search(r"^data +/dev/vda1, ext4", done(host, "status"), re.MULTILINE)
    done(host, "create kept kernel=vmlinuz")
    assert host.mvirt("info kept")["guest"]["kept"] is True
    assert host.mvirt("info demo")["guest"]["kept"] is False


def test_format_an_empty_disk(machine, tmp_path):
    stick = ["-drive", f"if=none,id=empty,format=raw,file={tmp_path / 'e.img'}",
             "-device", "usb-storage,id=empty-usb,drive=empty,serial=empty1"]
    empty_disk(tmp_path / "e.img", "empty1")
    host = machine(extra=stick)
    host.console.wait(r"hostd: host: ready", 120)
    assert host.shell("(mvirt events >/tmp/events 2>&1 &)")[0] == 0
    done(host, "host format-disk empty1")
    host.console.wait(r"hostd: data: /dev/sda1: mounted", 60)
    host.qmp("device_del", id="empty-usb")
    host.console.wait(r"hostd: data: /dev/sda1: was removed", 60)
    # a separate client, which writes later
    output = host.shell("i=0; until grep -q lost /tmp/events || [ $i = 30 ]; do sleep 1; i=$((i+1)); done; cat /tmp/events", 60)[1]
    assert re.search(r"data volume: mounted, /dev/sda1$.*data volume: lost", output, re.MULTILINE | re.DOTALL), output


BAD_HOSTD = """#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "--version") == 0 ? puts("hostd 99") < 0 : 3;
}
"""


def test_reload(machine, tmp_path):
    (tmp_path / "bad.c").write_text(BAD_HOSTD, "ascii")
    emulator.run("gcc", "-static", "-Os", "-s", "-o", tmp_path / "bad", tmp_path / "bad.c")
    host = machine(stick=emulator.demo_files(DEMO) | {"bad": tmp_path / "bad"})
    wait_demo(host)
    boot_id = guest_boot_id(host)
    pid, before = host.shell("pidof hostd")[1], host.shell("md5sum /usr/bin/hostd")[1]
    host.shell("echo text >/tmp/text; dd if=/usr/bin/hostd of=/tmp/half bs=1000 count=100 2>/dev/null")
    refused(host, "host reload /tmp/none", "/tmp/none: No such file")
    refused(host, "host reload /tmp", "not a regular file")
    refused(host, "host reload /tmp/text", "no ELF file")
    refused(host, "host reload /usr/bin/busybox", "another program|status")
    refused(host, "host reload /tmp/half", "hostd is not replaced: ")
    assert host.shell("pidof hostd")[1] == pid and host.shell("md5sum /usr/bin/hostd")[1] == before
    assert ".new" not in host.shell("ls -A /usr/bin")[1]

    # another file that works as well
    host.shell("cp /usr/bin/hostd /tmp/hostd; echo more >>/tmp/hostd")
    start = len(host.console.text)
    done(host, "host reload /tmp/hostd")
    host.console.wait(r"hostd: host: hostd .* takes over", 60, start=start)
    host.console.wait(r"hostd: guest demo: running.*taken up again", 60, start=start)
    assert host.shell("pidof hostd")[1] != pid
    sums = host.shell("md5sum /tmp/hostd /proc/$(pidof hostd)/exe")[1].split()
    assert sums[0] == sums[2], sums
    assert guest_boot_id(host) == boot_id
    assert done(host, "list --names") == "demo"

    # one that prints its version and then fails: the previous one goes on
    start = len(host.console.text)
    refused(host, "host reload /run/mvirt/config/bad", "the new hostd did not come up, so the previous one runs on")
    host.console.wait(r"init: /usr/bin/hostd\.trial ended before it answered: starting the previous one", 60,
                      start=start)
    host.console.wait(r"hostd: guest demo: running.*taken up again", 60, start=start)
    assert host.shell("md5sum /proc/$(pidof hostd)/exe")[1].split()[0] == sums[0]
    assert guest_boot_id(host) == boot_id
    done(host, "host reload /usr/bin/hostd")
    assert host.shell("md5sum /proc/$(pidof hostd)/exe")[1].split()[0] == before.split()[0]


def test_hostd_killed_during_create(machine, tmp_path):
    """At any time: the guest exists with all its files, or nothing exists."""
    volume = make_volume(tmp_path / "data.img", {"big": definition("big", '\tautostart = false\n\tdisk {\n\t\tfile = "big.raw"\n\t}\n')})
    host = machine(extra=volume)
    host.console.wait(r"hostd: data: /dev/vda: mounted", 120)
    host.console.wait(r"hostd: host: ready", 60, start=0)
    assert host.shell("dd if=/dev/urandom of=/data/images/big.raw bs=1M count=48 && sync", 120)[0] == 0
    # The shell has no sleep of less than a second: run a program that ends at once many times.
    for pause in (0, 1, 3, 6, 12, 25, 50, 100):
        start = len(host.console.text)
        host.shell(f"(mvirt create big --conf /data/images/big.conf {IMPORTS} --import /data/images/big.raw "
                   f">/dev/null 2>&1 &); i=0; while [ $i -lt {pause} ]; do mvirt --version >/dev/null; i=$((i+1)); done; "
                   "kill -9 $(pidof hostd)")
        host.console.wait(r"hostd: data: /dev/vda: is mounted already", 60, start=start)
        host.console.wait(r"hostd: host: ready", 60)
        names = done(host, "list --names")
        if "big" in names:
            assert folder(host, "big") == {"guest.conf", "vmlinuz", "initrd", "big.raw"}
            sums = host.shell("md5sum /data/images/big.raw /data/guests/big/big.raw")[1].split()
            assert sums[0] == sums[2], sums
            done(host, "delete --with-disks big")
        else:
            assert folder(host, "big") is None
    assert folder(host, "big") is None
    done(host, f"create big --conf /data/images/big.conf {IMPORTS} --import /data/images/big.raw")
