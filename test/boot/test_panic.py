# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that panics again and again: reported at the next boot, kept, and ended by a readable screen."""

import re

from test_storage import make_volume

PANICS_IN_A_ROW = 4  # after so many the next one halts the machine: os/patches/linux-efi-pstore.patch


def test_panics_in_a_row(machine, tmp_path):
    """On a UEFI machine, whose firmware keeps the kernel's last lines."""
    host = machine(firmware="uefi", cmdline="panic=1", extra=make_volume(tmp_path / "data.img", {}))
    start = 0
    for boot in range(PANICS_IN_A_ROW + 1):
        if boot == 1:
            host.console.wait(r"hostd: host: the last boot ended in a panic: Kernel panic - not syncing: sysrq", 180, start=start)
        elif boot > 1:
            host.console.wait(rf"hostd: host: the last {boot} boots ended in a panic: Kernel panic - not syncing: sysrq triggered crash; "
                              "mvirt host crash shows it$", 180, start=start)
        if boot == PANICS_IN_A_ROW:
            host.console.wait(r"hostd: host: if this one does within 5 min, the machine halts", 60, start=start)
        host.console.wait(r"hostd: host: ready", 180, start=start)
        host.console.wait(r"hostd: data: /dev/vda: mounted", 120, start=start)
        names = host.mvirt("host crash")["names"]
        assert len(names) == boot, names
        kept = host.shell("ls /data/crash")[1].split() if boot else []
        assert sorted(kept) == sorted(names), (kept, names)
        start = len(host.console.text)
        if boot == PANICS_IN_A_ROW:
            output = host.shell("mvirt host crash")[1]
            assert "Kernel panic - not syncing: sysrq triggered crash" in output and "also kept: " + names[1] in output, output
            # the firmware's room is free again
            assert host.shell("rm /sys/fs/pstore/dmesg-* && ls /sys/fs/pstore")[1] == ""
        host.shell_console.send("echo c >/proc/sysrq-trigger\n")
    # only a kernel that does not reboot the machine says this
    host.console.wait(r"---\[ end Kernel panic - not syncing: sysrq", 60, start=start)
    host.screenshot(host.folder / "panic.png")


def test_panics_before_userspace(machine):
    """The kernel counts by itself: no hostd runs here."""
    host = machine(firmware="uefi", cmdline="panic=1 rdinit=/none root=/dev/none")
    host.console.wait(r"---\[ end Kernel panic - not syncing: VFS", 300)
    assert len(re.findall(r"Kernel panic - not syncing: VFS.*\n(?:.*\n)*?.*Rebooting in 1 sec", host.console.text)) == PANICS_IN_A_ROW
