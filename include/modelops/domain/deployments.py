"""A deployment: an approved version in production, and the data intervals of its batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType
from zoneinfo import ZoneInfo

from modelops.domain.errors import IntervalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.emptiness import Emptiness
    from modelops.domain.schedules import Schedule
    from modelops.domain.versions import VersionId, VersionKind

DeploymentId = NewType("DeploymentId", int)
INTERVAL = "the parameters interval_start and interval_end"
"""Where a person says which interval is meant."""


CLOCKS_DIFFER = timedelta(minutes=1)
"""At most so much: the scheduler's, which starts a run at the end of an interval, and the database's."""
DAG_PREFIX = "deployment_"
"""How the id of a deployment's own DAG begins; its number follows."""


def dag_id_of(deployment: int) -> str:
    """The id of a deployment's own DAG."""
    return f"{DAG_PREFIX}{deployment}"


class Engine(StrEnum):
    """What computes the rows."""

    BATCH = "batch"
    """The model's ModelScorer on a worker, batch by batch."""
    SQL = "sql"
    """The database: a feature task's SELECT."""
    PYTHON = "python"
    """A feature task's function on a worker."""


class DeploymentEnd(StrEnum):
    """How a deployment ended."""

    REPLACED = "replaced"
    """A newer deployment took its target over."""
    RETIRED = "retired"
    """A person retired it."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A version in production.

    `model` is the reference of the model or the feature task; `target` the view of what it produces; `entity_key` the
    columns of the key with their PostgreSQL types; `outputs` maps each other column to its type: Arrow's of what a
    scorer gives, PostgreSQL's of a feature. `set_aside_budget` counts rows, `empty` says which batches
    may have none, `parts` those that a batch is cut into. Both ends are None while it is active.
    """

    id: DeploymentId
    version_id: VersionId
    kind: VersionKind
    model: str
    version: int
    artifact_sha256: str
    decision_id: int
    engine: Engine
    dataset: Mapping[str, Any]
    target: str
    entity_key: Sequence[Mapping[str, str]]
    outputs: Mapping[str, str]
    set_aside_budget: int
    empty: Emptiness
    parts: int
    deployed_by: str
    started_at: datetime
    ended_at: datetime | None
    ended_how: DeploymentEnd | None

    @property
    def subject(self) -> str:
        """What people call it: `demo/arrival_delay v3 (deployment 7)`."""
        return f"{self.model} v{self.version} (deployment {self.id})"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What the DAG of a deployment is made of.

    `incremental`: each run is of a data interval; else each makes all rows anew. `starts_at` is the tick of the clock
    before which nothing is due. `set_by` is the author of the schedule, who asked for what it starts; `set_at` is when.
    """

    id: int
    kind: VersionKind
    model: str
    version: int
    target: str
    job_id: int
    started_at: datetime
    ended: bool
    approver: str
    decided_at: datetime
    approval_job_id: int
    incremental: bool
    parts: int
    schedule: Schedule
    starts_at: datetime | None
    set_by: str
    set_at: datetime


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A data interval [start, end); both times are aware."""

    start: datetime
    end: datetime

    @classmethod
    def parse(cls, start: str | None, end: str | None, *, where: str, now: datetime) -> Interval | None:
        """The interval that two ISO 8601 texts name; None where neither is given.

        `now` is by the database's clock. The end may be still to come by as much as clocks of machines differ.

        Raises:
            IntervalError: only one is given, one is no time or has no time zone, they are in the wrong order, or the
                end is still to come.
        """
        if not start and not end:
            return None
        if not start or not end:
            raise IntervalError("only one end of the interval is given", where=where, expected="both, or neither")
        interval = cls(start=_moment(start, where), end=_moment(end, where))
        if interval.start >= interval.end:
            raise IntervalError(
                f"the interval ends at {end}, which isn't after {start}",
                where=where,
                expected="an interval_start that is before interval_end",
            )
        if interval.end > now + CLOCKS_DIFFER:
            raise IntervalError(
                f"the interval ends at {end}, which is still to come", where=where, expected="an interval that is over"
            )
        return interval

    def within(self, time_zone: str) -> Interval:
        """The same interval with its ends in a time zone."""
        zone = ZoneInfo(time_zone)
        return Interval(start=self.start.astimezone(zone), end=self.end.astimezone(zone))

    def as_record(self) -> list[str]:
        """Both ends in ISO 8601, as results of jobs have them."""
        return [self.start.isoformat(), self.end.isoformat()]

    def __str__(self) -> str:
        start, end = self.as_record()
        return f"[{start}, {end})"


def _moment(text: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        what = "is no time" if moment is None else "has no time zone"
        raise IntervalError(f"{text!r} {what}", where=where, expected="ISO 8601 with an offset: 2013-08-01T00:00:00Z")
    return moment
