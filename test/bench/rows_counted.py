# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows that are counted in instructions: our kernel and Debian's, our QEMU's start and Debian's.

One instruction is one nanosecond there, and the marker programs print the time-stamp counter.
"""

import re

import machines
from machines import BENCH, BUILD, PEERS
from results import Measure, Result


def kernel_instructions(name, kernel, initramfs=None, runs=1):
    """Instructions from reset to the first of PID 1, in millions, run by run."""
    counts = []
    for _ in range(runs):
        console = machines.run_counted(f"kernel-{name}", kernel, initramfs or BENCH / "obj/guest.cpio.zst",
                                       "quiet bench.end")
        counts.append(int(re.search(machines.GUEST_LINE, console).group(1)) / 1e6)
    return counts


def debian_kernel(folder):
    return next((PEERS / folder / "boot").glob("vmlinuz-*"))


def initcalls(count=20):
    """The longest initcalls of our kernel: [{name, ms}]."""
    console = machines.run_counted("initcalls", BUILD / "vmlinuz", BENCH / "obj/guest.cpio.zst",
                                   "bench.end initcall_debug ignore_loglevel printk.time=1 log_buf_len=4M")
    calls = re.findall(r"initcall (\w+)\+\S+ returned \S+ after (\d+) usecs", console)
    return [{"name": name, "ms": int(usecs) / 1000}
            for name, usecs in sorted(calls, key=lambda call: -int(call[1]))[:count]]


def row_3(options):
    runs = options.count(7, 1)
    peers = {"Debian's cloud kernel": debian_kernel("by-hand-root"),
             "Debian's stock kernel": debian_kernel("stock-kernel")}
    ours, others = [], {name: [] for name in peers}
    for _ in range(runs):
        ours += kernel_instructions("ours", BUILD / "vmlinuz")
        for name, kernel in peers.items():
            others[name] += kernel_instructions(re.sub(r"\W+", "-", name), kernel)
    return Result(
        row="3", title="kernel, instruction-counted",
        definition="From reset to the first instruction of PID 1, the same one-program initramfs (the marker) in all. "
                   "Firmware (SeaBIOS's direct kernel boot) and decompression are in it. Debian's kernels load their "
                   "drivers as modules after this; ours has them built in.",
        measures=[Measure("reset to PID 1", "M instructions", ours, counts, name, 0.35, exact=True)
                  for name, counts in others.items()],
        commands=[(machines.RUN / "kernel-ours/command").read_text("utf-8").strip()],
        extra={"initcalls": initcalls()})


def greeting_initramfs():
    """The host made by hand, with the timing program as its PID 1 and our QEMU beside Debian's."""
    overlay = machines.RUN / "greeting.list"
    overlay.parent.mkdir(parents=True, exist_ok=True)
    overlay.write_text("dir /ours 0755 0 0\n"
                       f"file /ours/qemu-system-x86_64 {BUILD}/obj/bin/qemu-system-x86_64 0755 0 0\n"
                       f"file /init {BENCH}/obj/greeting 0755 0 0\n", "utf-8")
    more = machines.emulator.subprocess.run([str(BUILD / "obj/tools/gen_init_cpio"), str(overlay)],
                                            capture_output=True, check=True).stdout
    path = machines.RUN / "greeting.cpio"
    # one archive behind the other, at a multiple of four: the kernel unpacks both
    first = (PEERS / "by-hand/initramfs.cpio.zst").read_bytes()
    path.write_bytes(first + bytes(-len(first) % 4) + more)
    return path


def row_7(options):
    runs = options.count(8, 4)
    console = machines.run_counted("greeting", debian_kernel("by-hand-root"), greeting_initramfs(),
                                   f"quiet bench.runs={runs}")
    counts = {}
    for machine, side, tsc in re.findall(r"bench: greeting (\S+) (\S+) tsc=(\d+)", console):
        counts.setdefault((machine, side), []).append(int(tsc) / 1e6)
    measures = [Measure(f"{machine}: exec to QMP greeting", "M instructions", counts[machine, "ours"],
                        counts[machine, "peer"], "Debian's QEMU", 0.6, exact=True) for machine in ("microvm", "q35")]
    return Result(
        row="7", title="QEMU's start, instruction-counted",
        definition="From fork() to the first byte of QMP's greeting, with the same arguments, KVM, in a host whose "
                   "files are all in memory; the instructions of the kernel and of the dynamic linker are in it.",
        measures=measures, commands=[(machines.RUN / "greeting/command").read_text("utf-8").strip()],
        notes=["The arguments: `-nodefaults -no-user-config -display none -machine … -accel kvm -cpu host -m 128 -S` "
               "and QMP on standard output (`test/bench/greeting.c`). ABBA, the first run of each is in it."])
