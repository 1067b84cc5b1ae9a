"""The performance of published predictions: which runs are due, and what was measured. See `sql/performance.sql`.

Functions that write are part of a caller's transaction, which is fenced (`jobs.fenced`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.bounds import COMMENT, shortened
from modelops.domain.text import storable
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection

    from modelops.domain.deployments import DeploymentId, Interval
    from modelops.domain.jobs import Attempt

_QUERIES = Queries("performance")


def due_deployments(connection: Connection[Any], *, most: int) -> list[int]:
    """The deployments with labels that are due, those that wait longest first."""
    with translated():
        return [row["id"] for row in _QUERIES.execute(connection, "due_deployments", most=most)]


def due(
    connection: Connection[Any], deployment_id: DeploymentId, *, also_missing: bool, most: int
) -> list[Mapping[str, Any]]:
    """`id`, `job_id`, `published_at`, `rows`, `start` and `end` of the runs whose labels are due.

    Those that wait longest are first.

    Args:
        also_missing: after them, those that had missing labels at their last measurement and are due later.
    """
    with translated():
        return list(
            _QUERIES.execute(connection, "due", deployment_id=deployment_id, also_missing=also_missing, most=most)
        )


def next_due(connection: Connection[Any], deployment_id: DeploymentId) -> datetime | None:
    """When the next labels of a deployment are due; None: all are known, or nothing is published."""
    with translated():
        row = _QUERIES.execute(connection, "next_due", deployment_id=deployment_id).fetchone()
    return None if row is None else row["at"]


def of_interval(
    connection: Connection[Any], deployment_id: DeploymentId, interval: Interval, *, most: int
) -> list[Mapping[str, Any]]:
    """As `due`, the published runs of an interval whose rows were not removed."""
    with translated():
        return list(
            _QUERIES.execute(
                connection,
                "of_interval",
                deployment_id=deployment_id,
                start=interval.start,
                end=interval.end,
                most=most,
            )
        )


def newest(connection: Connection[Any], deployment_ids: Iterable[int]) -> list[Mapping[str, Any]]:
    """The newest measurement of each measured run of these deployments, each with its `metrics`."""
    with translated():
        return list(_QUERIES.execute(connection, "newest", deployment_ids=sorted(deployment_ids)))


def add(
    connection: Connection[Any],
    attempt: Attempt,
    run_id: int,
    *,
    rows: int,
    labelled: int = 0,
    metrics: Iterable[Mapping[str, Any]] = (),
    error: str | None = None,
) -> None:
    """Record a measurement of a run, or why it could not be measured.

    Args:
        rows: predictions of the run.
        labelled: those with labels.
        metrics: of each metric `target`, `metric`, `value`, `lower` and `upper`.
    """
    with translated():
        row = _QUERIES.execute(
            connection,
            "add",
            job_id=attempt.job_id,
            attempt=attempt.number,
            run_id=run_id,
            rows=rows,
            labelled=labelled,
            error=error and shortened(storable(error), COMMENT),
        ).fetchone()
        assert row is not None
        for metric in metrics:
            _QUERIES.execute(connection, "add_metric", performance_id=row["id"], **metric)
