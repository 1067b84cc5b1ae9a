"""Measures statistics and drift checks, and prints the report: `./modelops bench statistics`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.arguments import positive
from bench.batch.lifecycle import approve_version, deploy_version
from bench.installation import make_rows, temporary_installation
from bench.reports import progress, publish
from bench.statistics.columns import Columns
from bench.statistics.report import CheckTimes, render
from bench.task import run_job

if TYPE_CHECKING:
    from bench.installation import Installation

MODELS = Path(__file__).parents[1] / "batch"
TABLE, MODEL = "measured", "bench/logistic"
REPETITIONS_PER_BATCH = 3
"""Reading is repeated more often than a batch, because it is shorter and its differences are small."""


def main() -> None:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics", description=__doc__)
    parser.add_argument("--rows", type=positive, default=2_000_000)
    parser.add_argument("--repetitions", type=positive, default=9)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with temporary_installation(MODELS) as installation:
        server = installation.settings_of_server()
        columns = Columns(installation, rows=chosen.rows)
        repetitions = REPETITIONS_PER_BATCH * chosen.repetitions
        for repetition in range(repetitions + 1):
            columns.measure()
            if not repetition:
                columns.reset()  # the first one is a warm-up
            progress(f"COPY, reading, statistics: {repetition} of {repetitions}")
        columns.measure_pandas()
        checked = _batches(installation, chosen.rows, chosen.repetitions)
    publish(render(columns, checked, rows=chosen.rows, server=server), "statistics", write=chosen.write)


def _batches(installation: Installation, rows: int, repetitions: int) -> CheckTimes:
    """Measure batches and their drift checks, alternately, each in a process of its own."""
    make_rows(installation, TABLE, rows)
    version = approve_version(installation, MODEL)
    deployment = deploy_version(installation, MODEL, version, target="logistic")
    checked = CheckTimes()
    for repetition in range(repetitions + 1):
        installation.checkpoint()
        batch = run_job(installation, "--preload", "predict", str(deployment))
        installation.checkpoint()
        check = run_job(installation, "--preload", "check_drift", str(deployment))
        progress(f"batch {batch['seconds']:.2f} s, check {check['seconds']:.2f} s")
        if repetition:
            checked.batch.add(batch["seconds"])
            checked.check.add(check["seconds"])
    return checked


if __name__ == "__main__":
    main()
