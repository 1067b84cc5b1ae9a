"""The API of the jobs: reads the ledger for users who are signed in to Airflow, within Airflow's permissions."""

import logging
from dataclasses import asdict
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep, get_user
from airflow.configuration import conf
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime

from modelops.domain.declaration import Stage
from modelops.domain.errors import Unavailable
from modelops.domain.job_types import of_stage
from modelops.domain.jobs import JobId, JobStatus
from modelops.domain.refusals import Code
from modelops.jobs_api import (
    actions,
    alerts,
    analysis,
    audit,
    catalogue,
    decision_list,
    deployment,
    drift,
    evidence,
    intervals,
    kept_logs,
    model_actions,
    models,
    performance,
    refusals,
    usage,
    view,
)
from modelops.jobs_api.database import freshness, limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_job, without_hidden_errors
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import (
    MOST,
    NO_NUL,
    SEVERAL,
    Job,
    JobCount,
    JobNumber,
    Page,
    Text,
    Types,
    WholeJob,
    place_of,
    text_of,
)
from modelops.registry.read import job_list
from modelops.registry.read.job_list import JobFilter, Place
from modelops.registry.write import decisions, jobs, observation

log = logging.getLogger(__name__)

PREFIX = "/modelops"
APPLICATION = "modelops jobs"
APPROVALS = of_stage(Stage.APPROVAL)

router = APIRouter(prefix="/api")


@router.get("/jobs")
def list_jobs(
    user: GetUserDep,
    type: Types = None,  # noqa: A002 - the name in the API
    status: Annotated[list[JobStatus] | None, Query(max_length=SEVERAL)] = None,
    subject: Text = None,
    search: Annotated[str | None, Query(min_length=3, max_length=250, pattern=NO_NUL)] = None,
    person: Text = None,
    dag_id: Text = None,
    run_id: Text = None,
    task_id: Text = None,
    map_index: Annotated[int | None, Query(ge=-1, le=2**31 - 1)] = None,
    created_from: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
    after: Text = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Page:
    """The newest jobs that match the filters.

    `type` and `status` may be given several times. `subject` is a model, a version or a whole subject. `search` is a
    text in the subject, in the id of the DAG run or in the beginning of the error. `person` is the requester. `dag_id`,
    `run_id`, `task_id` and `map_index` are those of Airflow. `after` is the value of that name on the previous page.
    """
    job_filter = JobFilter(
        types=type,
        statuses=status,
        subject=subject,
        search=search,
        person=person,
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        created_from=created_from,
        created_before=created_before,
    )
    place = _place(after)
    with limited_connection(APPLICATION) as connection:
        known_up_to = observation.last_seen(connection)  # read first, so that the jobs are at least as new
        rows = job_list.page(
            connection,
            visible_dags(user, connection),
            job_filter,
            after=place,
            limit=limit + 1,
            open_dags=() if search is None else visible_dags(user, connection, DETAIL_ACCESS),
        )
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        jobs=[Job.model_validate(row) for row in without_hidden_errors(user, rows[:limit])],
        after=None if last is None else text_of(Place(created_at=last["created_at"], id=last["id"])),
        **freshness(known_up_to),
    )


@router.get("/jobs/counts")
def count_jobs(user: GetUserDep) -> list[JobCount]:
    """The number of jobs by type and status."""
    with limited_connection(APPLICATION) as connection:
        return [JobCount.of(count) for count in job_list.counts(connection, visible_dags(user, connection))]


@router.get("/jobs/{id}", responses=refusals.documented({404: "There is no such job, or you may not see it."}))
def show_job(user: GetUserDep, id: JobNumber) -> WholeJob:  # noqa: A002 - the name in the API
    """A job, with its events in order and the actions that you may perform on it."""
    with limited_connection(APPLICATION) as connection:
        known_up_to = observation.last_seen(connection)
        row = whole_job(user, connection, id)
        request = decisions.newest_request(connection, JobId(id)) if row["type"] in APPROVALS else None
        objection = None
        if request is not None and row["status"] == JobStatus.AWAITING_APPROVAL:
            objection = request.objection(user.get_name())
        more = {
            "events": jobs.events(connection, JobId(id)),
            "request": request and asdict(request),
            "objection": objection and objection.detail,
            "refusal": objection and asdict(objection),
            "actions": actions.actions_of(user, row, objection),
            **freshness(known_up_to),
        }
        return WholeJob.model_validate({**row, **more})


def make_app() -> FastAPI:
    """The application. Every route requires a signed-in user, including its documentation."""
    app = FastAPI(
        title="ModelOps jobs",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(get_user)],
        responses=refusals.COMMON_REFUSALS,
    )
    app.include_router(router)
    app.include_router(evidence.router)
    app.include_router(usage.router)
    app.include_router(kept_logs.router)
    app.include_router(catalogue.router)
    app.include_router(deployment.router)
    app.include_router(models.router)
    app.include_router(model_actions.router)
    app.include_router(decision_list.router)
    app.include_router(intervals.router)
    app.include_router(drift.router)
    app.include_router(performance.router)
    app.include_router(alerts.router)
    app.include_router(analysis.router)
    app.include_router(actions.router)
    app.include_router(audit.router)
    app.include_router(view.router)
    app.add_exception_handler(Unavailable, refusals.ledger_unavailable)
    app.add_exception_handler(RequestValidationError, refusals.unprocessable)
    app.add_exception_handler(Refused, refusals.answer)

    @app.get("/openapi.json", include_in_schema=False)
    def documentation(request: Request) -> dict[str, Any]:
        return {**app.openapi(), "servers": [{"url": request.scope.get("root_path", "")}]}

    return app


def mounted() -> list[dict[str, Any]]:
    """For `fastapi_apps` of a plugin."""
    return [{"name": "ModelOps jobs", "url_prefix": PREFIX, "app": make_app()}] if _is_available() else []


def pages() -> list[dict[str, Any]]:
    """For `react_apps` of a plugin."""
    return view.pages(PREFIX) if _is_available() else []


def _is_available() -> bool:
    """Whether the API can be offered: not if Airflow has teams, since the team of a removed DAG is unknown."""
    teams = conf.getboolean("core", "multi_team", fallback=False)
    if teams:
        log.warning("the jobs API and the view are disabled, because core.multi_team is on")
    return not teams


def _place(after: str | None) -> Place | None:
    try:
        return None if after is None else place_of(after)
    except ValueError:
        detail = f"no page ends at {after!r}: use the value of `after` from the previous page"
        raise Refused(422, Code.UNKNOWN_PAGE, detail, after=str(after)) from None
