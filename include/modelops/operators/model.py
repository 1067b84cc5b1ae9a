"""The stages in the life of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import XComArg

from modelops.domain.errors import UnknownVersion
from modelops.domain.jobs import JobType
from modelops.operators.base import JobOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.domain.jobs import Attempt
    from modelops.lifecycle.services import Services


class TrainModelOperator(JobOperator):
    """Trains a new version of a model.

    Args:
        dataset: a dataset of the model's datasets.yaml, or a SELECT statement.
        hyperparameters: go on top of those of the model's config.json.
        allow_dirty: train from files that aren't committed; recorded with the version.
    """

    job_type = JobType.TRAINING
    template_fields = ("model", "dataset", "hyperparameters", "allow_dirty")
    template_fields_renderers = {"dataset": "sql", "hyperparameters": "json"}

    def __init__(
        self,
        *,
        dataset: str = "train",
        hyperparameters: Mapping[str, Any] | None = None,
        allow_dirty: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.hyperparameters = hyperparameters
        self.allow_dirty = allow_dirty

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "hyperparameters": dict(self.hyperparameters or {}),
            "allow_dirty": self.allow_dirty,
        }

    def perform(self, attempt: Attempt, services: Services) -> dict[str, Any]:
        """Train, and return the version's number and hashes."""
        from modelops.lifecycle.train import TrainingRequest, train

        return train(TrainingRequest(**self.parameters()), attempt, services)


class EvaluateModelOperator(JobOperator):
    """Evaluates an existing version.

    Args:
        version: number of the version; None: the newest that was trained. A task's output that is None, since that task
            has made no version, is refused.
        dataset: a dataset of the model's datasets.yaml, or a SELECT statement.
    """

    job_type = JobType.EVALUATION
    template_fields = ("model", "version", "dataset")
    template_fields_renderers = {"dataset": "sql"}

    def __init__(self, *, version: int | XComArg | None = None, dataset: str = "evaluate", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version
        self.version_of_task = isinstance(version, XComArg)
        self.dataset = dataset

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {"model": self.model, "version": self.version, "dataset": self.dataset}

    def perform(self, attempt: Attempt, services: Services) -> dict[str, Any]:
        """Evaluate, and return the metrics and the digest of the evidence."""
        from modelops.lifecycle.evaluate import EvaluationRequest, evaluate

        if self.version_of_task and self.version is None:
            raise UnknownVersion(
                "the task before has left no version to evaluate",
                where=f"the tasks before {self.task_id}",
                expected="a training that has completed; an older version is evaluated by the DAG model_evaluation",
            )
        return evaluate(EvaluationRequest(**self.parameters()), attempt, services)
