"""Numbers, durations and failure rates of jobs over time. See `sql/analysis.sql`.

Every function takes the DAGs whose jobs are visible and ignores other jobs. A job belongs to the period in which it was
created.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from modelops.domain.job_types import JobType
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

_QUERIES = Queries("analysis")


@dataclass(frozen=True, kw_only=True)
class Span:
    """A selection of jobs by type and time of creation; times have a time zone."""

    types: Collection[JobType]
    created_from: datetime
    created_before: datetime


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """The median and the 95th percentile of a duration, in seconds."""

    median: float
    p95: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts and durations of a group of jobs.

    Args:
        number: all jobs, unfinished ones included.
        completed, failed: the jobs with these final statuses.
        waited: the time that ended jobs waited; None if it is known for none of them.
        worked: the time that ended jobs ran on a worker; None if none has started.
    """

    number: int
    completed: int
    failed: int
    waited: Quantiles | None
    worked: Quantiles | None

    @property
    def failure_rate(self) -> float | None:
        """The share of failed jobs among those that completed or failed; None if there are none."""
        decided = self.completed + self.failed
        return self.failed / decided if decided else None


@dataclass(frozen=True, kw_only=True)
class Period(Figures):
    """The figures of the jobs created in the hour, day, week or month that begins at `start`."""

    start: datetime


@dataclass(frozen=True, kw_only=True)
class TypeFigures:
    """The figures of a job type: for the whole span, and for each period with jobs, in order."""

    type: JobType
    whole: Figures
    periods: Sequence[Period]


def by_type(
    connection: Connection[Any], dag_ids: Sequence[str], span: Span, *, unit: str, zone: str
) -> list[TypeFigures]:
    """The figures of each type that has jobs, in the order of the life cycle.

    Args:
        unit: "hour", "day", "week" (from Monday) or "month".
        zone: the name of the time zone in which periods begin.
    """
    with translated():
        rows = _QUERIES.execute(
            connection, "by_type", dag_ids=list(dag_ids), unit=unit, zone=zone, **_values(span)
        ).fetchall()
    return [
        TypeFigures(
            type=JobType(name),
            whole=Figures(**_figures(next(of_type))),  # the row of the whole span comes first
            periods=[Period(start=row["start"], **_figures(row)) for row in of_type],
        )
        for name, of_type in groupby(rows, key=lambda row: row["type"])
    ]


def slowest(connection: Connection[Any], dag_ids: Sequence[str], span: Span, *, limit: int) -> list[Mapping[str, Any]]:
    """The jobs that worked longest and have ended, as rows of `modelops.job_summary`."""
    with translated():
        return list(_QUERIES.execute(connection, "slowest", dag_ids=list(dag_ids), limit=limit, **_values(span)))


def _values(span: Span) -> dict[str, Any]:
    return {
        "types": list(span.types),
        "created_from": span.created_from,
        "created_before": span.created_before,
    }


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("number", "completed", "failed")},
        **{name: _spread(row[name]) for name in ("waited", "worked")},
    }


def _spread(quantiles: Sequence[float] | None) -> Quantiles | None:
    return None if quantiles is None else Quantiles(median=quantiles[0], p95=quantiles[1])
