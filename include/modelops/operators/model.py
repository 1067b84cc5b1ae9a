"""The stages in the life of a model that no person takes part in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import JobType
from modelops.domain.versions import VersionKind
from modelops.operators.base import JobOperator
from modelops.operators.subjects import BatchOperator, RetireOperator, VersionOperator

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow.sdk import Context

    from modelops.jobs.run import JobRun


class ModelOperator(JobOperator):
    """A job on a model.

    Args:
        model: reference of the model, `<repository>/<model>`.
    """

    def __init__(self, *, model: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model

    def about(self) -> str:
        """The model, until the version is known."""
        return self.model


class TrainModelOperator(ModelOperator):
    """Trains a new version of a model.

    Args:
        dataset: a dataset of the model's datasets.yaml, or a SELECT statement.
        hyperparameters: go on top of those of the model's config.json.
        allow_dirty: train from files that aren't committed; recorded with the version.
        evaluate_dataset: the dataset of the evaluation that is to follow; checked before the training starts.
        deployment: the arguments of the `DeployModelOperator` that is to follow, likewise.
    """

    job_type = JobType.TRAINING
    template_fields = ("model", "dataset", "hyperparameters", "allow_dirty", "evaluate_dataset", "deployment")
    template_fields_renderers = {"dataset": "sql", "hyperparameters": "json"}

    def __init__(
        self,
        *,
        dataset: str = "train",
        hyperparameters: Mapping[str, Any] | None = None,
        allow_dirty: bool = False,
        evaluate_dataset: str | None = None,
        deployment: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.hyperparameters = hyperparameters
        self.allow_dirty = allow_dirty
        self.evaluate_dataset = evaluate_dataset
        self.deployment = deployment

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "hyperparameters": dict(self.hyperparameters or {}),
            "allow_dirty": self.allow_dirty,
            "evaluate_dataset": self.evaluate_dataset,
            "deployment": None if self.deployment is None else dict(self.deployment),
        }

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Train, and return the version's number and hashes."""
        from modelops.lifecycle.preflight import DeploymentTerms
        from modelops.lifecycle.train import TrainingRequest, train

        terms = None if self.deployment is None else DeploymentTerms(**self.deployment)
        return train(TrainingRequest(**self.parameters() | {"deployment": terms}), run)


class EvaluateModelOperator(VersionOperator, ModelOperator):
    """Evaluates an existing version.

    Args:
        dataset: a dataset of the model's datasets.yaml, or a SELECT statement.
    """

    job_type = JobType.EVALUATION
    template_fields = ("model", "version", "dataset")
    template_fields_renderers = {"dataset": "sql"}

    def __init__(self, *, dataset: str = "evaluate", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {"model": self.model, "version": self.version, "dataset": self.dataset}

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Evaluate, and return the metrics and the digest of the evidence."""
        from modelops.lifecycle.evaluate import EvaluationRequest, evaluate

        self.require_version()
        return evaluate(EvaluationRequest(**self.parameters()), run)


class DeployModelOperator(VersionOperator, ModelOperator):
    """Puts an approved version into production, in the place of what serves the target now.

    A version that nobody has approved is refused by the registry, whatever Airflow's tasks say. A deployment that is
    on record is returned to who clears the task; deploying anew is another run.

    Args:
        dataset: the dataset that is scored: its name in the model's datasets.yaml, or a SELECT statement.
        target: where predictions go: `schema.name`, or a name in the schema `predictions`; None: the model's name.
        set_aside_budget: so many rows of a batch may be set aside as they can't be scored.
        empty: which batches may have no row: "never", "intervals" or "always".
        parts: into how many parts a batch is cut, which several workers score side by side.
        schedule, time_zone, late_after: when its batches run; None: as those of the deployment that it replaces.
    """

    job_type = JobType.DEPLOYMENT
    template_fields = (
        "model",
        "version",
        "dataset",
        "target",
        "set_aside_budget",
        "empty",
        "parts",
        "schedule",
        "time_zone",
        "late_after",
    )
    template_fields_renderers = {"dataset": "sql"}

    def __init__(
        self,
        *,
        dataset: str = "predict",
        target: str | None = None,
        set_aside_budget: int = 0,
        empty: str = "intervals",
        parts: int = 1,
        schedule: str | None = None,
        time_zone: str | None = None,
        late_after: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.target = target
        self.set_aside_budget = set_aside_budget
        self.empty = empty
        self.parts = parts
        self.schedule = schedule
        self.time_zone = time_zone
        self.late_after = late_after

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "model": self.model,
            "version": self.version,
            "dataset": self.dataset,
            "target": self.target,
            "set_aside_budget": self.set_aside_budget,
            "empty": self.empty,
            "parts": self.parts,
            "schedule": self.schedule,
            "time_zone": self.time_zone,
            "late_after": self.late_after,
        }

    def reusable_if(self) -> dict[str, Any]:
        """A deployment of the same version."""
        return {"model": self.model} | ({} if self.version is None else {"version": self.version})

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Deploy, and return the deployment's number and its target."""
        from modelops.lifecycle.deploy import DeploymentRequest, deploy

        self.require_version()
        return deploy(DeploymentRequest(**self.parameters()), run)


class RetireModelOperator(RetireOperator):
    """Ends a deployment, at once. A retirement that is on record is returned to who clears the task."""

    job_type = JobType.RETIREMENT
    kind = VersionKind.MODEL


class PredictBatchOperator(BatchOperator):
    """Scores the rows of a deployment's dataset; readers see all of them, or none.

    Args:
        set_aside_budget: takes the place of the deployment's own; None: that.
    """

    job_type = JobType.BATCH_PREDICTION
    template_fields: Collection[str] = ("deployment", "interval_start", "interval_end", "set_aside_budget", "wanted")

    def __init__(self, *, set_aside_budget: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.set_aside_budget = set_aside_budget

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "deployment": self.deployment,
            "interval_start": self.interval_start,
            "interval_end": self.interval_end,
            "set_aside_budget": self.set_aside_budget,
        }

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Score and publish; returns the number of rows, the view, and a line for psql that reads it."""
        from modelops.lifecycle.predict_batch import BatchRequest, predict_batch

        return predict_batch(BatchRequest(**self.parameters()), run)


class PredictPartOperator(PredictBatchOperator):
    """Scores one part of a batch, whose rows nobody sees before all parts are published.

    Args:
        part: its number, from 0.
        parts: how many there are.
    """

    template_fields = (*PredictBatchOperator.template_fields, "part")

    def __init__(self, *, part: int, parts: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part
        self.parts = parts

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {**super().parameters(), "part": self.part, "parts": self.parts}

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Score; returns the number of rows, and the run that they lie under."""
        from modelops.domain.parts import Part
        from modelops.lifecycle.predict_batch import BatchRequest, predict_batch

        part = Part(number=self.part, of=self.parts)
        return predict_batch(BatchRequest(**super().parameters(), part=part), run)


class PublishBatchOperator(PredictBatchOperator):
    """Publishes the parts of a batch that this DAG run's tasks have scored; readers see all of them, or none."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Find out which DAG run this is, and perform the job."""
        self.dag_run = (context["ti"].dag_id, context["ti"].run_id)
        return super().execute(context)

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Publish; returns the number of rows, the view, and a line for psql that reads it."""
        from modelops.lifecycle.predict_batch import BatchRequest
        from modelops.lifecycle.publish_parts import publish_parts

        return publish_parts(BatchRequest(**self.parameters()), self.dag_run, run)
