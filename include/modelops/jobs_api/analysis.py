"""Numbers, durations and failures of jobs over time, by type."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import available_timezones

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from psycopg import Connection
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from modelops.domain.errors import ScheduleError
from modelops.domain.job_types import JobType
from modelops.domain.refusals import Code
from modelops.jobs_api.database import freshness, limited_connection
from modelops.jobs_api.permissions import visible_dags, without_hidden_errors
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import MOST, Job, LedgerFreshness, Types
from modelops.registry.read import analysis
from modelops.registry.read.analysis import Span
from modelops.registry.write import observation, schedules

APPLICATION = "modelops analysis"
USUAL = timedelta(days=30)
MAX_PERIODS = 400
SECONDS = 10
"""Maximum seconds of a query. A year with one job per minute takes less than two."""

router = APIRouter(prefix="/api/analysis")


class Unit(StrEnum):
    """The length of a period."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


SHORTEST = {
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: timedelta(hours=23),
    Unit.WEEK: timedelta(days=7, hours=-1),
    Unit.MONTH: timedelta(days=28, hours=-1),
}
"""The minimum length of a period; days are shorter when clocks are set forward."""


class _FromRegistry(BaseModel):
    """A model that is read from the registry's objects."""

    model_config = ConfigDict(from_attributes=True)


class Duration(_FromRegistry):
    """The median and 95th percentile of a duration, in seconds."""

    median: float
    p95: float


class JobFigures(_FromRegistry):
    """Counts and durations of the jobs created in a time range."""

    number: int = Field(description="The number of jobs, unfinished ones included.")
    completed: int
    failed: int
    failure_rate: float | None = Field(
        description="The share of failed jobs among those that completed or failed; null if there are none."
    )
    waited: Duration | None = Field(description="Time spent waiting, of the jobs that have ended.")
    worked: Duration | None = Field(description="Time spent on a worker, of the jobs that have ended and had started.")


class Period(JobFigures):
    """Counts and durations of the jobs created in one hour, day, week or month."""

    start: datetime


class TypeAnalysis(_FromRegistry):
    """The counts and durations of one job type."""

    type: JobType
    whole: JobFigures
    periods: list[Period] = Field(description="In order of time; a period without jobs is omitted.")


class Analysis(LedgerFreshness):
    """Counts and durations by job type, in the order of the life cycle. Types without jobs are omitted."""

    created_from: datetime
    created_before: datetime
    unit: Unit
    zone: str
    types: list[TypeAnalysis]


class Slowest(BaseModel):
    """The jobs with the longest working time, longest first."""

    jobs: list[Job]


Limit = Annotated[int, Query(ge=1, le=MOST)]


@router.get("")
def analyse(
    user: GetUserDep,
    type: Types = None,  # noqa: A002 - the field's own word
    created_from: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
    unit: Unit = Unit.DAY,
    zone: Annotated[str, Query(max_length=64)] = "UTC",
) -> Analysis:
    """The numbers of jobs and failures, and the time spent waiting and working, by job type and period.

    A job belongs to the period in which it was created. The default is the last 30 days. Days, weeks (from Monday) and
    months begin in the time zone `zone`.
    """
    span = _span(type, created_from, created_before)
    if zone not in available_timezones():
        raise _no_zone(zone)
    if (span.created_before - span.created_from) / SHORTEST[unit] > MAX_PERIODS:
        raise Refused(
            422,
            Code.TOO_MANY_PERIODS,
            f"unit: from {span.created_from.isoformat()} to {span.created_before.isoformat()} there are more than"
            f" {MAX_PERIODS} periods ({unit}); choose a shorter time or longer periods",
            most=MAX_PERIODS,
        )
    with limited_connection(APPLICATION, seconds=SECONDS) as connection:
        _check_zone(connection, zone)
        known = observation.last_seen(connection)
        found = analysis.by_type(connection, visible_dags(user, connection), span, unit=unit, zone=zone)
    return Analysis(
        created_from=span.created_from,
        created_before=span.created_before,
        unit=unit,
        zone=zone,
        types=[TypeAnalysis.model_validate(of_type) for of_type in found],
        **freshness(known),
    )


def _check_zone(connection: Connection[Any], zone: str) -> None:
    """Refuse a time zone that this machine knows and the database doesn't, such as localtime."""
    try:
        schedules.check_zone(connection, zone, where="zone")
    except ScheduleError:
        raise _no_zone(zone) from None


def _no_zone(zone: str) -> Refused:
    detail = f"zone: there is no time zone {zone!r}; give a name such as Europe/Paris, or UTC"
    return Refused(422, Code.UNKNOWN_ZONE, detail, zone=zone)


@router.get("/slowest")
def list_slowest(
    user: GetUserDep,
    type: Types = None,  # noqa: A002 - likewise
    created_from: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
    limit: Limit = 10,
) -> Slowest:
    """The jobs that spent the longest time on a worker, of those that have ended."""
    span = _span(type, created_from, created_before)
    with limited_connection(APPLICATION, seconds=SECONDS) as connection:
        rows = analysis.slowest(connection, visible_dags(user, connection), span, limit=limit)
    return Slowest(jobs=[Job.model_validate(row) for row in without_hidden_errors(user, rows)])


def _span(types: list[JobType] | None, created_from: datetime | None, created_before: datetime | None) -> Span:
    before = datetime.now(UTC) if created_before is None else created_before
    earliest = datetime.min.replace(tzinfo=UTC)
    since = max(before, earliest + USUAL) - USUAL if created_from is None else created_from
    if since >= before:
        detail = f"created_from: {since.isoformat()} isn't before created_before, which is {before.isoformat()}"
        raise Refused(422, Code.EMPTY_PERIOD, detail)
    return Span(types=types or list(JobType), created_from=since, created_before=before)
