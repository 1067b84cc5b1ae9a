"""The queue and the pool in Airflow that versions request. See `sql/placement.sql`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.resources import ResourceRequest
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.versions import VersionKind

_QUERIES = Queries("placement")


def of_deployment(connection: Connection[Any], deployment_id: int) -> ResourceRequest | None:
    """That of a deployment's version; None if there is no such deployment."""
    return _found(connection, "of_deployment", deployment_id=deployment_id)


def of_run(connection: Connection[Any], dag_id: str, run_id: str) -> ResourceRequest | None:
    """That of the version which a DAG run has made; None if it has pinned none yet."""
    return _found(connection, "of_run", dag_id=dag_id, run_id=run_id)


def of_version(
    connection: Connection[Any], name: str, number: int | None, *, kind: VersionKind
) -> ResourceRequest | None:
    """That of a version; without a number, of the newest that is in use. None if there is none."""
    return _found(connection, "of_version", name=name, number=number, kind=kind)


def _found(connection: Connection[Any], query: str, **values: Any) -> ResourceRequest | None:
    with translated():
        row = _QUERIES.execute(connection, query, **values).fetchone()
    return None if row is None else ResourceRequest.from_record(row)
