# SPDX-License-Identifier: GPL-2.0-or-later
"""A row's results and their file: one JSON file a row, committed with the report made from them, so that
one row can be run alone."""

import dataclasses
import datetime
import json
import os
import pathlib
import re
import subprocess

BUILD = pathlib.Path(os.environ.get("MVIRT_BUILD", "/build"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def folder(quick):
    """Where a report and its pictures go; its rows are in results/. What a quick run finds replaces nothing."""
    return BUILD / "bench/quick" if quick else SOURCE / "docs/benchmarks"


@dataclasses.dataclass
class Measure:
    """One quantity on our side and on one peer's."""

    what: str
    unit: str  # s, bytes, count, instructions, MB/s
    ours: list
    peer: list
    peer_name: str
    target: float | None = None  # of the ratio
    more_is_better: bool = False
    exact: bool = False  # the same in every run by its nature
    # A remark: the target's reason, the precision.
    note: str = ""


@dataclasses.dataclass
class Result:
    """A row: its measures, and all that is needed to run it again."""

    row: str
    title: str
    definition: str
    measures: list
    commands: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    # For the pictures: {name: anything}
    extra: dict = dataclasses.field(default_factory=dict)
    quick: bool = False
    date: str = ""
    load_before: float = 0
    load_after: float = 0
    machine: dict = dataclasses.field(default_factory=dict)


def load():
    return os.getloadavg()[0]


def _first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def machine():
    """The machine and the tools that measured."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text("utf-8"))
    return {
        "processor": f"{cpu.group(1) if cpu else 'unknown'}, {os.cpu_count()} processors",
        "kernel": os.uname().release,
        "emulator": _first_line(str(BUILD / "obj/bin/qemu-system-x86_64"), "--version"),
        "compiler": _first_line("gcc", "--version"),
    }


def run(row, options):
    """Runs a row's function; returns its result, with the load before and after."""
    before = load()
    result = row(options)
    result.load_before, result.load_after = round(before, 2), round(load(), 2)
    result.date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M")
    result.quick, result.machine = options.quick, machine()
    return result


def save(result):
    kept = folder(result.quick) / "results"
    kept.mkdir(parents=True, exist_ok=True)
    (kept / f"{result.row}.json").write_text(json.dumps(dataclasses.asdict(result), indent=1) + "\n", "utf-8")


def read_all(quick=False):
    """Every kept result, in the order of rows."""
    found = []
    for path in sorted((folder(quick) / "results").glob("*.json"), key=lambda path: int(path.stem)):
        fields = json.loads(path.read_text("utf-8"))
        fields["measures"] = [Measure(**measure) for measure in fields["measures"]]
        found.append(Result(**fields))
    return found
