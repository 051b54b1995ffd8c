# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows that boot nothing: bytes on the medium, and how long a build takes."""

import os
import pathlib
import shutil
import subprocess
import time

import machines
from machines import BUILD, PEERS
from results import Measure, Result


def tree_bytes(folder):
    """The room that a tree's files take on ext4: in blocks of 4 KiB, a file with two names once."""
    seen, total = set(), 0
    for path, folders, files in os.walk(folder):
        for name in files + folders:
            status = os.lstat(os.path.join(path, name))
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += -(-status.st_size // 4096) * 4096
    return total


def row_4(_options):
    efi = (BUILD / "mvirt.efi").stat().st_size
    iso = (BUILD / "mvirt.iso").stat().st_size
    by_hand = (PEERS / "by-hand/by-hand.efi").stat().st_size
    # the kernel and the initramfs lie on the ESP and, as Debian does it, in /boot
    root = PEERS / "debian-root"
    if (root / "var/cache/apt").exists():
        raise RuntimeError(f"{root} is half made, with what was downloaded still in it: run make bench-peers")
    debian = tree_bytes(root)
    return Result(
        row="4", title="bytes on the medium",
        definition="All that is needed to boot and to run a guest. Ours: `mvirt.efi`. Debian: the files of the root "
                   "file system, without apt's lists and cache. By hand: kernel, busybox, QEMU, its libraries and "
                   "the firmware for BIOS guests and microVMs, as one UKI (no OVMF, no tools for disks).",
        measures=[Measure("mvirt.efi", "bytes", [efi], [debian], "Debian 13 with libvirt", 0.03, exact=True),
                  Measure("mvirt.iso, which boots from everything", "bytes", [iso], [debian],
                          "Debian 13 with libvirt", 0.03, exact=True),
                  Measure("mvirt.efi", "bytes", [efi], [by_hand], "by hand", exact=True)],
        commands=["stat --format=%s build/mvirt.efi build/mvirt.iso",
                  "the sum of all files' sizes in build/bench/peers/debian-root, in blocks of 4 KiB"])


MAKE = ["make", "-s", f"-j{os.cpu_count()}", "MVIRT_INSIDE=1", f"O={BUILD}", "os"]


def timed_make(*before):
    """Seconds of the wall that `make os` took; before is the command in front of it."""
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    begun = time.monotonic()
    subprocess.run([*before, *MAKE], check=True, capture_output=True, env=environment, cwd=machines.emulator.SOURCE)
    return time.monotonic() - begun


# For one command: other folders where the compiler's cache and the output are; the output last, which hides both.
IN_PLACE = 'mount --bind "$1" "$CCACHE_DIR" && mount --bind "$2" "$3" && shift 3 && exec "$@"'


def clean_builds():
    """Seconds of a build from nothing but the download cache: with an empty compiler cache, and with the one it left."""
    output, cache = machines.RUN / "clean", machines.RUN / "ccache"
    times = []
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir(parents=True)
    for _ in range(2):
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        times.append(timed_make("unshare", "--mount", "sh", "-ec", IN_PLACE, "sh", str(cache), str(output), str(BUILD)))
    shutil.rmtree(output)
    shutil.rmtree(cache)
    return times


def changed_source(number):
    """Appends a comment to one file of hostd, and removes it again."""
    path = machines.emulator.SOURCE / "hostd/net/address/net-lease.c"
    text = path.read_bytes()

    class Changed:
        def __enter__(self):
            pathlib.Path(path).write_bytes(text + f"// {number} {time.time_ns()}\n".encode())

        def __exit__(self, *_):
            pathlib.Path(path).write_bytes(text)

    return Changed()


def row_14(options):
    clean = [] if options.quick else clean_builds()
    nothing, uncached, cached = [], [], []
    timed_make()
    for number in range(options.count(7, 3)):
        nothing.append(timed_make())
        with changed_source(number):
            uncached.append(timed_make())
        # back to what ccache has
        cached.append(timed_make())
    measures = [Measure("nothing to do", "s", nothing, [], ""),
                Measure("one file changed", "s", uncached, [], ""),
                Measure("one file changed, ccache has it", "s", cached, [], "")]
    measures += [Measure(what, "s", [took], [], "")
                 for what, took in zip(("clean, ccache empty", "clean, ccache has it"), clean, strict=False)]
    return Result(
        row="14", title="build",
        definition="`make os` in the build root. One-file change: a comment at the end of `hostd/net/address/net-lease.c`, which "
                   "makes hostd, the initramfs and the UKI anew. With the cache: the same file as it was before. Clean: "
                   "the kernel, QEMU, the libraries and everything else from sources that are in the download cache; the "
                   "build root is there.",
        measures=measures, commands=[" ".join(MAKE)])
