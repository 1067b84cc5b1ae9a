"""Checks a feature task and a request for it before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.feature_table import check_feature_table
from modelops.domain.errors import TargetError
from modelops.domain.findings import Findings
from modelops.domain.requests import ScheduleTerms
from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task.columns import check_declared, table_columns
from modelops.kinds.feature_task.produce import check_interval
from modelops.kinds.feature_task.time_zone import zone_to_deploy
from modelops.registry.write import deployments, schedules, versions
from modelops.stages.checks import check_approvers, check_owner
from modelops.stages.schedule import plan_for

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.deployments import Deployment
    from modelops.domain.feature_tasks import FeatureTask
    from modelops.domain.requests import ImportRequest
    from modelops.jobs.run import JobRun


def check_import(task: FeatureTask, request: ImportRequest, run: JobRun) -> None:
    """Check a task and the requests for the stages after its import: run, approval and deployment.

    Raises:
        BadInput: the request or the task is invalid; SeveralErrors if there are several errors.
        Unavailable: the database can't be reached.
    """
    findings = Findings()
    with findings.collecting():
        check_interval(task, run.interval(request.interval_start, request.interval_end))
    with findings.collecting():
        check_approvers(task.reference, task.approvers, run.attempt.requested_by)
    with findings.collecting():
        task.resources.check(run.resources.settings.ceilings, where=f"{task.reference}/task.yaml")
    with findings.collecting():
        check_task_deployment(task, request.deployment or ScheduleTerms(), run, ahead=True)
    findings.raise_if_any()


def check_task_deployment(task: FeatureTask, terms: ScheduleTerms, run: JobRun, *, ahead: bool = False) -> str:
    """Check a task's queries, its table and its schedule; returns the time zone of its dates.

    `ahead`: this is a check before the deployment.

    Raises:
        BadInput: the SQL, the columns, the table or the schedule is invalid; SeveralErrors if several are.
        Unavailable: the database can't be reached.
    """
    findings = Findings()
    with findings.collecting():
        check_declared(task, run.resources.rows_url)
    with findings.collecting():
        check_output(task, run.ledger, name=task.reference)
    zone = ""
    with findings.collecting():
        plan = plan_for(str(task.output), terms, run, ahead=ahead)
        zone = zone_to_deploy(run.ledger, task, plan.schedule.time_zone)
    findings.raise_if_any()
    return zone


def check_output(task: FeatureTask, connection: Connection[Any], *, name: str | None) -> None:
    """Check that the task owns its table or can create it, and that the table can have the task's columns.

    `name` is the task's reference; None for a task outside of a repository, which can't own a table.

    Raises:
        TargetError: the table has another owner, or can't have these columns.
        ScheduleError: PostgreSQL lacks the time zone that the task declares.
        Unavailable: the database can't be reached.
    """
    if name is not None:
        where = f"{task.reference}/task.yaml (output)"
        check_owner(connection, task.output, VersionKind.FEATURE_TASK, name, where=where)
        check_interval_column(task, connection, name=name)
    if task.time_zone is not None:
        schedules.check_zone(connection, task.time_zone, where=f"{task.reference}/task.yaml (time_zone)")
    check_feature_table(connection, task.output, table_columns(task), key=task.key)


def check_interval_column(task: FeatureTask, connection: Connection[Any], *, name: str) -> None:
    """Check that the incremental column is that of the published rows, whose data intervals are defined by it.

    Raises:
        TargetError: the previous version has another incremental column, or none.
    """
    last = deployments.last_of_target(connection, str(task.output))
    holds = (VersionKind.FEATURE_TASK, name) in deployments.owners_of_target(connection, str(task.output))
    if last is None or not holds:
        return
    before = _definition(last, connection)["incremental"]
    if before != task.incremental:
        raise TargetError(
            f"{task.output} is incremental by {before or 'no column'};"
            f" this version by {task.incremental or 'no column'}",
            where=f"{task.reference}/task.yaml (incremental)",
            expected="the same incremental column as before, or another output",
        )


def _definition(deployment: Deployment, connection: Connection[Any]) -> Any:
    return versions.find(connection, deployment.model, deployment.version, kind=VersionKind.FEATURE_TASK).definition
