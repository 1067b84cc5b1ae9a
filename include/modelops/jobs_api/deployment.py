"""A deployment: its state, its newest batch, and its published batches over time."""

from datetime import datetime
from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter
from pydantic import BaseModel, Field

from modelops.domain.deployments import dag_id_of
from modelops.jobs_api import refusals
from modelops.jobs_api.actions import runnable
from modelops.jobs_api.catalogue import Deployment, next_batch_at
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_deployment
from modelops.jobs_api.schemas import DeploymentNumber, reason_of
from modelops.registry.read import catalogue

APPLICATION = "modelops deployment"
BATCHES = 60
"""Published batches of a deployment on its page."""

router = APIRouter(prefix="/api")


class BatchOverTime(BaseModel):
    """A published batch of a deployment."""

    job_id: int
    interval_start: datetime | None = Field(description="Null, as the end, of a batch without an interval.")
    interval_end: datetime | None
    published_at: datetime
    superseded_at: datetime | None = Field(description="When a newer batch of all rows superseded it.")
    rows: int
    set_aside: int = Field(description="Rows that couldn't be scored.")


class WholeDeployment(Deployment):
    """A deployment with its published batches."""

    dag_id: str = Field(description="The DAG of its batches.")
    last_reason: str | None = Field(description="The first line of the error of its newest batch, if it failed.")
    batches: list[BatchOverTime] = Field(
        description=f"At most {BATCHES}, the latest data intervals first; of an interval, the newest one."
    )


@router.get(
    "/deployments/{id}",
    responses=refusals.documented({404: "There is no such deployment, or you may not see it."}),
)
def show_deployment(user: GetUserDep, id: DeploymentNumber) -> WholeDeployment:  # noqa: A002 - the name in the API
    """A deployment with its schedule, its newest batch and its published batches."""
    with limited_connection(APPLICATION) as connection:
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        row = whole_deployment(connection, seen, id)
        batches = catalogue.published_batches(connection, seen, id, limit=BATCHES)
    more: dict[str, Any] = {
        "next_at": next_batch_at(row),
        "can_run": bool(runnable(user, [row])),
        "dag_id": dag_id_of(id),
        "last_reason": reason_of(row["last_error"]),
        "batches": batches,
    }
    return WholeDeployment.model_validate({**row, **more})
