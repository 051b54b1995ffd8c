# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests with a screen: a boot sector (screen-guest.S), and a Linux with a shell on it (our own kernel and busybox)."""

import subprocess

import emulator

# The tablet says where it is, in lines of 24 bytes: what the kernel's evdev gives.
POINTER = r"""#!/usr/bin/busybox sh
for event in /sys/class/input/event*; do
	grep -q Tablet "$event/device/name" || continue
	dd if="/dev/input/${event##*/}" bs=24 count=6 2>/dev/null | hexdump -v -e '24/1 "%02x" "\n"'
done
"""
INIT = r"""#!/usr/bin/busybox sh
export PATH=/usr/bin HOME=/ TERM=linux PS1='desktop # '
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox --install -s /usr/bin
hostname desktop
echo 1 >/proc/sys/kernel/printk
clear
echo "desktop: Linux $(uname -r) on $(tr , x </sys/class/graphics/fb0/virtual_size)"
echo
while :; do
	setsid cttyhack sh </dev/tty1 >/dev/tty1 2>&1
done
"""


def make_sector_disk(folder, name="screen-guest.S"):
    """The boot sector, and an empty MiB."""
    source = emulator.SOURCE / "test/boot" / name
    subprocess.run(["as", "--32", str(source), "-o", str(folder / "guest.o")], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext", "0x7c00", "-e", "0x7c00", "--oformat", "binary",
                    str(folder / "guest.o"), "-o", str(folder / "guest.bin")], check=True)
    sector = (folder / "guest.bin").read_bytes()
    assert len(sector) == 512, len(sector)
    return sector.ljust(2**20, b"\0")


def make_linux(folder):
    """The Linux guest's {file on the stick: content}."""
    (folder / "init").write_text(INIT)
    (folder / "pointer").write_text(POINTER)
    words = ["dir /dev 0755 0 0", "nod /dev/console 0600 0 0 c 5 1", "dir /proc 0555 0 0", "dir /sys 0555 0 0",
             "dir /usr 0755 0 0", "dir /usr/bin 0755 0 0", f"file /usr/bin/busybox {emulator.BUILD}/obj/bin/busybox 0755 0 0",
             f"file /init {folder}/init 0755 0 0", f"file /p {folder}/pointer 0755 0 0"]
    (folder / "files.list").write_text("\n".join(words) + "\n")
    with open(folder / "desktop.cpio", "wb") as archive:
        subprocess.run([str(emulator.BUILD / "obj/tools/gen_init_cpio"), str(folder / "files.list")], stdout=archive,
                       check=True)
    return {"desktop/vmlinuz": emulator.BUILD / "vmlinuz", "desktop/initrd": folder / "desktop.cpio"}


LINUX = """
guest "desktop" {
	machine = "q35"
	memory  = "256M"
	display = "vnc"
	video   = "virtio"
	kernel  = "desktop/vmlinuz"
	initrd  = "desktop/initrd"
	cmdline = "console=tty0 quiet"
}
"""
