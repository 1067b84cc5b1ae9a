"""Runs of batches: what they published, rejected rows, statistics of columns. See `sql/runs.sql`.

The rows themselves lie in the target's own table; a run is what they are kept under. Functions that write are
part of a caller's transaction.
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
    from modelops.domain.versions import VersionId

_QUERIES = Queries("runs")
COPY_SET_ASIDE = "COPY modelops.set_aside (run_id, position, key, reason) FROM STDIN"
"""Row by row, a hundred thousand would lock the job for most of a minute."""


@dataclass(frozen=True, kw_only=True)
class DueInterval:
    """An interval that a deployment is to make; `is_pending`: anew, whatever was made of it before."""

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
    """The run under which this attempt writes, seen by nobody until it is published; returns its id.

    If `reads`, also records which publications of the followed feature table the run will see.

    Raises:
        UnknownDeployment: the deployment has ended.
        PartsError: its batches have no such part.
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
            work_list.note_seen(connection, row["id"])
    return int(row["id"])


def same(connection: Connection[Any], run_id: int, asked_at: datetime | None) -> Mapping[str, Any] | None:
    """Another job that makes the same rows: `job_id`, whether they are `published`, and its `result`.

    That is either a job that began before this run and is still running, or one that has published its rows and began
    after this run was requested (`asked_at` None: after this run began).
    """
    with translated():
        return _QUERIES.execute(connection, "same", id=run_id, asked_at=asked_at).fetchone()


def publish(connection: Connection[Any], run_id: int, *, rows: int, set_aside: int) -> None:
    """Let readers see the run from the end of this transaction on, in the place of what it covers.

    Raises:
        UnknownDeployment: the deployment has ended meanwhile.
        IntervalError: what is published covers a part of the interval and more.
    """
    with translated():
        _QUERIES.execute(connection, "publish", id=run_id, rows=rows, set_aside=set_aside)


def stage(connection: Connection[Any], run_id: int, *, rows: int, set_aside: int) -> None:
    """All rows of a part are there from the end of this transaction on, seen by nobody until the parts are published.

    Raises:
        UnknownDeployment: the deployment has ended meanwhile.
    """
    with translated():
        _QUERIES.execute(connection, "stage", id=run_id, rows=rows, set_aside=set_aside)


def parts_of(connection: Connection[Any], whole_id: int, dag_id: str, run_id: str) -> list[Mapping[str, Any]]:
    """The parts of a batch that a DAG run's jobs have left, by their numbers, locked to the end of the transaction.

    Each has `id`, `part`, `rows`, `set_aside`; and `whole_id`, of one that was taken before.
    """
    with translated():
        rows = _QUERIES.execute(connection, "parts", whole_id=whole_id, dag_id=dag_id, run_id=run_id)
        return list(rows)


def take_parts(connection: Connection[Any], whole_id: int, ids: Sequence[int]) -> None:
    """Let the rows of these parts be published with this run.

    Raises:
        PartsError: one of them is no part that could be.
    """
    with translated():
        _QUERIES.execute(connection, "take_parts", whole_id=whole_id, ids=list(ids))
        work_list.note_seen_by_parts(connection, whole_id)


def statistics_of_run(connection: Connection[Any], run_id: int) -> list[Mapping[str, Any]]:
    """The statistics of a run: role, variable, kind, values."""
    with translated():
        return list(_QUERIES.execute(connection, "statistics_of_run", run_id=run_id))


def add_set_aside(connection: Connection[Any], run_id: int, rows: Iterable[tuple[int, Mapping[str, Any], str]]) -> None:
    """Put rows that couldn't be scored on record: position in the batch (from 0), entity key, reason."""
    with translated(), connection.cursor() as cursor, cursor.copy(COPY_SET_ASIDE) as copy:
        for position, key, reason in rows:
            plain = storable({name: _plain(value) for name, value in key.items()})
            copy.write_row((run_id, position, Jsonb(plain), storable(reason)))


def add_statistics(
    connection: Connection[Any],
    role: str,
    records: Iterable[Mapping[str, Any]],
    *,
    run_id: int | None = None,
    version_id: VersionId | None = None,
) -> None:
    """Put the statistics of columns on record: of a run, or of a version's training."""
    with translated():
        for record in records:
            _QUERIES.execute(
                connection,
                "add_statistics",
                version_id=version_id,
                run_id=run_id,
                role=role,
                variable=record["variable"],
                kind=record["kind"],
                values=Jsonb(storable(record["values"])),
            )


def statistics_of_version(connection: Connection[Any], version_id: VersionId) -> list[Mapping[str, Any]]:
    """The statistics of a version's training: role, variable, kind, values."""
    with translated():
        return list(_QUERIES.execute(connection, "statistics_of_version", version_id=version_id))


def intervals(
    connection: Connection[Any],
    dag_ids: Sequence[str],
    deployment_id: int,
    due: Sequence[DueInterval],
    *,
    before: tuple[datetime, datetime] | None,
    limit: int,
) -> list[Mapping[str, Any]]:
    """What became of a deployment's data intervals: those that are `due` by its schedule, and all that were made.

    Latest first, those that stand before the one (start, end) that the page before ended with. `state` is done,
    running, failed, superseded by others, or missing; both ends are None of a run that is of no interval, and
    `job_id` is of jobs in DAGs that may not be seen.
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


def unseen(connection: Connection[Any], target: str, attempt: Attempt) -> list[int]:
    """The runs of a target whose rows nobody sees: superseded ones, and those of attempts that were given up."""
    with translated():
        rows = _QUERIES.execute(connection, "unseen", target=target, job_id=attempt.job_id, fence=attempt.fence)
        return [row["id"] for row in rows]


def rows_of_last(connection: Connection[Any], deployment_id: DeploymentId) -> int | None:
    """How many rows the deployment's last batch had."""
    with translated():
        row = _QUERIES.execute(connection, "rows_of_last", deployment_id=deployment_id).fetchone()
    return None if row is None else int(row["rows"])


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
