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

FEATURES_ALIAS = AssetAlias("modelops-features")
"""The asset alias of all feature tables: Airflow resolves it to the table that a batch run has published."""


class ImportFeatureTaskOperator(TaskOperator):
    """Pins a feature task's code and creates a version of it. After a clear, a recorded import is returned."""

    job_type = JobType.FEATURE_IMPORT
    request = ImportRequest
    use_case = "modelops.kinds.feature_task.import_task:import_task"
    reuse_key = ("task",)


class RunFeatureTaskOperator(TaskOperator):
    """Runs a version once, checks its rows and records the result as evidence; nothing is published."""

    job_type = JobType.FEATURE_RUN
    request = TaskRunRequest
    use_case = "modelops.kinds.feature_task.run_task:run_task"


class DeployFeatureTaskOperator(TaskOperator):
    """Puts an approved version into production. It replaces the version that currently updates the table.

    The registry refuses a version without an approval, regardless of the states of Airflow's tasks. After a clear, a
    recorded deployment is returned; a new deployment needs a new run.
    """

    job_type = JobType.FEATURE_DEPLOYMENT
    request = TaskDeploymentRequest
    use_case = "modelops.kinds.feature_task.deploy_task:deploy_task"
    reuse_key = ("task", "version")


class ExecuteFeatureBatchOperator(BatchOperator):
    """Updates a deployment's feature table, for all times or a data interval; readers see all new rows or none.

    A publication emits an event of the table's Airflow asset, on which other DAGs can be scheduled.
    """

    job_type = JobType.FEATURE_BATCH
    request = FeatureBatchRequest
    use_case = "modelops.kinds.feature_task.execute_batch:execute_batch"
    arguments: ClassVar[Mapping[str, Any]] = {"outlets": [FEATURES_ALIAS]}

    def execute(self, context: Context) -> dict[str, Any]:
        """Perform the job, and emit the asset event of the table if this job has published rows.

        A retry that finds the job completed emits the event, because the lost attempt has not.
        """
        result = super().execute(context)
        if "made_by_job" in result:
            return result
        extra = {name: result[name] for name in ("task", "version", "deployment", "run", "interval", "rows")}
        context["outlet_events"][FEATURES_ALIAS].add(asset_of(result["table"]), extra=extra)
        return result


class RetireFeatureTaskOperator(DeploymentOperator):
    """Ends a deployment of a feature task at once. After a clear, a recorded retirement is returned."""

    job_type = JobType.FEATURE_RETIREMENT
    request = RetirementRequest
    use_case = "modelops.stages.retire:retire_task"
    reuse_key = ("deployment",)
