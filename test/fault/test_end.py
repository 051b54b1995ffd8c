# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests are asked to stop until they have heard it."""

import base64
import time

import host as hosts
from conftest import guest


def start(host, *names):
    for name in names:
        host.command("Start", name)
    for name in names:
        host.wait_state(name, "running")
        host.wait(lambda name=name: "payload: up" in console(host, name), 15 * hosts.busy(), f"{name}'s first word")


def console(host, name):
    with host.connect() as client:
        answer = client.call("io.mvirt.Guest.Log", {"name": name})
    return base64.b64decode(answer["data"]).decode("utf-8", "replace")


def test_a_lost_press_is_repeated(make_host):
    """The first press comes to nothing, as while a kernel boots."""
    host = make_host(guest("late", "l", shutdown_timeout="60"))
    start(host, "late")
    begin = time.monotonic()
    host.command("Stop", "late")
    host.wait_state("late", "stopped", limit_s=60)
    assert "guest late: stopped (powered off)" in host.log()
    assert time.monotonic() - begin >= 2, "one press was enough"
