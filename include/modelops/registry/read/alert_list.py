"""Lists of alert rules and alerts for web pages. See `sql/alert_list.sql`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

_QUERIES = Queries("alert_list")


def rules(
    connection: Connection[Any], dag_ids: Sequence[str], deployment: int, *, limit: int
) -> list[Mapping[str, Any]]:
    """The rules of a deployment with their firing alerts and snoozes, open ones first; only those of visible jobs."""
    with translated():
        return list(_QUERIES.execute(connection, "rules", dag_ids=list(dag_ids), deployment_id=deployment, limit=limit))


def alerts(
    connection: Connection[Any], dag_ids: Sequence[str], deployment: int, *, limit: int
) -> list[Mapping[str, Any]]:
    """The alerts of a deployment, each with its `notifications`, firing ones first; only those of visible jobs."""
    with translated():
        return list(
            _QUERIES.execute(connection, "alerts", dag_ids=list(dag_ids), deployment_id=deployment, limit=limit)
        )
