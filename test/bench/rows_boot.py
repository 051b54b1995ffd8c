# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of whole boots: reset to an API that answers, reset to the guest's first line of userspace."""

import functools
import json
import re

import figures
import machines
from results import Measure, Result

# name: (a new machine, its guest's machine type). The guest is started at boot on every side.
SIDES = {
    "ours, q35": lambda: machines.our_machine("ours-q35", machines.our_config("q35")),
    "Debian 13 with libvirt": lambda: machines.debian_machine("debian-boot", "autostart"),
    "ours, microvm": lambda: machines.our_machine("ours-microvm", machines.our_config("microvm")),
    "by hand": lambda: machines.by_hand_machine("by-hand-boot", "microvm"),
}
PAIRS = (("ours, q35", "Debian 13 with libvirt"), ("ours, microvm", "by hand"))


def boot(side):
    """One boot: seconds from reset (of the wall, of the emulator's processors) to ready and to the guest."""
    with SIDES[side]() as machine:
        ready = machine.wait_ready()
        guest = machine.wait_guest()
        return {"ready": ready, "guest": guest, "command": machine.command_line()}


@functools.cache
def boots(runs):
    """Every pair ABBA; {side: [boot, …]}. Rows 1 and 2 share them."""
    done = {side: [] for pair in PAIRS for side in pair}
    for pair in PAIRS:
        for letter in figures.abba(runs):
            side = pair["AB".index(letter)]
            done[side].append(boot(side))
    return done


def initcalls(log, before, count=8):
    """The longest of the kernel's initcalls, in their order; before is where its clock begins."""
    calls = [(float(end), int(usecs) / 1e6, name) for end, name, usecs in
             re.findall(r"^<\d>\[ *(\d+\.\d+)\] initcall (\w+)\+\S+ returned \S+ after (\d+) usecs", log, re.MULTILINE)]
    longest = sorted(sorted(calls, key=lambda call: -call[1])[:count])
    return [{"name": f"  {name}", "start": before + end - took, "end": before + end} for end, took, name in longest]


def timeline():
    """A boot of ours as hostd tells it, with the kernel's longest initcalls and the guest's boot:
    [{name, start, end}] in seconds since reset."""
    with machines.our_machine("ours-timeline", machines.our_config("q35"),
                              cmdline="initcall_debug printk.time=1 log_buf_len=2M") as machine:
        guest, _ = machine.wait_guest()
        machine.wait_ready()
        answer = json.loads(machine.output("mvirt --json status --boot", 300))
        log = machine.output("dmesg", 300)
    before = answer["beforeKernelUsec"] / 1e6
    phases = [{"name": "firmware, stub, decompression", "start": 0, "end": before}]
    for phase in answer["phases"]:
        phases.append({"name": phase["name"], "start": before + phase["startUsec"] / 1e6,
                       "end": before + phase["endUsec"] / 1e6})
        if phase["name"] == "kernel":
            phases += initcalls(log, before)
    running = phases[-1]["end"]
    return phases + [{"name": "guest's SeaBIOS and kernel, up to its init", "start": running, "end": max(guest, running)}]


def measures(done, what, phrase, target):
    found = []
    for ours, peer in PAIRS:
        for place, unit in ((0, "of the wall"), (1, "of the emulator's processors")):
            found.append(Measure(f"{phrase}, {ours.partition(', ')[2]} guest, seconds {unit}", "s",
                                 [one[what][place] for one in done[ours]],
                                 [one[what][place] for one in done[peer]], peer, target if place == 0 else None))
    return found


NOTE = ("The seconds of the emulator's processors are what the machine had to execute; they leave out where it waited, "
        "and other work on the measuring machine disturbs them less.")


def row_1(options):
    done = boots(options.count(7, 2))
    return Result(
        row="1", title="host ready",
        definition="From reset, under OVMF, to an API that answers: hostd's line `ready`; the first `virsh list` that "
                   "succeeds, asked as soon as libvirt's socket is there; by hand, where there is no API, the last line "
                   "of the start script. A guest is started at boot on every side (row 2).",
        measures=measures(done, "ready", "host ready", 0.10), commands=[done["ours, q35"][0]["command"]],
        notes=[NOTE], extra={"timeline": timeline()})


def row_2(options):
    done = boots(options.count(7, 2))
    return Result(
        row="2", title="first guest",
        definition="From reset to the first line of the guest's userspace: our guest kernel and one program in its "
                   "initramfs, 128 MiB, one processor, a NIC on a bridge, the same machine type on both sides.",
        measures=measures(done, "guest", "first guest", 0.15), commands=[done["ours, q35"][0]["command"]],
        notes=[NOTE])
