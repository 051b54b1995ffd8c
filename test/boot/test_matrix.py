# SPDX-License-Identifier: GPL-2.0-or-later
"""Every medium and firmware, up to the demo guest's line from its userspace on KVM. And no guest gets the
boot medium, though the configuration is on another stick."""

import pytest

import emulator
from test_faults import DEMO

# Where the boot medium is found, and a partition of it. USB sticks are found in any order.
MATRIX = [
    ("kernel", "bios", None, None),
    ("efi", "uefi", "serial:boot0", "/dev/vda1"),
    ("esp-sata", "uefi", "serial:boot0", "/dev/sda1"),
    ("esp-nvme", "uefi", "serial:boot0", "/dev/nvme0n1p1"),
    ("cd", "uefi", "/dev/sr0", None),
    ("usb", "uefi", "serial:boot0", None),
    ("cd", "bios", "/dev/sr0", None),
    ("sata", "bios", "serial:boot0", "/dev/sda1"),
    ("nvme", "uefi", "serial:boot0", "/dev/nvme0n1p1"),
]
# A guest that wants the boot medium, and may write to it whatever is there.
THIEF = """
guest "{name}" {{
	machine = "microvm"
	memory = "64M"
	kernel = "guest/vmlinuz"
	disk {{
		device = "{device}"
		{how} = true
	}}
}}
"""


def thieves(disk, partition):
    wants = {"thief": (disk, "allow-existing"), "reader": (disk, "readonly"), "part": (partition, "allow-existing")}
    return {name: THIEF.format(name=name, device=device, how=how) for name, (device, how) in wants.items() if device}


@pytest.mark.parametrize("medium,firmware,disk,partition", MATRIX)
def test_boots(machine, medium, firmware, disk, partition):
    guests = thieves(disk, partition)
    cmdline = "mvirt.shell=ttyS1" if medium != "kernel" and firmware == "uefi" else ""
    host = machine(medium=medium, firmware=firmware, cmdline=cmdline, memory_mib=1280,
                   stick=emulator.demo_files(DEMO + "".join(guests.values())))
    host.console.wait(r"hostd: kvm: ok \((svm|vmx)\)", 240)
    for name in guests:
        host.console.wait(rf"hostd: guest {name}: failed.* is this host's boot medium", 120, start=0)
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 120, start=0)
    host.console.wait(r"hostd: guest demo: running", 120, start=0)
    host.console.wait(r"demo: mvirt-guest: up demo 10\.0\.2\.\d+", 240, start=0)
    # A CD's drive has no serial number for the kernel.
    if not cmdline or medium == "cd":
        return
    status, output = host.shell("mvirt host format-disk --erase --confirm boot0 boot0")
    assert status == 1 and "is this host's boot medium" in output, output
