"""Drift checks: which batch is checked, and what was found. Append-only. See `sql/drift.sql`.

Functions that write are part of a caller's transaction, which is fenced (`jobs.fenced`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.text import storable
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import Connection

    from modelops.domain.deployments import DeploymentId, Interval
    from modelops.domain.jobs import Attempt, TaskKey

_QUERIES = Queries("drift")


def newest_run(
    connection: Connection[Any], deployment_id: DeploymentId, interval: Interval | None
) -> Mapping[str, Any] | None:
    """`id` and `rows` of the newest published run of a deployment for an interval, or without one."""
    with translated():
        return _QUERIES.execute(
            connection,
            "newest_run",
            deployment_id=deployment_id,
            start=interval and interval.start,
            end=interval and interval.end,
        ).fetchone()


def run_of_task(connection: Connection[Any], deployment_id: DeploymentId, key: TaskKey) -> Mapping[str, Any] | None:
    """`id` and `rows` of the run that the batch of a task has published, if it has completed."""
    with translated():
        return _QUERIES.execute(connection, "run_of_task", deployment_id=deployment_id, **asdict(key)).fetchone()


def add(
    connection: Connection[Any],
    attempt: Attempt,
    run_id: int,
    role: str,
    records: Iterable[Mapping[str, Any]],
    *,
    references: Mapping[str, int | None],
    evaluation_id: int | None = None,
) -> None:
    """Record the comparisons of the columns of one role (`Comparison.as_record`).

    Args:
        references: by column, the reference that it was compared with; none, or None: the training's statistics.
        evaluation_id: the run of a feature task that all columns were compared with.
    """
    with translated():
        for record in records:
            _QUERIES.execute(
                connection,
                "add",
                job_id=attempt.job_id,
                attempt=attempt.number,
                run_id=run_id,
                role=role,
                variable=record["variable"],
                verdict=record["verdict"],
                reason=record["why"],
                reference_rows=record["reference_rows"],
                rows=record["rows"],
                bins=record["bins"],
                psi=record["index"],
                shift=record["shift"],
                p_value=record["p_value"],
                lower_bound=record["lower"],
                natural_variation=record["natural"],
                detectable_shift=record["detectable"],
                most_moved=Jsonb(storable(record["most_moved"])),
                reference_id=references.get(record["variable"]),
                evaluation_id=evaluation_id,
            )
