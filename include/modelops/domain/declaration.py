"""What a job type declares of itself; `modelops.domain.job_types` has the declarations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelops.domain.versions import VersionKind, VersionStatus


class Stage(StrEnum):
    """A stage in the life of a version, whatever its kind. The guards of the database name job types by their stage."""

    IMPORT = "import"
    TRAINING = "training"
    EVALUATION = "evaluation"
    APPROVAL = "approval"
    DEPLOYMENT = "deployment"
    BATCH = "batch"
    RETIREMENT = "retirement"
    SCHEDULE_CHANGE = "schedule_change"
    STATISTICS = "statistics"
    DRIFT = "drift"
    PERFORMANCE = "performance"
    ALERT_RULE_CHANGE = "alert_rule_change"
    CONNECTION_CHECK = "connection_check"


class Evidence(StrEnum):
    """Which files a job's page shows with the evidence of its version."""

    OF_VERSION = "version"
    """Those that the version pins."""
    OF_EVALUATION = "evaluation"
    """Those that the job's own evaluation left; none for a job that makes no evaluation."""
    ALL = "all"
    """Those that the version pins, and those that its evaluations left."""


class Tab(StrEnum):
    """A tab of a job's page."""

    EVIDENCE = "evidence"
    PREDICTIONS = "predictions"
    FEATURES = "features"
    STATISTICS = "statistics"
    DRIFT = "drift"
    PERFORMANCE = "performance"
    LOGS = "logs"
    LIFE_CYCLE = "life"
    PROPERTIES = "properties"


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text of the view in each of its languages."""

    en: str
    fr: str


class Group(StrEnum):
    """The group under which the view lists a job type."""

    MODEL = "model"
    FEATURE = "feature"
    SUPPORTING = "supporting"

    @property
    def label(self) -> Label:
        """Its heading."""
        return {
            Group.MODEL: Label(en="Model life cycle", fr="Cycle de vie du modèle"),
            Group.FEATURE: Label(en="Feature engineering", fr="Ingénierie des caractéristiques"),
            Group.SUPPORTING: Label(en="Supporting", fr="Compléments"),
        }[self]


@dataclass(frozen=True)
class Transition:
    """A step of a version's status that jobs of the type may take. `before` is None for a new version."""

    before: VersionStatus | None
    after: VersionStatus
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """What another attempt, or a person's intervention, does to a job of the type; a sentence or two each."""

    retry: str
    clear: str
    stop: str
    marked_as_success: str


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """All that the parts of the system need to know of a job type.

    Args:
        kinds: the kinds of versions whose stage it is; none, if it is about no version.
        meaning: what a job of the type does, as a sentence.
        operators: class names of the operators that run it.
        steps: what its log has between `running` and `completed`, in Markdown.
        transitions: the state machine: what is in no declaration can't happen.
        evidence: None where a job's page shows no evidence.
        tabs: of a job's page, in their order.
    """

    stage: Stage
    kinds: tuple[VersionKind, ...]
    group: Group
    label: Label
    meaning: str
    operators: tuple[str, ...]
    steps: str
    attempts: Attempts
    transitions: tuple[Transition, ...] = ()
    evidence: Evidence | None = None
    tabs: tuple[Tab, ...] = (Tab.LOGS, Tab.LIFE_CYCLE, Tab.PROPERTIES)
