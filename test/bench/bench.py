# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs rows and writes docs/benchmarks.md (with --quick build/bench/quick.md): bench.py [--quick] [--report] [ROW...]"""

import argparse
import sys
import time

import report
import results
import rows_boot
import rows_by_hand
import rows_confined
import rows_counted
import rows_dhcp
import rows_guest
import rows_memory
import rows_static

ROWS = {
    "1": rows_boot.row_1, "2": rows_boot.row_2, "3": rows_counted.row_3, "4": rows_static.row_4,
    "5": rows_memory.row_5, "6": rows_guest.row_6, "7": rows_counted.row_7, "8": rows_memory.row_8,
    "9": rows_memory.row_9, "10": rows_guest.row_10, "11": rows_guest.row_11, "12": rows_dhcp.row_12,
    "13": rows_by_hand.row_13, "14": rows_static.row_14, "15": rows_by_hand.row_15, "16": rows_memory.row_16,
    "17": rows_confined.row_17,
}
# What takes under ten minutes together on two cores; the others need a machine of their own for longer.
QUICK = ("1", "3", "4", "7", "8", "13", "14", "15", "17")


class Options:
    """How much is done: a row asks for its number of runs."""

    def __init__(self, quick, runs=None):
        self.quick, self._runs = quick, runs

    def count(self, usual, quick):
        return self._runs or (quick if self.quick else usual)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer runs, and without the long rows")
    parser.add_argument("--runs", type=int, help="this many runs of each side, where there are several")
    parser.add_argument("--report", action="store_true", help="only write the report of what was kept")
    parser.add_argument("--check", action="store_true", help="only say whether the committed report is current")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    if options.check:
        return None if report.is_current() else "docs/benchmarks.md is not what is made of its rows: bench.py --report"
    failed = False
    for name in [] if options.report else options.rows or (QUICK if options.quick else ROWS):
        begun = time.monotonic()
        print(f"mvirt: bench: row {name} …", file=sys.stderr, flush=True)
        try:
            result = results.run(ROWS[name], Options(options.quick, options.runs))
        except Exception as error:  # a row that fails is said, and the others still run
            failed = True
            print(f"mvirt: bench: row {name}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        results.save(result)
        for line in report.summary(result):
            print(f"mvirt: bench: row {name}: {line}", file=sys.stderr)
        print(f"mvirt: bench: row {name} took {time.monotonic() - begun:.0f} s", file=sys.stderr)
    if output := report.write(options.quick):
        print(f"mvirt: bench: {output}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
