# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts at hundreds of points in writes, replayed from a block trace.

Our kernel in the emulator writes definitions with the host's own code; QEMU's blklogwrites driver, which writes
dm-log-writes' format, keeps every write and flush of its disk. A cut is a prefix of that: what came before the last
completed flush is on the disk, of what came after it any part may be. e2fsck -p repairs it, as hostd does, and the next
hostd has to find each definition old or new, and whole; and each disk whole, or not there."""

import random
import re
import shutil
import struct
import subprocess

import pytest

import host as hosts
from conftest import FULL

SECTOR = 512
CLUSTER = 65536
DISK_MIB, FIRST_MIB, MARKS_MIB = 24, 1, 22
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
MAGIC = 0x6a736677736872


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def compile_program(name, folder):
    """With hostd's own objects, as they are in the image."""
    source = hosts.HERE.parents[1]
    files = ["base/*.c", "config/*.c", "storage/store/guest-store*.c", "storage/store/guest-trash-put.c",
             "storage/volume/config-volume-keep.c", "storage/image/qcow2.c"]
    objects = [hosts.BUILD / "obj" / file.relative_to(source).with_suffix(".o")
               for pattern in files for file in (source / "hostd").glob(pattern)]
    run("gcc", "-std=gnu23", "-O1", "-D_GNU_SOURCE", "-Ihostd", "-static", f"test/fault/{name}.c", *objects,
        "-Wl,--gc-sections", "-o", folder / name, cwd=source)
    return folder / name


def make_disk(path):
    """Two partitions (MBR): ext4, small as its journal allows, and one for the marks."""
    table = bytearray(SECTOR)
    for entry, (first, last) in enumerate(((FIRST_MIB, MARKS_MIB), (MARKS_MIB, DISK_MIB))):
        struct.pack_into("<B3sB3sII", table, 446 + 16 * entry, 0, bytes(3), 0x83, bytes(3), first * 2048,
                         (last - first) * 2048)
    table[510:] = b"\x55\xaa"
    volume = path.with_suffix(".ext4")
    with open(volume, "wb") as file:
        file.truncate((MARKS_MIB - FIRST_MIB) << 20)
    run("mke2fs", "-q", "-t", "ext4", "-L", "mvirt-data", volume)
    image = bytearray(DISK_MIB << 20)
    image[:SECTOR] = table
    image[FIRST_MIB << 20:MARKS_MIB << 20] = volume.read_bytes()
    path.write_bytes(image)
    return image


def record(folder, disk):
    """Boots the writer; returns the log of its disk."""
    writer = compile_program("power-cut-writer", folder)
    (folder / "list").write_text("dir /dev 0755 0 0\nnod /dev/console 0600 0 0 c 5 1\n"
                                 f"file /init {writer} 0755 0 0\n")
    with open(folder / "initramfs", "wb") as archive:
        subprocess.run([hosts.BUILD / "obj/tools/gen_init_cpio", folder / "list"], stdout=archive, check=True)
    (folder / "log").touch()
    output = run("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg", "-m", "256M",
                 "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", hosts.BUILD / "vmlinuz",
                 "-initrd", folder / "initramfs", "-append", "console=ttyS0 quiet panic=-1",
                 "-blockdev", f"driver=file,node-name=disk-file,filename={disk}",
                 "-blockdev", f"driver=file,node-name=log-file,filename={folder / 'log'}",
                 "-blockdev", "driver=blklogwrites,node-name=disk,file=disk-file,log=log-file,log-sector-size=512",
                 "-device", "virtio-blk-pci,drive=disk,write-cache=on", timeout=300, stdin=subprocess.DEVNULL)
    assert "writer: all: done" in output, output[-3000:]
    return (folder / "log").read_bytes()


def parse(log):
    """The entries: (flags, byte offset, data)."""
    magic, version, count, sector = struct.unpack_from("<QQQI", log)
    assert magic == MAGIC and version == 1, "this is no log of blklogwrites"
    at, entries = sector, []
    for _ in range(count):
        first, sectors, flags, length = struct.unpack_from("<QQQQ", log, at)
        at += sector
        size = 0 if flags & DISCARD else sectors * sector
        entries.append((flags, first * sector, log[at:at + size]))
        at += size + (-size) % sector
    return entries


class Replay:
    """The disk as it may be after a cut, for cuts in rising order."""

    def __init__(self, image, entries):
        self.safe, self.entries, self.at, self.open = bytearray(image), entries, 0, []
        self.done, self.begun = -1, 0

    def advance(self, count):
        """Writes the first entries to the disk."""
        for flags, offset, data in self.entries[self.at:count]:
            if flags & FLUSH:
                for write in self.open:
                    self._write(self.safe, write)
                self.open = []
            if flags & FUA:
                self._write(self.safe, (offset, data))
            elif data:
                self.open.append((offset, data))
        self.at = count

    @staticmethod
    def _write(image, write):
        offset, data = write
        image[offset:offset + len(data)] = data

    def cut(self, random_):
        """A disk as a cut may leave it: with all, none, or any part of the unflushed writes."""
        image, left = bytearray(self.safe), list(self.open)
        kind = random_.randrange(3)
        if kind == 1:
            left = []
        elif kind == 2:
            left = random_.sample(left, random_.randrange(len(left) + 1))
        for write in left:
            self._write(image, write)
        return image


def marks_before(entries):
    """For each number of entries: {what: (done, begun)}, the versions."""
    state, result = {}, [{}]
    for _, offset, data in entries:
        found = offset == MARKS_MIB << 20 and re.match(rb"mark (\w+) (\S+) (\d+)\n", data)
        if found:
            when, what, version = found.group(1).decode(), found.group(2).decode(), int(found.group(3))
            done, begun = state.get(what, (-1, -1))
            state = {**state, what: (version, begun) if when == "done" else (done, version)}
        result.append(state)
    return result


def repair(image, folder):
    """As hostd mounts a volume (e2fsck -p); returns what the next one finds: name -> text."""
    volume, tree = folder / "volume", folder / "tree"
    volume.write_bytes(image[FIRST_MIB << 20:MARKS_MIB << 20])
    done = subprocess.run([hosts.BUILD / "obj/bin/e2fsck", "-p", str(volume)], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), f"e2fsck -p gives up ({done.returncode}): {done.stdout}{done.stderr}"
    again = subprocess.run([hosts.BUILD / "obj/bin/e2fsck", "-fn", str(volume)], capture_output=True, text=True, check=False)
    assert again.returncode == 0, f"e2fsck -p left mistakes: {again.stdout}"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    subprocess.run(["debugfs", "-R", f"rdump /guests {tree}", str(volume)], capture_output=True, check=True)
    text = run(folder / "power-cut-reader", tree)
    return dict(re.findall(r"^== (\S+)\n(.*?)(?=^== |\Z)", text, re.MULTILINE | re.DOTALL))


def version_of(name, text):
    """For a complete definition."""
    found = re.match(r'guest "(\S+)" \{\n\tcmdline = "(\d+)"\n', text)
    assert found and found.group(1) == name, f"{name}: {text[:200]!r}"
    version = int(found.group(2))
    assert text.endswith(f"}} # end of {version}\n"), f"{name}: torn: {text[-200:]!r}"
    assert len(re.findall(rf"# version {version}, line", text)) == text.count("\n") - 3, f"{name}: of two versions"
    return version


def check_disks(folder, marks):
    """Every round whose disk was finished has one, and every disk is complete."""
    disks = {int(path.stem.split("-")[1]): path.read_bytes() for path in folder.glob("*.qcow2")}
    for version, data in disks.items():
        assert (data[:4], len(data)) == (b"QFI\xfb", 4 * CLUSTER), f"disk {version} is half made"
        assert struct.unpack_from(">Q", data, CLUSTER) == (2 * CLUSTER,), f"disk {version} has no block of counts"
        assert struct.unpack_from(">5H", data, 2 * CLUSTER) == (1, 1, 1, 1, 0), f"disk {version} has no counts"
    done, begun = marks.get("disk", (-1, -1))
    assert set(range(10, done + 1, 10)) <= set(disks), (done, sorted(disks))
    assert set(disks) <= set(range(10, begun + 1, 10)), (begun, sorted(disks))


def check(found, marks):
    done, begun = marks.get("save", (-1, -1))
    if done < 0:
        return
    assert "kept" in found, "the guest that is only saved is gone"
    assert done <= version_of("kept", found["kept"]) <= max(begun, done), (done, begun)
    assert not {"web", "db"} <= set(found), "a renamed guest is there twice"
    assert set(found) <= {"kept", "web", "db"}, found.keys()
    for name in ("web", "db"):
        if name in found:
            version_of(name, found[name])
    done = {what: versions[0] // 10 for what, versions in marks.items()}
    begun = {what: versions[1] // 10 for what, versions in marks.items()}
    now = done.get("create", 0)
    if now and begun.get("delete", 0) < now:
        assert "web" in found or "db" in found, "a guest that was made is gone"
        version = version_of(*next((name, found[name]) for name in ("web", "db") if name in found))
        assert version >= max(versions[0] for what, versions in marks.items() if what in ("create", "save-web", "rename"))
    if done.get("rename", 0) == now and begun.get("delete", 0) < now:
        assert "db" in found, "a guest that was renamed has its old name"
    if done.get("delete", 0) == now and begun.get("create", 0) == now:
        assert "web" not in found and "db" not in found, "a guest that was deleted is back"


def test_power_cut(tmp_path, amount, figure):
    if not (hosts.BUILD / "vmlinuz").exists():
        pytest.skip("the host's kernel is not built")
    image = make_disk(tmp_path / "disk.img")
    entries = parse(record(tmp_path, tmp_path / "disk.img"))
    compile_program("power-cut-reader", tmp_path)
    marks, random_ = marks_before(entries), random.Random(6)
    first = next(at for at, state in enumerate(marks) if state)
    points = sorted(random_.sample(range(first, len(entries) + 1), min(amount(500, 25), len(entries) + 1 - first)))
    replay, versions = Replay(image, entries), set()
    for point in points:
        replay.advance(point)
        try:
            found = repair(replay.cut(random_), tmp_path)
            check(found, marks[point])
            check_disks(tmp_path / "tree/guests/kept", marks[point])
        except AssertionError as error:
            raise AssertionError(f"power cut after {point} of {len(entries)} entries, {marks[point]}: {error}") from None
        versions.add(found.get("kept", "")[:60])
    flushes = sum(1 for flags, _, _ in entries if flags & (FLUSH | FUA))
    figure(f"power cut at {len(points)} of {len(entries)} points ({flushes} flushes) of definition writes: "
           f"{len(versions)} versions found, each whole")
    assert len(versions) > (20 if FULL else 5), "the cuts are all at one place"
