# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine goes down, with the real PID 1, hostd and QEMU: every guest is asked before it is killed."""

import base64
import os
import re
import signal
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


def wait_end(host, limit_s):
    """PID 1 ends its namespace as it would end the machine."""
    host.wait(lambda: host.process.poll() is not None, limit_s * hosts.busy(), "the end of the host")
    return host.log()


def asked_and_ended(log, *names):
    for name in names:
        assert re.search(rf"guest {name}: stopping\n(.*\n)*.*guest {name}: stopped \(powered off\)", log), (name, log)
    assert "killed" not in log.replace("hostd was killed", ""), log
    assert "all guests have stopped" in log


def test_a_lost_press_is_repeated(make_host):
    """The first press has no effect, as while a kernel boots."""
    host = make_host(guest("late", "l", shutdown_timeout="60"))
    start(host, "late")
    begin = time.monotonic()
    host.command("Stop", "late")
    host.wait_state("late", "stopped", limit_s=60)
    assert "guest late: stopped (powered off)" in host.log()
    assert time.monotonic() - begin >= 2, "one press was enough"


def test_everybody_is_asked(make_host):
    """In the reverse order of after, also guests that miss the first press."""
    host = make_host(guest("db", "l", shutdown_timeout="120") + guest("web", "l", shutdown_timeout="120", after='["db"]')
                     + guest("other", "o", shutdown_timeout="120"))
    start(host, "db", "web", "other")
    os.kill(host.init, signal.SIGUSR2)
    log = wait_end(host, 60)
    asked_and_ended(log, "db", "web", "other")
    assert log.index("guest web: stopped") < log.index("guest db: stopping"), log
    assert re.search(r"shutdown: waiting for .*web \(120 s left\); after that for db\n", log), log


def test_between_two_lives_of_hostd(make_host):
    """No hostd runs that could stop the guests: PID 1 leaves them to the next hostd."""
    host = make_host(guest("a", "o", shutdown_timeout="120") + guest("b", "o", shutdown_timeout="120"))
    start(host, "a", "b")
    os.kill(host.hostd(), signal.SIGKILL)
    # A hostd that ends early is started again a second after its start: this is the gap.
    host.wait(host.answers, 15 * hosts.busy(), "the next hostd")
    os.kill(host.hostd(), signal.SIGKILL)
    os.kill(host.init, signal.SIGTERM)
    log = wait_end(host, 60)
    assert log.count("init: hostd was killed by signal 9, starting it again") == 2
    asked_and_ended(log, "a", "b")


def test_hostd_killed_while_it_stops_the_guests(make_host):
    host = make_host(guest("a", "l", shutdown_timeout="120") + guest("b", "o", shutdown_timeout="120", after='["a"]'))
    start(host, "a", "b")
    os.kill(host.init, signal.SIGTERM)
    host.wait(lambda: "guest a: stopping" in host.log(), 30 * hosts.busy(), "a asked to stop")
    os.kill(host.hostd(), signal.SIGKILL)
    log = wait_end(host, 60)
    assert "init: hostd was killed by signal 9, starting it again" in log
    asked_and_ended(log, "a", "b")


def test_asked_for_again(make_host):
    """Ctrl-Alt-Del twice in a row is one request; once more after a while, and hostd waits no longer."""
    host = make_host(guest("deaf", "i", shutdown_timeout="3600") + guest("db", "i", shutdown_timeout="3600")
                     + guest("web", "i", shutdown_timeout="3600", after='["db"]'))
    start(host, "deaf", "db", "web")
    os.kill(host.init, signal.SIGINT)
    host.wait(lambda: "waiting for" in host.log(), 15 * hosts.busy(), "a line that says who is waited for")
    os.kill(host.init, signal.SIGINT)
    time.sleep(6)
    assert host.process.poll() is None and "killed" not in host.log()
    os.kill(host.init, signal.SIGINT)
    log = wait_end(host, 30)
    assert "shutdown: asked for again: the guests that still run are killed" in log
    for name in ("deaf", "db", "web"):
        assert re.search(rf"guest {name}: stopped \(killed: the host goes down at once\)", log), log


def test_at_once(make_host):
    """By the API, in the middle of a stop that waits."""
    host = make_host(guest("deaf", "i", shutdown_timeout="3600"))
    start(host, "deaf")
    host.call("io.mvirt.Host.Reboot")
    host.wait(lambda: "waiting for deaf (3600 s left)" in host.log(), 15 * hosts.busy(), "a line that says who is waited for")
    host.call("io.mvirt.Host.Reboot")
    time.sleep(1)
    assert host.process.poll() is None
    host.call("io.mvirt.Host.Shutdown", now=True)
    log = wait_end(host, 30)
    assert "guest deaf: stopped (killed: the host goes down at once)" in log
    assert "init: reboot\n" in log, "the first wish counts"


def test_at_once_from_the_beginning(make_host):
    host = make_host(guest("deaf", "i", shutdown_timeout="3600"))
    start(host, "deaf")
    host.call("io.mvirt.Host.Shutdown", now=True)
    log = wait_end(host, 30)
    assert "guest deaf: stopped (killed: the host goes down at once)" in log and "init: power off\n" in log


def test_at_once_without_guests(make_host):
    """The client has its answer first."""
    host = make_host("")
    assert host.call("io.mvirt.Host.Shutdown", now=True) == {}
    wait_end(host, 30)
