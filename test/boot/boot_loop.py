#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots the kernel directly, again and again, and keeps the state of a machine that hangs.

A boot is caught when all processors halt and nothing is said for half a minute, when its line does not come at all, when its
emulator ends, or when a processor keeps an interrupt in service: the end of that interrupt was lost, and its local APIC
delivers nothing of that priority or less any more. The folder of a caught boot has the console, local APICs, registers and
memory; those of good boots are removed.
"""

import argparse
import concurrent.futures
import pathlib
import re
import shutil
import sys
import time

import emulator

# Without an initramfs, the kernel prints this when everything before PID 1 is done.
KERNEL_DONE = r"Kernel panic - not syncing: VFS"
HOSTD_THERE = r"^hostd: host: mvirt"
# An interrupt that is being handled is in service too, but not at every look.
LOOKS = 8
LOOK_EVERY_S = 0.1
# A busy machine is slow, and then its processors are not halted. One that waits for a device is, for a moment.
STILL_S = 10
STILL_TIMES = 3


def ask(machine, command):
    return machine.qmp("human-monitor-command", **{"command-line": command})


def processors(machine):
    return [one["cpu-index"] for one in machine.qmp("query-cpus-fast")]


def in_service(machine):
    """The (processor, vector) pairs whose interrupt was delivered and not yet ended."""
    found = set()
    for cpu in processors(machine):
        line = re.search(r"^ISR\s+(.*)$", ask(machine, f"info lapic {cpu}"), re.MULTILINE)
        found |= {(cpu, int(vector)) for vector in re.findall(r"\d+", line.group(1))} if line else set()
    return found


def stuck(machine):
    """What is in service each time that one looks, as text; nothing is good."""
    always = in_service(machine)
    for _ in range(LOOKS):
        if not always:
            return None
        time.sleep(LOOK_EVERY_S)
        always &= in_service(machine)
    return ", ".join(f"processor {cpu} never ended interrupt {vector}" for cpu, vector in sorted(always)) or None


def halted(machine):
    """Whether no processor does anything, but for a look in which a tick woke one."""
    looks = 0
    for _ in range(LOOKS):
        looks += "HLT=0" not in ask(machine, "info registers -a")
        time.sleep(LOOK_EVERY_S)
    return looks >= LOOKS - 1


def follow(machine, pattern, limit_s):
    """Waits for the boot's line; returns what is wrong, or None."""
    still, said, end = 0, 0, time.monotonic() + limit_s
    while True:
        try:
            machine.console.wait(pattern, STILL_S, 0)
            return stuck(machine)
        except emulator.Timeout as error:
            if machine.console.closed or time.monotonic() > end:
                return str(error).partition(". The console's end")[0]
        still = still + 1 if len(machine.console.text) == said and halted(machine) else 0
        said = len(machine.console.text)
        if still == STILL_TIMES:
            return ", ".join(("stands still", stuck(machine) or "no interrupt in service"))


def keep(machine, why):
    """Writes down the machine's state; without what its monitor no longer answers."""
    (machine.folder / "why").write_text(why + "\n")
    if machine.console.closed:
        return
    try:
        lapics = "".join(ask(machine, f"info lapic {cpu}") for cpu in processors(machine))
        (machine.folder / "lapic").write_text(lapics)
        (machine.folder / "registers").write_text(ask(machine, "info registers -a"))
        (machine.folder / "interrupts").write_text(ask(machine, "info pic") + ask(machine, "info irq"))
        machine.qmp("dump-guest-memory", paging=False, detach=True, format="kdump-zlib",
                    protocol=f"file:{machine.folder / 'memory'}")
        while machine.qmp("query-dump")["status"] == "active":
            time.sleep(0.2)
    except (emulator.Timeout, OSError, RuntimeError) as error:
        with open(machine.folder / "why", "a") as text:
            text.write(f"not all could be written down: {error}\n")


def boot(folder, chosen):
    """One boot; returns what was wrong with it, or None."""
    shutil.rmtree(folder, ignore_errors=True)
    machine = emulator.Machine(folder, cmdline=chosen.cmdline)
    if chosen.short:
        at = machine.arguments.index("-initrd")
        del machine.arguments[at:at + 2]
    if chosen.emulator:
        machine.arguments[0] = chosen.emulator
    with machine:
        try:
            why = follow(machine, KERNEL_DONE if chosen.short else HOSTD_THERE, chosen.limit)
        except (emulator.Timeout, OSError) as error:
            why = f"its monitor: {error}"
        if why:
            keep(machine, why)
    if not why:
        shutil.rmtree(folder)
    return why


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boots", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="emulators that run at the same time")
    parser.add_argument("--short", action="store_true", help="the kernel alone, without initramfs")
    parser.add_argument("--limit", type=int, default=900, metavar="SECONDS",
                        help="how long a boot may take that does not stand still")
    parser.add_argument("--cmdline", default="", help="more words for the kernel")
    parser.add_argument("--emulator", metavar="PATH", help="another QEMU than our own")
    parser.add_argument("--folder", type=pathlib.Path, default=emulator.BUILD / "run/boot-loop", help="where caught boots are kept")
    chosen = parser.parse_args()

    start, done, caught = time.monotonic(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(chosen.at_once) as pool:
        boots = {pool.submit(boot, chosen.folder / str(number), chosen): number for number in range(1, chosen.boots + 1)}
        for one in concurrent.futures.as_completed(boots):
            done += 1
            why = one.result()
            if why:
                caught += 1
                print(f"boot-loop: boot {boots[one]}: {why} ({chosen.folder / str(boots[one])})", flush=True)
            if why or done % 50 == 0 or done == chosen.boots:
                print(f"boot-loop: {done} boots, {caught} caught, {(time.monotonic() - start) / done:.1f} s a boot", flush=True)
    return caught > 0


sys.exit(main())
