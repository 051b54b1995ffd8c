# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulator itself: what an emulated host needs (os/patches/qemu-tcg-mmio.patch)."""

import subprocess

import emulator


def test_devices_while_the_memory_map_changes(tmp_path):
    """A processor reads its local APIC while another one maps and unmaps a PCI card: map-guest.S."""
    parts, kernel = tmp_path / "map-guest.o", tmp_path / "map-guest"
    emulator.run("as", "--32", emulator.SOURCE / "test/boot/map-guest.S", "-o", parts)
    emulator.run("ld", "-m", "elf_i386", "-Ttext=0x200000", "--section-start=.note=0x202000", "-e", "start", "-z", "noexecstack",
                 parts, "-o", kernel)
    done = subprocess.run(
        [*emulator.OURS, "-nodefaults", "-no-user-config", "-machine", "q35", "-m", "64M", "-smp", "2", "-vga", "std",
         "-display", "none", "-accel", "tcg,thread=multi", "-kernel", kernel, "-serial", "stdio", "-no-reboot"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
    assert "map-guest: all reads were right" in done.stdout, (done.returncode, done.stdout, done.stderr)
