"""A DAG for each deployment: made from the registry, on its own schedule, with *run now* and Airflow's backfill."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.configuration import conf

from modelops.domain.versions import VersionKind
from modelops.operators.feature import ExecuteFeatureBatchOperator
from modelops.operators.known import known_deployments
from modelops.operators.late import alert
from modelops.operators.model import PredictBatchOperator, PredictPartOperator, PublishBatchOperator
from modelops.operators.params import interval_param, overriding_budget_param
from modelops.timetables import schedule_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.domain.deployments import Deployed

PREFIX = "deployment_"


def deployment_dags() -> Mapping[str, DAG]:
    """The DAGs by their ids; where Airflow parses the file to run a task, that of the task alone."""
    wanted = get_parsing_context().dag_id
    if wanted is None:
        found = known_deployments()
    elif (number := wanted.removeprefix(PREFIX)).isdecimal() and wanted != number:
        found = known_deployments(int(number))
    else:
        found = []
    return {f"{PREFIX}{one.id}": deployment_dag(one) for one in found}


def deployment_dag(deployed: Deployed) -> DAG:
    """Scores or makes the rows of one deployment: on its schedule, now, or of past intervals."""
    params = {"interval_start": interval_param("start"), "interval_end": interval_param("end")}
    if deployed.kind is VersionKind.MODEL:
        params["set_aside_budget"] = overriding_budget_param()
    subject = f"{deployed.model} v{deployed.version} → {deployed.target}"
    with DAG(
        dag_id=f"{PREFIX}{deployed.id}",
        dag_display_name=subject,
        description=_description(deployed),
        doc_md=_documentation(deployed),
        tags=["modelops", "deployment", deployed.model],
        default_args={"owner": deployed.set_by, "retries": 2, "retry_delay": timedelta(seconds=10)},
        params=params,
        is_paused_upon_creation=False,
        # One after the other, parts needn't be scored for two runs that were asked for at the same time.
        max_active_runs=1 if deployed.parts > 1 else conf.getint("core", "max_active_runs_per_dag"),
        deadline=None if deployed.schedule.late_after is None else alert(subject, deployed.schedule.late_after),
        **schedule_for(deployed),
    ) as dag:
        _batch(dag, deployed)
    return dag


def _batch(dag: DAG, deployed: Deployed) -> None:
    asked: dict[str, Any] = {
        "deployment": deployed.id,
        "interval_start": dag.param("interval_start"),
        "interval_end": dag.param("interval_end"),
        "schedule": deployed.schedule if deployed.incremental else None,
    }
    if deployed.kind is VersionKind.MODEL:
        _prediction(deployed.parts, **asked | {"set_aside_budget": dag.param("set_aside_budget")})
    else:
        ExecuteFeatureBatchOperator(task_id="execute", **asked)


def _prediction(parts: int, **asked: Any) -> None:
    """One task; or one for each part, side by side, and one that publishes them all."""
    if parts == 1:
        PredictBatchOperator(task_id="predict", **asked)
        return
    each = PredictPartOperator.partial(task_id="predict", parts=parts, **asked).expand(part=list(range(parts)))
    each >> PublishBatchOperator(task_id="publish", **asked)


def _description(deployed: Deployed) -> str:
    does = "Scores" if deployed.kind is VersionKind.MODEL else "Makes"
    when = "has ended" if deployed.ended else f"schedule: {deployed.schedule}"
    return f"{does} {deployed.target} with {deployed.model} v{deployed.version}; {when}."


def _documentation(deployed: Deployed) -> str:
    job, decision = (f"/plugin/modelops/jobs/{number}" for number in (deployed.job_id, deployed.approval_job_id))
    page = "models" if deployed.kind is VersionKind.MODEL else "features"
    version = f"/plugin/modelops/{page}?model={quote(deployed.model)}"
    rows = "Each run is of a data interval." if deployed.incremental else "Each run makes all rows anew."
    return f"""
### {deployed.model} v{deployed.version} → {deployed.target}

Deployment {deployed.id}, since {deployed.started_at:%Y-%m-%d %H:%M} UTC: [its job]({job}), [the version]({version}).
Approved by {deployed.approver} on {deployed.decided_at:%Y-%m-%d}: [the decision, on this
evidence]({decision}?tab=evidence).

Schedule: **{deployed.schedule}**, set by {deployed.set_by}. {rows} Readers see all of a run or nothing of it.

**Trigger** runs it now: for the interval that you give, else for the last one that has ended. **Backfill** runs it for
past intervals, also those before the deployment. Another schedule: the DAG *Deployment schedule*.
"""
