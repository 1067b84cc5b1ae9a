"""Serves the memory and CPU time of jobs."""

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter

from modelops.domain.jobs import JobId
from modelops.jobs_api import refusals
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_job
from modelops.jobs_api.schemas import JobNumber, JobUsage
from modelops.registry.read import usage

router = APIRouter(prefix="/api")


@router.get("/jobs/{id}/usage", responses=refusals.documented({404: "There is no such job, or you may not see it."}))
def show_usage(user: GetUserDep, id: JobNumber) -> JobUsage:  # noqa: A002 - the name in the API
    """The memory and CPU time that a job has used, and what to request for the next one."""
    with limited_connection("modelops usage") as connection:
        whole_job(user, connection, id)
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        return JobUsage.model_validate(usage.of_job(connection, JobId(id), seen))
