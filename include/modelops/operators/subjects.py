"""What jobs are about, of models and of feature tasks alike: an existing version, a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import XComArg
from airflow.sdk.exceptions import AirflowSkipException

from modelops.domain.errors import UnknownVersion
from modelops.domain.jobs import JobType
from modelops.operators.base import JobOperator
from modelops.timetables import interval_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from modelops.domain.schedules import Schedule
    from modelops.domain.versions import VersionKind
    from modelops.jobs.run import JobRun


class VersionOperator(JobOperator):
    """A job on an existing version.

    Args:
        version: its number; None: the newest that will do. A task's output that is None, since that task has made no
            version, is refused.
    """

    def __init__(self, *, version: int | XComArg | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version: Any = version
        self.version_of_task = isinstance(version, XComArg)

    def require_version(self) -> None:
        """Refuse to fall back on the newest version where the task before should have made one.

        Raises:
            UnknownVersion: it hasn't.
        """
        if self.version_of_task and self.version is None:
            raise UnknownVersion(
                "the task before has left no version",
                where=f"the tasks before {self.task_id}",
                expected="a training or an import that has completed; there are DAGs for an older version of a model",
            )


class DeploymentOperator(JobOperator):
    """A job on a deployment.

    Args:
        deployment: its number.
    """

    def __init__(self, *, deployment: int | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deployment: Any = deployment

    def about(self) -> str:
        """The deployment's number, until it is known."""
        return f"deployment {self.deployment}"


class BatchOperator(DeploymentOperator):
    """Makes a deployment's rows, whole or for a data interval.

    Args:
        interval_start, interval_end: ISO 8601 times with an offset; both or neither.
        interval: the two in one, of a task that is mapped over intervals.
        schedule: of a deployment whose runs are of data intervals: what says which one, where none is given. None: the
            run is of no interval then.
        wanted: False skips the task.
    """

    def __init__(
        self,
        *,
        interval_start: str | XComArg | None = None,
        interval_end: str | XComArg | None = None,
        interval: Sequence[str | None] | None = None,
        schedule: Schedule | None = None,
        wanted: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.interval_start: Any
        self.interval_end: Any
        self.interval_start, self.interval_end = interval or (interval_start, interval_end)
        self.schedule = schedule
        self.wanted: Any = wanted

    def execute(self, context: Context) -> dict[str, Any]:
        """Find out which interval is meant, and perform the job."""
        if not self.wanted:
            raise AirflowSkipException("Nobody has asked for it.")
        if self.schedule is not None and not self.interval_start and not self.interval_end:
            self.interval_start, self.interval_end = interval_for(context, self.schedule)
        return super().execute(context)


class ChangeScheduleOperator(DeploymentOperator):
    """Gives a deployment another schedule, from now on. A change on record is returned to who clears the task.

    Args:
        schedule, time_zone, paused, late_after: as `Schedule` has them, the last in minutes; None: as it is.
    """

    job_type = JobType.SCHEDULE_CHANGE
    template_fields = ("deployment", "schedule", "time_zone", "paused", "late_after")

    def __init__(
        self,
        *,
        schedule: str | None = None,
        time_zone: str | None = None,
        paused: bool | None = None,
        late_after: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.schedule = schedule
        self.time_zone = time_zone
        self.paused = paused
        self.late_after = late_after

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "deployment": self.deployment,
            "schedule": self.schedule,
            "time_zone": self.time_zone,
            "paused": self.paused,
            "late_after": self.late_after,
        }

    def reusable_if(self) -> dict[str, Any]:
        """The change of the same deployment."""
        return {"deployment": self.deployment}

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Change, and return what it was, what it is, and the next times."""
        from modelops.lifecycle.schedule import ScheduleRequest, change_schedule

        return change_schedule(ScheduleRequest(**self.parameters()), run)


class RetireOperator(DeploymentOperator):
    """Ends a deployment, at once. A retirement that is on record is returned to who clears the task.

    Args:
        reason: why, for the record.
    """

    kind: ClassVar[VersionKind]
    template_fields = ("deployment", "reason")

    def __init__(self, *, reason: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reason = reason

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {"deployment": self.deployment, "reason": self.reason}

    def reusable_if(self) -> dict[str, Any]:
        """The retirement of the same deployment."""
        return {"deployment": self.deployment}

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Retire, and return when."""
        from modelops.lifecycle.retire import retire

        return retire(int(self.deployment), self.reason, run, kind=self.kind)
