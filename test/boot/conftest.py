# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the boot tests. The whole console of each test is kept in build/run/test/TEST/."""

import re

import pytest

import guests


@pytest.fixture
def machine(request):
    """machine(medium=…, …) starts an emulated machine; it ends with the test."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", request.node.name).strip("-")
    with guests.starter(name) as start:
        yield start
