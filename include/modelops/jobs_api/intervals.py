"""The status of a deployment's data intervals: done, running, failed, superseded, or missing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from psycopg import Connection
from pydantic import AwareDatetime, BaseModel, Field

from modelops.airflow.timetables import due
from modelops.domain.deployments import dag_id_of
from modelops.domain.schedules import Schedule, ScheduleKind
from modelops.domain.versions import VersionKind
from modelops.jobs_api import refusals
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_deployment
from modelops.jobs_api.schemas import MOST, DeploymentNumber
from modelops.registry.write import runs, work_list
from modelops.registry.write.runs import DueInterval

APPLICATION = "modelops intervals"

router = APIRouter(prefix="/api")


class IntervalState(StrEnum):
    """The state of an interval."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    MISSING = "missing"


class DataInterval(BaseModel):
    """A data interval of a deployment, with its state and its batch."""

    start: datetime | None = Field(description="Null, as is the end, for a run without a data interval.")
    end: datetime | None
    is_due: bool = Field(
        description="Whether it is due by this or an earlier schedule or by a backfill; else a person requested it."
    )
    state: IntervalState
    job_id: int | None = Field(description="The job whose rows readers see; if there is none, the newest one.")
    rows: int | None
    published_at: datetime | None


class Intervals(BaseModel):
    """A page of the intervals of a deployment, latest first."""

    deployment: int
    kind: VersionKind
    model: str = Field(description="The model or the feature task.")
    version: int
    target: str
    dag_id: str
    schedule: str
    time_zone: str
    paused: bool
    ended_at: datetime | None
    intervals: list[DataInterval]
    more: bool = Field(description="Whether there are earlier ones, after the last one's `last_start` and `last_end`.")


@router.get(
    "/deployments/{id}/intervals",
    responses=refusals.documented({404: "There is no such deployment, or you may not see it."}),
)
def list_intervals(
    user: GetUserDep,
    id: DeploymentNumber,  # noqa: A002 - the name in the API
    last_start: AwareDatetime | None = None,
    last_end: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Intervals:
    """The states of a deployment's data intervals since it began: those due by its schedule, and all others."""
    before = None if last_start is None or last_end is None else (last_start, last_end)
    with limited_connection(APPLICATION) as connection:
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        row = whole_deployment(connection, seen, id)
        due = _due(connection, row, before, limit)
        found = runs.intervals(connection, seen, id, due, before=before, limit=limit + 1)
    shown = ("kind", "model", "version", "target", "schedule", "time_zone", "paused", "ended_at")
    return Intervals(
        **{name: row[name] for name in shown},
        deployment=id,
        dag_id=dag_id_of(id),
        intervals=[DataInterval.model_validate(one) for one in found[:limit]],
        more=len(found) > limit,
    )


def _due(
    connection: Connection[Any], row: Mapping[str, Any], before: tuple[datetime, datetime] | None, limit: int
) -> list[DueInterval]:
    """The intervals that are due by the present schedule, since it was set; none if runs have no intervals."""
    if not row["incremental"]:
        return []
    most = limit + 2  # the last one of the previous page may be among them
    schedule = Schedule(text=row["schedule"], time_zone=row["time_zone"])
    if schedule.kind is ScheduleKind.AFTER:
        published = work_list.due(connection, row["id"], before=before and before[1], limit=most)
        return [DueInterval(**one) for one in published]
    if row["starts_at"] is None:
        return []
    paused_at = row["set_at"] if row["paused"] else None
    until = min(moment for moment in (before and before[1], row["ended_at"], paused_at, datetime.now(UTC)) if moment)
    return [DueInterval(start=start, end=end) for start, end in due(schedule, row["starts_at"], until, most)]
