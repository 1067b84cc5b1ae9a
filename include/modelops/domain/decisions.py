"""A decision: a reviewer's verdict on a version, bound to the evidence on the card."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain.errors import DecisionRefused, IncompleteAnswer, StaleCard
from modelops.domain.refusals import Code, Refusal
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from modelops.domain.versions import VersionId


REASON_MISSING = "a rejection needs a comment that says why"
UNSTORABLE = "an answer can't have NUL characters or unpaired surrogates: the database can't store them"
OTHER_EVIDENCE = "the answer is to a card with other evidence; look at the current card"


REQUESTER_LATER = (
    "an answer in a moment, when the observer has recorded who cleared it, if anybody;"
    " or, if Airflow's audit log doesn't name that person, a version from a new run"
)
"""The `expected` text if the requester of an attempt is unknown."""


class Verdict(StrEnum):
    """The outcome of a decision."""

    APPROVED = "approved"
    """The version may be deployed."""
    REJECTED = "rejected"
    """The version may not be deployed, for the reason in the comment."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A person's answer to an approval; `comment` is free text, or None.

    `evidence` is the digest on the card that the person saw. None stands for the current card.
    """

    person: str
    verdict: Verdict
    comment: str | None = None
    evidence: str | None = None

    @classmethod
    def from_fields(cls, person: str, verdict: Verdict, fields: Mapping[str, Any]) -> Answer:
        """Make an answer from the fields of the form. A REST client may send any JSON value in place of a text.

        Raises:
            IncompleteAnswer: a field is out of bounds, or has characters that can't be stored.
        """
        comment = fields.get("comment")
        if isinstance(comment, str) and len(comment) > bounds.COMMENT:
            raise _too_long(comment)
        where = "the fields of the answer"
        for wrong in bounds.violations(fields, shape_only=True):
            if wrong.endswith(bounds.UNSTORABLE):
                raise _incomplete(
                    Refusal(code=Code.UNSTORABLE, detail=UNSTORABLE), where, "text without such characters"
                )
            out = f"the answer is out of bounds: {wrong}"
            refusal = Refusal(code=Code.ANSWER_OUT_OF_BOUNDS, detail=out, values={"wrong": wrong})
            raise _incomplete(refusal, where, bounds.EXPECTED)
        text = "" if comment is None else str(comment).strip()
        if len(text) > bounds.COMMENT:
            raise _too_long(text)
        return cls(person=person, verdict=verdict, comment=text or None, evidence=fields.get("evidence"))


def _too_long(comment: str) -> IncompleteAnswer:
    most = f"at most {bounds.COMMENT:,} characters"
    refusal = Refusal(
        code=Code.COMMENT_TOO_LONG,
        detail=f"the comment has {len(comment):,} characters; expected: {most}",
        values={"length": len(comment), "most": bounds.COMMENT},
    )
    return _incomplete(refusal, "the comment", most)


def _incomplete(refusal: Refusal, where: str, expected: str) -> IncompleteAnswer:
    return IncompleteAnswer.because(refusal, where=where, expected=expected)


@dataclass(frozen=True, kw_only=True)
class ApprovalRequest:
    """A version that is put before the reviewers.

    `evidence` is the evidence that the database wrote (the function `modelops.evidence`) and `digest` its SHA-256;
    `requesters` requested the training or the import; `approvers` may decide (empty: anybody except a requester).
    `unrequested` has the attempts that started the training or the import again with no record of who cleared it.
    """

    id: int
    version_id: VersionId
    digest: str
    evidence: Mapping[str, Any]
    requesters: Sequence[str]
    approvers: Sequence[str]
    unrequested: Sequence[int] = ()

    @property
    def kind(self) -> VersionKind:
        """The kind of the version."""
        return VersionKind.FEATURE_TASK if VersionKind.FEATURE_TASK in self.evidence else VersionKind.MODEL

    @property
    def name(self) -> str:
        """The reference of the model or the feature task."""
        return str(self.evidence[self.kind])

    @property
    def subject(self) -> str:
        """The version in messages: `demo/arrival_delay v3`."""
        return f"{self.name} v{self.evidence['version']}"

    @property
    def work(self) -> str:
        """The stage that the requesters requested."""
        return "import" if "definition" in self.evidence else "training"

    @property
    def possible_approvers(self) -> Sequence[str]:
        """The named persons who may decide; empty: anybody except a requester."""
        return [person for person in self.approvers if person not in self.requesters]

    def objection(self, person: str) -> Refusal | None:
        """Why this person can't decide; None if they can. The database enforces the same rules."""
        about = {"subject": self.subject, "work": self.work}
        if person in self.requesters:
            detail = f"{person} requested the {self.work} of {self.subject} and can't decide on it"
            return Refusal(code=Code.OWN_REQUEST, detail=detail, values={"person": person, **about})
        if self.unrequested:
            attempts = ", ".join(map(str, self.unrequested))
            detail = (
                f"nobody can decide on {self.subject} yet: it isn't on record who cleared its {self.work}"
                f" before attempt {attempts}; expected: {REQUESTER_LATER}"
            )
            return Refusal(code=Code.REQUESTER_UNKNOWN, detail=detail, values={"attempts": attempts, **about})
        if self.approvers and person not in self.approvers:
            approvers = ", ".join(self.approvers)
            return Refusal(
                code=Code.NOT_AN_APPROVER,
                detail=f"{person} isn't among the approvers of {self.subject}: {approvers}",
                values={"person": person, "subject": self.subject, "approvers": approvers},
            )
        return None

    def check(self, answer: Answer) -> None:
        """Check that the answer can become a decision; the error's message is for the person who answers.

        Raises:
            DecisionRefused: this person can't decide.
            IncompleteAnswer: a rejection has no comment.
            StaleCard: the answer is to an earlier card.
        """
        if objection := self.objection(answer.person):
            raise DecisionRefused.because(objection, where="the answer", expected="the answer of another reviewer")
        if answer.verdict is Verdict.REJECTED and answer.comment is None:
            refusal = Refusal(code=Code.COMMENT_MISSING, detail=REASON_MISSING)
            raise _incomplete(refusal, "the comment", "why this version may not be deployed")
        if answer.evidence is not None and answer.evidence != self.digest:
            refusal = Refusal(code=Code.OTHER_CARD, detail=OTHER_EVIDENCE)
            raise StaleCard.because(refusal, where="the answer", expected="an answer to the current card")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A recorded decision."""

    id: int
    version_id: VersionId
    digest: str
    approver: str
    verdict: Verdict
    comment: str | None
    decided_at: datetime
