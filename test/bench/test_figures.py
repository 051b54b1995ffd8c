# SPDX-License-Identifier: GPL-2.0-or-later
"""The statistics, on figures whose answer is known."""

import pytest

import figures
from figures import Ratio, Sample


def test_sample():
    sample = Sample((3, 1, 2, 10))
    assert (sample.median, sample.low, sample.high, sample.spread) == (2.5, 1, 10, 9)
    assert Sample([7]).median == 7
    with pytest.raises(ValueError):
        Sample(())


def test_ratio_of_medians_and_its_ends():
    ratio = Ratio(Sample((1, 2, 3)), Sample((10, 20, 40)))
    assert ratio.value == 0.1
    assert ratio.low == 1 / 40
    assert ratio.high == 3 / 10


def test_ratio_needs_a_peer_that_measured():
    with pytest.raises(ValueError):
        Ratio(Sample((1,)), Sample((0, 1)))


@pytest.mark.parametrize("ours, peer, more, verdict", [
    ((1, 1.1), (2, 2.1), False, "win"),
    ((1, 1.1), (2, 2.1), True, "loss"),
    ((2, 2.1), (1, 1.1), False, "loss"),
    ((2, 2.1), (1, 1.1), True, "win"),
    # the gap is 1, the spreads together are 1
    ((1, 1.5), (2, 2.5), False, "no difference shown"),
    # one run that went astray takes the claim away
    ((1, 1, 1, 1, 9), (2, 2, 2, 2, 2), False, "no difference shown"),
    ((1, 1), (1, 1), False, "no difference shown"),
])
def test_a_difference_is_claimed_only_beyond_both_spreads(ours, peer, more, verdict):
    assert Ratio(Sample(ours), Sample(peer), more, exact=True).verdict == verdict
    assert Ratio(Sample(ours * 7), Sample(peer * 7), more).verdict == verdict


def test_of_few_runs_nothing_is_claimed():
    assert Ratio(Sample((1,)), Sample((9,) * 9)).verdict == "1 run: nothing claimed"
    assert Ratio(Sample((1,) * 6), Sample((9,) * 7)).verdict == "6 runs: nothing claimed"
    assert Ratio(Sample((1,) * 7), Sample((9,) * 7)).verdict == "win"
    assert Ratio(Sample((1,)), Sample((9,)), exact=True).verdict == "win"


def test_target():
    ratio = Ratio(Sample((1,)), Sample((2,)))
    assert ratio.meets(0.5) and not ratio.meets(0.49) and ratio.meets(None) is None
    more = Ratio(Sample((3,)), Sample((2,)), more_is_better=True)
    assert more.meets(1.5) and not more.meets(1.6)


def test_abba_gives_each_side_as_many_runs_and_the_same_mean_place():
    assert "".join(figures.abba(2)) == "ABBA"
    for runs in (2, 4, 8):
        order = figures.abba(runs)
        places = {side: [i for i, one in enumerate(order) if one == side] for side in "AB"}
        assert len(places["A"]) == len(places["B"]) == runs
        assert sum(places["A"]) == sum(places["B"])
    assert "".join(figures.abba(3)).count("A") == 3
    assert figures.abba(2, ["x", "y", "z"]) == ["x", "y", "z", "z", "y", "x"]


@pytest.mark.parametrize("value, unit, text", [
    (0.01234, "s", "12.3 ms"), (1.234, "s", "1.23 s"), (123456, "s", "123000 s"), (0, "s", "0 ms"),
    (1536, "bytes", "1.5 KiB"), (5 * 2**20, "bytes", "5 MiB"), (3, "count", "3"), (2.5, "count", "2.5"),
])
def test_units(value, unit, text):
    assert figures.in_unit(value, unit) == text
