# SPDX-License-Identifier: GPL-2.0-or-later
"""The same input gives the same bytes: our programs, the initramfs, the UKI and the ISO are built twice, in
folders of different names, without the compiler cache. (The kernel and QEMU are taken as they are.)"""

import hashlib
import os
import shutil
import subprocess

import emulator

# What took the long part of the build, and the stamps that make knows it by
KEPT = ["vmlinuz", "sources", "sysroot", "obj/bin", "obj/tools", "obj/linux/.config",
        "obj/linux/include/config/kernel.release", "obj/busybox/.config", "obj/qemu/build.ninja",
        "obj/remembered"]
COMPARED = ["obj/hostd/init", "obj/hostd/hostd", "obj/hostd/mvirt", "initramfs.cpio.zst", "mvirt.efi", "mvirt.iso"]


def build_in(folder):
    shutil.rmtree(folder, ignore_errors=True)
    source, output = folder / "source", folder / "output"
    shutil.copytree(emulator.SOURCE, source, symlinks=True, ignore=shutil.ignore_patterns("build", "__pycache__"))
    for name in KEPT:
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", emulator.BUILD / name, output / name], check=True)
    # Everything kept is as new as everything else that was kept: none of it is made again.
    subprocess.run(["find", output, "-exec", "touch", "-d", "@1000000000", "{}", "+"], check=True)
    subprocess.run(["find", source, "-exec", "touch", "-d", "@1000000000", "{}", "+"], check=True)
    environment = dict(os.environ, CCACHE_DISABLE="1")
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    done = subprocess.run([source / "os/enter", emulator.BUILD / "root", source, output, "/cache",
                           "make", "-s", "-j2", "MVIRT_INSIDE=1", "O=/build", "iso"],
                          env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: hashlib.sha256((output / name).read_bytes()).hexdigest() for name in COMPARED}


def test_same_bytes():
    folder = emulator.BUILD / "run" / "reproducible"
    one = build_in(folder / "a")
    two = build_in(folder / "another-folder" / "deeper")
    shutil.rmtree(folder)
    assert one == two
