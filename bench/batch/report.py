"""The report, in Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.machine import machine
from bench.tables import passed, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.batch.measurements import Measured

MIB = 2**20

METHOD = """\
One run of `./modelops bench batch` on an embedded PostgreSQL of its own with durable settings, in a temporary folder.
The table has a bigint key and ten float8 columns, was filled in the order of the key and is VACUUM ANALYZEd; autovacuum
leaves the measured tables alone. Before each measurement there is a CHECKPOINT. What is compared is measured in turns;
a first turn isn't counted. Medians, with the least and the greatest time in brackets.

- **Job**: `predict_batch` in a new process, as a task is, from before the job is taken to its completion: imports,
  ledger, artifacts and their hashes, check of the environment, start of the model's process, reading, scoring, writing,
  statistics, COMMIT. Models were trained on 20,000 rows, evaluated, approved and deployed by the use cases. The
  logistic regression was fitted by scikit-learn; its ModelScorer needs numpy alone. (A scorer that imports scikit-learn
  takes one to four seconds more to start, whatever the number of rows, while rows are read ahead.)
- **Floor**: psql's `COPY … TO STDOUT (FORMAT binary)` of the whole table into a file, then psql's
  `COPY … FROM STDIN (FORMAT binary)` of the same number of predictions from a file, into a new table with the columns
  and the primary key of the target. The sum of both.
- **Script**: `pandas.read_sql`, the same logistic function, `DataFrame.to_sql` (SQLAlchemy, psycopg) into a table with
  the same primary key; without its imports. Measured once.
- **Library**: one call of XGBoost's `inplace_predict` with all rows as a matrix of float32 in memory, in a new process
  of the model's environment, with as many threads as the library takes; without imports, reading, conversion and
  writing. A hundred trees of XGBoost's own depth, 6.
- **Memory**: of the job's process, the guard and the model's process, summed up and sampled every 50 ms from
  `/proc/<pid>/smaps_rollup`; not that of the server.
"""


def render(measured: Measured) -> str:
    """The whole report."""
    parts = [
        "# Batch prediction",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `./modelops bench batch`, commit {measured.commit}.",
        "## Result",
        table(("", "measured", "criterion", ""), _criteria(measured)),
        "## Times",
        table((f"{measured.rows:,} rows", "median (least to greatest)", "rows/s"), _times(measured)),
        "## Steps of a job",
        table(("after", "step"), ((f"{at:.2f} s", line) for at, line in _steps(measured))),
        "## Memory",
        _memory(measured),
        "## Machine",
        table(("", ""), machine().items()),
        "## PostgreSQL",
        table(("setting", "value"), measured.server.items()),
        "## How it is measured",
        METHOD.rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _criteria(measured: Measured) -> list[tuple[str, str, str, str]]:
    against_floor = measured.job.median / measured.floor.median
    ours, script = measured.rows / measured.job.median, measured.script_rows / measured.script_seconds
    bound = max(measured.library.median, measured.floor.median)
    against_library = measured.boosting.median / bound
    criteria = [
        ("Job: the time of the floor", f"{against_floor:.2f} times", "≤ 1.00 times", passed(against_floor <= 1.0)),
        ("Job: the rows/s of the script", f"{ours / script:.1f} times", "≥ 10 times", passed(ours / script >= 10)),
        (
            "Job with gradient boosting: the time of the library's own prediction, or of the floor if that's longer",
            f"{against_library:.2f} times",
            "≤ 1.15 times",
            passed(against_library <= 1.15),
        ),
    ]
    if measured.memory_rows:
        resident = measured.peak.resident
        criteria.append(
            (
                f"Memory of a job with {measured.memory_rows:,} rows",
                f"{resident / MIB:,.0f} MiB",
                "< 1,024 MiB",
                passed(resident < 1024 * MIB),
            )
        )
    return criteria


def _times(measured: Measured) -> list[tuple[str, str, str]]:
    script = f"{measured.script_seconds:.2f} s for {measured.script_rows:,} rows"
    rows = measured.rows
    return [
        ("Job, logistic regression", str(measured.job), _speed(rows, measured.job.median)),
        ("Floor", str(measured.floor), _speed(rows, measured.floor.median)),
        ("— COPY out", str(measured.floor_out), _speed(rows, measured.floor_out.median)),
        ("— COPY in", str(measured.floor_into), _speed(rows, measured.floor_into.median)),
        ("Script, logistic regression", script, _speed(measured.script_rows, measured.script_seconds)),
        ("Job, gradient boosting", str(measured.boosting), _speed(rows, measured.boosting.median)),
        ("Library, gradient boosting", str(measured.library), _speed(rows, measured.library.median)),
    ]


def _speed(rows: int, seconds: float) -> str:
    return f"{rows / seconds:,.0f}"


def _steps(measured: Measured) -> Iterable[tuple[float, str]]:
    """Of the last job of the logistic regression: what the log marks as a step."""
    for at, line in measured.steps:
        if line.startswith("▸ "):
            yield at, line.removeprefix("▸ ").partition(" (")[0]
    yield measured.job.seconds[-1], "completed"


def _memory(measured: Measured) -> str:
    if not measured.memory_rows:
        return "Not measured in this run."
    peak = measured.peak
    rows = (
        ("RSS, pages shared by several processes counted for each", f"{peak.resident / MIB:,.0f} MiB"),
        ("PSS, such pages counted once", f"{peak.proportional / MIB:,.0f} MiB"),
    )
    return table((f"{measured.memory_rows:,} rows, {peak.samples:,} samples", "peak"), rows)
