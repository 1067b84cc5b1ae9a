"""Makes a DAG for each deployment from the registry: on its own schedule, with *run now* and Airflow's backfill."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.configuration import conf

from modelops.airflow.deployment_cache import load_deployment, load_shard
from modelops.airflow.params import given, params_of
from modelops.airflow.timetables import schedule_for
from modelops.cards.rendering import text
from modelops.domain.deployments import DAG_PREFIX, dag_id_of
from modelops.domain.requests import BatchRequest, FeatureBatchRequest, IntervalRequest
from modelops.domain.schedules import ScheduleKind
from modelops.domain.versions import VersionKind
from modelops.operators.alert_events import ALERTS_ALIAS
from modelops.operators.bases import CheckDriftOperator
from modelops.operators.deadlines import alert
from modelops.operators.feature import PUBLISHED, ExecuteFeatureBatchOperator
from modelops.operators.model import (
    PredictBatchOperator,
    PredictPartOperator,
    PublishBatchOperator,
)
from modelops.operators.work_list import WorkListOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import XComArg
    from airflow.sdk.definitions.deadline import DeadlineAlert

    from modelops.domain.deployments import Deployed
    from modelops.operators.bases import BatchOperator


def deployment_dags(*, shard: int) -> Mapping[str, DAG]:
    """The DAGs of one DAG file by id. If Airflow parses the file to run a task, only the DAG of that task."""
    wanted = get_parsing_context().dag_id
    if wanted is None:
        found = load_shard(shard)
    elif (number := wanted.removeprefix(DAG_PREFIX)).isdecimal() and wanted != number:
        found = load_deployment(int(number))
    else:
        found = []
    return {dag_id_of(one.id): deployment_dag(one) for one in found}


def deployment_dag(deployed: Deployed) -> DAG:
    """The DAG that makes the rows of one deployment: on its schedule, on request, or for past intervals."""
    request = BatchRequest if deployed.kind is VersionKind.MODEL else FeatureBatchRequest
    params = params_of(request)
    del params["deployment"]
    subject = f"{deployed.model} v{deployed.version} → {deployed.target}"
    follows = deployed.schedule.kind is ScheduleKind.AFTER
    with DAG(
        dag_id=dag_id_of(deployed.id),
        dag_display_name=subject,
        description=_description(deployed),
        doc_md=_documentation(deployed),
        tags=["modelops", "deployment", deployed.model],
        default_args={"owner": deployed.set_by, "retries": 2, "retry_delay": timedelta(seconds=10)},
        params=params,
        is_paused_upon_creation=False,
        # Runs are sequential, so that partitions need not be scored twice for runs that were requested at the same
        # time, and a run lists only the intervals that earlier runs have not made.
        max_active_runs=1 if deployed.parts > 1 or follows else conf.getint("core", "max_active_runs_per_dag"),
        deadline=_deadline(deployed, subject),
        **schedule_for(deployed),
    ) as dag:
        batch = _model_batch if deployed.kind is VersionKind.MODEL else _feature_batch
        asked = given(dag, IntervalRequest)
        if follows:
            listed = WorkListOperator(
                task_id="intervals",
                deployment=deployed.id,
                schedule=deployed.schedule,
                incremental=deployed.incremental,
                **asked,
            )
            batch(dag, deployed, interval=listed.output)
        else:
            batch(dag, deployed, **asked, schedule=deployed.schedule if deployed.incremental else None)
    return dag


def _model_batch(dag: DAG, deployed: Deployed, *, interval: XComArg | None = None, **asked: Any) -> None:
    """One task, or one per partition in parallel and one that publishes them; for each interval of a work list.

    Then each batch is compared with the reference, unless the deployment leaves it out.
    """
    asked |= {"deployment": deployed.id}
    scored = asked | {"set_aside_budget": dag.param("set_aside_budget")}
    over = {} if interval is None else {"interval": interval}
    # A failure in one interval does not stop the downstream tasks of the others.
    rule = {} if interval is None else {"trigger_rule": "all_done"}
    if deployed.parts == 1:
        last = _task(PredictBatchOperator, over, task_id="predict", **scored)
    else:
        numbers = {"part": list(range(deployed.parts))}
        each = _task(PredictPartOperator, over | numbers, task_id="predict", parts=deployed.parts, **scored)
        last = _task(PublishBatchOperator, over, task_id="publish", **scored, **rule)
        each >> last
    if deployed.check_drift:
        checked = asked | {"batch_task": _batch_task(deployed)}
        # For a mapped task, Airflow does not read the outlets from the operator.
        last >> _task(CheckDriftOperator, over, task_id="check_drift", outlets=[ALERTS_ALIAS], **checked, **rule)


def _feature_batch(_dag: DAG, deployed: Deployed, *, interval: XComArg | None = None, **asked: Any) -> None:
    """One task, or one for each interval of a work list."""
    over = {} if interval is None else {"interval": interval}
    # For a mapped task, Airflow does not read the outlets from the operator.
    _task(ExecuteFeatureBatchOperator, over, task_id="execute", outlets=[PUBLISHED], deployment=deployed.id, **asked)


def _task(operator: type[BatchOperator], over: Mapping[str, Any], **arguments: Any) -> Any:
    return operator.partial(**arguments).expand(**over) if over else operator(**arguments)


def _batch_task(deployed: Deployed) -> str:
    """The task that publishes a batch."""
    if deployed.kind is VersionKind.FEATURE_TASK:
        return "execute"
    return "predict" if deployed.parts == 1 else "publish"


def _deadline(deployed: Deployed, subject: str) -> DeadlineAlert | None:
    late_after = deployed.schedule.late_after
    return None if late_after is None else alert(subject, late_after, batch_task=_batch_task(deployed))


def _description(deployed: Deployed) -> str:
    does = "Scores" if deployed.kind is VersionKind.MODEL else "Makes"
    when = "has ended" if deployed.ended else f"schedule: {deployed.schedule}"
    return f"{does} {deployed.target} with {deployed.model} v{deployed.version}; {when}."


def _documentation(deployed: Deployed) -> str:
    job, decision = (f"/plugin/modelops/jobs/{number}" for number in (deployed.job_id, deployed.approval_job_id))
    page = "models" if deployed.kind is VersionKind.MODEL else "features"
    version = f"/plugin/modelops/{page}?model={quote(deployed.model)}"
    rows = "Each batch is for a data interval." if deployed.incremental else "Each batch makes all rows again."
    return f"""
### {text(deployed.model)} v{deployed.version} → {text(str(deployed.target))}

Deployment {deployed.id}, since {deployed.started_at:%Y-%m-%d %H:%M} UTC: [its job]({job}), [the version]({version}).
Approved by {text(deployed.approver)} on {deployed.decided_at:%Y-%m-%d}: [the decision, on this
evidence]({decision}?tab=evidence).

Schedule: **{text(str(deployed.schedule))}**, set by {text(deployed.set_by)}. {rows} Readers see all rows of a run or
none.

**Trigger** runs a batch now: for the interval that you give, otherwise for the last one that has ended. A deployment
that follows a feature table makes all published intervals that it has not made yet. **Backfill** runs batches for past
intervals, including those before the deployment. To change the schedule, run the DAG *Deployment schedule*.
"""
