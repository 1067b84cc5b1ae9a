"""`python -m bench.backfill`: make the year both ways, and print the report; `./modelops bench backfill` calls this."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from bench.arguments import positive
from bench.backfill.year import Year
from bench.tables import keep, passed, table
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.runner.up import running

METHOD = """\
One run of `./modelops bench backfill` on an installation of its own in a temporary folder: embedded PostgreSQL, and
Airflow with the settings of `./modelops up`. Through the REST API the feature task demo/flight_features is imported,
run, approved and deployed with the schedule `@daily` in America/New_York, and all flights are published by one run
without an interval. Then `POST /api/v2/backfills` asks for each day of the year. Before and after, the rows of the days
are hashed as readers see them: md5 of each row as text, of all of them in the order of the key.
"""


def main() -> None:
    """Make what the command line asks for. The exit code is 1 if the rows differ."""
    parser = argparse.ArgumentParser(prog="python -m bench.backfill", description=__doc__)
    parser.add_argument("--days", type=positive, default=365)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="modelops-bench-") as home:
        installation = Installation(Path(home) / "home")
        with running(installation, steps=steps, with_demo=True):
            year = Year(installation, steps, first=date(2013, 1, 1), last=date(2012, 12, 31) + timedelta(chosen.days))
            year.at_once()
            year.day_by_day()
    equal = year.whole == year.daily
    report = [
        "# A year by backfill",
        f"Made on {date.today():%Y-%m-%d} by `./modelops bench backfill`.",  # noqa: DTZ011 - where the reader is
        table(
            ("", "one whole run", f"{year.days} daily intervals"),
            [
                ("rows", f"{year.whole.rows:,}", f"{year.daily.rows:,}"),
                ("hash of the rows", f"`{year.whole.digest}`", f"`{year.daily.digest}`"),
                ("made by so many jobs", f"{year.whole.jobs}", f"{year.daily.jobs}"),
                ("seconds", f"{year.whole.seconds:.0f}", f"{year.daily.seconds:.0f}"),
            ],
        ),
        f"The same rows: {passed(equal and year.daily.jobs == year.days)}.",
        METHOD.rstrip(),
    ]
    keep("\n\n".join(report) + "\n", "backfill_of_a_year", write=chosen.write)
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
