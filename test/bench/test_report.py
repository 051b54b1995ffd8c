# SPDX-License-Identifier: GPL-2.0-or-later
"""The report: what it says of a ratio, and that nothing without a peer gets one."""

import json
import pathlib

import plots
import report
from results import Measure, Result


def result(**fields):
    measures = [Measure("time", "s", [1.0, 1.2], [4.0, 4.4], "peer", 0.5, exact=True),
                Measure("count", "count", [0], [], "")]
    return Result(row="1", title="title", definition="what it is.", measures=measures, commands=["command"], **fields)


def test_a_ratio_has_its_ends_verdict_and_target():
    text = report.overview([result()])
    assert "| 1 | time | peer | 1.1 s (1 s … 1.2 s), n=2 | 4.2 s (4 s … 4.4 s), n=2 | 0.262 [0.227, 0.3] | win | 0.5: met |" in text
    assert "count" not in text


def test_a_missed_target_is_said():
    missed = result()
    missed.measures[0].target = 0.2
    assert "0.2: **missed**" in report.overview([missed])
    assert any("target 0.2: missed" in line for line in report.summary(missed))


def test_few_runs_meet_a_target_only_so_far():
    few = result()
    few.measures[0].exact = False
    assert "2 runs: nothing claimed | 0.5: met so far |" in report.overview([few])


def test_what_has_no_peer_is_in_the_detail():
    text = report.detail(result(date="2026-01-01 00:00", load_before=0.5, load_after=7))
    assert "- count: 0" in text and "load 0.5 before and 7 after" in text and "command" in text


def test_published_figures_have_a_source_and_are_in_no_ratio():
    entries = json.loads((pathlib.Path(report.HERE) / "published.json").read_text("utf-8"))
    assert entries
    for entry in entries:
        assert entry["source"].startswith("https://") and entry["definition"] and entry["figure"]
        assert entry["system"] not in report.overview([result()])


def test_pictures():
    assert set(plots.wanted([result()])) == {"row-1.svg"}
    timed = result(extra={"timeline": [{"name": "x", "start": 0, "end": 1}]})
    timed.row = "3"
    assert set(plots.wanted([timed])) == {"boot.svg"}
    assert plots.middle([3, 1, 2]) == 2 and plots.middle([1, 2]) == 1.5
