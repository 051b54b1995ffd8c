# SPDX-License-Identifier: GPL-2.0-or-later
"""The statistics of the benchmarks: samples, ratios, and when a difference may be called one. Pure."""

import dataclasses
import statistics


RUNS_TO_CLAIM = 7


@dataclasses.dataclass(frozen=True)
class Sample:
    """What one side measured, run by run, in the order of the runs."""

    values: tuple

    def __post_init__(self):
        if not self.values:
            raise ValueError("a sample without a value")
        object.__setattr__(self, "values", tuple(self.values))

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def low(self):
        return min(self.values)

    @property
    def high(self):
        return max(self.values)

    @property
    def spread(self):
        return self.high - self.low


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Ours by the peer's: of the medians, and between which ends the runs put it. Smaller is better unless
    more_is_better."""

    ours: Sample
    peer: Sample
    more_is_better: bool = False
    # the same in every run by its nature, as a file's size is
    exact: bool = False

    def __post_init__(self):
        if min(self.peer.values) <= 0:
            raise ValueError("a ratio by a peer that measured nothing")

    @property
    def value(self):
        return self.ours.median / self.peer.median

    @property
    def low(self):
        return self.ours.low / self.peer.high

    @property
    def high(self):
        return self.ours.high / self.peer.low

    @property
    def claims(self):
        """Whether a claim is possible."""
        return self.exact or min(len(self.ours.values), len(self.peer.values)) >= RUNS_TO_CLAIM

    @property
    def verdict(self):
        """A win or a loss is claimed only where the gap of the medians exceeds both spreads together, of RUNS_TO_CLAIM
        runs at least where runs differ."""
        if not self.claims:
            runs = min(len(self.ours.values), len(self.peer.values))
            return f"{runs} run{'s' if runs > 1 else ''}: nothing claimed"
        gap = self.ours.median - self.peer.median
        if abs(gap) <= self.ours.spread + self.peer.spread:
            return "no difference shown"
        return "win" if (gap > 0) == self.more_is_better else "loss"

    def meets(self, target):
        """Whether the median's ratio meets the target; None without one."""
        if target is None:
            return None
        return self.value >= target if self.more_is_better else self.value <= target


def abba(runs, sides="AB"):
    """The order of this many runs of each side, so that drift affects all alike: ABBA ABBA…, ABCCBA…"""
    return [side for number in range(runs) for side in (sides if number % 2 == 0 else sides[::-1])]


def digits(value, count=3):
    """A number with so many significant digits, and no exponent: 0.0123, 1.23, 123, 12300."""
    if value == 0:
        return "0"
    text = f"{value:.{count}g}"
    if "e" in text:
        text = f"{float(text):f}".rstrip("0").rstrip(".")
    return text


def in_unit(value, unit):
    """A value with its unit, as the report has it; bytes as MiB or KiB, whole counts whole."""
    if unit == "bytes":
        return f"{digits(value / 2**20)} MiB" if value >= 2**20 else f"{digits(value / 2**10)} KiB"
    if unit == "count":
        return str(int(value)) if value == int(value) else digits(value)
    if unit == "s" and value < 1:
        return f"{digits(value * 1e3)} ms"
    return f"{digits(value)} {unit}"
