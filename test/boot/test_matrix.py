# SPDX-License-Identifier: GPL-2.0-or-later
"""Every medium and firmware, up to the demo guest's line from its userspace on KVM."""

import pytest

import emulator

MATRIX = [
    ("kernel", "bios"),
    ("efi", "uefi"),
    ("cd", "uefi"),
    ("usb", "uefi"),
    ("cd", "bios"),
    ("sata", "bios"),
    ("nvme", "uefi"),
]


@pytest.mark.parametrize("medium,firmware", MATRIX)
def test_boots(machine, medium, firmware):
    host = machine(medium=medium, firmware=firmware, stick=emulator.demo_files())
    host.console.wait(r"hostd: kvm: ok \((svm|vmx)\)", 240)
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 120, start=0)
    host.console.wait(r"hostd: guest demo: running", 120, start=0)
    host.console.wait(r"demo: mvirt-guest: up demo 10\.0\.2\.\d+", 240, start=0)
