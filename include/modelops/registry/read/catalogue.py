"""Lists of versions and deployments, and what was in production at a time. See `sql/catalogue.sql`.

Every function takes the visible DAGs. A version is returned if the DAG of its training is visible; a deployment, if the
DAGs of its training, its approval and its deployment all are, since it shows facts of all three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from modelops.domain.versions import VersionKind

_QUERIES = Queries("catalogue")

Rows = list["Mapping[str, Any]"]


def versions(
    connection: Connection[Any],
    dag_ids: Sequence[str],
    *,
    kind: VersionKind,
    model: str | None,
    after: int | None,
    limit: int,
) -> Rows:
    """Versions of this kind, newest first; optionally of one model or task, and older than version `after`."""
    return _rows(connection, "versions", dag_ids, kind=kind, model=model, last_id=after, limit=limit)


def deployments(
    connection: Connection[Any],
    dag_ids: Sequence[str],
    *,
    model: str | None = None,
    search: str | None = None,
    active: bool = False,
    after: int | None = None,
    limit: int,
) -> Rows:
    """Deployments, newest first, with their newest batch; if `active`, only those that haven't ended.

    `search` is a text in the name of the model or the feature task, or in the target, case-insensitive.
    """
    wanted = {"model": model, "search": search, "active": active, "last_id": after, "limit": limit, "id": None}
    return _rows(connection, "deployments", dag_ids, **wanted)


def deployment(connection: Connection[Any], dag_ids: Sequence[str], number: int) -> Mapping[str, Any] | None:
    """A deployment, as in the list; None if there is none, or it isn't visible."""
    wanted = {"model": None, "search": None, "active": False, "last_id": None, "limit": 1, "id": number}
    return next(iter(_rows(connection, "deployments", dag_ids, **wanted)), None)


def published_batches(connection: Connection[Any], dag_ids: Sequence[str], number: int, *, limit: int) -> Rows:
    """The published batches of a deployment, the latest data intervals first; of an interval, the newest one."""
    return _rows(connection, "published_batches", dag_ids, id=number, limit=limit)


def production(connection: Connection[Any], dag_ids: Sequence[str], *, moment: datetime) -> Rows:
    """What was in production at a time, with decision and evidence: one row per model and target."""
    return _rows(connection, "production", dag_ids, moment=moment)


def _rows(connection: Connection[Any], query: str, dag_ids: Sequence[str], **values: Any) -> Rows:
    with translated():
        return list(_QUERIES.execute(connection, query, dag_ids=list(dag_ids), **values))
