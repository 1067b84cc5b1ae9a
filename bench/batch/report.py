"""The report on batch prediction, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import reports
from bench.reports import passed, step_table, table

if TYPE_CHECKING:
    from bench.batch.measurements import Measured

MIB = 2**20

METHOD = """\
One run of `./modelops bench batch` on an embedded PostgreSQL of its own with durable settings, in a temporary folder.
The table has a bigint key and ten float8 columns, was filled in the order of the key and is VACUUM ANALYZEd. Autovacuum
is off for the measured tables. A CHECKPOINT precedes each measurement. Measurements that are compared alternate; the
first one of each is not counted. Times are medians, with the minimum and the maximum in parentheses.

- **Job**: `predict_batch` in a new process, like that of a task, from before the claim to the completion: imports,
  ledger, artifacts and their hashes, check of the environment, start of the model's process, reading, scoring, writing,
  statistics, COMMIT. Models were trained on 20,000 rows, evaluated, approved and deployed by the use cases. The
  logistic regression was fitted by scikit-learn; its ModelScorer only needs numpy. (A scorer that imports scikit-learn
  takes one to four seconds longer to start, regardless of the number of rows, while rows are read ahead.)
- **COPY**: psql's `COPY … TO STDOUT (FORMAT binary)` of the whole table to a file, then psql's
  `COPY … FROM STDIN (FORMAT binary)` of the same number of predictions from a file, into a new table with the columns
  and the primary key of the target. The time is the sum of both.
- **Script**: `pandas.read_sql`, the same logistic function, `DataFrame.to_sql` (SQLAlchemy, psycopg) into a table with
  the same primary key; without imports. Measured once.
- **Library**: one call of XGBoost's `inplace_predict` with all rows as a matrix of float32 in memory, in a new process
  of the model's environment, with the library's default number of threads; without imports, reading, conversion and
  writing. The model has a hundred trees of XGBoost's default depth, 6.
- **Memory**: the sum for the job's process, the guard and the model's process, sampled every 50 ms from
  `/proc/<pid>/smaps_rollup`. The memory of the server is not included.
"""


def render(measured: Measured) -> str:
    """The whole report."""
    return reports.render(
        "Batch prediction",
        "## Result",
        table(("", "measured", "criterion", ""), _criteria(measured)),
        "## Times",
        table((f"{measured.rows:,} rows", "median (min to max)", "rows/s"), _times(measured)),
        "## Steps of a job",
        step_table(measured.steps, measured.job.seconds[-1]),
        "## Memory",
        _memory(measured),
        command="batch",
        server=measured.server,
        method=METHOD,
    )


def _criteria(measured: Measured) -> list[tuple[str, str, str, str]]:
    relative_to_copy = measured.job.median / measured.copy.median
    ours, script = measured.rows / measured.job.median, measured.script_rows / measured.script_seconds
    bound = max(measured.library.median, measured.copy.median)
    relative_to_library = measured.boosting.median / bound
    criteria = [
        ("Job: time relative to COPY", f"{relative_to_copy:.2f}", "≤ 1.00", passed(relative_to_copy <= 1.0)),
        ("Job: rows/s relative to the script", f"{ours / script:.1f}", "≥ 10", passed(ours / script >= 10)),
        (
            "Job with gradient boosting: time relative to the library's prediction, or to COPY if that takes longer",
            f"{relative_to_library:.2f}",
            "≤ 1.15",
            passed(relative_to_library <= 1.15),
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
        ("COPY", str(measured.copy), _speed(rows, measured.copy.median)),
        ("— TO", str(measured.copy_out), _speed(rows, measured.copy_out.median)),
        ("— FROM", str(measured.copy_into), _speed(rows, measured.copy_into.median)),
        ("Script, logistic regression", script, _speed(measured.script_rows, measured.script_seconds)),
        ("Job, gradient boosting", str(measured.boosting), _speed(rows, measured.boosting.median)),
        ("Library, gradient boosting", str(measured.library), _speed(rows, measured.library.median)),
    ]


def _speed(rows: int, seconds: float) -> str:
    return f"{rows / seconds:,.0f}"


def _memory(measured: Measured) -> str:
    if not measured.memory_rows:
        return "Not measured in this run."
    peak = measured.peak
    rows = (
        ("RSS: pages shared by several processes are counted for each", f"{peak.resident / MIB:,.0f} MiB"),
        ("PSS: shared pages are counted once", f"{peak.proportional / MIB:,.0f} MiB"),
    )
    return table((f"{measured.memory_rows:,} rows, {peak.samples:,} samples", "peak"), rows)
