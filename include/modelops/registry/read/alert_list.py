"""Alert rules and alerts, for those who look at them. See `sql/alert_list.sql`."""

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
    """The rules of a deployment that may be seen, with their firing alerts and snoozes likewise; open ones first."""
    with translated():
        return list(_QUERIES.execute(connection, "rules", dag_ids=list(dag_ids), deployment_id=deployment, limit=limit))


def alerts(
    connection: Connection[Any], dag_ids: Sequence[str], deployment: int, *, limit: int
) -> list[Mapping[str, Any]]:
    """The alerts of a deployment by batches that may be seen, each with its `notifications`; firing ones first."""
    with translated():
        return list(
            _QUERIES.execute(connection, "alerts", dag_ids=list(dag_ids), deployment_id=deployment, limit=limit)
        )
