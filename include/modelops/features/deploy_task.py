"""Deployment of a feature task: approved → deployed. Its table is made ready, and the version before gives way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.feature_table import ensure_feature_table
from modelops.domain.deployments import Engine
from modelops.domain.errors import Unavailable
from modelops.domain.versions import VersionKind
from modelops.features.columns import table_columns
from modelops.features.preflight import check_interval_column, check_task_deployment
from modelops.features.time_zone import ZONE, zone_to_deploy
from modelops.lifecycle.approvals import approved_version, require_approval
from modelops.lifecycle.code import load_task
from modelops.lifecycle.schedule import plan_for
from modelops.registry import deployments

if TYPE_CHECKING:
    from modelops.domain.requests import TaskDeploymentRequest
    from modelops.jobs.run import JobRun


def deploy_task(request: TaskDeploymentRequest, run: JobRun) -> dict[str, Any]:
    """Check that what was approved is what there is, make its table ready, and put it into production.

    What readers see of the table stays until the first batch run of this deployment is published.

    Raises:
        NotApproved: nobody has approved exactly this code.
        ArtifactChanged: a stored file isn't what was approved.
        DatasetError, FeatureError: the database refuses the task's SQL now, or it gives other columns.
        TargetError: the table is another's, or has a key or a column of another type.
        ScheduleError: there is no such schedule, time zone or table.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    version = approved_version(VersionKind.FEATURE_TASK, request.task, request.version, run, made_by="feature_pipeline")
    decision = require_approval(version, run)
    with run.workdir() as workdir:
        task = load_task(version, workdir, run).definition
    run.step("artifacts_fetched", sha256=version.artifact_sha256)
    check_task_deployment(task, request, run)
    run.step("sql_parsed")
    zone = zone_to_deploy(run.ledger, task, plan_for(str(task.output), request, run).schedule.time_zone)
    columns = table_columns(task)
    with run.fenced():
        check_interval_column(task, run.ledger, name=version.name)
        ensure_feature_table(
            run.ledger, task.output, columns, key=task.key, incremental=task.incremental, time_zone=zone
        )
        plan = plan_for(str(task.output), request, run)
        if zone_to_deploy(run.ledger, task, plan.schedule.time_zone) != zone:
            raise Unavailable(f"the schedule of {task.output} was given another time zone meanwhile")
        of_schedule = {ZONE: zone} if task.is_by_calendar and task.time_zone is None else {}
        made, before = deployments.begin(
            run.ledger,
            version,
            decision=decision,
            job_id=run.job_id,
            engine=Engine(task.language),
            dataset={"name": None, "inputs": dict(task.inputs)} | of_schedule,
            target=str(task.output),
            entity_key=[{"name": column.name, "type": column.type} for column in columns if column.name in task.key],
            outputs={column.name: column.type for column in columns if column.name not in task.key},
            set_aside_budget=0,
            empty=task.empty,
            plan=plan,
        )
        result = {
            "deployment": made,
            "task": version.name,
            "version": version.number,
            "target": str(task.output),
            "schedule": plan.schedule.as_record(),
            "artifact_sha256": version.artifact_sha256,
            "approved_by": decision.approver,
            "evidence": decision.digest,
            "replaced": None if before is None else {"deployment": before.id, "version": before.version},
        }
        run.complete(result)
    run.log(
        f"{version.subject} is in production as deployment {made}, approved by {decision.approver};"
        f" its batch runs make {task.output}; schedule: {plan.told()}"
    )
    return result
