"""The errors of the product, in one class hierarchy.

Two branches decide whether a job is retried. A `BadInput` is an error that a person has to correct: a retry can't help,
so the job fails at once. An `Unavailable` is an error of the platform: the job is retried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelops.domain.refusals import Refusal

SHOWN = 20
"""Maximum number of errors in one message."""


class ModelOpsError(Exception):
    """Something went wrong in the ModelOps system."""


class BadInput(ModelOpsError):
    """Something that a person wrote or requested is wrong, and a retry would not help.

    Args:
        what: the error, in one sentence without a full stop.
        where: the file, column, parameter or row at fault.
        expected: what would be right, so that the reader can do it.
    """

    def __init__(self, what: str, *, where: str, expected: str) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        super().__init__(f"{what}\n  where: {where}\n  expected: {expected}")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.expected)


def _rebuild(kind: type[BadInput], what: str, where: str, expected: str) -> BadInput:
    return kind(what, where=where, expected=expected)


class SeveralErrors(BadInput):
    """Several errors at once, in `errors`."""

    def __init__(self, errors: Sequence[BadInput]) -> None:
        self.errors = tuple(errors)
        super().__init__(
            f"{len(self.errors)} errors",
            where="; ".join(error.where for error in self.errors),
            expected="; ".join(error.expected for error in self.errors),
        )

    def __str__(self) -> str:
        shown = [str(error) for error in self.errors[:SHOWN]]
        more = len(self.errors) - SHOWN
        return "\n".join([f"{self.what}:", *shown, *([f"and {more} more"] if more > 0 else [])])

    def __reduce__(self) -> tuple[object, ...]:
        return SeveralErrors, (self.errors,)


class RepositoryError(BadInput):
    """A ModelOps repository can't be read, or has the wrong layout."""


class DatasetError(BadInput):
    """A dataset's SQL or its rows are not what the model declares."""


class FeatureError(BadInput):
    """The rows of a feature task are not what it declares."""


class TargetError(BadInput):
    """The target of predictions or features can't be created, or doesn't fit them."""


class RequirementsError(BadInput):
    """A requirements.txt can't be turned into an environment."""


class UserCodeError(BadInput):
    """The code of a model or feature task raised an error, or its output is invalid."""


class ResourceLimitError(UserCodeError):
    """The code of a model or feature task used more memory, CPU time or time than it may."""


class ModelFileError(BadInput):
    """A model file is damaged, in none of the formats that can be imported, made to do harm, or can't be used."""


class RowsChanged(UserCodeError):
    """The code of a model changed the file of the dataset's rows."""


class ScoringError(BadInput):
    """A model can't score the rows it was given."""


class UnknownVersion(BadInput):
    """The version does not exist."""


class UnknownParameter(BadInput):
    """A request has an unknown parameter."""


class IllegalTransition(BadInput):
    """The state machine has no such transition."""


class DecisionRefused(BadInput):
    """A person's answer can't become a decision; `refusal` is None where only the database knows why."""

    refusal: Refusal | None = None

    @classmethod
    def because(cls, refusal: Refusal, *, where: str, expected: str) -> Self:
        """Make the error from the reason that the person gets."""
        error = cls(refusal.detail, where=where, expected=expected)
        error.refusal = refusal
        return error


class IncompleteAnswer(DecisionRefused):
    """An answer is incomplete or can't be stored, regardless of the person."""


class StaleCard(DecisionRefused):
    """An answer is to a card that has been replaced."""


class EvidenceChanged(DecisionRefused):
    """The evidence has changed since the card was shown; the reviewers get a new card."""


class NotApproved(BadInput):
    """The version has no valid approval of exactly its artifacts, so it can't be deployed."""


class UnknownDeployment(BadInput):
    """The deployment does not exist or has ended."""


class UnknownBatch(BadInput):
    """The batch that a request names is not published."""


class LabelsError(BadInput):
    """The labels can't be compared with the predictions."""


class AlertError(BadInput):
    """An alert rule, or a snooze of one, is invalid."""


class IntervalError(BadInput):
    """An invalid data interval, or one that overlaps with published rows."""


class PartsError(BadInput):
    """The number of partitions is invalid, or the partitions of a batch don't belong together."""


class ScheduleError(BadInput):
    """A schedule or a time zone is invalid, or the schedule never starts a run."""


class UnknownSchema(BadInput):
    """The data database has a schema version that this release can't migrate."""


class LoginError(BadInput):
    """A login of the database lacks a privilege or has one too many, or the server isn't set up for it."""


class Unavailable(ModelOpsError):
    """A service that the system depends on is unavailable; a retry may help."""


class Busy(Unavailable):
    """A service is overloaded or waits for a lock; a retry may help."""


class NotAwaited(ModelOpsError):
    """The approval does not wait for an answer: not yet, or not any more."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.detail)


class ChildLost(Unavailable):
    """The process that ran user code was killed from outside, or did not respond."""


class FenceLost(ModelOpsError):
    """A newer attempt has taken over the job; this attempt may not write any more."""


class ArtifactChanged(BadInput):
    """A stored artifact is missing or differs from the recorded file."""
