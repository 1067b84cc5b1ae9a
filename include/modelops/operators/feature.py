"""The stages in the life of a feature-engineering task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import AssetAlias

from modelops.domain.jobs import JobType
from modelops.domain.versions import VersionKind
from modelops.operators.base import JobOperator
from modelops.operators.subjects import BatchOperator, RetireOperator, VersionOperator
from modelops.timetables import asset_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from modelops.jobs.run import JobRun

PUBLISHED = AssetAlias("modelops-features")
"""The asset alias of all feature tables: Airflow resolves it to the table that a batch run has published."""


class TaskOperator(JobOperator):
    """A job on a feature task.

    Args:
        task: reference of the feature task, `<repository>/<task>`.
    """

    def __init__(self, *, task: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.task = task

    def about(self) -> str:
        """The task, until the version is known."""
        return self.task


class ImportFeatureTaskOperator(TaskOperator):
    """Pins a feature task's code and makes a version of it. An import on record is returned to who clears the task.

    Args:
        ref: git branch, tag or commit; None: the one that repositories.yaml names.
        allow_dirty: import files that aren't committed; recorded with the version.
        interval_start, interval_end: of the run that is to follow; checked before the version is made.
        deployment: the arguments of the `DeployFeatureTaskOperator` that is to follow, likewise.
    """

    job_type = JobType.FEATURE_IMPORT
    template_fields = ("task", "ref", "allow_dirty", "interval_start", "interval_end", "deployment")

    def __init__(
        self,
        *,
        ref: str | None = None,
        allow_dirty: bool = False,
        interval_start: str | None = None,
        interval_end: str | None = None,
        deployment: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.ref = ref
        self.allow_dirty = allow_dirty
        self.interval_start = interval_start
        self.interval_end = interval_end
        self.deployment = deployment

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "task": self.task,
            "ref": self.ref,
            "allow_dirty": self.allow_dirty,
            "interval_start": self.interval_start,
            "interval_end": self.interval_end,
            "deployment": None if self.deployment is None else dict(self.deployment),
        }

    def reusable_if(self) -> dict[str, Any]:
        """A version of the same task."""
        return {"task": self.task}

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Import, and return the version's number and hashes."""
        from modelops.features.import_task import ImportRequest, import_task
        from modelops.features.preflight import TaskDeploymentTerms

        terms = None if self.deployment is None else TaskDeploymentTerms(**self.deployment)
        return import_task(ImportRequest(**self.parameters() | {"deployment": terms}), run)


class RunFeatureTaskOperator(VersionOperator, TaskOperator):
    """Runs a version once, checks what it gives and keeps that as evidence; nothing is published.

    Args:
        interval_start, interval_end: ISO 8601 times with an offset, of an incremental task; both or neither.
    """

    job_type = JobType.FEATURE_RUN
    template_fields = ("task", "version", "interval_start", "interval_end")

    def __init__(self, *, interval_start: str | None = None, interval_end: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.interval_start = interval_start
        self.interval_end = interval_end

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "task": self.task,
            "version": self.version,
            "interval_start": self.interval_start,
            "interval_end": self.interval_end,
        }

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Run, and return the number of rows, their hash, and how far each column has moved."""
        from modelops.features.run_task import RunRequest, run_task

        self.require_version()
        return run_task(RunRequest(**self.parameters()), run)


class DeployFeatureTaskOperator(VersionOperator, TaskOperator):
    """Puts an approved version into production, in the place of the one that makes its table now.

    A version that nobody has approved is refused by the registry, whatever Airflow's tasks say. A deployment that is
    on record is returned to who clears the task; deploying anew is another run.

    Args:
        schedule, time_zone, late_after: when its batch runs are; None: as those of the deployment that it replaces.
    """

    job_type = JobType.FEATURE_DEPLOYMENT
    template_fields = ("task", "version", "schedule", "time_zone", "late_after")

    def __init__(
        self,
        *,
        schedule: str | None = None,
        time_zone: str | None = None,
        late_after: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.schedule = schedule
        self.time_zone = time_zone
        self.late_after = late_after

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "task": self.task,
            "version": self.version,
            "schedule": self.schedule,
            "time_zone": self.time_zone,
            "late_after": self.late_after,
        }

    def reusable_if(self) -> dict[str, Any]:
        """A deployment of the same version."""
        return {"task": self.task} | ({} if self.version is None else {"version": self.version})

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Deploy, and return the deployment's number and its table."""
        from modelops.features.deploy_task import TaskDeploymentRequest, deploy_task

        self.require_version()
        return deploy_task(TaskDeploymentRequest(**self.parameters()), run)


class ExecuteFeatureBatchOperator(BatchOperator):
    """Makes a deployment's feature table, whole or for a data interval; readers see all of the new rows, or none.

    What it has published is an event of the table's Airflow asset, on which other DAGs can be scheduled.
    """

    job_type = JobType.FEATURE_BATCH
    template_fields = ("deployment", "interval_start", "interval_end")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"outlets": [PUBLISHED]} | kwargs)

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "deployment": self.deployment,
            "interval_start": self.interval_start,
            "interval_end": self.interval_end,
        }

    def execute(self, context: Context) -> dict[str, Any]:
        """Take the job, perform it, and tell Airflow which table has new rows, if this job has published them.

        A retry that finds the job completed tells it: the attempt that was lost had no time to.
        """
        result = super().execute(context)
        if "made_by_job" in result:
            return result
        extra = {name: result[name] for name in ("task", "version", "deployment", "run", "interval", "rows")}
        context["outlet_events"][PUBLISHED].add(asset_of(result["table"]), extra=extra)
        return result

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Make and publish; returns the number of rows, the table, and a line for psql that reads it."""
        from modelops.features.execute_batch import FeatureBatchRequest, execute_batch

        return execute_batch(FeatureBatchRequest(**self.parameters()), run)


class RetireFeatureTaskOperator(RetireOperator):
    """Ends a deployment of a feature task, at once. A retirement on record is returned to who clears the task."""

    job_type = JobType.FEATURE_RETIREMENT
    kind = VersionKind.FEATURE_TASK
