"""Compares a backfill with one run for all times, and prints the report: `./modelops bench backfill`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from bench.arguments import positive
from bench.backfill.year import Year
from bench.reports import passed, publish, render, table
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.runner.up import running

METHOD = """\
One run of `./modelops bench backfill` on an installation of its own in a temporary folder: embedded PostgreSQL, and
Airflow with the settings of `./modelops up`. The feature task demo/flight_features is imported, run, approved and
deployed through the REST API, with the schedule `@daily` in America/New_York, and one run without an interval publishes
all flights. Then `POST /api/v2/backfills` requests each day of the year. Before and after the backfill, the rows of
these days are hashed as readers see them: the md5 of the md5 of each row as text, in the order of the key.
"""


def main() -> None:
    """Run the benchmark with the options of the command line. The exit code is 1 if the rows differ."""
    parser = argparse.ArgumentParser(prog="python -m bench.backfill", description=__doc__)
    parser.add_argument("--days", type=positive, default=365)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="modelops-bench-") as home:
        installation = Installation(Path(home) / "home")
        with running(installation, steps=steps, with_demo=True):
            year = Year(installation, steps, first=date(2013, 1, 1), last=date(2012, 12, 31) + timedelta(chosen.days))
            year.publish_at_once()
            year.backfill()
    equal = year.whole == year.daily
    report = render(
        "A year by backfill",
        table(
            ("", "one run", f"{year.days} daily intervals"),
            [
                ("rows", f"{year.whole.rows:,}", f"{year.daily.rows:,}"),
                ("hash of the rows", f"`{year.whole.digest}`", f"`{year.daily.digest}`"),
                ("jobs that made them", f"{year.whole.jobs}", f"{year.daily.jobs}"),
                ("seconds", f"{year.whole.seconds:.0f}", f"{year.daily.seconds:.0f}"),
            ],
        ),
        f"The same rows: {passed(equal and year.daily.jobs == year.days)}.",
        command="backfill",
        method=METHOD,
    )
    publish(report, "backfill_of_a_year", write=chosen.write)
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
