"""The form of the declaration of a job type; `modelops.domain.job_types` has the declarations."""

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
    """The files that the version pins."""
    OF_EVALUATION = "evaluation"
    """The files of the job's own evaluation; none for a job without an evaluation."""
    ALL = "all"
    """The files that the version pins, and those of all its evaluations."""


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
    """A transition of a version's status that jobs of the type may make. `before` is None for a new version."""

    before: VersionStatus | None
    after: VersionStatus
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """The effects of a retry and of a person's interventions on a job of the type, in a sentence or two each."""

    retry: str = "It starts again."
    clear: str
    stop: str
    marked_as_success: str


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The properties of a job type that other packages, the view and the documents use.

    Args:
        kinds: the kinds of versions that have this stage; none if the job is about no version.
        meaning: what a job of the type does, as a sentence.
        operators: class names of the operators that run it.
        steps: the steps that its log has between `running` and `completed`, in Markdown.
        transitions: the transitions that it may make; the database refuses any other.
        evidence: the evidence on a job's page, or None.
        tabs: the tabs of a job's page, in order.
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
