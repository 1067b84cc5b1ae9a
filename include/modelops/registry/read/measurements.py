"""Measurements of performance for web pages. See `sql/measurements.sql`.

Those who may see the job of a batch see its measurements: one DAG measures the batches of all deployments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.jobs import JobId

_QUERIES = Queries("measurements")


def of_job(
    connection: Connection[Any], dag_ids: Sequence[str], job_id: JobId, *, limit: int
) -> list[Mapping[str, Any]]:
    """The measurements of a job, one per batch, latest data interval first, each with its `metrics`."""
    with translated():
        return list(_QUERIES.execute(connection, "of_job", dag_ids=list(dag_ids), id=job_id, limit=limit))


def of_target(
    connection: Connection[Any], dag_ids: Sequence[str], target: str, *, limit: int
) -> list[Mapping[str, Any]]:
    """The newest measurement of each measured batch of a target, by any of its deployments; as `of_job`."""
    with translated():
        return list(_QUERIES.execute(connection, "of_target", dag_ids=list(dag_ids), target=target, limit=limit))


def labels(connection: Connection[Any], deployment: int) -> Mapping[str, Any]:
    """`dataset`, `has_labels`, `maturity_days` and `next_due_at` of a deployment that exists."""
    with translated():
        row = _QUERIES.execute(connection, "labels", id=deployment).fetchone()
    assert row is not None
    return row
