"""Deployment of a feature task: checks an approved version, and puts it into production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.feature_table import ensure_feature_table
from modelops.domain.deployments import Engine
from modelops.domain.errors import Unavailable
from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task import code as version_code
from modelops.kinds.feature_task.columns import table_columns
from modelops.kinds.feature_task.preflight import check_interval_column, check_task_deployment
from modelops.kinds.feature_task.time_zone import ZONE, zone_to_deploy
from modelops.stages.deployment import Deployable, put_into_production

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.requests import TaskDeploymentRequest
    from modelops.domain.schedules import Plan
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun


def deploy_task(request: TaskDeploymentRequest, run: JobRun) -> dict[str, Any]:
    """Check that the stored code is the approved one, prepare its table, and put the version into production.

    Readers see the previous rows until the first batch run of this deployment is published.

    Raises:
        NotApproved: nobody has approved exactly this code.
        ArtifactChanged: a stored file is missing or differs from the approved one.
        DatasetError, FeatureError: PostgreSQL rejects the task's SQL, or the SQL returns other columns.
        TargetError: the table has another owner, another key, or a column of another type.
        ScheduleError: the schedule is invalid, or its time zone or its table does not exist.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """

    def check(version: Version, run: JobRun) -> Deployable:
        return _check(request, version, run)

    return put_into_production(
        VersionKind.FEATURE_TASK, request.version, request.task, request, run, check=check, made_by="feature_pipeline"
    )


def _check(request: TaskDeploymentRequest, version: Version, run: JobRun) -> Deployable:
    with run.workdir() as workdir:
        task = version_code.load(version, workdir, run).definition
    run.step("artifacts_fetched", sha256=version.artifact_sha256)
    zone = check_task_deployment(task, request, run)
    run.step("sql_parsed")
    columns = table_columns(task)

    def ensure_output(ledger: Connection[Any]) -> None:
        check_interval_column(task, ledger, name=version.name)
        ensure_feature_table(ledger, task.output, columns, key=task.key, incremental=task.incremental, time_zone=zone)

    def check_plan(ledger: Connection[Any], plan: Plan) -> None:
        if zone_to_deploy(ledger, task, plan.schedule.time_zone) != zone:
            raise Unavailable(f"the schedule of {task.output} got another time zone in the meantime")

    return Deployable(
        target=str(task.output),
        dataset={"name": None, "inputs": dict(task.inputs)}
        | ({ZONE: zone} if task.has_local_times and task.time_zone is None else {}),
        key=[column for column in columns if column.name in task.key],
        outputs={column.name: column.type for column in columns if column.name not in task.key},
        ensure_output=ensure_output,
        check_plan=check_plan,
        terms={"engine": Engine(task.language), "set_aside_budget": 0, "empty": task.empty},
        outcome=f"its batch runs make {task.output}",
    )
