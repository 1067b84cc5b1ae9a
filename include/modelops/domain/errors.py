"""The errors of the product, in one class hierarchy.

Two branches matter to a job. A `BadInput` is somebody's to mend: trying again can't help, so the job fails at once.
An `Unavailable` is the platform's trouble: the job is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 20
"""So many errors are told at once."""


class ModelOpsError(Exception):
    """Something went wrong in the ModelOps system."""


class BadInput(ModelOpsError):
    """Something that a person wrote or asked for is wrong, and trying again would not help.

    Args:
        what: what is wrong, in one sentence without a full stop.
        where: the file, column, parameter or row that is meant.
        expected: what would be right, said so that it can be done.
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
    """More than one thing is wrong; `errors` has each."""

    def __init__(self, errors: Sequence[BadInput]) -> None:
        self.errors = tuple(errors)
        super().__init__(
            f"{len(self.errors)} errors",
            where="; ".join(error.where for error in self.errors),
            expected="; ".join(error.expected for error in self.errors),
        )

    def __str__(self) -> str:
        told = [str(error) for error in self.errors[:SHOWN]]
        more = len(self.errors) - SHOWN
        return "\n".join([f"{self.what}:", *told, *([f"and {more} more"] if more > 0 else [])])

    def __reduce__(self) -> tuple[object, ...]:
        return SeveralErrors, (self.errors,)


class RepositoryError(BadInput):
    """A ModelOps repository can't be read, or isn't in the layout that it must have."""


class DatasetError(BadInput):
    """A dataset's SQL or its rows are not what the model declares."""


class FeatureError(BadInput):
    """The rows of a feature task are not what it declares."""


class TargetError(BadInput):
    """The table that predictions or features go to isn't what it must be."""


class RequirementsError(BadInput):
    """A requirements.txt can't be turned into an environment."""


class UserCodeError(BadInput):
    """A model's or a feature task's own code raised an error, or left something other than it must."""


class ScoringError(BadInput):
    """A model can't score the rows it was given."""


class UnknownVersion(BadInput):
    """There is no such model version."""


class UnknownParameter(BadInput):
    """A request names a parameter that there isn't."""


class IllegalTransition(BadInput):
    """The state machine has no such step."""


class DecisionRefused(BadInput):
    """An answer of a person that can't become a decision."""


class IncompleteAnswer(DecisionRefused):
    """An answer that lacks something, or holds something that can't be stored, whoever gives it."""


class StaleCard(DecisionRefused):
    """An answer to a card that is not the one shown now."""


class EvidenceChanged(DecisionRefused):
    """An answer on evidence that has changed since it was shown; the reviewers are asked anew."""


class NotApproved(BadInput):
    """A version without a valid approval of exactly its artifacts can't go into production."""


class UnknownDeployment(BadInput):
    """There is no such deployment, or it has ended."""


class IntervalError(BadInput):
    """An invalid data interval, or one that overlaps with published rows."""


class PartsError(BadInput):
    """A batch can't be cut so, or its parts don't belong together."""


class ScheduleError(BadInput):
    """What should be a schedule or a time zone is none, or never comes to a run."""


class UnknownSchema(BadInput):
    """The data database was migrated by a release that this one can't continue."""


class Unavailable(ModelOpsError):
    """Something that the system stands on isn't there right now; trying again may help."""


class Busy(Unavailable):
    """It is there, but has too much to do right now, or waits for a lock; trying again may help."""


class NotAwaited(ModelOpsError):
    """An answer to an approval that does not wait for one: not yet, or not any more."""


class ChildLost(Unavailable):
    """The process that ran user code was killed from outside, or never answered."""


class FenceLost(ModelOpsError):
    """This attempt was given up and a newer one has taken the job over; nothing of this one may be written."""


class ArtifactChanged(BadInput):
    """A stored artifact is not, or no longer, the file that was recorded."""
