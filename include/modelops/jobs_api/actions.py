"""Actions on jobs: stop, retry, run again, approve, reject. Airflow performs them with the user's own permissions.

Each action is a request to Airflow's REST API, made within the process through the whole web application. So
authentication, permissions, the audit log and the approval middleware apply as they do to a request from outside.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool

from modelops.domain.actions import ANSWERS, Action, possible_actions
from modelops.domain.deployments import DAG_PREFIX, dag_id_of
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus
from modelops.domain.refusals import Code, Refusal
from modelops.domain.text import storable
from modelops.jobs_api import refusals
from modelops.jobs_api.approval_middleware import ROOT
from modelops.jobs_api.database import approval_connection, limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, allowed, may, visible_dags, whole_deployment, whole_job
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import AcceptedAction, ActionBody, JobNumber
from modelops.registry.write import schedules

log = logging.getLogger(__name__)

REQUIRED_ACCESS: Mapping[Action, tuple[ResourceMethod, DagAccessEntity]] = {
    Action.STOP: ("PUT", DagAccessEntity.TASK_INSTANCE),
    Action.RETRY: ("PUT", DagAccessEntity.TASK_INSTANCE),
    Action.RUN_NOW: ("POST", DagAccessEntity.RUN),
    Action.APPROVE: ("PUT", DagAccessEntity.HITL_DETAIL),
    Action.REJECT: ("PUT", DagAccessEntity.HITL_DETAIL),
}
"""The Airflow permission that each action needs; Airflow's own routes need the same."""
FORWARDED_STATUSES = frozenset({400, 401, 403, 409, 422, 503})
"""The statuses of refusals, by Airflow or the approval middleware, that are returned unchanged."""
BATCH_PARAMS = ("interval_start", "interval_end", "set_aside_budget")
"""The Params of the DAG of a deployment; its jobs have parameters of the same names."""


def same_origin(request: Request) -> None:
    """Refuse requests that a page of another site makes: the browser sends Airflow's session cookie with them.

    Raises:
        Refused: 403, the browser names another site as the origin; 415, the body isn't JSON.
    """
    site = request.headers.get("sec-fetch-site")
    if site is None:  # an old browser, an untrusted connection, or a client that is no browser
        origin = request.headers.get("origin")
        own_hosts = {request.headers.get("host"), urlsplit(conf.get("api", "base_url", fallback="")).netloc}
        own = origin is None or _host(origin) in own_hosts - {"", None}
    else:
        own = site in {"same-origin", "none"}
    if not own:
        raise Refused(
            403, Code.OTHER_SITE, "the request comes from a page of another site; only Airflow's own pages may make it"
        )
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, Code.NOT_JSON, "the body must be JSON, with Content-Type: application/json")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None  # such as a bracket without an IPv6 address


NO_DAG = Refusal(
    code=Code.NO_DAG_YET,
    detail="Airflow has no DAG of this deployment yet; it appears some seconds after the deployment: try again then",
)
GONE = Refusal(
    code=Code.RECORD_GONE,
    detail="Airflow no longer has the record of this task (it was cleaned up), so this can't be done;"
    " trigger its DAG anew",
)

router = APIRouter(
    prefix="/api",
    dependencies=[Depends(same_origin)],
    responses=refusals.documented(
        {
            400: "The body can't be read, or Airflow finds it incomplete.",
            415: "The body isn't JSON.",
            502: "Airflow failed to process the request.",
        }
    ),
)


@dataclass(frozen=True, kw_only=True)
class ActionTarget:
    """The job that an action is for."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    parameters: Mapping[str, Any]

    @property
    def run(self) -> str:
        """The path of its DAG run in Airflow's API."""
        return f"/api/v2/dags/{quote(self.dag_id, safe='')}/dagRuns/{quote(self.run_id, safe='')}"

    @property
    def task(self) -> str:
        """The path of its task instance in Airflow's API."""
        mapped = f"/{self.map_index}" if self.map_index >= 0 else ""
        return f"{self.run}/taskInstances/{quote(self.task_id, safe='')}{mapped}"


@router.post(
    "/jobs/{id}/{action}",
    status_code=202,
    responses=refusals.documented(
        {
            403: "You may see the job, but you may not do this.",
            404: "There is no such job, or you may not see it.",
            409: "The action isn't possible in the present status of the job.",
        }
    ),
)
async def act(user: GetUserDep, request: Request, id: JobNumber, action: Action, body: ActionBody) -> AcceptedAction:  # noqa: A002
    """Stop a job, retry it, request the same work in a new run, or decide on an approval.

    The response means that Airflow has accepted the request; the job's events show the result.
    """
    job = await run_in_threadpool(_action_target, user, id, action)
    return AcceptedAction(run_id=await _perform(request, job, action, body))


@router.post(
    "/deployments/{id}/run_now",
    status_code=202,
    responses=refusals.documented(
        {
            403: "You may see the deployment, but you may not do this.",
            404: "There is no such deployment, or you may not see it.",
            409: "The deployment has ended, or has no DAG to run.",
        }
    ),
)
async def run_deployment(user: GetUserDep, request: Request, id: JobNumber) -> AcceptedAction:  # noqa: A002
    """Run a batch of a deployment now: for the data interval that ended last, or for all rows."""
    dag_id = await run_in_threadpool(_active, user, id)
    return AcceptedAction(run_id=await trigger(request, dag_id, {}, unknown=NO_DAG))


def runnable(user: Any, deployments: Sequence[Mapping[str, Any]]) -> set[int]:
    """The numbers of the deployments for which this user may request a batch now."""
    active = {dag_id_of(one["id"]): one["id"] for one in deployments if one["ended_at"] is None}
    return {active[dag_id] for dag_id in allowed(user, list(active), [REQUIRED_ACCESS[Action.RUN_NOW]])}


def _active(user: Any, number: int) -> str:
    """The DAG of an active deployment that this user may run.

    Raises:
        Refused: 403, the user may not run it; 404, there is no such deployment; 409, it has ended."""
    with limited_connection("modelops actions") as connection:
        row = whole_deployment(connection, visible_dags(user, connection, DETAIL_ACCESS), number)
    if row["ended_at"] is not None:
        detail = f"deployment {number} was {row['ended_how']}, so it runs no more batches"
        raise Refused(409, Code.DEPLOYMENT_ENDED, detail, deployment=number, ending=str(row["ended_how"]))
    if not runnable(user, [row]):
        raise not_allowed(dag_id_of(number))
    return dag_id_of(number)


def not_allowed(dag_id: str) -> Refused:
    """The refusal of what Airflow doesn't let the person do."""
    return Refused(403, Code.NOT_ALLOWED, f"Airflow doesn't let you do this with the DAG {dag_id}", dag=dag_id)


def actions_of(user: Any, row: Mapping[str, Any], objection: Refusal | None) -> Sequence[Action]:
    """The actions that this user may perform on a job now.

    Args:
        objection: why the user can't decide on a job that awaits approval."""
    return [
        action
        for action in possible_actions(JobStatus(row["status"]), row["dag_id"], JobType(row["type"]))
        if may(user, row["dag_id"], *REQUIRED_ACCESS[action]) and not (action in ANSWERS and objection)
    ]


def _action_target(user: Any, job_id: int, action: Action) -> ActionTarget:
    """The job, if this user may perform the action on it now.

    Raises:
        Refused: 403, the user may not; 404, there is no such job; 409, the job's status doesn't allow it."""
    connect = approval_connection if action in ANSWERS else limited_connection
    with connect("modelops actions") as connection:
        row = whole_job(user, connection, job_id)
    if not may(user, row["dag_id"], *REQUIRED_ACCESS[action]):
        raise not_allowed(row["dag_id"])
    if action not in possible_actions(JobStatus(row["status"]), row["dag_id"], JobType(row["type"])):
        status = row["status"].replace("_", " ")
        detail = f"job {job_id} is {status}, so there is no {action} for it now"
        raise Refused(409, Code.NOT_NOW, detail, job=job_id, status=row["status"], action=str(action))
    return ActionTarget(**{name: row[name] for name in ("dag_id", "run_id", "task_id", "map_index", "parameters")})


async def _perform(request: Request, job: ActionTarget, action: Action, body: ActionBody) -> str:
    """Perform the action; returns the id of the DAG run of the job, or of the new one."""
    match action:
        case Action.STOP:
            await _call_airflow(request, "PATCH", job.task, {"new_state": "failed"})
        case Action.RETRY:
            task: Any = [job.task_id, job.map_index] if job.map_index >= 0 else job.task_id
            request_body = {"dry_run": False, "dag_run_id": job.run_id, "task_ids": [task], "only_failed": False}
            options = {"reset_dag_runs": True, "include_downstream": True, "prevent_running_task": True}
            await _call_airflow(
                request, "POST", f"{job.run.rpartition('/dagRuns/')[0]}/clearTaskInstances", request_body | options
            )
        case Action.RUN_NOW:
            return await trigger(request, job.dag_id, await _conf_for_rerun(request, job))
        case Action.APPROVE | Action.REJECT:
            fields = {"comment": body.comment, "evidence": body.evidence}
            decision = {"chosen_options": [action.capitalize()], "params_input": fields}
            address = f"{job.run}/taskInstances/{quote(job.task_id, safe='')}/{job.map_index}/hitlDetails"
            await _call_airflow(request, "PATCH", address, decision)
    return job.run_id


async def _conf_for_rerun(request: Request, job: ActionTarget) -> Mapping[str, Any]:
    """The Params of a new run that does the same work.

    A scheduled run has no Params; its data interval comes from the DAG run. If no worker has started the job, the job
    has no interval in its parameters, and the interval of its DAG run is used.
    """
    if not job.dag_id.startswith(DAG_PREFIX):
        run = await _call_airflow(request, "GET", job.run)
        conf: Mapping[str, Any] = run["conf"]
        return conf
    params = _batch_params(job.parameters)
    if "interval_start" in params or not await run_in_threadpool(_is_incremental, job.dag_id):
        return params
    run = await _call_airflow(request, "GET", job.run)
    conf_params = _batch_params(run["conf"] or {})
    return params | (conf_params if "interval_start" in conf_params else conf_params | _interval_of(run))


def _batch_params(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in BATCH_PARAMS if values.get(name) is not None}


def _interval_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """The data interval of a DAG run, as the Params of a batch; empty if it has none."""
    start, end = run.get("data_interval_start"), run.get("data_interval_end")
    if not start or not end or datetime.fromisoformat(start) >= datetime.fromisoformat(end):
        return {}
    return {"interval_start": start, "interval_end": end}


def _is_incremental(dag_id: str) -> bool:
    """Whether the batches of a deployment are of data intervals."""
    number = dag_id.removeprefix(DAG_PREFIX)
    with limited_connection("modelops actions") as connection:
        return number.isdecimal() and any(one.incremental for one in schedules.deployed(connection, int(number)))


async def trigger(request: Request, dag_id: str, conf: Mapping[str, Any], *, unknown: Refusal = GONE) -> str:
    """Trigger a run of a DAG; returns its id. `unknown` is the refusal if Airflow has no such DAG."""
    address = f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns"
    run = await _call_airflow(request, "POST", address, {"logical_date": None, "conf": dict(conf)}, unknown=unknown)
    return str(run["dag_run_id"])


async def _call_airflow(
    request: Request, method: str, address: str, body: Any = None, *, unknown: Refusal = GONE
) -> Any:
    """Call Airflow's REST API with the credentials of the request; returns the JSON of the response.

    Raises:
        Refused: the status and reason of Airflow's refusal; 409 with `unknown`, if Airflow answers 404; 502, if Airflow
            fails.
    """
    # Raw bytes: httpx refuses to send a text header that isn't ASCII.
    credentials = [(name, value) for name, value in request.headers.raw if name in {b"authorization", b"cookie"}]
    airflow = request.scope[ROOT]
    transport = httpx.ASGITransport(app=airflow, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow", headers=credentials) as client:
        answer = await client.request(method, airflow.root_path.rstrip("/") + address, json=body)
    if answer.is_success:
        return answer.json() if answer.content else None
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise Refused(409, unknown.code, unknown.detail)
    if answer.status_code in FORWARDED_STATUSES:
        raise _refused(answer)
    log.warning("Airflow answered %s to %s %s: %s", answer.status_code, method, address, _refused(answer).detail)
    detail = f"Airflow failed to process the request (status {answer.status_code}); see the log of its API server"
    raise Refused(502, Code.AIRFLOW_FAILED, detail, status=str(answer.status_code))


def _refused(answer: httpx.Response) -> Refused:
    """The refusal in a response of Airflow or of the approval middleware, which adds a code."""
    try:
        content = answer.json()
        detail = content["detail"]
    except (ValueError, KeyError, TypeError):
        return Refused(answer.status_code, None, storable(answer.text))
    text = str(storable(detail if isinstance(detail, str) else str(detail)))
    if "code" not in content:
        return Refused(answer.status_code, None, text)
    return Refused(answer.status_code, Code(content["code"]), text, **content["values"])
