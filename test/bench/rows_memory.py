# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of memory: the idle host, the smallest machine, what a guest costs beside its own memory, how many fit."""

import concurrent.futures
import contextlib
import re
import time

import machines
from results import Measure, Result

MIB = 2**20
FITTED_MIB = 2048


def field(text, name):
    """A line "Name:  123 kB" in bytes."""
    return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024


def used(machine):
    """Bytes of the fitted memory that are not available."""
    return FITTED_MIB * MIB - field(machine.output("cat /proc/meminfo"), "MemAvailable")


@contextlib.contextmanager
def together(sides):
    """One machine of each side, all at once: {side: machine}. For what does not depend on time."""
    with contextlib.ExitStack() as stack:
        yield {side: stack.enter_context(make()) for side, make in sides.items()}


def idle_memory(sides):
    """60 s after the last is ready: {side: (bytes in use, meminfo)}."""
    with together(sides) as up:
        for machine in up.values():
            machine.wait_ready()
            machine.shell("true", 300)
        time.sleep(60)
        return {side: (used(machine), machine.output("cat /proc/meminfo")) for side, machine in up.items()}


# Messages of a kernel, the firmware, hostd or a root file system when memory is too small.
TOO_SMALL = re.compile(r"(?:Kernel panic|Out of memory|EFI_OUT_OF_RESOURCES|Out of Resources|hostd: guest bench: failed|oom-kill"
                       r"|[Cc]annot allocate memory|X64 Exception Type|Initramfs unpacking failed|runsv: not found).*")


def boots_with(make, memory_mib, limit):
    """Boots a machine of so much memory; returns why its guest did not reach userspace in so many seconds, or None."""
    with make(memory_mib) as machine:
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline and machine.process.poll() is None:
            if re.search(machines.GUEST_LINE, machine.console.text + machine.guest_console.text):
                return None
            if TOO_SMALL.search(machine.console.text):
                time.sleep(1)  # for the rest of its line
                return TOO_SMALL.search(machine.console.text).group().strip()
            time.sleep(0.5)
        return f"nothing in {limit} s" if machine.process.poll() is None else "the machine was reset"


def smallest(make, low, high, step, limit):
    """The smallest memory in MiB, to step, with which make(memory) runs its guest, and why not with a step less.

    With low nothing does."""
    if why := boots_with(make, high, limit):
        raise RuntimeError(f"not even {high} MiB are enough: {why}")
    ended = f"{low} MiB were not tried"
    while high - low > step:
        middle = (low + high) // 2 // step * step
        if why := boots_with(make, middle, limit):
            low, ended = middle, f"{middle} MiB: {why}"
        else:
            high = middle
    return high, ended


def small(name, machine_type):
    """Our machine with a guest of 64 MiB, as a function of its memory in MiB."""
    config = machines.our_config(machine_type, 64)
    return lambda mib: machines.our_machine(name, config, memory_mib=mib)


# (what it is called, the peer, our machine, the peer's)
SMALLEST = (
    ("q35", "Debian 13 with libvirt", small("ours-small-q35", "q35"),
     lambda mib: machines.debian_machine("debian-small", "small", memory_mib=mib)),
    ("microvm", "by hand", small("ours-small", "microvm"),
     lambda mib: machines.by_hand_machine("by-hand-small", "small", memory_mib=mib)),
)


def row_16(options):
    def search(make):
        return [smallest(make, 96, 608, 16, 420) for _ in range(options.count(3, 1))]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        # all sides at once: 16 MiB more or less do not depend on time
        running = [[pool.submit(search, make) for make in sides] for _, _, *sides in SMALLEST]
        found = [[one.result() for one in sides] for sides in running]
    measures, notes = [], []
    for (machine_type, peer, *_), (ours, peers) in zip(SMALLEST, found, strict=True):
        measures.append(Measure(f"{machine_type} guest of 64 MiB", "bytes", [mib * MIB for mib, _ in ours],
                                [mib * MIB for mib, _ in peers], peer, 0.15))
        notes += [f"What ended the largest machine that was too small, {side}: "
                  + "; ".join(f"`{why}`" for why in dict.fromkeys(why for _, why in searches)) + "."
                  for side, searches in ((f"ours with a {machine_type}", ours), (peer, peers))]
    return Result(
        row="16", title="the smallest machine",
        definition="The least memory, to 16 MiB, with which a machine boots under UEFI, whose own memory is part of it, and runs a "
                   "guest of 64 MiB up to its userspace. Found by halving between 96 MiB, taken to be too little, and 608.",
        measures=measures, notes=notes, commands=["-m MIB"])


def row_5(options):
    sides = {
        "ours": lambda: machines.our_machine("ours-idle", machines.our_config(autostart=False)),
        "Debian 13 with libvirt": lambda: machines.debian_machine("debian-idle"),
        "by hand": lambda: machines.by_hand_machine("by-hand-idle"),
    }
    idle = [idle_memory(sides) for _ in range(options.count(7, 1))]
    measures = [Measure("idle host", "bytes", [one["ours"][0] for one in idle], [one[side][0] for one in idle], side, 0.15)
                for side in list(sides)[1:]]
    kept = {name: field(idle[0]["ours"][1], name) for name in
            ("MemTotal", "MemFree", "MemAvailable", "Cached", "Shmem", "Unevictable", "AnonPages", "Slab", "SUnreclaim",
             "KernelStack", "PageTables", "Percpu")}
    note = ("Ours, of that: " + ", ".join(f"{name} {size / MIB:.1f} MiB" for name, size in kept.items())
            + ". The files of the initramfs are in Shmem: they are the root file system.")
    return Result(
        row="5", title="memory",
        definition=f"A machine of {FITTED_MIB} MiB, UEFI, no guest, 60 s after ready: what was fitted less "
                   "`MemAvailable`, so the kernel and the firmware's tables are in it.",
        measures=measures, commands=["cat /proc/meminfo"], notes=[note], extra={"meminfo": kept})


# --- per guest ---

HEADER = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$")


def mappings(smaps):
    """[{path, Size, Rss, …}] of a smaps file, in bytes."""
    found = []
    for line in smaps.splitlines():
        header = HEADER.match(line)
        if header:
            found.append({"path": header.group(1)})
            continue
        value = re.match(r"(\w+):\s+(\d+) kB", line)
        if value and found:
            found[-1][value.group(1)] = int(value.group(2)) * 1024
    return found


def beside_guest(smaps, guest_mib=machines.GUEST_MEMORY_MIB):
    """(resident bytes that are not the guest's memory, those of them that belong to no file, the largest mappings)."""
    every = mappings(smaps)
    memory = [one for one in every if one["Size"] == guest_mib * MIB]
    if len(memory) != 1:
        raise RuntimeError(f"{len(memory)} mappings have the size of the guest's memory")
    rest = [one for one in every if one is not memory[0]]
    largest = {}
    for one in rest:
        # numbers in names differ from run to run
        name = re.sub(r"\d+", "", one["path"]) or "anonymous"
        largest[name] = largest.get(name, 0) + one["Rss"]
    largest = dict(sorted(largest.items(), key=lambda pair: -pair[1])[:8])
    return sum(one["Rss"] for one in rest), sum(one["Anonymous"] for one in rest), largest


QEMU_PID = "pidof qemu-system-x86_64 || grep -l qemu-system-x86 /proc/[0-9]*/comm | cut -d / -f 3"


def guest_costs(sides):
    """{side: what its guest's QEMU has resident beside the guest's memory}, 10 s after the last guest's first line."""
    with together(sides) as up:
        for machine in up.values():
            machine.wait_guest()
            machine.wait_ready()
            machine.shell("true", 300)
        time.sleep(10)
        costs = {}
        for side, machine in up.items():
            pid = machine.output(QEMU_PID).split()[0]
            costs[side] = beside_guest(machine.output(f"cat /proc/{pid}/smaps", 300))
        return costs


def row_8(options):
    sides = {
        "ours, microvm": lambda: machines.our_machine("ours-cost", machines.our_config("microvm")),
        "by hand, microvm": lambda: machines.by_hand_machine("by-hand-cost", "microvm"),
        "ours, q35": lambda: machines.our_machine("ours-cost-q35", machines.our_config("q35")),
        "libvirt's, q35": lambda: machines.debian_machine("debian-cost", "autostart"),
    }
    runs = [guest_costs(sides) for _ in range(options.count(7, 1))]
    cost = {side: [one[side] for one in runs] for side in sides}
    measures = []
    for ours, peer in (("ours, microvm", "by hand, microvm"), ("ours, q35", "libvirt's, q35")):
        for place, what in ((0, "resident"), (1, "anonymous")):
            measures.append(Measure(f"{ours.partition(', ')[2]}, {what}", "bytes", [one[place] for one in cost[ours]],
                                    [one[place] for one in cost[peer]], peer, 0.5 if place == 0 else None))
    most = max(one[0] for one in cost["ours, microvm"])
    alone = max(one[1] for one in cost["ours, microvm"])
    met = "met" if most < 12 * MIB else "missed"
    return Result(
        row="8", title="memory of a guest that is not the guest's",
        definition="128 MiB guest, 10 s after its userspace began, nested KVM: the sum over `/proc/PID/smaps` of QEMU's "
                   "mappings but the guest's memory. Debian's QEMU is resident with its libraries; other processes that "
                   "run it share these pages.",
        measures=measures, commands=["cat /proc/$(pidof qemu-system-x86_64)/smaps"],
        notes=["Largest mappings of our microVM's QEMU: " + ", ".join(
            f"{name} {size / MIB:.1f} MiB" for name, size in cost["ours, microvm"][0][2].items()),
               "Anonymous memory is what one more guest costs: QEMU's program is in memory already, the host's file system.",
               f"The other target, under 12 MiB for the microVM: {met}, {most / MIB:.1f} MiB; of it "
               f"{alone / MIB:.1f} MiB are this guest's alone."])


# --- how many ---

def available(machine):
    return field(machine.output("cat /proc/meminfo"), "MemAvailable")


def settled(machine):
    """The available memory once the last guest has booted."""
    time.sleep(30)
    return available(machine)


def our_guests(names):
    """(how many guests hostd starts, what one of them takes, what it says to the first that it does not start)"""
    with machines.our_machine("ours-many", machines.our_config("microvm", 64, autostart=False, names=names)) as machine:
        machine.wait_ready()
        machine.shell("true", 300)
        before = available(machine)
        for count, name in enumerate(names):
            status, output = machine.shell(f"mvirt start {name}", 300)
            if status != 0:
                return count, (before - settled(machine)) / count, output
    raise RuntimeError(f"{len(names)} guests fit: more are to be tried")


def by_hand_guests(names):
    """(how many guests can be promised their memory: as many as leave MemAvailable above what they have not used yet,
    what one of them takes)"""
    with machines.by_hand_machine("by-hand-many") as machine:
        machine.wait_ready()
        machine.shell("true", 300)
        count = 0
        before = available(machine)
        for name in names:
            machine.output(f"MEMORY=64 CONSOLE=null start-guest microvm {name} >/dev/null 2>&1 & sleep 8", 300)
            count += 1
            smaps = machine.output("cat /proc/$(pidof qemu-system-x86_64 | cut -d ' ' -f 1)/smaps", 300)
            overhead = beside_guest(smaps, 64)[1]
            if before - (count + 1) * (64 * MIB + overhead) < 64 * MIB:
                break
        return count, (before - settled(machine)) / count


def row_9(options):
    names = [f"g{number:02}" for number in range(1, 41)]
    ours, peer = [], []
    for _ in range(options.count(7, 1)):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            both = pool.submit(our_guests, names), pool.submit(by_hand_guests, names)
            ours.append(both[0].result())
            peer.append(both[1].result())
    return Result(
        row="9", title="guests that fit",
        definition="64 MiB microVMs, idle, in a machine of 2 GiB, started one after the other. Ours refuses when the memory "
                   "that guests were promised, with what QEMU needs, is all given away. By hand nothing counts: guests "
                   "are started while what all of them may come to use (64 MiB and the measured overhead each) is there. "
                   "What an idle guest takes, less than it was promised: by what MemAvailable has fallen for all of them.",
        measures=[Measure("guests", "count", [one[0] for one in ours], [one[0] for one in peer], "by hand", 1.5,
                          more_is_better=True),
                  Measure("what an idle one takes", "bytes", [one[1] for one in ours], [one[1] for one in peer], "by hand")],
        commands=["mvirt start g01 …", "start-guest microvm g01 …"], notes=[f"Ours was stopped by: {ours[-1][2]}"])
