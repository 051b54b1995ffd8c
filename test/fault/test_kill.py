# SPDX-License-Identifier: GPL-2.0-or-later
"""hostd and QEMU killed hundreds of times, guests started and stopped a thousand times: nothing is lost, doubled or left."""

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

import host as hosts
from conftest import guest

NEIGHBOURS = ("a", "b", "c")
SUBJECT = "subject"
# A guest that is created, renamed and deleted; it is not started.
MADE, RENAMED, DISK = "made", "made-again", "root.raw"
DEFINITION = (f'guest "{MADE}" {{\n\taccel = "tcg"\n\tmemory = "16M"\n\tautostart = false\n'
              f'\tdisk {{\n\t\tfile = "{DISK}"\n\t\tformat = "raw"\n\t\tsize = "1M"\n\t}}\n}}\n')
WHOLE = {DISK, "guest.conf"}
ANSWER_LIMIT_S = 2
# Younger ones count as failures for PID 1, and five in a row make it wait (hostd/init.c).
GROWN_UP_S = 2.2
# What runs the guests, and what people know it by.
LABELS = {"qemu": "QEMU", "fake": "fake VMM"}


class Stepper:
    """step.c on the running hostd."""

    def __init__(self, programs, hostd, who, count, action="kill"):
        self.process = subprocess.Popen([programs / "step", str(hostd), who, str(count), action],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def end(self):
        """(True, the call that was hit) or (False, how many there were)."""
        self.process.terminate()
        word, number = self.process.communicate()[0].split()[-2:]
        return word == "hit", int(number)

    def over(self):
        return self.process.poll() is not None


class Life:
    """A host with three guests that must not change, and one that the operations act on."""

    def __init__(self, host):
        self.host = host
        self.empty = host.things()
        self.seconds = []
        for name in NEIGHBOURS:
            host.command("Start", name)
        for name in NEIGHBOURS:
            host.wait_state(name, "running")
        self.pids = {name: pids for name, pids in host.qemus().items()}
        self.born = time.monotonic()
        self.young = 0

    def bring(self, state):
        """Brings the subject to a state, from any other."""
        host = self.host
        now = host.guest(SUBJECT)["state"]
        if state == now:
            return
        if state == "running":
            if now not in ("starting", "crashed"):
                host.command("Start", SUBJECT)
        elif now != "stopping":
            host.command("Kill", SUBJECT)
        host.wait_state(SUBJECT, *((state, "failed") if state == "stopped" else (state,)))

    def grow_up(self):
        """Lets every fourth hostd live long enough."""
        self.young += 1
        if self.young % 4 == 0:
            time.sleep(max(0, self.born + GROWN_UP_S - time.monotonic()))

    def folders(self):
        """The folders of created guests and the files in them. One may disappear meanwhile."""
        base = pathlib.Path(f"/proc/{self.host.init}/root/run/mvirt/memory")
        found = {}
        for path in base.glob("guests/*"):
            try:
                found[path.name] = {file.name for file in path.iterdir()}
            except FileNotFoundError:
                pass
        return found

    def made(self):
        """Which of its two names it has, if any."""
        return [name for name in (MADE, RENAMED) if name in self.host.guests()]

    def forget(self):
        """No guest, no folder of it."""
        for name in self.made():
            self.host.call("io.mvirt.Guest.Delete", name=name, withDisks=True)
        for name in self.folders():
            shutil.rmtree(f"/proc/{self.host.init}/root/run/mvirt/memory/guests/{name}", ignore_errors=True)

    def make(self):
        self.forget()
        self.host.call("io.mvirt.Guest.Create", definition=DEFINITION)
        self.host.wait(lambda: self.folders() == {MADE: WHOLE}, 5 * hosts.busy(), "the one that was made, alone")

    def is_one_of(self, *states):
        """states are (names, folders): one of them must hold, complete and without anything else."""
        found = lambda: (self.made(), self.folders())
        try:
            self.host.wait(lambda: found() in states, 5 * hosts.busy(), "all of it or nothing")
        except AssertionError as error:
            raise AssertionError(f"{found()} is none of {states}\n{error}") from None
        records = {path.name for path in pathlib.Path(f"/proc/{self.host.init}/root/run/mvirt/guests").iterdir()}
        assert records <= {*NEIGHBOURS, SUBJECT, *self.made()}, records

    def command(self, method, **parameters):
        """Does not wait for the answer: hostd may die first."""
        try:
            client = self.host.connect()
        except OSError:
            return None
        try:
            client.send(f"io.mvirt.Guest.{method}", parameters)
        except OSError:
            pass
        return client

    def settled(self):
        state = self.host.guest(SUBJECT)["state"]
        pids = self.host.qemus().get(SUBJECT, [])
        return (state == "running" and len(pids) == 1) or (state in ("stopped", "failed") and not pids)

    def after_kill(self, killed):
        host = self.host
        start = time.monotonic()
        host.wait(lambda: host.hostd() not in (None, killed) and host.answers(), 15, "the next hostd")
        self.seconds.append(time.monotonic() - start)
        self.born = time.monotonic()
        now = host.qemus()
        assert {name: now.get(name) for name in NEIGHBOURS} == self.pids, "a neighbour is lost, doubled or another"
        assert len(now.get(SUBJECT, [])) <= 1, now
        host.wait(lambda: all(host.guest(name)["state"] == "running" for name in NEIGHBOURS), 5, "neighbours running")
        host.wait(self.settled, 15, f"{SUBJECT} running or stopped, with as many processes")

    def finish(self):
        host = self.host
        assert "its record " not in host.log(), "a record was lost"
        self.bring("stopped")
        self.forget()
        for name in NEIGHBOURS:
            host.command("Kill", name)
        for name in NEIGHBOURS:
            host.wait_state(name, "stopped")
        host.assert_things(self.empty)


class Operation:
    """An operation in which hostd is killed: the state before, the call, the line at its end, and the states allowed after a kill."""

    def __init__(self, prepare, method, parameters, line, check=lambda life: None):
        self.prepare, self.method, self.parameters, self.line, self.check = prepare, method, parameters, line, check

    def end(self, life):
        """Whether its end was logged. Asking hostd would be steps of its own."""
        start = life.host.log_size()
        return lambda: self.line in life.host.log(start)

    def begin(self, life):
        return life.command(self.method, **self.parameters)


def of_subject(method, before, after):
    return Operation(lambda life: life.bring(before), method, {"name": SUBJECT}, f"guest {SUBJECT}: {after}")


ALL, NOTHING = ([MADE], {MADE: WHOLE}), ([], {})
OPERATIONS = {
    "start": of_subject("Start", "stopped", "running"),
    "stop": of_subject("Stop", "running", "stopped"),
    "kill": of_subject("Kill", "running", "stopped"),
    "create": Operation(Life.forget, "Create", {"definition": DEFINITION}, f"guests: {MADE}: created",
                        lambda life: life.is_one_of(NOTHING, ALL)),
    "delete": Operation(Life.make, "Delete", {"name": MADE}, f"guests: {MADE}: deleted",
                        lambda life: life.is_one_of(ALL, ([], {MADE: {DISK}}))),
    "delete with disks": Operation(Life.make, "Delete", {"name": MADE, "withDisks": True}, f"guests: {MADE}: deleted",
                                   lambda life: life.is_one_of(ALL, NOTHING)),
    "rename": Operation(Life.make, "Rename", {"name": MADE, "newName": RENAMED}, f"guests: {RENAMED}: renamed",
                        lambda life: life.is_one_of(ALL, ([RENAMED], {RENAMED: WHOLE}))),
}


def configuration():
    return "".join(guest(name) for name in NEIGHBOURS) + guest(SUBJECT, "o")


def count_calls(life, programs, operation, who):
    """The number of steps of the operation in hostd, or in its child; 0 if it has none."""
    what = OPERATIONS[operation]
    what.prepare(life)
    end = what.end(life)
    stepper = Stepper(programs, life.host.hostd(), who, 10**9)
    client = what.begin(life)
    life.host.wait(end, 15, operation)
    time.sleep(0.05)
    client.close()
    return stepper.end()[1]


def kill_at(life, programs, operation, who, step):
    """Kills hostd in that step. Returns whether there was one."""
    what = OPERATIONS[operation]
    what.prepare(life)
    life.grow_up()
    hostd, end, start = life.host.hostd(), what.end(life), life.host.log_size()
    stepper = Stepper(programs, hostd, who, step)
    client = what.begin(life)
    life.host.wait(lambda: stepper.over() or end(), 15, operation)
    hit, _ = stepper.end()
    if client:
        client.close()
    if not hit:
        try:
            os.kill(hostd, signal.SIGKILL)
        except ProcessLookupError:  # the step was reached after all, before the stepper could say so
            life.host.wait(lambda: "init: hostd was killed" in life.host.log(start), 5, "the kill that came first")
    life.after_kill(hostd)
    what.check(life)
    return hit


def run_parallel(works):
    """Each on a thread; the first failure is the test's."""
    failures = []

    def run(work):
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.parametrize("vmm", LABELS)
def test_hostd_killed(make_host, programs, amount, figure, vmm):
    """In every part of every operation, and at any time: 0 lost, 0 doubled, 0 left over, the same pids."""
    kills, host_count = amount(200, 12), amount(3, 2)
    lives = [Life(make_host(configuration(), vmm=vmm)) for _ in range(host_count)]
    calls = {}
    for operation in OPERATIONS:
        for who in ("self", "child"):
            calls[operation, who] = count_calls(lives[0], programs, operation, who)
    steps = [(operation, who, step) for (operation, who), count in calls.items() for step in range(1, count + 1)]
    chosen = random.Random(1).sample(steps, min(len(steps), kills * 9 // 10))
    chosen += [None] * (kills - len(chosen))
    random.Random(2).shuffle(chosen)
    hits = []

    def work(index):
        life = lives[index]
        for place in chosen[index::host_count]:
            if place:
                hits.append(kill_at(life, programs, *place))
            else:
                life.grow_up()
                time.sleep(random.random() / 4)
                hostd = life.host.hostd()
                os.kill(hostd, signal.SIGKILL)
                life.after_kill(hostd)
        life.finish()

    run_parallel([lambda index=index: work(index) for index in range(host_count)])
    seconds = [value for life in lives for value in life.seconds]
    assert len(seconds) == kills
    assert max(seconds) < ANSWER_LIMIT_S * hosts.busy(), sorted(seconds)[-5:]
    figure(f"{LABELS[vmm]}: hostd killed {kills} times, {sum(hits)} of them at one of {len(steps)} steps ({calls}): answers after "
           f"{hosts.percentile(seconds, 0.5):.2f} s, at most {max(seconds):.2f} s (processors wanted {hosts.busy():.1f} times over)")


@pytest.mark.parametrize("vmm", LABELS)
def test_vmm_killed(make_host, amount, figure, vmm):
    """Restarted within a second and the back-off, and nothing is left of the one before."""
    kills, names = amount(200, 16), [f"g{i}" for i in range(4)]
    host = make_host("".join(guest(name) for name in names), vmm=vmm)
    empty, seconds = host.things(), []

    def work(name):
        done = 0
        while done < kills // len(names):
            host.command("Start", name)
            host.wait_state(name, "running")
            # A fifth failure in a row would be the last.
            for failure in range(min(4, kills // len(names) - done)):
                pid, = host.qemus()[name]
                os.kill(pid, signal.SIGKILL)
                took = host.wait(lambda: host.guest(name).get("pid", 0) and host.qemus().get(name, [pid]) != [pid]
                                 and host.guest(name)["state"] == "running", 10, f"{name} running again")
                seconds.append(took - 0.1 * 2**failure)
                done += 1
            host.command("Kill", name)
            host.wait_state(name, "stopped")

    host.command("Start", names[0])
    host.wait_state(names[0], "running")
    host.command("Kill", names[0])
    host.wait_state(names[0], "stopped")
    before = host.fds()
    run_parallel([lambda name=name: work(name) for name in names])
    host.assert_things(empty)
    host.assert_fds(before)
    assert len(seconds) == kills and max(seconds) < hosts.busy(), sorted(seconds)[-5:]
    assert len(re.findall(rf"crashed \({LABELS[vmm]} was killed by SIGKILL", host.log())) == kills
    figure(f"{LABELS[vmm]} killed {kills} times: running again after the back-off and {hosts.percentile(seconds, 0.5):.2f} s, "
           f"at most {max(seconds):.2f} s (processors wanted {hosts.busy():.1f} times over)")


def test_no_drift(make_host, amount, figure):
    """Starts, and stops by the power button, in a row."""
    count, warm_up = amount(1000, 40), amount(100, 10)
    host = make_host(guest(SUBJECT, "o", restart='"on-failure"'))

    def once():
        host.command("Start", SUBJECT)
        host.wait_state(SUBJECT, "running")
        host.command("Stop", SUBJECT)
        host.wait_state(SUBJECT, "stopped")

    for _ in range(warm_up):
        once()
    hostd, things, fds, rss_kib = host.hostd(), host.things(), host.fds(), host.rss_kib()
    start = time.monotonic()
    for _ in range(count):
        once()
    took_s = time.monotonic() - start
    host.assert_things(things)
    assert host.hostd() == hostd
    host.assert_fds(fds)
    drift = (host.rss_kib() - rss_kib) / rss_kib
    assert "killed" not in host.log(), "a guest did not power off by itself"
    figure(f"{count} starts and stops in {took_s:.0f} s: hostd's memory {rss_kib} KiB, {drift:+.2%}; {len(fds)} fds")
    assert drift < 0.01


def test_powers_off_without_a_pause(make_host):
    """restart = "always" does not start a guest several times a second."""
    host = make_host(guest(SUBJECT, "q"))
    host.command("Start", SUBJECT)
    starts = lambda: host.log().count(f"guest {SUBJECT}: starting")
    host.wait(lambda: starts() >= 5, 60 * hosts.busy(), "five starts")
    pauses = [float(text) for text in re.findall(rf"guest {SUBJECT}: stopped \(powered off; next start in ([0-9.]+) s\)", host.log())]
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8], pauses
    host.command("Stop", SUBJECT)
    host.wait_state(SUBJECT, "stopped")


@pytest.mark.parametrize("bad", ["x" * 300, ""])
def test_programs_can_fail(programs, bad):
    """The stepper itself reports a wrong pid; this is not a run without a hit."""
    done = subprocess.run([programs / "step", "0", "self", "1", "kill" + bad], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and done.stdout == ""
