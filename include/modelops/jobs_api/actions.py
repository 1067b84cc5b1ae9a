"""Actions of people on jobs. Airflow performs them in their name, with its permissions and its audit log.

Airflow's API is asked within the process, through the whole of its web application: who asks, what they may and the
guard of answers (`approval_middleware.py`) are the same as from outside.
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
from modelops.jobs_api.permissions import WHOLE, allowed, may, seen_by, whole_deployment, whole_job
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import Asked, Given, JobNumber
from modelops.registry.write import schedules

log = logging.getLogger(__name__)

NEEDED: Mapping[Action, tuple[ResourceMethod, DagAccessEntity]] = {
    Action.STOP: ("PUT", DagAccessEntity.TASK_INSTANCE),
    Action.RETRY: ("PUT", DagAccessEntity.TASK_INSTANCE),
    Action.RUN_NOW: ("POST", DagAccessEntity.RUN),
    Action.APPROVE: ("PUT", DagAccessEntity.HITL_DETAIL),
    Action.REJECT: ("PUT", DagAccessEntity.HITL_DETAIL),
}
"""What somebody must be allowed in Airflow; its own routes ask for the same."""
PASSED_ON = frozenset({400, 401, 403, 409, 422, 503})
"""Refusals of Airflow, and of the middleware for answers, that are ours too."""
OF_A_BATCH = ("interval_start", "interval_end", "set_aside_budget")
"""The Params of such a DAG, and the parameters of its jobs."""


def same_origin(request: Request) -> None:
    """Airflow's session cookie goes along with requests from other sites' pages; those must not act.

    Raises:
        Refused: 403, where the browser says that another site asks; 415, where the body isn't JSON.
    """
    site = request.headers.get("sec-fetch-site")
    if site is None:  # an old browser, one that doesn't trust the connection, or no browser at all
        origin = request.headers.get("origin")
        here = {request.headers.get("host"), urlsplit(conf.get("api", "base_url", fallback="")).netloc}
        own = origin is None or _host(origin) in here - {"", None}
    else:
        own = site in {"same-origin", "none"}
    if not own:
        raise Refused(403, Code.OTHER_SITE, "another site's page asks for this; only Airflow's own may")
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
            400: "The body can't be read, or Airflow takes it for incomplete.",
            415: "The body isn't JSON.",
            502: "Airflow failed when it was asked.",
        }
    ),
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """The job that somebody wants to act on."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    parameters: Mapping[str, Any]

    @property
    def run(self) -> str:
        """The address of its DAG run in Airflow's API."""
        return f"/api/v2/dags/{quote(self.dag_id, safe='')}/dagRuns/{quote(self.run_id, safe='')}"

    @property
    def task(self) -> str:
        """The address of its task instance there."""
        mapped = f"/{self.map_index}" if self.map_index >= 0 else ""
        return f"{self.run}/taskInstances/{quote(self.task_id, safe='')}{mapped}"


@router.post(
    "/jobs/{id}/{action}",
    status_code=202,
    responses=refusals.documented(
        {
            403: "You may see the job, but not do this.",
            404: "There is no such job, or it isn't yours to see.",
            409: "The job doesn't stand where this can be done.",
        }
    ),
)
async def act(user: GetUserDep, request: Request, id: JobNumber, action: Action, given: Given) -> Asked:  # noqa: A002
    """Stop a job, have it done anew, ask for the same again, or answer an approval.

    Airflow has taken the request when this answers; the job's events tell what comes of it.
    """
    job = await run_in_threadpool(_known, user, id, action)
    return Asked(run_id=await _do(request, job, action, given))


@router.post(
    "/deployments/{id}/run_now",
    status_code=202,
    responses=refusals.documented(
        {
            403: "You may see the deployment, but not do this.",
            404: "There is no such deployment, or it isn't yours to see.",
            409: "The deployment has ended, or has no DAG to run.",
        }
    ),
)
async def run_deployment(user: GetUserDep, request: Request, id: JobNumber) -> Asked:  # noqa: A002
    """Make a batch of a deployment now, of the data interval that ended last, or of all rows."""
    dag_id = await run_in_threadpool(_active, user, id)
    return Asked(run_id=await _trigger(request, dag_id, {}, unknown=NO_DAG))


def runnable(user: Any, deployments: Sequence[Mapping[str, Any]]) -> set[int]:
    """The numbers of those deployments of which this person may ask for a batch now."""
    active = {dag_id_of(one["id"]): one["id"] for one in deployments if one["ended_at"] is None}
    return {active[dag_id] for dag_id in allowed(user, list(active), [NEEDED[Action.RUN_NOW]])}


def _active(user: Any, number: int) -> str:
    """The DAG of a deployment, once it's clear that this person may run it."""
    with limited_connection("modelops actions") as connection:
        row = whole_deployment(connection, seen_by(user, connection, WHOLE), number)
    if row["ended_at"] is not None:
        detail = f"deployment {number} was {row['ended_how']}, so it makes no batches any more"
        raise Refused(409, Code.DEPLOYMENT_ENDED, detail, deployment=number, ending=str(row["ended_how"]))
    if not runnable(user, [row]):
        raise _not_allowed(dag_id_of(number))
    return dag_id_of(number)


def _not_allowed(dag_id: str) -> Refused:
    return Refused(403, Code.NOT_ALLOWED, f"Airflow doesn't let you do this with the DAG {dag_id}", dag=dag_id)


def actions_of(user: Any, row: Mapping[str, Any], objection: Refusal | None) -> Sequence[Action]:
    """What this person may do about a job now; `objection` is why they can't decide, where it waits for that."""
    return [
        action
        for action in possible_actions(JobStatus(row["status"]), row["dag_id"], JobType(row["type"]))
        if may(user, row["dag_id"], *NEEDED[action]) and not (action in ANSWERS and objection)
    ]


def _known(user: Any, job_id: int, action: Action) -> Known:
    """The job, once it's clear that this person may do that about it now."""
    place = approval_connection if action in ANSWERS else limited_connection
    with place("modelops actions") as connection:
        row = whole_job(user, connection, job_id)
    if not may(user, row["dag_id"], *NEEDED[action]):
        raise _not_allowed(row["dag_id"])
    if action not in possible_actions(JobStatus(row["status"]), row["dag_id"], JobType(row["type"])):
        status = row["status"].replace("_", " ")
        detail = f"job {job_id} is {status}, so there is no {action} for it now"
        raise Refused(409, Code.NOT_NOW, detail, job=job_id, status=row["status"], action=str(action))
    return Known(**{name: row[name] for name in ("dag_id", "run_id", "task_id", "map_index", "parameters")})


async def _do(request: Request, job: Known, action: Action, given: Given) -> str:
    """Ask Airflow; returns the id of the DAG run that it is about."""
    match action:
        case Action.STOP:
            await _ask(request, "PATCH", job.task, {"new_state": "failed"})
        case Action.RETRY:
            task: Any = [job.task_id, job.map_index] if job.map_index >= 0 else job.task_id
            body = {"dry_run": False, "dag_run_id": job.run_id, "task_ids": [task], "only_failed": False}
            behind = {"reset_dag_runs": True, "include_downstream": True, "prevent_running_task": True}
            await _ask(request, "POST", f"{job.run.rpartition('/dagRuns/')[0]}/clearTaskInstances", body | behind)
        case Action.RUN_NOW:
            return await _trigger(request, job.dag_id, await _conf_of(request, job))
        case Action.APPROVE | Action.REJECT:
            fields = {"comment": given.comment, "evidence": given.evidence}
            said = {"chosen_options": [action.capitalize()], "params_input": fields}
            address = f"{job.run}/taskInstances/{quote(job.task_id, safe='')}/{job.map_index}/hitlDetails"
            await _ask(request, "PATCH", address, said)
    return job.run_id


async def _conf_of(request: Request, job: Known) -> Mapping[str, Any]:
    """The Params that make the same batch again; a run by the clock has its interval from Airflow, and no Params.

    What no worker took has no interval on record: its DAG run tells which one it was to make.
    """
    if not job.dag_id.startswith(DAG_PREFIX):
        before = await _ask(request, "GET", job.run)
        conf: Mapping[str, Any] = before["conf"]
        return conf
    known = _of_a_batch(job.parameters)
    if "interval_start" in known or not await run_in_threadpool(_is_incremental, job.dag_id):
        return known
    before = await _ask(request, "GET", job.run)
    asked = _of_a_batch(before["conf"] or {})
    return known | (asked if "interval_start" in asked else asked | _interval_of(before))


def _of_a_batch(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in OF_A_BATCH if values.get(name) is not None}


def _interval_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """The data interval of a DAG run, as the Params of a batch; empty where it has none."""
    start, end = run.get("data_interval_start"), run.get("data_interval_end")
    if not start or not end or datetime.fromisoformat(start) >= datetime.fromisoformat(end):
        return {}
    return {"interval_start": start, "interval_end": end}


def _is_incremental(dag_id: str) -> bool:
    """Whether the batches of a deployment are of data intervals."""
    number = dag_id.removeprefix(DAG_PREFIX)
    with limited_connection("modelops actions") as connection:
        return number.isdecimal() and any(one.incremental for one in schedules.deployed(connection, int(number)))


async def _trigger(request: Request, dag_id: str, conf: Mapping[str, Any], *, unknown: Refusal = GONE) -> str:
    """Ask for a run of a DAG; returns its id. `unknown` is what to say if Airflow doesn't know the DAG."""
    address = f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns"
    made = await _ask(request, "POST", address, {"logical_date": None, "conf": dict(conf)}, unknown=unknown)
    return str(made["dag_run_id"])


async def _ask(request: Request, method: str, address: str, body: Any = None, *, unknown: Refusal = GONE) -> Any:
    """Ask Airflow's API in the name of who has asked us.

    Raises:
        Refused: Airflow's refusal, with its status and reason; 409 with `unknown`, Airflow doesn't know it; 502, it
            failed.
    """
    # As they came: a header may hold what isn't ASCII, which a client would refuse to send as text.
    who = [(name, value) for name, value in request.headers.raw if name in {b"authorization", b"cookie"}]
    airflow = request.scope[ROOT]
    inside = httpx.ASGITransport(app=airflow, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=inside, base_url="http://airflow", headers=who) as client:
        answer = await client.request(method, airflow.root_path.rstrip("/") + address, json=body)
    if answer.is_success:
        return answer.json() if answer.content else None
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise Refused(409, unknown.code, unknown.detail)
    if answer.status_code in PASSED_ON:
        raise _refused(answer)
    log.warning("Airflow answered %s to %s %s: %s", answer.status_code, method, address, _refused(answer).detail)
    detail = f"Airflow failed when it was asked (status {answer.status_code}); its log may tell why"
    raise Refused(502, Code.AIRFLOW_FAILED, detail, status=str(answer.status_code))


def _refused(answer: httpx.Response) -> Refused:
    """Airflow's refusal, or that of our guard of answers, which has a code."""
    try:
        said = answer.json()
        detail = said["detail"]
    except (ValueError, KeyError, TypeError):
        return Refused(answer.status_code, None, storable(answer.text))
    text = str(storable(detail if isinstance(detail, str) else str(detail)))
    if "code" not in said:
        return Refused(answer.status_code, None, text)
    return Refused(answer.status_code, Code(said["code"]), text, **said["values"])
