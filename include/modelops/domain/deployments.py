"""A deployment: an approved version in production, and the data intervals of its batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType
from zoneinfo import ZoneInfo

from modelops.domain.errors import IntervalError
from modelops.domain.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.emptiness import Emptiness
    from modelops.domain.labels import Truth
    from modelops.domain.schedules import Schedule
    from modelops.domain.versions import VersionId, VersionKind

DeploymentId = NewType("DeploymentId", int)
INTERVAL = "the parameters interval_start and interval_end"
"""The place that errors about an interval name."""


CLOCKS_DIFFER = timedelta(minutes=1)
"""Tolerance for the difference between the database's clock and that of the scheduler, which starts the runs."""
DAG_PREFIX = "deployment_"
"""Prefix of the id of a deployment's own DAG, before the deployment's number."""


def dag_id_of(deployment: int) -> str:
    """The id of a deployment's own DAG."""
    return f"{DAG_PREFIX}{deployment}"


class Engine(StrEnum):
    """Where a deployment's rows are computed."""

    BATCH = "batch"
    """On a worker, by the model's ModelScorer, batch by batch."""
    SQL = "sql"
    """In the database, by a feature task's SELECT."""
    PYTHON = "python"
    """On a worker, by a feature task's function."""


class DeploymentEnd(StrEnum):
    """How a deployment ended."""

    REPLACED = "replaced"
    """A newer deployment took over its target."""
    RETIRED = "retired"
    """A person retired it."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A version in production.

    `model` is the reference of the model or the feature task; `target` is the view of its rows; `entity_key` has the
    columns of the key with their PostgreSQL types; `outputs` maps each other column to its type: the Arrow type of a
    prediction, the PostgreSQL type of a feature. `set_aside_budget` is the maximum number of rejected rows of a batch,
    `empty` says which batches may have no rows, and `parts` is the number of partitions of a batch; `check_drift`:
    each batch is compared with the reference once it is published. `truth` says where the labels of its predictions
    are, and `maturity` how long after the end of a data interval they are complete; None: it has no labels. `ended_at`
    and `ended_how` are None while the deployment is active.
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
    check_drift: bool
    truth: Truth | None
    maturity: timedelta | None
    deployed_by: str
    started_at: datetime
    ended_at: datetime | None
    ended_how: DeploymentEnd | None

    @property
    def subject(self) -> str:
        """The deployment in messages: `demo/arrival_delay v3 (deployment 7)`."""
        return f"{self.model} v{self.version} (deployment {self.id})"


@dataclass(frozen=True, kw_only=True)
class DeploymentDagSpec:
    """The data from which a deployment's DAG is made.

    `incremental`: each run is for a data interval; otherwise each run makes all rows again. No run is due before
    `starts_at`, a tick of the clock. `set_by` is the person who set the schedule, and the requester of the runs that it
    starts; `set_at` is the time at which it was set. `queue` and `pool` are those that the version requests; None:
    Airflow's default.
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
    check_drift: bool
    schedule: Schedule
    starts_at: datetime | None
    set_by: str
    set_at: datetime
    queue: str | None = None
    pool: str | None = None


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A data interval [start, end); both times are aware."""

    start: datetime
    end: datetime

    @classmethod
    def parse(cls, start: str | None, end: str | None, *, where: str, now: datetime) -> Interval | None:
        """Parse the start and the end from ISO 8601; None if neither is given.

        `now` is the time of the database's clock. The end may be later than `now` by at most `CLOCKS_DIFFER`.

        Raises:
            IntervalError: only one is given, one is not a time or has no time zone, the end is not after the start, or
                the end is in the future.
        """
        if not start and not end:
            return None
        if not start or not end:
            raise IntervalError("only one end of the interval is given", where=where, expected="both, or neither")
        first, last = (parse_time(text, where=where, error=IntervalError) for text in (start, end))
        interval = cls(start=first, end=last)
        if interval.start >= interval.end:
            raise IntervalError(
                f"the interval ends at {end}, which isn't after {start}",
                where=where,
                expected="an interval_start that is before interval_end",
            )
        if interval.end > now + CLOCKS_DIFFER:
            raise IntervalError(
                f"the interval ends at {end}, which is in the future", where=where, expected="an interval that is over"
            )
        return interval

    def within(self, time_zone: str) -> Interval:
        """The same interval with its start and end in a time zone."""
        zone = ZoneInfo(time_zone)
        return Interval(start=self.start.astimezone(zone), end=self.end.astimezone(zone))

    def as_record(self) -> list[str]:
        """The start and the end in ISO 8601, as in the results of jobs."""
        return [self.start.isoformat(), self.end.isoformat()]

    def __str__(self) -> str:
        start, end = self.as_record()
        return f"[{start}, {end})"
