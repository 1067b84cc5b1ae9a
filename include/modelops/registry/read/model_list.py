"""Models and feature tasks, each with its newest version and what is in production. See `sql/model_list.sql`.

Every function takes the visible DAGs. A version is returned if the DAG that made it is visible, with the newest of its
evaluations whose DAGs are; a deployment, if the DAGs that made, approved and deployed its version all are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.declaration import Stage
from modelops.domain.job_types import of_stage
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.versions import VersionKind

_QUERIES = Queries("model_list")
APPROVALS = of_stage(Stage.APPROVAL)
MOST_DEPLOYMENTS = 50
"""Active deployments of one model that are returned."""

Rows = list["Mapping[str, Any]"]


def models(
    connection: Connection[Any],
    dag_ids: Sequence[str],
    *,
    kind: VersionKind,
    search: str | None = None,
    after: str | None = None,
    limit: int,
) -> Rows:
    """Models of this kind by name, after the name `after`; `search` is a text in the name, case-insensitive."""
    return _models(connection, dag_ids, kind=kind, search=search, after=after, limit=limit, name=None)


def model(
    connection: Connection[Any], dag_ids: Sequence[str], *, kind: VersionKind, name: str
) -> Mapping[str, Any] | None:
    """A model, as in the list; None if it has no visible version."""
    found = _models(connection, dag_ids, kind=kind, search=None, after=None, limit=1, name=name)
    return next(iter(found), None)


def production(connection: Connection[Any], dag_ids: Sequence[str], *, kind: VersionKind, name: str) -> Rows:
    """The active deployments of a model, each with its decision and the version that it replaced."""
    return _rows(connection, "production", dag_ids, kind=kind, name=name, limit=MOST_DEPLOYMENTS)


def hyperparameters(
    connection: Connection[Any], dag_ids: Sequence[str], *, kind: VersionKind, name: str
) -> Mapping[str, Any] | None:
    """The hyperparameters of the newest trained version, and its number; None if there is none."""
    return next(iter(_rows(connection, "hyperparameters", dag_ids, kind=kind, name=name)), None)


def versions(
    connection: Connection[Any], dag_ids: Sequence[str], *, kind: VersionKind, name: str, numbers: Sequence[int]
) -> Rows:
    """Those of these versions that are visible, by number, with all that they pin and their newest evaluation."""
    return _rows(connection, "versions", dag_ids, kind=kind, name=name, numbers=list(numbers))


def _models(connection: Connection[Any], dag_ids: Sequence[str], **values: Any) -> Rows:
    return _rows(connection, "models", dag_ids, approvals=APPROVALS, **values) if dag_ids else []


def _rows(connection: Connection[Any], query: str, dag_ids: Sequence[str], **values: Any) -> Rows:
    with translated():
        return list(_QUERIES.execute(connection, query, dag_ids=list(dag_ids), **values))
