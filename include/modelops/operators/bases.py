"""Base classes of operators by the subject of their jobs: a model, a feature task, a deployment, a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from modelops.airflow.timetables import interval_for
from modelops.domain.job_types import JobType
from modelops.domain.requests import DriftCheckRequest, ScheduleRequest
from modelops.operators.alert_events import AlertingOperator
from modelops.operators.base import JobOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context, XComArg

    from modelops.domain.schedules import Schedule


class ModelOperator(JobOperator):
    """A job on a model."""

    model: str

    def initial_subject(self) -> str:
        """The model's reference, until the version is known."""
        return self.model


class TaskOperator(JobOperator):
    """A job on a feature task."""

    task: str

    def initial_subject(self) -> str:
        """The task's reference, until the version is known."""
        return self.task


class DeploymentOperator(JobOperator):
    """A job on a deployment."""

    deployment: int | XComArg

    def initial_subject(self) -> str:
        """The deployment's number, until the deployment is read."""
        return f"deployment {self.deployment}"


class BatchOperator(DeploymentOperator):
    """Computes a deployment's rows, for all times or for a data interval.

    Args:
        interval: the start and the end of the interval as a pair, for a task that is mapped over intervals.
        schedule: Schedule used to infer the interval when none is passed; None for deployments without intervals.
        wanted: False skips the task.
    """

    extra_template_fields = ("wanted",)
    interval_start: Any
    interval_end: Any

    def __init__(
        self,
        *,
        interval: Sequence[str | None] | None = None,
        schedule: Schedule | None = None,
        wanted: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.interval = interval
        self.schedule = schedule
        self.wanted: Any = wanted

    def execute(self, context: Context) -> dict[str, Any]:
        """Determine the data interval, and perform the job."""
        if not self.wanted:
            raise AirflowSkipException("This batch was not requested.")
        if self.interval is not None:
            self.interval_start, self.interval_end = self.interval
        if self.schedule is not None and not self.interval_start and not self.interval_end:
            self.interval_start, self.interval_end = interval_for(context, self.schedule)
        return super().execute(context)


class ChangeScheduleOperator(DeploymentOperator):
    """Changes a deployment's schedule from now on. After a clear, a recorded change is returned."""

    job_type = JobType.SCHEDULE_CHANGE
    request = ScheduleRequest
    use_case = "modelops.stages.schedule:change_schedule"
    reuse_key = ("deployment",)


class CheckDriftOperator(AlertingOperator, BatchOperator):
    """Compares the published batch of a data interval, or the newest one, with the reference of its version."""

    job_type = JobType.DRIFT_CHECK
    request = DriftCheckRequest
    use_case = "modelops.kinds.check_drift:check_drift"
