# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the boot tests. The whole console of each test is kept in build/run/test/TEST/."""

import re
import signal

import pytest

import emulator
import guests

# Every wait has a limit of its own; this is for unforeseen hangs.
TEST_LIMIT_S = 900


@pytest.fixture
def machine(request):
    """machine(medium=…, …) starts an emulated machine; it ends with the test."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", request.node.name).strip("-")
    with guests.starter(name) as start:
        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    def end(*_):
        raise emulator.Timeout(f"{item.name} took more than {TEST_LIMIT_S} s")

    signal.signal(signal.SIGALRM, end)
    signal.alarm(TEST_LIMIT_S)
    try:
        return (yield)
    finally:
        signal.alarm(0)


def pytest_runtest_logreport(report):
    """Reports a failure at once, so that an aborted run has reported what it found."""
    if report.failed:
        print(f"\n{report.nodeid}: {report.when} failed after {report.duration:.0f} s\n{report.longreprtext}", flush=True)
