"""Makes a DAG for each deployment from the registry: on its own schedule, with *run now* and Airflow's backfill."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.configuration import conf

from modelops.airflow.deployment_cache import load_deployment, load_shard
from modelops.airflow.params import arguments_of, params_of
from modelops.airflow.timetables import schedule_for
from modelops.cards.rendering import text
from modelops.domain.deployments import DAG_PREFIX, dag_id_of
from modelops.domain.requests import BatchRequest, FeatureBatchRequest, IntervalRequest
from modelops.domain.schedules import ScheduleKind
from modelops.domain.versions import VersionKind
from modelops.operators.alert_events import ALERTS_ALIAS
from modelops.operators.bases import CheckDriftOperator
from modelops.operators.deadlines import deadline_alert
from modelops.operators.feature import FEATURES_ALIAS, ExecuteFeatureBatchOperator
from modelops.operators.model import (
    PredictBatchOperator,
    PredictPartOperator,
    PublishBatchOperator,
)
from modelops.operators.work_list import WorkListOperator
from modelops.settings import InstallationSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import XComArg
    from airflow.sdk.definitions.deadline import DeadlineAlert

    from modelops.domain.deployments import DeploymentDagSpec
    from modelops.operators.bases import BatchOperator


def deployment_dags(*, shard: int) -> Mapping[str, DAG]:
    """The DAGs of one DAG file by id. If Airflow parses the file to run a task, only the DAG of that task."""
    dag_id = get_parsing_context().dag_id
    if dag_id is None:
        found = load_shard(shard)
    elif (number := dag_id.removeprefix(DAG_PREFIX)).isdecimal() and dag_id != number:
        found = load_deployment(int(number))
    else:
        found = []
    return {dag_id_of(one.id): deployment_dag(one) for one in found}


def deployment_dag(spec: DeploymentDagSpec) -> DAG:
    """The DAG that runs the batches of one deployment: on its schedule, on request, or for past intervals."""
    request = BatchRequest if spec.kind is VersionKind.MODEL else FeatureBatchRequest
    params = params_of(request)
    del params["deployment"]
    subject = f"{spec.model} v{spec.version} → {spec.target}"
    follows = spec.schedule.kind is ScheduleKind.AFTER
    with DAG(
        dag_id=dag_id_of(spec.id),
        dag_display_name=subject,
        description=_description(spec),
        doc_md=_documentation(spec),
        tags=["modelops", "deployment", spec.model],
        default_args={"owner": spec.set_by, "retries": 2, "retry_delay": timedelta(seconds=10), **_placement(spec)},
        params=params,
        is_paused_upon_creation=False,
        # Runs are sequential, so that partitions need not be scored twice for runs that were requested at the same
        # time, and a run lists only the intervals that earlier runs have not published.
        max_active_runs=1 if spec.parts > 1 or follows else conf.getint("core", "max_active_runs_per_dag"),
        deadline=_deadline(spec, subject),
        **schedule_for(spec),
    ) as dag:
        batch = _model_batch if spec.kind is VersionKind.MODEL else _feature_batch
        interval_arguments = arguments_of(dag, IntervalRequest)
        if follows:
            listed = WorkListOperator(
                task_id="intervals",
                deployment=spec.id,
                schedule=spec.schedule,
                incremental=spec.incremental,
                **interval_arguments,
            )
            batch(dag, spec, interval=listed.output)
        else:
            batch(dag, spec, **interval_arguments, schedule=spec.schedule if spec.incremental else None)
    return dag


def _model_batch(
    dag: DAG, spec: DeploymentDagSpec, *, interval: XComArg | None = None, **interval_arguments: Any
) -> None:
    """Add the tasks of a batch prediction, mapped over the intervals of a work list if there is one.

    A batch is one task, or one per partition and one that publishes all partitions. A drift check follows if the
    deployment has it.
    """
    interval_arguments |= {"deployment": spec.id}
    scored = interval_arguments | {"set_aside_budget": dag.param("set_aside_budget")}
    mapped_over = {} if interval is None else {"interval": interval}
    # A failure in one interval does not stop the downstream tasks of the others.
    rule = {} if interval is None else {"trigger_rule": "all_done"}
    if spec.parts == 1:
        last = _task(PredictBatchOperator, mapped_over, task_id="predict", **scored)
    else:
        numbers = {"part": list(range(spec.parts))}
        each = _task(PredictPartOperator, mapped_over | numbers, task_id="predict", parts=spec.parts, **scored)
        last = _task(PublishBatchOperator, mapped_over, task_id="publish", **scored, **rule)
        each >> last
    if spec.check_drift:
        checked = interval_arguments | {"batch_task": _batch_task(spec)}
        # For a mapped task, Airflow does not read the outlets from the operator.
        last >> _task(CheckDriftOperator, mapped_over, task_id="check_drift", outlets=[ALERTS_ALIAS], **checked, **rule)


def _feature_batch(
    _dag: DAG, spec: DeploymentDagSpec, *, interval: XComArg | None = None, **interval_arguments: Any
) -> None:
    """Add the task of a feature batch, mapped over the intervals of a work list if there is one."""
    mapped_over = {} if interval is None else {"interval": interval}
    # For a mapped task, Airflow does not read the outlets from the operator.
    _task(
        ExecuteFeatureBatchOperator,
        mapped_over,
        task_id="execute",
        outlets=[FEATURES_ALIAS],
        deployment=spec.id,
        **interval_arguments,
    )


def _task(operator: type[BatchOperator], mapped_over: Mapping[str, Any], **arguments: Any) -> Any:
    return operator.partial(**arguments).expand(**mapped_over) if mapped_over else operator(**arguments)


def _batch_task(spec: DeploymentDagSpec) -> str:
    """The task that publishes a batch."""
    if spec.kind is VersionKind.FEATURE_TASK:
        return "execute"
    return "predict" if spec.parts == 1 else "publish"


def _placement(spec: DeploymentDagSpec) -> dict[str, str]:
    """The queue and the pool that the version requests, if the installation still has them."""
    allowed = InstallationSettings.from_environment()
    placement = {}
    if spec.queue is not None and spec.queue in allowed.queues:
        placement["queue"] = spec.queue
    if spec.pool is not None and spec.pool in allowed.pools:
        placement["pool"] = spec.pool
    return placement


def _deadline(spec: DeploymentDagSpec, subject: str) -> DeadlineAlert | None:
    late_after = spec.schedule.late_after
    return None if late_after is None else deadline_alert(subject, late_after, batch_task=_batch_task(spec))


def _description(spec: DeploymentDagSpec) -> str:
    does = "Scores" if spec.kind is VersionKind.MODEL else "Updates"
    when = "has ended" if spec.ended else f"schedule: {spec.schedule}"
    return f"{does} {spec.target} with {spec.model} v{spec.version}; {when}."


def _documentation(spec: DeploymentDagSpec) -> str:
    job, decision = (f"/plugin/modelops/jobs/{number}" for number in (spec.job_id, spec.approval_job_id))
    page = "models" if spec.kind is VersionKind.MODEL else "features"
    version = f"/plugin/modelops/{page}?model={quote(spec.model)}"
    rows = "Each batch is for a data interval." if spec.incremental else "Each batch replaces all rows."
    return f"""
### {text(spec.model)} v{spec.version} → {text(str(spec.target))}

Deployment {spec.id}, since {spec.started_at:%Y-%m-%d %H:%M} UTC: [job]({job}), [version]({version}).
Approved by {text(spec.approver)} on {spec.decided_at:%Y-%m-%d}: [decision and
evidence]({decision}?tab=evidence).

Schedule: **{text(str(spec.schedule))}**, set by {text(spec.set_by)}. {rows} Readers see all rows of a run or
none.

**Trigger** runs a batch now: for the interval that you give, otherwise for the last one that has ended. For a
deployment that follows a feature table, it runs batches for all published intervals that are not processed yet.
**Backfill** runs batches for past intervals, including those before the deployment. To change the schedule, run the DAG
*Deployment schedule*.
"""
