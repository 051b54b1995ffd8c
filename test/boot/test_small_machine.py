# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine with just enough memory for its guest."""

import re

import emulator

MIB = 2**20
GUEST = """
guest "%s" {
	machine = "microvm"
	memory = "64M"
	kernel = "guest/vmlinuz"
	initrd = "guest/initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet mvirt.name=demo"
	autostart = %s
	echo-console = true
	nic {}
}
"""
# All the memory that the guest still has, except 2 MiB.
FILL = ("mount -o remount,size=100% /run; dd if=/dev/zero of=/run/all bs=1k "
        "count=$(($(sed -n \"s/MemAvailable: *\\([0-9]*\\) kB/\\1/p\" /proc/meminfo) - 2048)); echo filled-$?")


def test_a_guest_that_uses_all_of_its_memory(machine):
    """The host is unchanged; a second guest is refused, and the message says how much is missing."""
    host = machine(stick=emulator.demo_files(GUEST % ("demo", "true") + GUEST % ("more", "false")), memory_mib=200)
    host.console.wait(r"demo: mvirt-guest: up demo", 90)
    hostd = host.shell("pidof hostd")[1]
    status, output = host.shell(f"(echo; echo '{FILL}'; sleep 20) | mvirt console demo", 90)
    assert status == 0 and re.search(r"^filled-0", output, re.MULTILINE), output
    used = int(host.shell("cat /sys/fs/cgroup/mvirt/demo/memory.current")[1])
    assert used > 64 * MIB, f"the guest uses {used / MIB:.1f} MiB: nothing was tried"

    status, output = host.shell("mvirt start more")
    assert status != 0 and re.search(r"memory is to be 64 MiB and .* for QEMU, and this machine has .* free", output), output
    states = {guest["name"]: guest["state"] for guest in host.mvirt("list")["guests"]}
    assert states == {"demo": "running", "more": "stopped"}
    assert host.shell("pidof hostd")[1] == hostd
    status, output = host.shell("dmesg")
    assert status == 0 and "Out of memory" not in output and "oom-kill" not in output, output
