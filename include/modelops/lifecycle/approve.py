"""Approval: evaluated → approved or rejected, by a person's word on evidence that the registry keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.decisions import OTHER_EVIDENCE, REASON_MISSING, Verdict
from modelops.domain.errors import BadInput, DecisionRefused, EvidenceChanged
from modelops.domain.versions import VersionKind
from modelops.lifecycle import code as version_code
from modelops.registry import decisions, jobs, versions

if TYPE_CHECKING:
    from modelops.domain.decisions import ApprovalRequest
    from modelops.domain.jobs import Attempt
    from modelops.lifecycle.services import Services


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a person answered; `comment` is free text.

    `evidence` is the digest on the card that they saw; None where they gave none, which stands for what is shown now.
    """

    person: str
    verdict: Verdict
    comment: str | None
    evidence: str | None = None


def ask(
    name: str, number: int | None, attempt: Attempt, services: Services, *, kind: VersionKind = VersionKind.MODEL
) -> ApprovalRequest:
    """Put a version's evidence before the reviewers that its pinned policy names; the job then waits for one of them.

    Raises:
        UnknownVersion: there is no such version.
        DecisionRefused: it isn't one that waits for its decision, or nobody may decide.
        FenceLost: a newer attempt has the job.
    """
    version = versions.find(services.connection, name, number, kind=kind)
    with services.workdir(attempt) as workdir:
        approvers = version_code.load_any(version, workdir, services).definition.approvers
    with jobs.holding(services.connection, attempt):
        jobs.name_subject(services.connection, attempt, version)
        request = decisions.ask(services.connection, version, attempt, approvers=approvers)
        if request.approvers and not set(request.approvers) - set(request.requesters):
            raise DecisionRefused(
                f"nobody may decide on {version.subject}: all of its approvers asked for it"
                f" ({', '.join(request.approvers)})",
                where=f"{name}/policy.yaml",
                expected="an approver who doesn't ask for new versions, or a version that somebody else asks for",
            )
        jobs.await_approval(services.connection, attempt, digest=request.digest, request=request.id)
    services.log(f"{version.subject} is before the reviewers; evidence {request.digest}")
    return request


def asked(attempt: Attempt, services: Services) -> ApprovalRequest:
    """What is before the reviewers, and now answered."""
    request = decisions.asked(services.connection, attempt.job_id)
    assert request is not None  # only a job that has asked is answered
    return request


def decide(request: ApprovalRequest, answer: Answer, attempt: Attempt, services: Services) -> dict[str, Any] | None:
    """Make an answer a decision; None if it doesn't count, which is on record then, and the job waits on.

    Raises:
        EvidenceChanged: the evidence isn't what was shown any more; another attempt shows it as it is now.
        FenceLost: a newer attempt has the job.
    """
    comment = (answer.comment or "").strip() or None
    objection = request.objection(answer.person)
    if objection is None and answer.verdict is Verdict.REJECTED and comment is None:
        objection = REASON_MISSING
    if objection is None:
        try:
            return _decide(request, answer, comment, attempt, services)
        except EvidenceChanged as error:
            jobs.refuse(services.connection, attempt, person=answer.person, reason=str(error), waits_on=False)
            raise
        except DecisionRefused as error:
            objection = error.what
    jobs.refuse(services.connection, attempt, person=answer.person, reason=objection, waits_on=True)
    services.log(f"The answer of {answer.person} doesn't count: {objection}. The job waits for another answer.")
    return None


def expired(patience: str) -> BadInput:
    """Nobody has answered in time, which is never an approval."""
    return BadInput(
        f"nobody has decided within {patience}; that is never an approval",
        where="the approval",
        expected="an answer in time; clear this task to ask again",
    )


def _decide(
    request: ApprovalRequest, answer: Answer, comment: str | None, attempt: Attempt, services: Services
) -> dict[str, Any]:
    if answer.evidence is not None and answer.evidence != request.digest:
        raise EvidenceChanged(OTHER_EVIDENCE)
    with jobs.holding(services.connection, attempt):
        decision = decisions.decide(
            services.connection,
            request,
            job_id=attempt.job_id,
            approver=answer.person,
            verdict=answer.verdict,
            comment=comment,
        )
        versions.decided(services.connection, request.version_id, answer.verdict, job_id=attempt.job_id)
        result = {
            request.kind.parameter: request.name,
            "version": request.evidence["version"],
            "verdict": str(answer.verdict),
            "approver": answer.person,
            "comment": comment,
            "digest": request.digest,
            "decision": decision.id,
        }
        jobs.complete(services.connection, attempt, result, by=answer.person)
    services.log(
        f"{answer.person} has {answer.verdict} {request.subject}"
        f" on evidence {request.digest}" + (f": {comment}" if comment else "")
    )
    return result
