# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the boot tests. The whole console of each test is kept in build/run/test/TEST/."""

import pathlib
import re
import shutil

import pytest

import emulator

LOGS = emulator.BUILD / "run" / "test"


@pytest.fixture
def machine(request):
    """machine(medium=…, …) starts an emulated machine; it ends with the test."""
    started = []

    def start(**options):
        name = re.sub(r"[^A-Za-z0-9-]+", "-", request.node.name).strip("-")
        folder = LOGS / (name if not started else f"{name}-{len(started)}")
        # sockets have short paths
        folder = pathlib.Path(str(folder)[:80])
        shutil.rmtree(folder, ignore_errors=True)
        one = emulator.Machine(folder, **options)
        started.append(one)
        one.start()
        return one

    yield start
    for one in started:
        one.end()
        for image in one.folder.glob("*.img"):
            image.unlink()
    for one in started:
        # Guests of such a KVM have no timers: see docs/testing.md, "Things that surprise".
        assert "TSC rate below hardware speed" not in one.console.text
