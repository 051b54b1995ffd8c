# SPDX-License-Identifier: GPL-2.0-or-later
"""The n-th system call of a guest's start fails, in hostd or in the child that becomes QEMU: no hang, no leak, a clear line.

Allocations that fail are in test/unit/guest/test-guest-no-memory.c."""

import collections
import random
import re

import host as hosts
from conftest import guest
from test_kill import SUBJECT, Stepper, run_parallel

ERRORS = ("ENOSPC", "EIO", "EROFS", "ENOMEM", "EMFILE", "EINTR")
ANSWER_LIMIT_S = 10


class Starts:
    """Starts of one guest on one host."""

    def __init__(self, host, programs):
        self.host, self.programs = host, programs
        self.once()
        self.empty, self.fds = host.things(), host.fds()
        self.outcomes, self.ends = collections.Counter(), []

    def once(self):
        self.host.command("Start", SUBJECT)
        self.host.wait_state(SUBJECT, "running")
        self.end()

    def end(self):
        if self.host.guest(SUBJECT)["state"] not in ("stopped", "failed"):
            self.host.command("Kill", SUBJECT)
        self.host.wait_state(SUBJECT, "stopped", "failed")

    def state(self):
        try:
            return self.host.guest(SUBJECT)["state"]
        except OSError:
            return None

    def count_calls(self, who):
        stepper = Stepper(self.programs, self.host.hostd(), who, 10**9)
        start = self.host.log_size()
        with self.host.connect() as client:
            client.send("io.mvirt.Guest.Start", {"name": SUBJECT})
            self.host.wait(lambda: f"{SUBJECT}: running" in self.host.log(start), 10, "a start")
        count = stepper.end()[1]
        self.end()
        return count

    def fail_at(self, who, step, error):
        host, place = self.host, f"{error} at call {step} of {who}"
        hostd, start = host.hostd(), host.log_size()
        stepper = Stepper(self.programs, hostd, who, step, error)
        try:
            with host.connect(ANSWER_LIMIT_S) as client:
                client.call("io.mvirt.Guest.Start", {"name": SUBJECT})
            refused = None
        except hosts.Refused as refusal:
            refused = str(refusal)
        except ConnectionError as failure:
            refused = repr(failure)
        except TimeoutError:
            raise AssertionError(f"{place}: hangs\n{host.log(start)}") from None
        # A refused request is repeated once.
        if refused and "Error" in refused and stepper.over():
            host.wait(host.answers, ANSWER_LIMIT_S, place)
            if self.state() == "stopped":
                host.command("Start", SUBJECT)
        try:
            host.wait(lambda: self.state() in ("running", "failed", "stopped"), ANSWER_LIMIT_S, place)
        except AssertionError as error:
            raise AssertionError(f"hit, call: {stepper.end()}: {error}") from None
        hit, call = stepper.end()
        self.last = call
        now, log = host.guest(SUBJECT), host.log(start)
        if hit:
            self.outcomes[now["state"] if host.hostd() == hostd else "hostd ended"] += 1
        if host.hostd() != hostd:
            self.ends.append(f"{place} ({call}): {log}")
        where = f"{place} ({call}): {log}"
        if now["state"] != "running":
            reason = refused or now.get("reason") or ""
            assert re.search(r"\w+ \w+|\w+: \w+", reason), f"no reason: {where}"
            assert refused or f"guest {SUBJECT}: " in log, f"no line: {where}"
        self.end()
        self.assert_clean(where)
        return hit

    def assert_clean(self, where):
        """If removing failed, the next start removes it."""
        try:
            self.host.assert_things(self.empty, 1)
        except AssertionError:
            self.outcomes["cleaned up by the next start"] += 1
            self.once()
            try:
                self.host.assert_things(self.empty)
            except AssertionError as error:
                raise AssertionError(f"{where}\n{error}") from None


def test_failing_calls(make_host, programs, amount, figure):
    host_count = 2
    runs = [Starts(make_host(guest(SUBJECT, restart='"never"')), programs) for _ in range(host_count)]
    calls = {who: runs[0].count_calls(who) for who in ("self", "child")}
    places = [(who, step, error) for who, count in calls.items() for step in range(1, count + 1) for error in ERRORS]
    chosen = random.Random(5).sample(places, amount(len(places), 30))

    def work(index):
        for place in chosen[index::host_count]:
            runs[index].fail_at(*place)
        # What was closed after a failure is reopened when needed.
        runs[index].once()
        runs[index].host.assert_fds(runs[index].fds)

    run_parallel([lambda index=index: work(index) for index in range(host_count)])
    outcomes = sum((run.outcomes for run in runs), collections.Counter())
    figure(f"{len(chosen)} starts, in each of which one of {sum(calls.values())} system calls failed with one of "
           f"{len(ERRORS)} errors: {dict(outcomes)}")
    ends = [end for run in runs for end in run.ends]
    assert not ends, "\n".join(ends)
