"""The request of each stage, declared once.

Each class defines the fields of Airflow's trigger form (`airflow.params`), the arguments and template fields of the
operator, and the parameters that the ledger stores with the job. The use case of the stage gets an instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain import parameters as p
from modelops.domain.emptiness import Emptiness
from modelops.domain.labels import LONGEST_MATURITY
from modelops.domain.parts import MOST as MAX_PARTS
from modelops.domain.parts import Part
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Mapping

BEFORE = "as in the current deployment"
ONE_INTERVAL = (
    "Only with a deployment, to measure the batches of one data interval again: an ISO 8601 time with an offset."
    " Empty: all of its batches with due or missing labels."
)


@dataclass(frozen=True, kw_only=True)
class ScheduleTerms:
    """The schedule of batches; None: as in the target's current deployment."""

    schedule: str | None = p.schedule(f"{BEFORE}, else manual")
    time_zone: str | None = p.time_zone(f"{BEFORE}, else UTC")
    late_after: float | None = p.late_after(f"{BEFORE}, else never")


@dataclass(frozen=True, kw_only=True)
class DeploymentTerms(ScheduleTerms):
    """The terms on which a version of a model is deployed."""

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
        title="Maximum rejected rows",
        description="The maximum number of rows of a batch that may be rejected because they can't be scored. A batch"
        " with more rejected rows fails.",
        type="integer",
        minimum=0,
        maximum=p.MAX_SET_ASIDE,
    )
    empty: str = p.parameter(
        Emptiness.INTERVALS.value,
        title="Batches without rows",
        description="Which batches may have no rows: never (none), intervals (those for a data interval, such as a"
        " night), or always (all). Any other batch without rows fails.",
        type="string",
        enum=[each.value for each in Emptiness],
    )
    parts: int = p.parameter(
        1,
        title="Partitions",
        description="The number of partitions of a batch, by entity key. Free workers score them in parallel. They are"
        " published together.",
        type="integer",
        minimum=1,
        maximum=MAX_PARTS,
    )
    check_drift: bool = p.parameter(
        True,
        title="Check drift",
        description="If true, each batch is compared with the reference once it is published.",
        type="boolean",
    )
    measure_performance: bool = p.parameter(
        True,
        title="Measure performance",
        description="If true, published predictions are compared with the labels, once these are known.",
        type="boolean",
    )
    truth: str | None = p.parameter(
        None,
        title="Dataset for labels",
        description="The name of a dataset, or a SELECT statement, with the entity key and the targets: the observed"
        " values with which published predictions are compared. Empty: the model's dataset truth, if it has one.",
        renderer="sql",
        type=["null", "string"],
        minLength=1,
        **p.text(bounds.TEXT),
    )
    maturity_days: float | None = p.parameter(
        None,
        title="Maturity of labels (days)",
        description="The time from the end of a data interval, or from the publication of a batch without one, until"
        " its labels are complete. Empty: as in the model's datasets.yaml, else 0.",
        type=["null", "number"],
        minimum=0,
        maximum=LONGEST_MATURITY.days,
    )


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """Train a new version of a model."""

    model: str = p.reference(VersionKind.MODEL, of_versions=False)
    dataset: str = p.dataset("train", "training")
    hyperparameters: Mapping[str, Any] = p.parameter(
        {},
        title="Hyperparameters",
        description='These override the hyperparameters in the model\'s config.json, for example {"max_iter": 300}.',
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
    """Evaluate an existing version. Without one, the newest when the job started; a retry uses the same version."""

    model: str = p.reference(VersionKind.MODEL, of_versions=True)
    version: int | None = p.version("the newest that is neither rejected nor retired")
    dataset: str = p.dataset("evaluate", "evaluation")


@dataclass(frozen=True, kw_only=True)
class StatisticsRequest:
    """Compute a version's statistics. Without a version, the newest when the job started; a retry uses the same one."""

    model: str = p.reference(VersionKind.MODEL, of_versions=True)
    version: int | None = p.version("the newest that is neither rejected nor retired")
    dataset: str = p.dataset("train", "features and targets")
    predictions_dataset: str = p.dataset("evaluate", "predictions")


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
        title="Maximum rejected rows",
        description="The maximum number of rejected rows for this batch. Empty: as in the deployment.",
        type=["null", "integer"],
        minimum=0,
        maximum=p.MAX_SET_ASIDE,
    )

    @property
    def partition(self) -> Part | None:
        """The partition of the batch that is scored; None: the whole batch."""
        return None


@dataclass(frozen=True, kw_only=True)
class DriftCheckRequest(IntervalRequest):
    """Compare a published batch with the reference. Without an interval, the newest batch that has none."""

    deployment: int = p.parameter(
        title="Deployment",
        description="The number of a deployment, also of one that has ended.",
        type="integer",
        minimum=1,
    )
    batch_task: str | None = p.parameter(
        None,
        title="Task of the batch",
        description="The task of this DAG run whose batch is compared. None: the newest batch of the interval.",
        in_form=False,
    )


@dataclass(frozen=True, kw_only=True)
class PerformanceRequest(IntervalRequest):
    """Measure the published batches whose labels are due, or those of an interval."""

    deployment: int = p.parameter(
        title="Deployment", description="The number of a model's deployment, also of one that has ended.", in_form=False
    )
    also_missing: bool = p.parameter(
        False,
        title="Missing labels too",
        description="If true, batches with missing labels are measured too, before they are due again.",
        in_form=False,
    )


@dataclass(frozen=True, kw_only=True)
class DuePerformanceRequest(IntervalRequest):
    """Measure the batches with due labels, of all deployments; of one deployment, also those with missing labels."""

    interval_start: str | None = p.interval("start", ONE_INTERVAL)
    interval_end: str | None = p.interval("end", ONE_INTERVAL)
    deployment: int | None = p.parameter(
        None,
        title="Deployment",
        description="The number of a model's deployment, also of one that has ended: its batches with due or missing"
        " labels are measured now. Empty: the batches of all deployments whose labels are due.",
        type=["null", "integer"],
        minimum=1,
    )


@dataclass(frozen=True, kw_only=True)
class PartRequest(BatchRequest):
    """Score one partition of a batch. The rows of all partitions are published together."""

    part: int = p.parameter(title="Partition", description="The number of the partition, from 0.", in_form=False)
    parts: int = p.parameter(title="Partitions", description="The number of partitions of the batch.", in_form=False)

    @property
    def partition(self) -> Part:
        """The partition of the batch that is scored."""
        return Part(number=self.part, of=self.parts)


@dataclass(frozen=True, kw_only=True)
class ScheduleRequest(ScheduleTerms):
    """Change the schedule of a deployment, from now on; None: unchanged."""

    deployment: int = p.deployment()
    schedule: str | None = p.schedule("unchanged")
    time_zone: str | None = p.time_zone("unchanged")
    paused: bool | None = p.parameter(
        None,
        title="Paused",
        description="If true, no scheduled runs start until this is set to false. Empty: unchanged.",
        type=["null", "boolean"],
    )
    late_after: float | None = p.late_after("unchanged")


@dataclass(frozen=True, kw_only=True)
class RetirementRequest:
    """End a deployment."""

    deployment: int = p.deployment()
    reason: str | None = p.parameter(
        None,
        title="Reason",
        description="The reason, for the record.",
        type=["null", "string"],
        **p.text(bounds.COMMENT),
    )


@dataclass(frozen=True, kw_only=True)
class TaskDeploymentRequest(ScheduleTerms):
    """Put a feature task's version into production."""

    task: str = p.reference(VersionKind.FEATURE_TASK, of_versions=True)
    version: int | None = p.version("the newest that is approved")


@dataclass(frozen=True, kw_only=True)
class ImportRequest(IntervalRequest):
    """Import a feature task. The interval is for the run that follows."""

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
        description="The arguments of a DeployFeatureTaskOperator, checked before the version is created. None: none"
        " follows.",
        in_form=False,
        holds=ScheduleTerms,
    )


@dataclass(frozen=True, kw_only=True)
class TaskRunRequest(IntervalRequest):
    """Run a feature task's version once, to get evidence."""

    task: str = p.reference(VersionKind.FEATURE_TASK, of_versions=True)
    version: int | None = p.version("the newest that is neither rejected nor retired")


@dataclass(frozen=True, kw_only=True)
class TaskDecisionRequest:
    """Put a feature task's version before the reviewers."""

    task: str = p.reference(VersionKind.FEATURE_TASK, of_versions=True)
    version: int | None = p.version("the newest")


@dataclass(frozen=True, kw_only=True)
class FeatureBatchRequest(IntervalRequest):
    """Update a deployment's feature table, for all times or for a data interval."""

    deployment: int = p.deployment()


@dataclass(frozen=True, kw_only=True)
class ConnectionCheckRequest:
    """Check the logins of the data database that this installation's jobs use. It has no parameters."""
