"""The report on a feature task in SQL, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import reports
from bench.reports import passed, step_table, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.features.measurements import Measured

METHOD = """\
One run of `./modelops bench features` on an embedded PostgreSQL of its own with durable settings, in a temporary
folder. The input has a bigint key and ten float8 columns and is VACUUM ANALYZEd. Autovacuum is off for the measured
tables. A CHECKPOINT precedes each measurement. Measurements that are compared alternate; the first one of each is not
counted. Times are medians, with the minimum and the maximum in parentheses.

- **Job**: `execute_batch` in a new process that has imported the modules of a task's process, from before the claim to
  the completion: ledger, code and its hash, INSERT from the task's SELECT by the login of feature tasks, statistics of
  all columns, checks, publication, COMMIT. The primary key checks the key, as it does in psql.
- **Without statistics and checks**: the same, without the time from the end of the INSERT to the end of the checks.
- **psql**: the same SELECT in `BEGIN; INSERT INTO … SELECT …; COMMIT`, into a table with the same columns and primary
  key; with the start and the connection of psql.
- **Repeated**: the same for a table that has rows. In psql: `BEGIN; DELETE …; INSERT …; COMMIT`. The job supersedes the
  rows of the previous run, and removes those of the run before it. Both tables are VACUUMed after each measurement.
"""


def render(measured: Measured) -> str:
    """The whole report."""
    return reports.render(
        "Feature task in SQL",
        "## Result",
        table(("", "measured", "criterion", ""), _criteria(measured)),
        "## Times",
        table((f"{measured.rows:,} rows", "median (min to max)", "rows/s"), _times(measured)),
        "## Steps of a job",
        step_table(measured.steps, measured.job.seconds[-1]),
        command="features",
        server=measured.server,
        method=METHOD,
    )


def _criteria(measured: Measured) -> Iterable[tuple[str, str, str, str]]:
    psql = measured.psql.median
    for what, ratio, most in (
        ("Job without statistics and checks: time relative to psql", measured.without_statistics.median / psql, 1.15),
        ("Job: time relative to psql", measured.job.median / psql, 2.0),
    ):
        yield what, f"{ratio:.2f}", f"≤ {most:.2f}", passed(ratio <= most)


def _times(measured: Measured) -> Iterable[tuple[str, str, str]]:
    for what, times in (
        ("psql", measured.psql),
        ("Job without statistics and checks", measured.without_statistics),
        ("Job", measured.job),
        ("psql, repeated", measured.psql_repeated),
        ("Job, repeated", measured.repeated),
    ):
        yield what, str(times), f"{measured.rows / times.median:,.0f}"
