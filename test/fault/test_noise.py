# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients and guests that send rubbish, flood, or do not read: hostd goes on, and the others do not notice."""

import base64
import json
import os
import pathlib
import random
import select
import signal
import socket
import time
import traceback

import host as hosts
from conftest import FULL, guest

RING_BYTES = 64 * 1024
LOG_BYTES_MAX = 256 * 1024
# How much longer than in quiet a well-behaved client may wait; below the floor, the scheduler decides both figures.
# The short form only prints the figures: on a busy machine, its second of noise says nothing about hostd.
FACTOR, FLOOR_S, SLICE_S = 2, 0.001, 0.5
GOOD = [
    {"method": "io.mvirt.Guest.List", "parameters": {}},
    {"method": "io.mvirt.Guest.Get", "parameters": {"name": "quiet"}},
    {"method": "io.mvirt.Host.Status", "parameters": {}},
    {"method": "io.mvirt.Guest.Log", "parameters": {"name": "quiet"}},
    {"method": "io.mvirt.Guest.Console", "parameters": {"name": "quiet"}, "more": True},
    {"method": "io.mvirt.Guest.Subscribe", "parameters": {}, "more": True},
    {"method": "io.mvirt.Guest.Start", "parameters": {"name": "quiet"}},
    {"method": "org.varlink.service.GetInfo"},
]
VALUES = [None, -1, 2**63, 1e308, "", "\0", "x" * 4000, [], {}, [[[]]], {"name": {"name": 1}}, True, "\ud7ff\ufffd", "../.."]


def malformed(random_):
    """A message that is wrong in its bytes, its JSON, its varlink or its meaning."""
    message = json.dumps(random_.choice(GOOD)).encode()
    kind = random_.randrange(6)
    if kind == 0:
        return random_.randbytes(random_.randrange(1, 200)).replace(b"\0", b"?") + b"\0"
    if kind == 1:
        return message[:random_.randrange(1, len(message))] + b"\0"
    if kind == 2:
        at = random_.randrange(len(message))
        return message[:at] + bytes([random_.randrange(1, 256)]) + message[at + 1:] + b"\0"
    if kind == 3:
        return b"[" * random_.randrange(1, 5000) + b"\0"
    good = dict(random_.choice(GOOD))
    if kind == 4:
        good[random_.choice(["method", "parameters", "more", "oneway", "upgrade", "x"])] = random_.choice(VALUES)
    else:
        good["parameters"] = {random_.choice(["name", "port", "x", ""]): random_.choice(VALUES)}
    # Shutdown requests would be carried out.
    return json.dumps(good).encode() + b"\0"


class Asker:
    """A well-behaved client in a process of its own: when it asked, and how long the answer took."""

    def __init__(self, host):
        connection = host.connect()
        self._stop, stop_here = os.pipe()
        self._result, result_here = os.pipe()

        def run():
            os.close(stop_here)
            samples = []
            while not select.select([self._stop], [], [], 0.002)[0]:
                start = time.monotonic()
                connection.call("io.mvirt.Guest.Get", {"name": "quiet"})
                samples.append((start, time.monotonic() - start))
            os.write(result_here, b"")
            with os.fdopen(result_here, "w") as file:
                json.dump(samples, file)

        self._child = fork(run)
        connection.close()
        os.close(result_here)
        os.close(self._stop)
        self._stop = stop_here

    def end(self):
        os.close(self._stop)
        with open(self._result, "rb") as file:
            text = file.read()
        assert os.waitpid(self._child, 0)[1] == 0, "the client was not answered"
        return json.loads(text)


def fork(function):
    """Runs it in a child; prints its exceptions."""
    child = os.fork()
    if child == 0:
        try:
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return child


def compare(host, figure, what, pids, limit_s, done=None):
    """Half a second of quiet, half a second of noise, in turns: the noise's 99th percentile against the quiet's.

    pids make the noise while they are not stopped, up to limit_s of it, or until done() says so."""
    hostd, asker, loud, quiet = host.hostd(), Asker(host), [], []

    def phase(into, signal_):
        for pid in pids:
            os.kill(pid, signal_)
        begin = time.monotonic() + 0.05
        time.sleep(SLICE_S)
        into.append((begin, time.monotonic()))

    while len(loud) * SLICE_S < limit_s and not (done and done()):
        phase(quiet, signal.SIGSTOP)
        phase(loud, signal.SIGCONT)
    samples = asker.end()
    pick = lambda phases: [took for start, took in samples if any(begin <= start < end for begin, end in phases)]
    assert len(pick(loud)) > 100, "too few answers to say anything of"
    loud_s, quiet_s = hosts.percentile(pick(loud), 0.99), hosts.percentile(pick(quiet), 0.99)
    figure(f"{what}: another client's 99th percentile {loud_s * 1e3:.2f} ms, quiet {quiet_s * 1e3:.2f} ms")
    assert host.hostd() == hostd, "hostd is another one now"
    assert not FULL or loud_s <= FACTOR * max(quiet_s, FLOOR_S * hosts.busy()), what


def compare_client(host, figure, what, function, limit_s):
    """The same with a function in a child; with limit_s None, waits until it has finished."""
    child, status = fork(function), []

    def done():
        if not status:
            pid, value = os.waitpid(child, os.WNOHANG)
            status.extend([value] if pid else [])
        return bool(status)

    try:
        # read pids after done()
        compare(host, figure, what, Alive(child, done), limit_s or 600, done)
    finally:
        if not done():
            os.kill(child, signal.SIGCONT)
            if limit_s is not None:
                os.kill(child, signal.SIGTERM)
            status.append(os.waitpid(child, 0)[1])
    assert status[0] == 0 or (limit_s is not None and os.WTERMSIG(status[0]) == signal.SIGTERM), "the noise failed"


class Alive:
    """A child's pid while it lives."""

    def __init__(self, pid, done):
        self._pid, self._done = pid, done

    def __iter__(self):
        return iter([] if self._done() else [self._pid])


def start_guests(make_host, programs, *names, **settings):
    host = make_host("".join(guest(name, **settings) for name in names), programs / "fake-qemu")
    for name in names:
        host.command("Start", name)
    for name in names:
        host.wait_state(name, "running")
    return host


# --- clients --------------------------------------------------------------------------------------


def closed(connection, wait_s):
    """Reads what comes within this time; returns whether the other side has closed."""
    try:
        while select.select([connection.socket], [], [], wait_s)[0]:
            if not connection.socket.recv(65536):
                return True
            wait_s = 0
        return False
    except OSError:
        return True


def send_malformed(host, count):
    """Most are answered, or end the connection; waits 2 ms at most."""
    random_, connection = random.Random(3), None
    for number in range(count):
        connection = connection or host.connect()
        # hostd reads nothing more from a client that has subscribed or is attached to a console.
        connection.socket.settimeout(0.05)
        try:
            connection.socket.sendall(malformed(random_))
            over = number % 50 == 0 or closed(connection, 0.002)
        except OSError:
            over = True
        if over:
            connection.close()
            connection = None


def test_malformed_api_messages(make_host, programs, amount, figure):
    count = amount(100_000, 4_000)
    host = start_guests(make_host, programs, "quiet")
    fds = host.fds()
    compare_client(host, figure, f"{count} malformed API messages", lambda: send_malformed(host, count), None)
    host.assert_fds(fds)
    assert host.guest("quiet")["state"] == "running"


def ask_and_never_read(host):
    """Half of them subscribe, half ask; one that is disconnected reconnects."""
    clients = [None] * 8
    while True:
        for number, client in enumerate(clients):
            try:
                if client is None:
                    client = clients[number] = host.connect()
                    client.socket.settimeout(0.001)
                    if number % 2:
                        client.send("io.mvirt.Guest.Subscribe", more=True)
                if number % 2 == 0:
                    client.send("io.mvirt.Guest.List")
                elif select.select([client.socket], [], [], 0)[0] and not client.socket.recv(1, socket.MSG_PEEK):
                    raise ConnectionResetError
            except TimeoutError:
                pass
            except OSError:
                client.close()
                clients[number] = None
        time.sleep(0.001)


def test_clients_that_never_read(make_host, programs, amount, figure):
    """hostd disconnects them, and its memory does not grow with what they do not read."""
    host = start_guests(make_host, programs, "quiet", "resets")
    fds, rss_kib = host.fds(), host.rss_kib()
    compare_client(host, figure, "8 clients that never read", lambda: ask_and_never_read(host), amount(10, 1.5))
    host.assert_fds(fds)
    grown_kib = host.rss_kib() - rss_kib
    figure(f"  hostd's memory grew by {grown_kib} KiB of {rss_kib}")
    assert grown_kib < 2048


def be_200_clients(host, count):
    clients, random_ = [host.connect() for _ in range(200)], random.Random(4)
    for _ in range(count):
        answer = random_.choice(clients).call("io.mvirt.Guest.Get", {"name": "quiet"})
        assert answer["guest"]["name"] == "quiet"
        time.sleep(0.001)


def test_200_clients(make_host, programs, amount, figure):
    """All connected; each asks now and then, and all get answers."""
    host = start_guests(make_host, programs, "quiet")
    fds = host.fds()
    compare_client(host, figure, "200 clients at once", lambda: be_200_clients(host, amount(6000, 800)), None)
    host.assert_fds(fds)


def test_a_thousand_guests(make_host, programs, figure):
    """The promised number: a subscriber gets all of them, even if it reads late, and then the changes."""
    host = make_host("".join(guest(f"g{number:04}") for number in range(1000)), programs / "fake-qemu")
    rss_kib, start = host.rss_kib(), time.monotonic()
    assert len(host.call("io.mvirt.Guest.List")["guests"]) == 1000
    figure(f"1,000 guests: listed in {(time.monotonic() - start) * 1e3:.0f} ms")
    sleepers = [host.connect() for _ in range(8)]
    for client in sleepers:
        client.send("io.mvirt.Guest.Subscribe", more=True)
    host.command("Start", "g0500")
    host.wait_state("g0500", "running")
    grown_kib, names = host.rss_kib() - rss_kib, set()
    figure(f"  8 subscribers that do not read: hostd's memory grew by {grown_kib} KiB of {rss_kib}")
    assert grown_kib < 8192
    start = time.monotonic()
    while len(names) < 1000:
        names.add(sleepers[0].receive()["parameters"].get("guest", {}).get("name"))
    figure(f"  one of them reads now: all told in {(time.monotonic() - start) * 1e3:.0f} ms")
    host.command("Stop", "g0500")
    while sleepers[0].receive()["parameters"].get("kind") != "stopped":
        pass
    for client in sleepers:
        client.close()


# --- guests ---------------------------------------------------------------------------------------


def compare_guests(host, figure, what, names, limit_s, done=None):
    qemus = host.qemus()
    compare(host, figure, what, [qemus[name][0] for name in names], limit_s, done)


def log_end(host, name):
    return base64.b64decode(host.command("Log", name)["data"]).decode("utf-8", "replace")[-200:]


def test_serial_flood(make_host, programs, amount, figure):
    """A guest that floods its serial port: the ring keeps its size, its neighbour and the clients do not notice."""
    host = start_guests(make_host, programs, "quiet", "flood-1")
    rss_kib, whole = host.rss_kib(), amount(True, False)
    compare_guests(host, figure, "a serial port flooded with " + ("1 GiB" if whole else "what 1.5 s hold"), ["flood-1"],
                   amount(300, 1.5), lambda: "flood: over" in log_end(host, "flood-1"))
    assert not whole or "flood: over" in log_end(host, "flood-1")
    base = pathlib.Path(f"/proc/{host.init}/root/run/mvirt/guests/flood-1")
    sizes = {path.name: path.stat().st_size for path in base.glob("console*")}
    figure(f"  the console's ring {sizes}; hostd's memory {rss_kib} -> {host.rss_kib()} KiB")
    assert sizes and all(size <= RING_BYTES + 4096 for size in sizes.values()), sizes
    assert host.rss_kib() - rss_kib < 1024
    assert host.guest("quiet")["state"] == "running"


def test_resets(make_host, programs, amount, figure):
    host = start_guests(make_host, programs, "quiet", "resets-1", on_reboot='"restart"')
    pid = host.guest("quiet")["pid"]
    compare_guests(host, figure, "100 resets a second", ["resets-1"], amount(15, 1.5))
    assert host.guest("quiet")["pid"] == pid
    assert "resets again and again" in host.log()
    assert len(host.log()) < LOG_BYTES_MAX, "the log is flooded"


def test_event_spam(make_host, programs, amount, figure):
    host = start_guests(make_host, programs, "quiet", "events-1")
    pid, rss_kib = host.guest("quiet")["pid"], host.rss_kib()
    compare_guests(host, figure, "events without a pause", ["events-1"], amount(15, 1.5))
    assert host.guest("quiet")["pid"] == pid and host.guest("quiet")["state"] == "running"
    assert host.rss_kib() - rss_kib < 1024
    assert len(host.log()) < LOG_BYTES_MAX, "the log is flooded"


def test_stops(make_host, programs, amount, figure):
    """Guests that stop again and again: hostd's requests do not pile up, and what it writes about them is bounded and counted."""
    host = start_guests(make_host, programs, "quiet", "mute-1", "flicker-1")
    rss_kib, before = host.rss_kib(), len(host.log())
    compare_guests(host, figure, "guests that stop without a pause", ["mute-1", "flicker-1"], amount(15, 1.5))
    written = host.log()[before:]
    figure(f"  {written.count(chr(10))} lines of log; hostd's memory {rss_kib} -> {host.rss_kib()} KiB")
    assert host.rss_kib() - rss_kib < 1024
    assert "flicker-1: its QEMU sends event after event" in host.log()
    assert written.count("flicker-1: paused by QEMU") < 40 + 2 * amount(45, 15), written[-2000:]
    assert host.guest("quiet")["state"] == "running"
    host.command("Kill", "flicker-1")
    host.wait_state("flicker-1", "stopped")
    assert "events of its QEMU were not told" in host.log()


def test_qmp_noise(make_host, programs, amount, figure):
    """Guests whose QEMU no longer speaks QMP: hostd logs it now and then, and reconnects with growing delays."""
    names = [f"noise-{i}" for i in range(8)]
    host = start_guests(make_host, programs, "quiet", *names)
    fds = host.fds()
    compare_guests(host, figure, "8 guests that send rubbish over QMP", names, amount(10, 1.5))
    assert len(host.fds()) <= len(fds) + 16
    assert host.guest("quiet")["state"] == "running"
    lines = host.log().count("QMP is given up")
    assert 0 < lines < 400, host.log()[-2000:]
