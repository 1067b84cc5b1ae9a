"""What each stage can be asked for, declared once.

From a class here come the fields of Airflow's trigger form (`airflow.params`), the arguments and template fields of
the operator, and the parameters that the ledger keeps with the job. The use case of the stage gets an instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain import parameters as p
from modelops.domain.emptiness import Emptiness
from modelops.domain.parts import MOST as MOST_PARTS
from modelops.domain.parts import Part
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Mapping

BEFORE = "as in the current deployment"


@dataclass(frozen=True, kw_only=True)
class ScheduleTerms:
    """When batches are to run; None: as the deployment has it that serves the target now."""

    schedule: str | None = p.schedule(f"{BEFORE}, else manual")
    time_zone: str | None = p.time_zone(f"{BEFORE}, else UTC")
    late_after: float | None = p.late_after(f"{BEFORE}, else never")


@dataclass(frozen=True, kw_only=True)
class DeploymentTerms(ScheduleTerms):
    """What a model's version is deployed as."""

    dataset: str = p.dataset("predict", "batch predictions")
    target: str | None = p.parameter(
        None,
        title="Target",
        description="The view of the predictions: schema.name, or a name in the schema predictions."
        " Empty: the model's own name.",
        type=["null", "string"],
        minLength=1,
        **p.text(),
    )
    set_aside_budget: int = p.parameter(
        0,
        title="Rows that may be set aside",
        description="Maximum number of rows of a batch that may be left out because they can't be scored. A batch with"
        " more fails.",
        type="integer",
        minimum=0,
        maximum=p.MOST_SET_ASIDE,
    )
    empty: str = p.parameter(
        Emptiness.INTERVALS.value,
        title="Batches without rows",
        description="Which batches may have no row: never, intervals (those for a data interval, such as a night), or"
        " always. Any other batch without a row fails.",
        type="string",
        enum=[each.value for each in Emptiness],
    )
    parts: int = p.parameter(
        1,
        title="Parts of a batch",
        description="Number of parts of a batch, by entity key. Free workers score them in parallel; they are published"
        " together.",
        type="integer",
        minimum=1,
        maximum=MOST_PARTS,
    )


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """Train a new version of a model."""

    model: str = p.reference(VersionKind.MODEL, of_versions=False)
    dataset: str = p.dataset("train", "training")
    hyperparameters: Mapping[str, Any] = p.parameter(
        {},
        title="Hyperparameters",
        description='These take the place of the model\'s own in config.json, for example {"max_iter": 300}.',
        renderer="json",
        type="object",
        **bounds.schema(),
    )
    allow_dirty: bool = p.allow_dirty("Train")
    evaluate_dataset: str | None = p.parameter(
        None,
        title="Dataset of the evaluation that follows",
        description="Checked before the training starts. None: no evaluation follows.",
        in_form=False,
    )
    deployment: DeploymentTerms | None = p.parameter(
        None,
        title="Deployment that follows",
        description="The arguments of a DeployModelOperator, checked before the training starts. None: none follows.",
        in_form=False,
        holds=DeploymentTerms,
    )


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """Evaluate an existing version. None is the newest when the job began; a retry keeps to it."""

    model: str = p.reference(VersionKind.MODEL, of_versions=True)
    version: int | None = p.version("the newest that is neither rejected nor retired")
    dataset: str = p.dataset("evaluate", "evaluation")


@dataclass(frozen=True, kw_only=True)
class ModelDecisionRequest:
    """Put a model's version before the reviewers."""

    model: str = p.reference(VersionKind.MODEL, of_versions=True)
    version: int | None = p.version("the newest")


@dataclass(frozen=True, kw_only=True)
class DeploymentRequest(DeploymentTerms):
    """Put a model's version into production."""

    model: str = p.reference(VersionKind.MODEL, of_versions=True)
    version: int | None = p.version("the newest that is approved")


@dataclass(frozen=True, kw_only=True)
class IntervalRequest:
    """A data interval: ISO 8601 times with an offset, both or neither."""

    interval_start: str | None = p.interval("start")
    interval_end: str | None = p.interval("end")


@dataclass(frozen=True, kw_only=True)
class BatchRequest(IntervalRequest):
    """Score the rows of a deployment's dataset."""

    deployment: int = p.deployment()
    set_aside_budget: int | None = p.parameter(
        None,
        title="Rows that may be set aside",
        description="Takes the place of the deployment's own number for this batch. Empty: that number.",
        type=["null", "integer"],
        minimum=0,
        maximum=p.MOST_SET_ASIDE,
    )

    @property
    def only(self) -> Part | None:
        """The part of the batch that is scored; None: all of it."""
        return None


@dataclass(frozen=True, kw_only=True)
class PartRequest(BatchRequest):
    """Score one part of a batch, whose rows are published with those of all parts."""

    part: int = p.parameter(title="Part", description="Number of the part, from 0.", in_form=False)
    parts: int = p.parameter(title="Parts", description="Number of parts of the batch.", in_form=False)

    @property
    def only(self) -> Part:
        """The part of the batch that is scored."""
        return Part(number=self.part, of=self.parts)


@dataclass(frozen=True, kw_only=True)
class ScheduleRequest(ScheduleTerms):
    """Give a deployment another schedule, from now on; None: as it is."""

    deployment: int = p.deployment()
    schedule: str | None = p.schedule("as it is")
    time_zone: str | None = p.time_zone("as it is")
    paused: bool | None = p.parameter(
        None,
        title="Paused",
        description="Stop scheduled runs until this is set to false. Empty: as it is.",
        type=["null", "boolean"],
    )
    late_after: float | None = p.late_after("as it is")


@dataclass(frozen=True, kw_only=True)
class RetirementRequest:
    """End a deployment."""

    deployment: int = p.deployment()
    reason: str | None = p.parameter(
        None, title="Reason", description="Why, for the record.", type=["null", "string"], **p.text(bounds.COMMENT)
    )


@dataclass(frozen=True, kw_only=True)
class TaskDeploymentRequest(ScheduleTerms):
    """Put a feature task's version into production."""

    task: str = p.reference(VersionKind.FEATURE_TASK, of_versions=True)
    version: int | None = p.version("the newest that is approved")


@dataclass(frozen=True, kw_only=True)
class ImportRequest(IntervalRequest):
    """Import a feature task. The interval is that of the run that follows."""

    task: str = p.reference(VersionKind.FEATURE_TASK, of_versions=False)
    ref: str | None = p.parameter(
        None,
        title="Git ref",
        description="A branch, tag or commit, for a repository with a url. Empty: the one in repositories.yaml.",
        type=["null", "string"],
        minLength=1,
        **p.text(),
    )
    allow_dirty: bool = p.allow_dirty("Import")
    deployment: ScheduleTerms | None = p.parameter(
        None,
        title="Deployment that follows",
        description="The arguments of a DeployFeatureTaskOperator, checked before the version is made.",
        in_form=False,
        holds=ScheduleTerms,
    )


@dataclass(frozen=True, kw_only=True)
class TaskRunRequest(IntervalRequest):
    """Run a feature task's version once, for evidence."""

    task: str = p.reference(VersionKind.FEATURE_TASK, of_versions=True)
    version: int | None = p.version("the newest that is neither rejected nor retired")


@dataclass(frozen=True, kw_only=True)
class TaskDecisionRequest:
    """Put a feature task's version before the reviewers."""

    task: str = p.reference(VersionKind.FEATURE_TASK, of_versions=True)
    version: int | None = p.version("the newest")


@dataclass(frozen=True, kw_only=True)
class FeatureBatchRequest(IntervalRequest):
    """Make a deployment's feature table, whole or for a data interval."""

    deployment: int = p.deployment()
