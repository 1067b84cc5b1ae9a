"""`python -m bench.statistics`: measure, and print the report; `./modelops bench statistics` calls this."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench import batch
from bench.arguments import positive
from bench.batch import life
from bench.installation import installed, make_rows
from bench.statistics.columns import Columns
from bench.statistics.report import CheckTimes, render
from bench.tables import keep
from bench.task import in_own_process

if TYPE_CHECKING:
    from bench.installation import Installation

TABLE, MODEL = "measured", "bench/logistic"
TURNS_OF_A_BATCH = 3
"""A turn of reading is shorter than one of a batch, and its differences are small."""


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics", description=__doc__)
    parser.add_argument("--rows", type=positive, default=2_000_000)
    parser.add_argument("--repetitions", type=positive, default=9)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with installed(Path(batch.__file__).parent) as installation:
        server = installation.settings_of_server()
        columns = Columns(installation, rows=chosen.rows)
        turns = TURNS_OF_A_BATCH * chosen.repetitions
        for turn in range(turns + 1):
            columns.measure()
            if not turn:
                columns.forget()  # the first turn isn't counted
            _say(f"COPY, read, counted: turn {turn} of {turns}")
        columns.measure_pandas()
        checked = _batches(installation, chosen.rows, chosen.repetitions)
    keep(render(columns, checked, rows=chosen.rows, server=server), "statistics", write=chosen.write)


def _batches(installation: Installation, rows: int, repetitions: int) -> CheckTimes:
    """A batch and the check of it, in turns, each in a process of its own."""
    make_rows(installation, TABLE, rows)
    version = life.approved(installation, MODEL)
    deployment = life.deployed(installation, MODEL, version, target="logistic")
    checked = CheckTimes()
    for turn in range(repetitions + 1):
        done = in_own_process(installation, "bench.statistics.job", "batch", str(deployment))
        check = in_own_process(installation, "bench.statistics.job", "check", str(deployment))
        _say(f"batch {done['seconds']:.2f} s, check {check['seconds']:.2f} s")
        if turn:
            checked.batch.add(done["seconds"])
            checked.check.add(check["seconds"])
    return checked


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
