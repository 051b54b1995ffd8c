# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of one guest's life: start, recovery, what the supervisor costs."""

import concurrent.futures
import contextlib
import re
import time

import machines
from figures import abba
from results import Measure, Result

OURS_IDLE = machines.our_config(machine="q35", autostart=False)


def start_once(machine, start, stop):
    """(seconds until the command for it returns, until the guest's userspace), then ends it."""
    machine.go_on()
    behind = machine.guest_text()
    begun, ended = machine.timed_shell(start, 300)
    machine.wait_guest(300, behind)
    marker = time.monotonic()
    time.sleep(1)
    machine.output(stop, 300)
    time.sleep(4)  # the kernel cleans up behind a QEMU: its namespaces count until then
    machine.pause()
    return ended - begun, marker - begun


def row_6(options):
    commands = {"A": ("mvirt start bench", "mvirt kill bench"),
                "B": ("virsh -q -c qemu:///system start bench", "virsh -q -c qemu:///system destroy bench")}
    found = {"A": [], "B": []}
    with machines.both(machines.our_machine("ours-start", OURS_IDLE), machines.debian_machine("debian-start")) as pair:
        # the first start of each reads files that later ones find in memory
        for letter in "AB" + "".join(abba(options.count(7, 3))):
            found[letter].append(start_once(pair["AB".index(letter)], *commands[letter]))
    found = {letter: times[1:] for letter, times in found.items()}
    return Result(
        row="6", title="guest start",
        definition="In a host that is up: from the command to its return, which is QMP's `running` on both sides; and to "
                   "the guest's first line of userspace. q35, direct kernel boot, 128 MiB, a NIC. Both hosts are up; the "
                   "one that is not measured is halted.",
        measures=[Measure("to QMP `running`", "s", [one[0] for one in found["A"]], [one[0] for one in found["B"]],
                          "virsh start", 0.6),
                  Measure("to the guest's userspace", "s", [one[1] for one in found["A"]],
                          [one[1] for one in found["B"]], "virsh start", 0.6)],
        commands=[commands["A"][0], commands["B"][0]])


def recover_once(machine, pause):
    """Seconds from QEMU's SIGKILL to the guest's userspace; this many seconds later it is ready for the next."""
    machine.go_on()
    behind = machine.guest_text()
    begun, _ = machine.timed_shell("kill -9 $(pidof qemu-system-x86_64)", 60)
    machine.wait_guest(300, behind)
    marker = time.monotonic()
    time.sleep(pause)
    machine.pause()
    return marker - begun


# side: (its machine, what starts the guest where nothing does at boot, seconds between two kills). hostd starts a guest at
# once that has run for a minute; one that fails again within it gets longer pauses, which is not what is measured.
RECOVERIES = {
    "ours": (lambda: machines.our_machine("ours-recover", machines.our_config("microvm", restart="always")), "true", 65),
    "runit's runsv, by hand": (lambda: machines.by_hand_machine("by-hand-recover", "microvm"), "true", 10),
    "systemd, Restart=always": (lambda: machines.debian_machine("debian-recover"), "systemctl start bench-guest", 10),
}


def row_10(options):
    found = {side: [] for side in RECOVERIES}
    with contextlib.ExitStack() as stack:
        up = {}
        for side, (make, start, pause) in RECOVERIES.items():
            up[side] = stack.enter_context(make())
            up[side].wait_ready()
            up[side].shell(start, 300)
            up[side].wait_guest()
            time.sleep(pause)
            # the next one boots while this one is halted
            up[side].pause()
        for side in abba(options.count(7, 2), list(RECOVERIES)):
            found[side].append(recover_once(up[side], RECOVERIES[side][2]))
    return Result(
        row="10", title="recovery",
        definition="From SIGKILL of QEMU to the new guest's first line of userspace; microVM. The peers are runit's `runsv` in "
                   "the host made by hand, and a systemd unit with `Restart=always` on Debian, which run the same script; "
                   "libvirt does not start a domain again whose QEMU was killed.",
        measures=[Measure("SIGKILL to the guest's userspace", "s", found["ours"], times, side, 1)
                  for side, times in found.items() if side != "ours"],
        commands=["kill -9 $(pidof qemu-system-x86_64)"])


# --- the supervisor ---

def processes(machine, names):
    """{name: [pid, …]} of the processes of that name."""
    found = {}
    for line in machine.output("grep -H . /proc/[0-9]*/comm").splitlines():
        match = re.match(r"/proc/(\d+)/comm:(.*)", line)
        if match and match.group(2) in names:
            found.setdefault(match.group(2), []).append(match.group(1))
    return found


def pss(machine, pids):
    """Bytes of memory, shared ones in parts, of these processes."""
    text = machine.output("cat " + " ".join(f"/proc/{pid}/smaps_rollup" for pid in pids))
    return sum(int(kib) * 1024 for kib in re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE))


def wakeups(machine, pids):
    """How often all their threads have gone to sleep, which is how often they were woken."""
    text = machine.output("grep -h ^voluntary " + " ".join(f"/proc/{pid}/task/*/status" for pid in pids))
    return sum(int(count) for count in re.findall(r"voluntary_ctxt_switches:\s+(\d+)", text))


def ticks(machine, pids):
    """Their processor time in seconds."""
    total = 0
    for line in machine.output("cat " + " ".join(f"/proc/{pid}/stat" for pid in pids)).splitlines():
        fields = line.rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / 100


def woken_in_a_minute(machine, pids):
    before = wakeups(machine, pids)
    time.sleep(60)
    return wakeups(machine, pids) - before


def woken_alone(machine, pids, askers):
    """The same while its clients are stopped."""
    if not askers:
        return None
    standing = " ".join(pid for found in processes(machine, askers).values() for pid in found)
    machine.output(f"kill -STOP {standing}")
    woken = woken_in_a_minute(machine, pids)
    machine.output(f"kill -CONT {standing}")
    return woken


def supervisor(machine, names, start, stop, starts, askers=()):
    """With one guest that has run for two minutes: (PSS, wake-ups in 60 s, CPU seconds a start, wake-ups in 60 s while
    the processes named askers stand still)."""
    machine.wait_ready()
    machine.shell("true", 300)
    machine.output(start, 300)
    # the dashboards look every five seconds for the address of a guest that is new
    time.sleep(130)
    pids = [pid for found in processes(machine, names).values() for pid in found]
    size, woken = pss(machine, pids), woken_in_a_minute(machine, pids)
    alone = woken_alone(machine, pids, askers)
    used = ticks(machine, pids)
    for _ in range(starts):
        machine.output(stop, 300)
        time.sleep(4)
        machine.output(start, 300)
    return size, woken, (ticks(machine, pids) - used) / starts, alone


def our_supervisor(number, starts):
    with machines.our_machine(f"ours-supervisor-{number}", OURS_IDLE) as machine:
        found = supervisor(machine, ("hostd",), "mvirt start bench", "mvirt kill bench", starts, ("mvirt-dashboard",))
        everything = processes(machine, ("init", "hostd", "mvirt-dashboard"))
        return *found, pss(machine, [pid for pids in everything.values() for pid in pids])


def libvirt_supervisor(number, starts):
    with machines.debian_machine(f"debian-supervisor-{number}") as machine:
        return supervisor(machine, ("libvirtd", "virtlogd", "virtlockd"), "virsh -q -c qemu:///system start bench",
                          "virsh -q -c qemu:///system destroy bench", starts)


def row_11(options):
    runs, starts = options.count(7, 1), 5
    # memory, wake-ups and processor time: nothing that the other machine's work would change
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        both = [(pool.submit(our_supervisor, number, starts), pool.submit(libvirt_supervisor, number, starts))
                for number in range(runs)]
        ours, peer = ([one.result() for one in side] for side in zip(*both, strict=True))
    sizes, woken, used, alone, all_sizes = map(list, zip(*ours, strict=True))
    peer_sizes, peer_woken, peer_used, _ = map(list, zip(*peer, strict=True))
    return Result(
        row="11", title="supervisor",
        definition="hostd against libvirtd and virtlogd, one guest running: PSS; how often their threads were woken in 60 s "
                   f"of idleness; their processor time for a stop and a start, the mean of {starts} in each run.",
        measures=[Measure("PSS", "bytes", sizes, peer_sizes, "libvirtd + virtlogd", 0.1),
                  Measure("processor time of a stop and a start", "s", used, peer_used, "libvirtd + virtlogd", 0.1),
                  Measure("wake-ups in 60 s, ours", "count", woken, [], ""),
                  Measure("wake-ups in 60 s, ours, without the dashboards, which ask once a minute", "count", alone, [], ""),
                  Measure("wake-ups in 60 s, libvirtd + virtlogd", "count", peer_woken, [], ""),
                  Measure("PSS of PID 1, hostd and the dashboards together", "bytes", all_sizes, peer_sizes,
                          "libvirtd + virtlogd")],
        commands=["cat /proc/PID/smaps_rollup", "grep ^voluntary /proc/PID/task/*/status"])
