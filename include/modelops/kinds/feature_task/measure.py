"""Computes statistics of the rows that a run has staged, as readers will see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.query import cast_for_arrow, columns_of, inspection_connection
from modelops.data.reading import read
from modelops.data.target import names_of

if TYPE_CHECKING:
    import pyarrow as pa

    from modelops.jobs.run import JobRun
    from modelops.kinds.feature_task.staged_run import StagedRun
    from modelops.statistics.streaming import TableStatistics


def rows_of(staged_run: StagedRun, *, ordered: bool = False) -> str:
    """The SELECT of the run's rows, with the declared columns in order; the rows are sorted by key if `ordered`."""
    from psycopg.sql import SQL, Identifier

    rows, task = staged_run.target.rows, staged_run.task
    return (
        SQL("SELECT {} FROM {} WHERE run_id = {}{}")
        .format(
            names_of(task.columns),
            Identifier(rows.schema, rows.name),
            staged_run.run_id,
            SQL(" ORDER BY {}").format(names_of(task.key)) if ordered else SQL(""),
        )
        .as_string()
    )


def measure(staged_run: StagedRun, statistics: TableStatistics, run: JobRun) -> None:
    """Update the statistics with all rows of the run, in one pass and in bounded memory.

    Raises:
        Unavailable: the database can't be reached, or the connection breaks.
    """
    sql, where = rows_of(staged_run), str(staged_run.target)
    with inspection_connection(run.resources.ledger_url) as connection:
        columns = columns_of(connection, sql, where=where)

    def update(batches: pa.RecordBatchReader) -> None:
        for batch in batches:
            statistics.update(batch)

    read(run.resources.ledger_url, cast_for_arrow(sql, columns, exact=staged_run.task.key), update, where=where)


def records_by_role(staged_run: StagedRun, statistics: TableStatistics) -> dict[str, list[dict[str, Any]]]:
    """The records of the statistics by role: `key` and `feature`."""
    records = statistics.as_records()
    return {
        "key": [record for record in records if record["variable"] in staged_run.task.key],
        "feature": [record for record in records if record["variable"] not in staged_run.task.key],
    }
