"""A decision: a reviewer's verdict on a version, bound to the evidence that was shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain.errors import DecisionRefused, IncompleteAnswer, StaleCard
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from modelops.domain.versions import VersionId


REASON_MISSING = "a rejection needs a comment that says why"
UNSTORABLE = "an answer can't hold NUL characters or halves of surrogate pairs: no database can store them"
OTHER_EVIDENCE = "the answer is to a card that showed other evidence; look at the one that is shown now"


REQUESTER_LATER = (
    "an answer in a moment, when the observer has put on record who cleared it, if anybody;"
    " or, if Airflow's audit log doesn't tell, a version from a new run"
)
"""What is right where the requester of an attempt is unknown."""


class Verdict(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    """The version may be deployed."""
    REJECTED = "rejected"
    """It may not, for the reason in the comment."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a person answered; `comment` is free text, None where there is none.

    `evidence` is the digest on the card that they saw; None where they gave none, which stands for what is shown now.
    """

    person: str
    verdict: Verdict
    comment: str | None = None
    evidence: str | None = None

    @classmethod
    def given(cls, person: str, verdict: Verdict, fields: Mapping[str, Any]) -> Answer:
        """From the fields of the form; through REST anything may stand where the page has a text.

        Raises:
            IncompleteAnswer: a field is out of bounds or can't be stored.
        """
        comment = fields.get("comment")
        if isinstance(comment, str) and len(comment) > bounds.COMMENT:
            raise _too_long(comment)
        where = "the fields of the answer"
        for wrong in bounds.violations(fields, shape_only=True):
            if wrong.endswith(bounds.UNSTORABLE):
                raise _incomplete(UNSTORABLE, where, "text without these")
            raise _incomplete(f"the answer is out of bounds: {wrong}", where, bounds.EXPECTED)
        text = "" if comment is None else str(comment).strip()
        if len(text) > bounds.COMMENT:
            raise _too_long(text)
        return cls(person=person, verdict=verdict, comment=text or None, evidence=fields.get("evidence"))


def _too_long(comment: str) -> IncompleteAnswer:
    most = f"at most {bounds.COMMENT:,} characters"
    return _incomplete(f"the comment has {len(comment):,} characters; expected: {most}", "the comment", most)


def _incomplete(what: str, where: str, expected: str) -> IncompleteAnswer:
    return IncompleteAnswer(what, where=where, expected=expected)


@dataclass(frozen=True, kw_only=True)
class ApprovalRequest:
    """What was shown to the reviewers.

    `evidence` is as the database wrote it (the function `modelops.evidence`) and `digest` its SHA-256; `requesters`
    asked for the training or the import; `approvers` may decide (empty: anybody who isn't a requester). `unrequested`
    are the attempts that began the training or the import anew while nobody is on record as having cleared it.
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
        """What it is about."""
        return VersionKind.FEATURE_TASK if VersionKind.FEATURE_TASK in self.evidence else VersionKind.MODEL

    @property
    def name(self) -> str:
        """Reference of the model or the feature task."""
        return str(self.evidence[self.kind])

    @property
    def subject(self) -> str:
        """What people call the version: `demo/arrival_delay v3`."""
        return f"{self.name} v{self.evidence['version']}"

    @property
    def work(self) -> str:
        """What the requesters asked for."""
        return "training" if self.kind is VersionKind.MODEL else "import"

    @property
    def possible_approvers(self) -> Sequence[str]:
        """Who may decide, by name; empty: anybody but who asked."""
        return [person for person in self.approvers if person not in self.requesters]

    def objection(self, person: str) -> str | None:
        """Why this person can't decide; None if they can. The database asks the same."""
        if person in self.requesters:
            return f"{person} asked for the {self.work} of {self.subject} and can't decide on it"
        if self.unrequested:
            attempts = ", ".join(map(str, self.unrequested))
            return (
                f"nobody can decide on {self.subject} yet: it isn't on record who cleared its {self.work}"
                f" before attempt {attempts}; expected: {REQUESTER_LATER}"
            )
        if self.approvers and person not in self.approvers:
            return f"{person} isn't among the approvers of {self.subject}: {', '.join(self.approvers)}"
        return None

    def check(self, answer: Answer) -> None:
        """Refuse an answer that can't become a decision, with the reason for the person who gives it.

        Raises:
            DecisionRefused: this person can't decide.
            IncompleteAnswer: a rejection without a comment.
            StaleCard: the answer is to another card.
        """
        if objection := self.objection(answer.person):
            raise DecisionRefused(objection, where="the answer", expected="the answer of another reviewer")
        if answer.verdict is Verdict.REJECTED and answer.comment is None:
            raise _incomplete(REASON_MISSING, "the comment", "why this version may not be deployed")
        if answer.evidence is not None and answer.evidence != self.digest:
            raise StaleCard(OTHER_EVIDENCE, where="the answer", expected="an answer to the card of now")


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
