"""Operators for the stages of a feature-engineering task, except the approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import AssetAlias

from modelops.airflow.timetables import asset_of
from modelops.domain.job_types import JobType
from modelops.domain.requests import (
    FeatureBatchRequest,
    ImportRequest,
    RetirementRequest,
    TaskDeploymentRequest,
    TaskRunRequest,
)
from modelops.operators.bases import BatchOperator, DeploymentOperator, TaskOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

PUBLISHED = AssetAlias("modelops-features")
"""The asset alias of all feature tables: Airflow resolves it to the table that a batch run has published."""


class ImportFeatureTaskOperator(TaskOperator):
    """Pins a feature task's code and makes a version of it. An import on record is returned to who clears the task."""

    job_type = JobType.FEATURE_IMPORT
    request = ImportRequest
    use_case = "modelops.kinds.feature_task.import_task:import_task"
    reusable_by = ("task",)


class RunFeatureTaskOperator(TaskOperator):
    """Runs a version once, checks what it gives and keeps that as evidence; nothing is published."""

    job_type = JobType.FEATURE_RUN
    request = TaskRunRequest
    use_case = "modelops.kinds.feature_task.run_task:run_task"


class DeployFeatureTaskOperator(TaskOperator):
    """Puts an approved version into production, in the place of the one that makes its table now.

    A version that nobody has approved is refused by the registry, whatever Airflow's tasks say. A deployment that is
    on record is returned to who clears the task; deploying anew is another run.
    """

    job_type = JobType.FEATURE_DEPLOYMENT
    request = TaskDeploymentRequest
    use_case = "modelops.kinds.feature_task.deploy_task:deploy_task"
    reusable_by = ("task", "version")


class ExecuteFeatureBatchOperator(BatchOperator):
    """Makes a deployment's feature table, whole or for a data interval; readers see all of the new rows, or none.

    What it has published is an event of the table's Airflow asset, on which other DAGs can be scheduled.
    """

    job_type = JobType.FEATURE_BATCH
    request = FeatureBatchRequest
    use_case = "modelops.kinds.feature_task.execute_batch:execute_batch"
    arguments: ClassVar[Mapping[str, Any]] = {"outlets": [PUBLISHED]}

    def execute(self, context: Context) -> dict[str, Any]:
        """Perform the job, and emit the asset event of the table if this job has published rows.

        A retry that finds the job completed tells it: the attempt that was lost had no time to.
        """
        result = super().execute(context)
        if "made_by_job" in result:
            return result
        extra = {name: result[name] for name in ("task", "version", "deployment", "run", "interval", "rows")}
        context["outlet_events"][PUBLISHED].add(asset_of(result["table"]), extra=extra)
        return result


class RetireFeatureTaskOperator(DeploymentOperator):
    """Ends a deployment of a feature task, at once. A retirement on record is returned to who clears the task."""

    job_type = JobType.FEATURE_RETIREMENT
    request = RetirementRequest
    use_case = "modelops.stages.retire:retire_task"
    reusable_by = ("deployment",)
