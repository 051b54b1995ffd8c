# SPDX-License-Identifier: GPL-2.0-or-later
"""What our confinement costs a guest under KVM, counted in instructions: all of it, and each part alone (confined.c)."""

import re
import subprocess

import emulator
import machines
from machines import BENCH, BUILD
from results import Measure, Result

# What is measured beside the guest that hostd has started: the parts' names in confined.c.
PARTS = ("filters", "cgroup", "namespaces", "all")
WORKS = (("write", "disk, written", "a MiB"), ("read", "disk, read", "a MiB"), ("send", "network, from the guest", "a MiB"),
         ("receive", "network, to the guest", "a MiB"), ("exit", "an emulated register, read", "a read"))
NETWORK = 'hostname = "bench"\nnetwork "lan" {\n\tmode = "isolated"\n\taddress = ["192.0.2.1/24"]\n}\n'
GUEST = """guest "bench" {
	machine = "q35"
	accel = "kvm"
	memory = "128M"
	kernel = "vmlinuz"
	initrd = "initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet bench.address=192.0.2.2 bench.name=bench"
	disk {
		file = "disk.raw"
		format = "raw"
		size = "64M"
	}
	nic {}
	autostart = false
	restart = "never"
}
"""


def initramfs(folder):
    """Ours, with the guest's files and the program that measures behind it; the kernel unpacks both."""
    (folder / "bench.conf").write_text(GUEST, "utf-8")
    (folder / "list").write_text(
        "dir /bench 0755 0 0\n"
        f"file /bench/vmlinuz {BUILD}/guest/vmlinuz 0644 0 0\n"
        f"file /bench/initrd {BENCH}/obj/throughput.cpio.zst 0644 0 0\n"
        f"file /bench/bench.conf {folder}/bench.conf 0644 0 0\n"
        f"file /bench-init {BENCH}/obj/confined 0755 0 0\n", "utf-8")
    more = subprocess.run([str(BUILD / "obj/tools/gen_init_cpio"), str(folder / "list")], capture_output=True, check=True)
    first = (BUILD / "initramfs.cpio.zst").read_bytes()
    path = folder / "initramfs.cpio"
    path.write_bytes(first + bytes(-len(first) % 4) + more.stdout)
    return path


def measure(parts, works=()):
    """{(side, what): instructions a MiB, or a read, run by run}; the sides are hostd and the parts."""
    folder = BENCH / "confined"
    folder.mkdir(parents=True, exist_ok=True)
    stick = emulator.make_fat(folder / "stick.img", "MVIRT", {"mvirt.conf": NETWORK.encode()})
    report = folder / "report.log"
    words = [f"bench_parts={','.join(parts)}"] + ([f"bench_works={','.join(works)}"] if works else [])
    machines.run_counted("confined", BUILD / "vmlinuz", initramfs(folder),
                         f"quiet rdinit=/bench-init no_timer_check {' '.join(words)}", timeout=3600, memory_mib=1536,
                         more=("-serial", f"file:{report}", "-drive", f"if=none,id=stick,format=raw,snapshot=on,file={stick}",
                               "-device", "virtio-blk-pci,drive=stick"))
    text = report.read_text("utf-8", "replace")
    if "bench: end" not in text:
        raise RuntimeError("the measurement has no end: " + text[-500:])
    counts = {}
    for side, what, number, tsc in re.findall(r"bench: (\S+) (\S+) count=(\d+) tsc=(\d+)", text):
        counts.setdefault((side, what), []).append(int(tsc) / int(number))
    return counts


def row_17(options):
    counts = measure(("hand", *PARTS) if not options.quick else ("hand",))
    measures = []
    for what, title, unit in WORKS:
        hand = counts["hand", what]
        for side in ("hostd", *PARTS):
            if (side, what) in counts:
                name = title if side == "hostd" else f"{title}: of it {side}"
                measures.append(Measure(f"{name}, {unit}", "instructions", counts[side, what], hand, "the same QEMU by hand",
                                        1.02 if side == "hostd" and what != "exit" else None, exact=True))
    return Result(
        row="17", title="our confinement, instruction-counted",
        definition="A q35 guest under KVM with a virtio disk in memory and a NIC with vhost, started by hostd on our image; then "
                   "the same QEMU with the same arguments by hand, as root, in no namespaces, with no sandbox, and with a part of "
                   "the confinement: `filters` (hostd's, QEMU's of hostd and QEMU's own), `cgroup`, `namespaces`, `all` three. "
                   "What is left between `all` and hostd's is the address filter of the tap. One processor, so every "
                   "instruction is in it: the guest's, QEMU's, both kernels', the peer's on the host.",
        measures=measures, commands=[(machines.RUN / "confined/command").read_text("utf-8").strip()],
        notes=["0.98 of the throughput is 1.02 of the instructions."])
