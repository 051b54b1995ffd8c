# SPDX-License-Identifier: GPL-2.0-or-later
"""A running guest whose record another hostd cannot read, and one whose definition has changed."""

import json
import os
import pathlib
import shutil
import signal

from conftest import guest

NAME, SAID = "subject", "payload: up"


class Record:
    """record.json of a guest on a host."""

    def __init__(self, host, name=NAME):
        self.host = host
        self.path = pathlib.Path(f"/proc/{host.init}/root/run/mvirt/guests/{name}/record.json")

    def read(self):
        return json.loads(self.path.read_text("utf-8"))

    def put(self, text):
        self.path.unlink(missing_ok=True)
        if text is not None:
            self.path.write_text(text, "utf-8")


def next_hostd(host):
    """Kills hostd; when it answers again, the guests are adopted."""
    hostd = host.hostd()
    os.kill(hostd, signal.SIGKILL)
    host.wait(lambda: host.hostd() not in (None, hostd) and host.answers(), 15, "the next hostd")


def kept_keys(record):
    """As a later hostd writes it: an unknown key in the definition, and one beside it."""
    config = record["config"].replace("\tmachine = ", '\ttomorrow = "yes"\n\tmachine = ')
    assert config != record["config"]
    return json.dumps({**record, "config": config, "of_tomorrow": [1]})


DAMAGES = {
    "unknown keys": (kept_keys, 'its record is not all understood: unknown key "tomorrow" in guest "subject"'),
    "a value that is refused by now": (
        lambda record: json.dumps({**record, "config": record["config"].replace('cpus = 1', 'cpus = 4096')}),
        "its record is not all understood: cpus is a number from 1 to 256"),
    "a later version": (lambda record: json.dumps({**record, "version": 99, "state": "running"}),
                        "its record is not understood"),
    "a later version of the same shape": (lambda record: json.dumps({**record, "version": 99}),
                                          "its record is of a later version of hostd"),
    "cut": (lambda record: json.dumps(record)[:-40], "its record is not understood"),
    "empty": (lambda record: "", "its record is not understood"),
    "too large": (lambda record: json.dumps({**record, "of_tomorrow": "x" * 2**20}),
                  "its record cannot be read: File too large"),
    "gone": (lambda record: None, "its record is gone"),
}


def test_record_of_another_hostd(make_host):
    """Whatever replaces the record, the guest goes on, its note says so, and it can be stopped and started."""
    host = make_host(guest(NAME, "o") + guest("neighbour"))
    record = Record(host)
    for name in (NAME, "neighbour"):
        host.command("Start", name)
        host.wait_state(name, "running")
    for damage, (change, reason) in DAMAGES.items():
        pid, = host.qemus()[NAME]
        record.put(change(record.read()))
        before = record.path.read_bytes() if record.path.exists() else None
        for _ in range(2):
            next_hostd(host)
            host.wait_state(NAME, "running")
            assert host.qemus()[NAME] == [pid], damage
            assert host.guest(NAME)["reason"].startswith(reason), (damage, host.guest(NAME))
            assert host.guest(NAME)["pid"] == host.guests()[NAME]["pid"] and host.guest("neighbour")["state"] == "running"
        if damage == "unknown keys":
            assert record.read()["of_tomorrow"] == [1] and 'tomorrow = "yes"' in record.read()["config"]
        elif damage.startswith("a value"):
            assert "cpus = 4096" in record.read()["config"]
        else:
            assert (record.path.read_bytes() if record.path.exists() else None) == before, damage
        host.command("Stop", NAME)
        host.wait_state(NAME, "stopped")
        assert NAME not in host.qemus()
        host.command("Start", NAME)
        host.wait_state(NAME, "running")
        assert "reason" not in host.guest(NAME), damage
        assert record.read()["version"] == 2 and "of_tomorrow" not in record.read()


def test_definition_changes(make_host, programs):
    """Changed by "set" while "ready" is watched: hostd goes on, and the new value applies at once."""
    host = make_host("")
    # It resets, and prints its line again, for ever.
    host.call("io.mvirt.Guest.Create", definition=guest(NAME, "r", ready='"console:never said"'))
    shutil.copy(programs / "payload", f"/proc/{host.init}/root/run/mvirt/memory/guests/{NAME}/payload")
    hostd = host.hostd()
    host.command("Start", NAME)
    host.wait_state(NAME, "running")

    def set_key(key, value):
        start = host.log_size()
        host.call("io.mvirt.Guest.Set", name=NAME, changes=[{"key": key, "value": value}])
        return start

    echoed = f"{NAME}: {SAID}"
    assert echoed not in host.log()
    start = set_key("echo-console", "true")
    host.wait(lambda: echoed in host.log(start), 15, "the echo")
    start = set_key("ready", f"console:{SAID}")
    host.wait(lambda: f"guest {NAME}: ready" in host.log(start), 15, "the line that is waited for by now")
    host.command("Kill", NAME)
    host.wait_state(NAME, "stopped")
    set_key("ready", "console:never said")
    host.command("Start", NAME)
    host.wait_state(NAME, "running")
    set_key("ready", "running")
    start = host.log_size()
    host.wait(lambda: echoed in host.log(start), 15, "a line after it")
    set_key("echo-console", "false")
    assert host.answers() and host.hostd() == hostd
    host.command("Kill", NAME)
    host.wait_state(NAME, "stopped")


def test_one_waits_for_another(make_host):
    """It still waits under the next hostd, and is started in its turn."""
    host = make_host(guest("db", autostart="true", ready=f'"console:{SAID}"')
                     + guest("web", autostart="true", after='["db"]', start_delay="4"))
    host.wait(lambda: host.guest("web").get("waiting") == "starts after 4 s", 15, "its turn")
    pids = host.qemus()
    next_hostd(host)
    host.wait_state("web", "running")
    assert host.qemus()["db"] == pids["db"] and "web" not in pids
