# SPDX-License-Identifier: GPL-2.0-or-later
"""The image's content and cost."""

import json
import re

import emulator

# The devices that os/qemu-devices.mak asks for, as QEMU calls them.
WANTED_DEVICES = {
    "virtio-blk-pci", "virtio-blk-device", "virtio-scsi-pci", "virtio-scsi-device", "virtio-net-pci",
    "virtio-net-device", "virtio-rng-pci", "virtio-rng-device", "virtio-balloon-pci", "virtio-balloon-device",
    "virtio-serial-pci", "virtio-serial-device", "virtio-gpu-pci", "virtio-gpu-device", "virtio-vga",
    "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-mouse-pci", "vhost-vsock-pci", "vhost-vsock-device",
    "VGA", "ich9-ahci", "piix3-ide", "ide-hd", "ide-cd", "scsi-hd", "scsi-cd", "nvme", "e1000", "e1000e", "rtl8139",
    "qemu-xhci", "usb-tablet", "usb-kbd", "usb-storage", "tpm-crb", "tpm-tis", "vfio-pci", "pvpanic",
    "pvpanic-pci", "i6300esb", "pcie-root-port", "isa-serial",
}
UNWANTED_DEVICES = {"isa-fdc", "floppy", "intel-hda", "AC97", "virtio-9p-pci", "virtio-9p-device", "cirrus-vga",
                    "qxl-vga", "vmxnet3", "pcnet", "megasas", "lsi53c895a", "ivshmem-plain", "usb-host"}


def test_qemu_devices(machine):
    """The QEMU in the image has the devices of the list and none that we left out."""
    host = machine()
    status, output = host.shell("qemu-system-x86_64 -L /usr/share/qemu -M q35 -device help", 60)
    assert status == 0, output
    have = set(re.findall(r'^name "([^"]+)"', output, re.MULTILINE))
    assert not WANTED_DEVICES - have, f"missing: {sorted(WANTED_DEVICES - have)}"
    assert not UNWANTED_DEVICES & have, f"not wanted: {sorted(UNWANTED_DEVICES & have)}"
    status, output = host.shell("qemu-system-x86_64 -M help", 60)
    machines = {line.split()[0] for line in output.splitlines()[1:] if line.strip()}
    assert {"q35", "pc", "microvm"} <= machines
    assert not {"isapc", "xenpv"} & machines


def test_idle_costs(machine):
    """Without guests: under 64 MiB in use, little kept free, hostd under 4 MiB, and no wake-up of its own in a minute.

    Dashboards, which ask once a minute, are stopped meanwhile."""
    host = machine()
    host.console.wait(r"hostd: net lan: 10\.0\.2\.\d+/24 \(dhcp\)", 120)
    _, pid = host.shell("pidof hostd")
    pid = pid.strip()
    host.shell("sleep 8; kill -STOP $(pidof mvirt-dashboard)", 60)
    _, before = host.shell(f"grep ctxt_switches /proc/{pid}/status")
    host.shell("sleep 60", 120)
    _, after = host.shell(f"grep ctxt_switches /proc/{pid}/status")
    host.shell("kill -CONT $(pidof mvirt-dashboard)")
    assert before == after, f"hostd woke up in an idle minute: {before} -> {after}"
    _, rollup = host.shell(f"cat /proc/{pid}/smaps_rollup")
    pss = int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE).group(1))
    _, meminfo = host.shell("cat /proc/meminfo")
    figure = {key: int(value) for key, value in re.findall(r"^(\w+):\s+(\d+) kB", meminfo, re.MULTILINE)}
    # What the kernel gave to user space and itself, the unpacked initramfs (Shmem) included. Pages on the
    # processors' own free lists are free, though MemFree does not count them.
    _, zones = host.shell("cat /proc/zoneinfo")
    listed = 4 * sum(int(count) for count in re.findall(r"^\s+count:\s+(\d+)", zones, re.MULTILINE))
    cache = figure["Buffers"] + figure["Cached"] - figure["Shmem"]
    used = figure["MemTotal"] - figure["MemFree"] - listed - cache
    print(f"hostd PSS {pss} KiB, host memory in use {used // 1024} MiB of {figure['MemTotal'] // 1024} MiB, "
          f"{listed // 1024} MiB on per-CPU free lists")
    assert pss < 4096
    assert used < 64 * 1024, (used, listed, meminfo)
    _, kept_free = host.shell("cat /proc/sys/vm/min_free_kbytes")
    assert 0 < int(kept_free) <= figure["MemTotal"] // 256, kept_free


def test_sizes():
    assert (emulator.BUILD / "mvirt.efi").stat().st_size <= 20 * 2**20
    assert (emulator.BUILD / "mvirt.iso").stat().st_size <= 42 * 2**20
    assert (emulator.BUILD / "vmlinuz").stat().st_size <= 10 * 2**20
    assert (emulator.BUILD / "guest/vmlinuz").stat().st_size < 3 * 2**20


def test_manifest():
    manifest = json.loads((emulator.BUILD / "manifest.json").read_text())
    assert manifest["bomFormat"] == "CycloneDX"
    names = {c["name"] for c in manifest["components"]}
    assert {"linux-source-6.12", "qemu", "systemd", "busybox", "e2fsprogs", "glibc", "edk2"} <= names
    for component in manifest["components"]:
        assert component["version"]
        assert component["hashes"] or component["properties"], component["name"]
        for digest in component["hashes"]:
            assert re.fullmatch(r"[0-9a-f]{64}", digest["content"])
