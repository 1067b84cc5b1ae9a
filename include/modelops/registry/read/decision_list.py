"""The decisions that a person may take. See `sql/decision_list.sql`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.decisions import ApprovalRequest
from modelops.domain.declaration import Stage
from modelops.domain.job_types import JobType, of_stage
from modelops.domain.versions import VersionKind
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

_QUERIES = Queries("decision_list")
APPROVALS = of_stage(Stage.APPROVAL)
LOOKED_AT = 200
"""Maximum approvals whose rules are checked for one answer."""


@dataclass(frozen=True, kw_only=True)
class AwaitedDecision:
    """An approval that awaits a decision, and its newest request."""

    job_id: int
    type: JobType
    kind: VersionKind
    model: str
    version: int
    asked_at: datetime
    request: ApprovalRequest


@dataclass(frozen=True, kw_only=True)
class AwaitedDecisions:
    """The decisions that a person may take, those that wait longest first; `more`: there may be others."""

    found: Sequence[AwaitedDecision]
    more: bool


def awaited(
    connection: Connection[Any], dag_ids: Sequence[str], deciding: Sequence[str], *, person: str, limit: int
) -> AwaitedDecisions:
    """The decisions that this person may take, by the rules that `ApprovalRequest.objection` checks.

    Args:
        dag_ids: the DAGs whose trainings the person may see.
        deciding: the DAGs whose approvals the person may see and answer.
        limit: maximum decisions.
    """
    with translated():
        values = {"types": APPROVALS, "dag_ids": list(dag_ids), "deciding": list(deciding), "person": person}
        rows = _QUERIES.execute(connection, "awaited", **values, limit=LOOKED_AT).fetchall()
    open_to_person = [one for one in map(_of, rows) if one.request.objection(person) is None]
    open_to_person.sort(key=lambda one: (one.asked_at, one.job_id))
    more = len(open_to_person) > limit or len(rows) == LOOKED_AT
    return AwaitedDecisions(found=open_to_person[:limit], more=more)


def evidence(connection: Connection[Any], decisions: Sequence[AwaitedDecision]) -> Mapping[int, Mapping[str, Any]]:
    """The newest evaluation and the champion's (or None) of each request, by the request's id."""
    with translated():
        rows = _QUERIES.execute(connection, "evidence", ids=[one.request.id for one in decisions])
        return {row["id"]: row for row in rows}


def _of(row: Mapping[str, Any]) -> AwaitedDecision:
    kind = VersionKind(row["kind"])
    return AwaitedDecision(
        job_id=row["job_id"],
        type=JobType(row["type"]),
        kind=kind,
        model=row["name"],
        version=row["number"],
        asked_at=row["asked_at"],
        request=ApprovalRequest(
            **{name: row[name] for name in ("id", "version_id", "digest", "approvers", "requesters", "unrequested")},
            evidence={kind: row["name"], "version": row["number"]},
        ),
    )
