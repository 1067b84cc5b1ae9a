"""The report on statistics and drift checks, in Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from bench import reports
from bench.reports import passed, table
from bench.timing import Times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.statistics.columns import Columns

MAX_ADDED, MAX_WITH_CHECK = 0.15, 1.05
METHOD = """\
One run of `./modelops bench statistics` on an embedded PostgreSQL of its own with durable settings, in a temporary
folder. Measurements alternate, and the first one of each is not counted. Times are medians, with the minimum and the
maximum in parentheses.

- **COPY**: psql's `COPY … TO STDOUT (FORMAT binary)` of twenty normally distributed float8 columns to /dev/null.
- **Reading**: the same rows as Arrow batches, as a batch prediction reads them: a thread reads
  ahead.
- **Reading with statistics**: the same, with the moments, twenty bins of equal width and the reference's ten quantile
  bins of each column. The added time is the median of the differences of all repetitions. It can be less than the added
  processor time, because the server, the thread that reads and the thread that counts work at the same time.
- Statistics sort the values in blocks, which numpy does with the vector instructions of the processor (AVX-512 or AVX2
  on x86). Without these instructions, statistics take about eight times as long, as measured with them disabled.
- **pandas**: `describe()` and, for each column, `numpy.histogram` with the edges of both kinds of bins, once, of the
  rows in memory; without reading and conversion.
- **Batch**: `predict_batch` of ten features, as in [batch prediction](batch_prediction.md), and **drift check**:
  `check_drift` of that batch; each in a new process that has imported what the process that forks tasks has
  (`modelops.airflow.preloading`), from before the claim to the completion. The time of a check does
  not depend on the number of rows, because the batch has counted them.
"""


@dataclass
class CheckTimes:
    """The seconds of batches and of their drift checks."""

    batch: Times = field(default_factory=Times)
    check: Times = field(default_factory=Times)


def render(columns: Columns, checked: CheckTimes, *, rows: int, server: Mapping[str, str]) -> str:
    """The whole report."""
    added = _added(columns.counted, columns.reading) / columns.copy.median
    added_cpu = _added(columns.counted_cpu, columns.reading_cpu) / columns.copy.median
    with_check = 1 + checked.check.median / checked.batch.median
    criteria = [
        (
            "Statistics of 20 columns, both kinds of bins: added time, relative to the COPY",
            f"{round(added, 2) + 0:.2f}",  # + 0 removes the sign of -0.00
            f"≤ {MAX_ADDED}",
            passed(added <= MAX_ADDED),
        ),
        ("— added processor time", f"{added_cpu:.2f}", "", ""),
        (
            "Batch with drift check, relative to the batch alone",
            f"{with_check:.2f}",
            f"≤ {MAX_WITH_CHECK}",
            passed(with_check <= MAX_WITH_CHECK),
        ),
    ]
    times = [
        ("COPY", str(columns.copy)),
        ("Reading", str(columns.reading)),
        ("— processor time", str(columns.reading_cpu)),
        ("Reading with statistics", str(columns.counted)),
        ("— processor time", str(columns.counted_cpu)),
        ("pandas, in memory", str(columns.pandas)),
        ("Batch", str(checked.batch)),
        ("Drift check", str(checked.check)),
    ]
    return reports.render(
        "Statistics and drift checks",
        "## Result",
        table(("", "measured", "criterion", ""), criteria),
        "## Times",
        table((f"{rows:,} rows", "median (min to max)"), times),
        command="statistics",
        server=server,
        method=METHOD,
    )


def _added(with_: Times, without: Times) -> float:
    """The median of the differences between the two measurements of each repetition."""
    return median(more - less for more, less in zip(with_.seconds, without.seconds, strict=True))
