"""Approval: evaluated → approved or rejected, by a reviewer's decision on recorded evidence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput, DecisionRefused, EvidenceChanged
from modelops.domain.versions import VersionKind
from modelops.registry.schema import check_schema
from modelops.registry.translation import translated
from modelops.registry.write import decisions, jobs, versions
from modelops.repository.policy import read_approvers
from modelops.stages.code import unpack_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from modelops.domain.decisions import Answer, ApprovalRequest
    from modelops.domain.jobs import Attempt, TaskKey
    from modelops.jobs.run import JobRun


def request_approval(
    name: str, number: int | None, run: JobRun, *, kind: VersionKind = VersionKind.MODEL
) -> ApprovalRequest:
    """Put a version's evidence before the reviewers of its pinned policy; the job then waits for an answer.

    Raises:
        UnknownVersion: the version does not exist.
        DecisionRefused: the version's status does not allow a decision, or nobody may decide.
        FenceLost: a newer attempt has the job.
    """
    version = versions.find(run.ledger, name, number, kind=kind)
    with run.workdir() as workdir:
        folder, _ = unpack_version(version, workdir, run)
        approvers = read_approvers(folder / "policy.yaml", f"{name}/policy.yaml")
    with run.fenced():
        run.name_subject(version)
        request = decisions.create_request(run.ledger, version, run.attempt, approvers=approvers)
        if request.approvers and not set(request.approvers) - set(request.requesters):
            raise DecisionRefused(
                f"nobody may decide on {version.subject}: all of its approvers requested it"
                f" ({', '.join(request.approvers)})",
                where=f"{name}/policy.yaml",
                expected="an approver who doesn't request versions, or a version that somebody else requests",
            )
        jobs.await_approval(run.ledger, run.attempt, digest=request.digest, request=request.id)
    run.log(f"{version.subject} waits for a reviewer's decision on the evidence {request.digest}")
    return request


@contextmanager
def decide(connection: Connection[Any], key: TaskKey, answer: Answer) -> Iterator[dict[str, Any] | None]:
    """Record a person's answer as the decision and complete the job with it; yields the job's result.

    This is one transaction, which commits when the block ends without an error. So the caller can first check that
    Airflow accepts the answer. Yields None if the task is not a job of ModelOps.

    Args:
        connection: a connection of the login modelops_jobs, in autocommit mode.
        key: the task of the approval.

    Raises:
        NotAwaited: the approval doesn't wait for an answer.
        DecisionRefused: the answer can't become a decision.
        EvidenceChanged: the evidence has changed since the card was shown. The refusal is recorded first.
        Unavailable: the ledger can't be reached, or has the schema of other code; no decision is recorded.
    """
    attempt = None
    try:
        check_schema(connection)
        with translated(), connection.transaction():
            attempt = jobs.resume(connection, key)
            yield None if attempt is None else _decide(connection, attempt, answer)
    except EvidenceChanged as error:
        assert attempt is not None
        jobs.note_refused(connection, attempt, person=answer.person, reason=error.what)
        raise


def expired(patience: str) -> BadInput:
    """The error for an approval that nobody answered in time."""
    return BadInput(
        f"nobody has decided within {patience}, so the version is not approved",
        where="the approval",
        expected="an answer in time; clear this task to ask again",
    )


def _decide(connection: Connection[Any], attempt: Attempt, answer: Answer) -> dict[str, Any]:
    request = decisions.newest_request(connection, attempt.job_id)
    assert request is not None  # a job that waits for an answer has a request
    request.check(answer)
    decision = decisions.decide(
        connection,
        request,
        job_id=attempt.job_id,
        approver=answer.person,
        verdict=answer.verdict,
        comment=answer.comment,
    )
    versions.decided(connection, request.version_id, answer.verdict, job_id=attempt.job_id)
    result = {
        request.kind.parameter: request.name,
        "version": request.evidence["version"],
        "verdict": str(answer.verdict),
        "approver": answer.person,
        "comment": answer.comment,
        "digest": request.digest,
        "decision": decision.id,
    }
    jobs.complete(connection, attempt, result, by=answer.person)
    return result
