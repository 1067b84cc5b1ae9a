"""Versions of models, deployments, and what was in production on a day."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from modelops.airflow.timetables import plan
from modelops.domain.bounds import brief
from modelops.domain.decisions import Verdict
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus
from modelops.domain.schedules import Schedule, ScheduleKind
from modelops.domain.versions import VersionKind, VersionStatus
from modelops.jobs_api.actions import runnable
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags
from modelops.jobs_api.schemas import MOST, Text
from modelops.registry.read import catalogue

APPLICATION = "modelops catalogue"
METRICS = 50
"""Maximum metrics of a version that the list shows."""
Place = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=MOST)]

router = APIRouter(prefix="/api")


class StatisticsJob(BaseModel):
    """A job that recorded statistics of a version."""

    job_id: int
    type: JobType


class ActiveDeployment(BaseModel):
    """A deployment of a version that has not ended."""

    id: int = Field(description="The deployment.")
    target: str


class Version(BaseModel):
    """A version of a model or of a feature task."""

    id: int
    model: str = Field(description="The model or the feature task.")
    number: int
    status: VersionStatus
    created_by: str
    created_at: datetime
    commit: str | None
    job_id: int = Field(description="The training or the import that made it.")
    metrics: Annotated[dict[str, Any] | None, BeforeValidator(lambda found: brief(found, METRICS))] = Field(
        description="The first metrics of its newest evaluation or run; the evidence has all of them."
    )
    verdict: Verdict | None
    approver: str | None
    decided_at: datetime | None
    comment: str | None
    statistics_jobs: list[StatisticsJob] = Field(
        description="The jobs that recorded the statistics in use: of its features, and of its predictions."
    )
    deployments: list[ActiveDeployment] = Field(description="Where it is deployed now.")


class Deployment(BaseModel):
    """A deployment, current or ended."""

    id: int
    kind: VersionKind
    model: str = Field(description="The model or the feature task.")
    version: int
    engine: str
    target: str
    dataset: str | None = Field(description="Its name; null for one given as SQL.")
    schedule: str = Field(description="Cron's fields or a preset, once, manual, after a feature table, publish only.")
    time_zone: str
    paused: bool
    set_by: str = Field(description="Who set the schedule.")
    set_at: datetime
    next_at: datetime | None = Field(description="When the next batch is scheduled; null without a cron schedule.")
    deployed_by: str
    approver: str
    started_at: datetime
    ended_at: datetime | None
    ended_how: str | None
    job_id: int = Field(description="The deployment's job.")
    last_job_id: int | None = Field(description="Its newest batch.")
    last_status: JobStatus | None
    last_created_at: datetime | None
    firing: int = Field(description="Alerts that are firing.")
    can_run: bool = Field(description="Whether you may request a batch of it now.")


class InProduction(BaseModel):
    """A version in production at a time, with its decision and evidence."""

    kind: VersionKind
    model: str = Field(description="The model or the feature task.")
    version: int
    deployment: int
    target: str
    dataset: str | None
    started_at: datetime
    ended_at: datetime | None
    ended_how: str | None
    deployed_by: str
    trained_for: str
    commit: str | None
    artifact_sha256: str
    approver: str
    comment: str | None
    decided_at: datetime
    evidence_digest: str
    job_id: int = Field(description="The deployment's job.")
    approval_job_id: int = Field(description="The approval job, with the evidence that was shown.")


class Versions(BaseModel):
    """A page of versions, newest first."""

    versions: list[Version]
    after: int | None = Field(description="For the parameter of this name, to get the next page; null on the last one.")


class Deployments(BaseModel):
    """A page of deployments, newest first."""

    deployments: list[Deployment]
    after: int | None = Field(description="For the parameter of this name, to get the next page; null on the last one.")


class Production(BaseModel):
    """The versions in production at a time."""

    at: datetime
    found: list[InProduction]


@router.get("/versions")
def list_versions(
    user: GetUserDep,
    kind: VersionKind = VersionKind.MODEL,
    model: Text = None,
    after: Place = None,
    limit: Limit = 50,
) -> Versions:
    """Versions of models, or of feature tasks, newest first, with their newest metrics and the decision on them."""
    with limited_connection(APPLICATION) as connection:
        rows = catalogue.versions(
            connection,
            visible_dags(user, connection, DETAIL_ACCESS),
            kind=kind,
            model=model,
            after=after,
            limit=limit + 1,
        )
    return Versions(versions=[Version.model_validate(row) for row in rows[:limit]], after=_last(rows, limit))


@router.get("/deployments")
def list_deployments(
    user: GetUserDep,
    model: Text = None,
    search: Text = None,
    active: bool = False,
    after: Place = None,
    limit: Limit = 50,
) -> Deployments:
    """Deployments, newest first; with `active` only those that haven't ended.

    `search` is a text in the name of the model or the feature task, or in the target.
    """
    with limited_connection(APPLICATION) as connection:
        rows = catalogue.deployments(
            connection,
            visible_dags(user, connection, DETAIL_ACCESS),
            model=model,
            search=search,
            active=active,
            after=after,
            limit=limit + 1,
        )
    can_run = runnable(user, rows[:limit])
    found = [
        Deployment.model_validate({**row, "next_at": next_batch_at(row), "can_run": row["id"] in can_run})
        for row in rows[:limit]
    ]
    return Deployments(deployments=found, after=_last(rows, limit))


@router.get("/production")
def show_production(user: GetUserDep, at: AwareDatetime | None = None) -> Production:
    """The versions in production at a time (default: now), each with its decision and evidence."""
    moment = datetime.now(UTC) if at is None else at
    with limited_connection(APPLICATION) as connection:
        rows = catalogue.production(connection, visible_dags(user, connection, DETAIL_ACCESS), moment=moment)
    return Production(at=moment, found=[InProduction.model_validate(row) for row in rows])


def next_batch_at(row: Mapping[str, Any]) -> datetime | None:
    """When the next batch of a deployment is scheduled; None without a cron schedule, or after its end."""
    schedule = Schedule(text=row["schedule"], time_zone=row["time_zone"], paused=row["paused"])
    if row["ended_at"] or schedule.paused or schedule.kind is not ScheduleKind.CRON:
        return None
    return plan(schedule).upcoming[0]


def _last(rows: catalogue.Rows, limit: int) -> int | None:
    return rows[limit - 1]["id"] if len(rows) > limit else None
