# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the boot tests. The whole console of each test is kept in build/run/test/TEST/."""

import re

import pytest

import emulator
import guests

# Machines that the emulator may spoil in a run; with more of them the run has failed.
SPOILED_MAX = 3


@pytest.fixture
def machine(request):
    """machine(medium=…, …) starts an emulated machine; it ends with the test."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", request.node.name).strip("-")
    with guests.starter(name) as start:
        yield start


# --- what the emulator has spoiled says nothing about mvirt: it is skipped, and said ---

FIRST = pytest.StashKey()
spoiled = {}


def spoiling(item):
    """The machine of the test's that the emulator has spoiled, or None."""
    own = item.config.stash.get(FIRST, 0)
    for number, one in enumerate(emulator.Machine.started):
        if (number >= own or one.is_running()) and one.fault():
            return one
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.config.stash[FIRST] = len(emulator.Machine.started)
    one = spoiling(item)
    if one:
        pytest.skip(f"the emulator's fault: {one.fault()}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    one = spoiling(item) if report.failed else None
    if one:
        spoiled[one.folder.name] = one.fault()
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1], f"the emulator's fault: {one.fault()}")


def pytest_terminal_summary(terminalreporter):
    for name, fault in spoiled.items():
        terminalreporter.write_line(f"{name}: spoiled by the emulator: {fault}")


def pytest_sessionfinish(session):
    if len(spoiled) > SPOILED_MAX:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
