# SPDX-License-Identifier: GPL-2.0-or-later
"""A large import as its user sees it: its progress, and what is left when its client ends, somebody cancels it, or hostd is killed."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

import host as hosts

IMAGE_BYTES = 768 << 20


@pytest.fixture
def host(make_host):
    host = make_host("")
    with open(f"/proc/{host.init}/root/big.img", "wb") as image:
        for _ in range(IMAGE_BYTES >> 20):
            image.write(b"x" * (1 << 20))
    return host


def command(host, *words, **options):
    """mvirt, inside the host."""
    return subprocess.Popen(["nsenter", "-t", str(host.init), "-m", "-p", "/usr/bin/mvirt", *words],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def mvirt(host, *words):
    """(exit status, stdout, stderr)"""
    process = command(host, *words)
    out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


def job(host, number):
    return host.call("io.mvirt.Job.Get", id=number)["job"]


def stop_copying(host, number):
    """Stops the copying child in the middle."""
    def stopped():
        found = job(host, number)
        assert found["state"] == "running", found
        if not 0 < found["doneBytes"] < IMAGE_BYTES // 2:
            return False
        children = hosts.children_of(host.hostd())
        for child in children:
            os.kill(child, signal.SIGSTOP)
        return bool(children)

    host.wait(stopped, 30, "a copy in the middle")


def go_on(host):
    for child in hosts.children_of(host.hostd()):
        os.kill(child, signal.SIGCONT)


def nothing_is_left(host, name):
    folder = pathlib.Path(f"/proc/{host.init}/root/run/mvirt/memory/guests/{name}")
    host.wait(lambda: not folder.exists(), 10, f"nothing left of {name}")
    assert name not in host.guests()


def test_large_import(host):
    words = ("create", "--import", "/big.img", "disk.0.file=big.img")
    # The client goes; the copy goes on.
    client = command(host, *words[:-1], "first", words[-1])
    host.wait(lambda: host.call("io.mvirt.Job.List")["jobs"], 15, "the job")
    stop_copying(host, 1)
    _, out, _ = mvirt(host, "jobs")
    assert re.search(r"^1 +create +first +running +\d+ % of 768 MiB", out, re.M), out
    for child in hosts.children_of(client.pid):
        os.kill(child, signal.SIGKILL)
    client.communicate()
    go_on(host)
    assert mvirt(host, "job", "wait", "1") == (0, "", "")
    assert host.guest("first")["state"] == "stopped"

    # Somebody cancels it.
    assert mvirt(host, *words[:-1], "--no-wait", "second", words[-1]) == (0, "job 2\n", "")
    stop_copying(host, 2)
    assert mvirt(host, "job", "cancel", "2") == (0, "", "")
    nothing_is_left(host, "second")
    status, _, errors = mvirt(host, "job", "wait", "2")
    assert (status, errors) == (1, "mvirt: guest second is not created: it was cancelled\n")

    # hostd is killed: who waits is told by the next one what has become of it.
    client = command(host, *words[:-1], "third", words[-1])
    host.wait(lambda: len(host.call("io.mvirt.Job.List")["jobs"]) == 3, 15, "the third job")
    stop_copying(host, 3)
    before = host.hostd()
    os.kill(before, signal.SIGKILL)
    _, errors = client.communicate(timeout=30)
    assert client.returncode == 1
    assert errors == ("mvirt: hostd ended before it was done: the guest is not created, and nothing is left of it\n"), errors
    assert host.hostd() != before
    nothing_is_left(host, "third")
    assert [one["state"] for one in host.call("io.mvirt.Job.List")["jobs"]] == ["done", "cancelled", "failed"]
