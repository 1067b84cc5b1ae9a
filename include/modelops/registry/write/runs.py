"""Batch runs: publications and rejected rows. See `sql/runs.sql`.

The rows themselves are in the target's table, each with the id of its run. Functions that write are part of a caller's
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.text import storable
from modelops.registry.queries import Queries
from modelops.registry.translation import translated
from modelops.registry.write import work_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from modelops.domain.deployments import Deployment, DeploymentId, Interval
    from modelops.domain.jobs import Attempt
    from modelops.domain.parts import Part

_QUERIES = Queries("runs")
COPY_SET_ASIDE = "COPY modelops.set_aside (run_id, position, key, reason) FROM STDIN"
"""COPY, because inserting a hundred thousand rows one by one would lock the job for most of a minute."""


@dataclass(frozen=True, kw_only=True)
class DueInterval:
    """An interval that a deployment has to make; `is_pending`: it has to be made again, even if it was made before."""

    start: datetime
    end: datetime
    is_pending: bool = False


def begin(
    connection: Connection[Any],
    deployment: Deployment,
    attempt: Attempt,
    interval: Interval | None,
    part: Part | None = None,
    *,
    reads: bool = True,
) -> int:
    """Create the run for this attempt's rows, which readers see when it is published; returns its id.

    If `reads`, also records which publications of the followed feature table the run will see.

    Raises:
        UnknownDeployment: the deployment has ended.
        PartsError: the deployment's batches have no such partition.
    """
    with translated():
        row = _QUERIES.execute(
            connection,
            "begin",
            deployment_id=deployment.id,
            job_id=attempt.job_id,
            attempt=attempt.number,
            fence=attempt.fence,
            start=interval and interval.start,
            end=interval and interval.end,
            part=None if part is None else part.number,
        ).fetchone()
        assert row is not None
        if reads:
            work_list.note_seen(connection, row["id"], deployment.id, interval)
    return int(row["id"])


def equivalent_run(connection: Connection[Any], run_id: int, asked_at: datetime | None) -> Mapping[str, Any] | None:
    """Another job's run with the same rows: `job_id`, whether it is `published`, and the job's `result`.

    That is either a job that began before this run and is still running, or one that has published its rows and began
    after this run was requested (`asked_at` None: after this run began).
    """
    with translated():
        return _QUERIES.execute(connection, "equivalent_run", id=run_id, asked_at=asked_at).fetchone()


def publish(connection: Connection[Any], run_id: int, *, rows: int, set_aside: int) -> None:
    """Publish the run: when the transaction commits, it supersedes the runs that it covers.

    Raises:
        UnknownDeployment: the deployment has ended in the meantime.
        IntervalError: a published interval overlaps with this one and extends beyond it.
    """
    with translated():
        _QUERIES.execute(connection, "publish", id=run_id, rows=rows, set_aside=set_aside)


def stage(connection: Connection[Any], run_id: int, *, rows: int, set_aside: int) -> None:
    """Record that all rows of a partition are written; readers see them when the partitions are published together.

    Raises:
        UnknownDeployment: the deployment has ended in the meantime.
    """
    with translated():
        _QUERIES.execute(connection, "stage", id=run_id, rows=rows, set_aside=set_aside)


def parts_of(connection: Connection[Any], whole_id: int, dag_id: str, run_id: str) -> list[Mapping[str, Any]]:
    """The staged partitions of a DAG run's batch, by number, locked until the end of the transaction.

    Each has `id`, `part`, `rows`, `set_aside`, and `whole_id` if a run has already taken it.
    """
    with translated():
        rows = _QUERIES.execute(connection, "parts", whole_id=whole_id, dag_id=dag_id, run_id=run_id)
        return list(rows)


def take_parts(connection: Connection[Any], whole_id: int, ids: Sequence[int]) -> None:
    """Add these partitions to this run, which publishes their rows.

    Raises:
        PartsError: one of them can't belong to this run.
    """
    with translated():
        _QUERIES.execute(connection, "take_parts", whole_id=whole_id, ids=list(ids))
        work_list.note_seen_by_parts(connection, whole_id)


def add_set_aside(connection: Connection[Any], run_id: int, rows: Iterable[tuple[int, Mapping[str, Any], str]]) -> None:
    """Record rejected rows: position in the batch (from 0), entity key, reason."""
    with translated(), connection.cursor() as cursor, cursor.copy(COPY_SET_ASIDE) as copy:
        for position, key, reason in rows:
            plain = storable({name: _plain(value) for name, value in key.items()})
            copy.write_row((run_id, position, Jsonb(plain), storable(reason)))


def intervals(
    connection: Connection[Any],
    dag_ids: Sequence[str],
    deployment_id: int,
    due: Sequence[DueInterval],
    *,
    before: tuple[datetime, datetime] | None,
    limit: int,
) -> list[Mapping[str, Any]]:
    """The states of a deployment's data intervals: those that are `due` by its schedule, and all that were made.

    They are in descending order, and start after `before` (start, end), the last one of the previous page. `state` is
    done, running, failed, superseded or missing. Start and end are None for a run without an interval, and `job_id` is
    None for a job in a DAG that the person may not see.
    """
    start, end = before or (None, None)
    with translated():
        rows = _QUERIES.execute(
            connection,
            "intervals",
            dag_ids=list(dag_ids),
            deployment_id=deployment_id,
            due_from=[one.start for one in due],
            due_to=[one.end for one in due],
            due_pending=[one.is_pending for one in due],
            last_start=start,
            last_end=end,
            limit=limit,
        )
        return list(rows)


def rows_of_last(connection: Connection[Any], deployment_id: DeploymentId) -> int | None:
    """The number of rows of the deployment's last batch."""
    with translated():
        row = _QUERIES.execute(connection, "rows_of_last", deployment_id=deployment_id).fetchone()
    return None if row is None else int(row["rows"])


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
