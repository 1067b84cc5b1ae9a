"""Approval requests and decisions. Append-only. See `sql/decisions.sql`.

Functions that write are part of a caller's transaction, which is fenced (`jobs.fenced`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.decisions import ApprovalRequest, Decision, Verdict
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.jobs import Attempt, JobId
    from modelops.domain.versions import Version, VersionId

_QUERIES = Queries("decisions")


def create_request(
    connection: Connection[Any], version: Version, attempt: Attempt, *, approvers: Sequence[str]
) -> ApprovalRequest:
    """Create an approval request with the version's current evidence."""
    row = _QUERIES.execute(
        connection,
        "create_request",
        version_id=version.id,
        job_id=attempt.job_id,
        attempt=attempt.number,
        approvers=list(approvers),
    ).fetchone()
    assert row is not None
    return ApprovalRequest(**row)


def newest_request(connection: Connection[Any], job_id: JobId) -> ApprovalRequest | None:
    """The newest approval request of a job; None if there is none."""
    with translated():
        row = _QUERIES.execute(connection, "newest_request", job_id=job_id).fetchone()
    return None if row is None else ApprovalRequest(**row)


def decide(
    connection: Connection[Any],
    request: ApprovalRequest,
    *,
    job_id: JobId,
    approver: str,
    verdict: Verdict,
    comment: str | None,
) -> Decision:
    """Record a decision, bound to the digest of the evidence on the card.

    Raises:
        DecisionRefused: the person may not decide, there already is a decision, a rejection has no reason, or the
            evidence has changed.
    """
    with translated():
        row = _QUERIES.execute(
            connection,
            "decide",
            version_id=request.version_id,
            request_id=request.id,
            job_id=job_id,
            digest=request.digest,
            approver=approver,
            verdict=verdict,
            comment=comment,
        ).fetchone()
    assert row is not None
    return _decision(row)


def approval_of(connection: Connection[Any], version_id: VersionId) -> Decision | None:
    """The decision that approved a version."""
    with translated():
        row = _QUERIES.execute(connection, "approval_of", version_id=version_id).fetchone()
    return None if row is None else _decision(row)


def _decision(row: Mapping[str, Any]) -> Decision:
    return Decision(**{**row, "verdict": Verdict(row["verdict"])})
