# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/benchmarks.md: what every row measured, with its spread, its commands and its load; and the published
figures of systems that could not be run here."""

import json
import pathlib
import re

import plots
import results
from figures import Ratio, Sample, digits, in_unit

HERE = pathlib.Path(__file__).resolve().parent

HEAD = """# Benchmarks

Written by `make bench` ([how](../test/bench/README.md)); the text is `test/bench/report.py`, `findings.md` and
`published.json` there. Us and what people would use instead, in the same emulator with the same command line,
interleaved (ABBA). A ratio is ours by the peer's, of the medians; in brackets the lowest and the highest that any two
runs give. **win** and **loss** are said only where the gap of the medians exceeds the spreads (highest less lowest) of
both sides together, and of seven runs a side or more; a target that fewer runs meet is "met so far". What is counted in
instructions (`-icount shift=0`, one processor) is the same in every run; the rest is time of the wall under emulation (TCG),
where a second is worth nothing and a ratio something.
"""


def sample_text(values, unit):
    sample = Sample(values)
    text = in_unit(sample.median, unit)
    if len(sample.values) > 1 and sample.spread > 0:
        text += f" ({in_unit(sample.low, unit)} … {in_unit(sample.high, unit)})"
    return text + (f", n={len(sample.values)}" if len(sample.values) > 1 else "")


def ratio_of(measure):
    """The ratio, or None without a peer."""
    if not measure.peer or min(measure.peer) <= 0:
        return None
    return Ratio(Sample(measure.ours), Sample(measure.peer), measure.more_is_better, measure.exact)


def ratio_text(measure):
    ratio = ratio_of(measure)
    if ratio is None:
        return "", "", ""
    ends = f" [{digits(ratio.low)}, {digits(ratio.high)}]" if ratio.low != ratio.high else ""
    met = ratio.meets(measure.target)
    said = ("met" if ratio.claims else "met so far") if met else "**missed**"
    target = "" if met is None else f"{digits(measure.target)}: {said}"
    return digits(ratio.value) + ends, ratio.verdict, target


def summary(result):
    """One line a measure, for the terminal."""
    for measure in result.measures:
        ratio, verdict, target = ratio_text(measure)
        peer = f", {measure.peer_name} {sample_text(measure.peer, measure.unit)}" if ratio else ""
        said = f": ratio {ratio}, {verdict}" if ratio else ""
        yield (f"{measure.what}: {sample_text(measure.ours, measure.unit)}{peer}{said}"
               f"{', target ' + target.replace('*', '') if target else ''}")


def overview(everything):
    lines = ["## All ratios", "", "| # | what | peer | ours | peer's | ratio | | target |", "|---|---|---|---|---|---|---|---|"]
    for result in everything:
        for measure in result.measures:
            ratio, verdict, target = ratio_text(measure)
            if ratio:
                lines.append(f"| {result.row} | {measure.what} | {measure.peer_name} | "
                             f"{sample_text(measure.ours, measure.unit)} | {sample_text(measure.peer, measure.unit)} | "
                             f"{ratio} | {verdict} | {target} |")
    return "\n".join(lines) + "\n"


def detail(result):
    lines = [f"### {result.row}. {result.title}", "", result.definition, ""]
    for measure in result.measures:
        if ratio_of(measure) is None:
            lines.append(f"- {measure.what}: {sample_text(measure.ours, measure.unit)}")
        if measure.note:
            lines.append(f"- {measure.what}: {measure.note}")
    lines += [f"- {note}" for note in result.notes]
    lines += ["", "```", *result.commands, "```", "",
              f"Measured {result.date} UTC, load {result.load_before} before and {result.load_after} after"
              f"{', short form' if result.quick else ''}.", ""]
    return "\n".join(lines)


def published():
    """The table of figures that others published, each with its source; never part of a ratio."""
    entries = json.loads((HERE / "published.json").read_text("utf-8"))
    if not entries:
        return ""
    lines = ["## Published figures of systems that were not run here", "",
             "Their own, on their own machines and by their own definitions: not comparable with the ratios above.", "",
             "| system | figure | definition | source |", "|---|---|---|---|"]
    lines += [f"| {entry['system']} | {entry['figure']} | {entry['definition']} | [{entry['title']}]({entry['source']}) |"
              for entry in entries]
    return "\n".join(lines) + "\n"


def tools(everything):
    machines = {json.dumps(result.machine, sort_keys=True): result.machine for result in everything}
    lines = ["## The machine and the tools", ""]
    for machine in machines.values():
        lines += [f"- {name}: {value}" for name, value in machine.items()]
    return "\n".join(lines) + "\n"


def text(everything, pictures):
    parts = [HEAD, overview(everything)]
    parts += [f"![{title}]({name})\n" for name, title in pictures]
    parts += [(HERE / "findings.md").read_text("utf-8"), "## The rows\n"]
    parts += [detail(result) for result in everything]
    parts += [published(), tools(everything)]
    return "\n".join(part for part in parts if part)


def write(quick):
    """Writes the report beside its folder of pictures, and returns where."""
    everything = results.read_all(quick)
    if not everything:
        return None
    folder = results.folder(quick)
    output = folder.with_suffix(".md")
    output.write_text(text(everything, plots.draw(everything, folder)), "utf-8")
    return output


def is_current():
    """Whether docs/benchmarks.md is what is made of its rows and texts; its pictures are taken as they are."""
    there = results.folder(False).with_suffix(".md").read_text("utf-8")
    pictures = [(name, title) for title, name in re.findall(r"^!\[(.*)\]\((.*)\)$", there, re.M)]
    return text(results.read_all(False), pictures) == there
