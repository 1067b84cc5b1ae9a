"""The report, in Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.machine import machine
from bench.tables import passed, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.features.measurements import Measured

METHOD = """\
One run of `./modelops bench features` on an embedded PostgreSQL of its own with durable settings, in a temporary
folder. The input has a bigint key and ten float8 columns and is VACUUM ANALYZEd; autovacuum leaves the measured tables
alone. Before each measurement there is a CHECKPOINT. What is compared is measured in turns; a first turn isn't counted.
Medians, with the least and the greatest time in brackets.

- **Job**: `execute_batch` in a new process that has imported what a task's process has, from before the job is taken to
  its completion: ledger, code and its hash, INSERT from the task's SELECT by the login of feature tasks, statistics of
  all columns, checks, publication, COMMIT. The key is checked by the primary key, as it is by hand.
- **Without statistics and checks**: the same, but for the time from when the rows are there to when they are checked.
- **psql**: the same SELECT in `BEGIN; INSERT INTO … SELECT …; COMMIT`, into a table with the same columns and primary
  key; with psql's own start and connection.
- **Again**: the same when there are rows already. By hand: `BEGIN; DELETE …; INSERT …; COMMIT`. Of the job: the run
  before is superseded, and the rows of the run before that are removed. Both tables are VACUUMed after each turn.
"""


def render(measured: Measured) -> str:
    """The whole report."""
    parts = [
        "# Feature task in SQL",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `./modelops bench features`, commit {measured.commit}.",
        "## Result",
        table(("", "measured", "criterion", ""), _criteria(measured)),
        "## Times",
        table((f"{measured.rows:,} rows", "median (least to greatest)", "rows/s"), _times(measured)),
        "## Steps of a job",
        table(("after", "step"), ((f"{at:.2f} s", line) for at, line in _steps(measured))),
        "## Machine",
        table(("", ""), machine().items()),
        "## PostgreSQL",
        table(("setting", "value"), measured.server.items()),
        "## How it is measured",
        METHOD.rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _criteria(measured: Measured) -> Iterable[tuple[str, str, str, str]]:
    psql = measured.psql.median
    for what, times, most in (
        ("Job without statistics and checks: the time of psql", measured.without_statistics.median / psql, 1.15),
        ("Job: the time of psql", measured.job.median / psql, 2.0),
    ):
        yield what, f"{times:.2f} times", f"≤ {most:.2f} times", passed(times <= most)


def _times(measured: Measured) -> Iterable[tuple[str, str, str]]:
    for what, times in (
        ("psql", measured.psql),
        ("Job without statistics and checks", measured.without_statistics),
        ("Job", measured.job),
        ("psql again", measured.psql_again),
        ("Job again", measured.again),
    ):
        yield what, str(times), f"{measured.rows / times.median:,.0f}"


def _steps(measured: Measured) -> Iterable[tuple[float, str]]:
    """Of the last job into an empty table: what the log marks as a step."""
    for at, line in measured.steps:
        if line.startswith("▸ "):
            yield at, line.removeprefix("▸ ").partition(" (")[0]
    yield measured.job.seconds[-1], "completed"
