"""The observer's writes to the ledger: facts from Airflow. See `sql/observation.sql`.

Every write is idempotent, and none overrides what a worker has written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from psycopg.types.json import Jsonb

from modelops.domain import bounds
from modelops.domain.job_types import JobType
from modelops.domain.jobs import AIRFLOW, Event, JobStatus, TaskKey
from modelops.domain.text import storable
from modelops.registry.queries import Queries
from modelops.registry.translation import translated
from modelops.registry.write import jobs, versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

_QUERIES = Queries("observation")
_ACTIVE_OBSERVER = 7_301_733_180_042_002  # any number that no other advisory lock uses


@dataclass(frozen=True, kw_only=True)
class Request:
    """The request of a job: its time, requester, subject and parameters."""

    at: datetime
    by: str
    subject: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The end of an attempt according to Airflow. `by` is a person's name or `airflow`."""

    status: JobStatus
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Queueing:
    """When Airflow scheduled and queued an attempt (its try number)."""

    attempt: int
    scheduled_at: datetime | None
    queued_at: datetime | None

    @classmethod
    def read(cls, attempt: int, scheduled_at: datetime | None, queued_at: datetime | None) -> Self:
        """Read the columns of a task instance, whose queueing time may still be that of an earlier attempt."""
        if scheduled_at and queued_at and queued_at < scheduled_at:
            queued_at = None
        return cls(attempt=attempt, scheduled_at=scheduled_at, queued_at=queued_at)


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """The state of a task instance at one look.

    `first` is the try number of the first attempt since a person requested the work (by the run or by a clear),
    according to the DAG. `max_tries` is Airflow's; a clear changes it.
    """

    key: TaskKey
    type: JobType
    first: int
    queueing: Queueing
    ending: Ending | None
    max_tries: int | None = None

    @property
    def attempt(self) -> int:
        """The try number of the attempt that was seen."""
        return self.queueing.attempt


@dataclass(frozen=True, kw_only=True)
class OpenJob:
    """A job that the ledger has as unfinished."""

    key: TaskKey
    type: JobType


def open_jobs(connection: Connection[Any]) -> list[OpenJob]:
    """The jobs that the ledger has as unfinished, oldest first."""
    with translated():
        return [
            OpenJob(key=TaskKey.from_row(row), type=JobType(row["type"]))
            for row in _QUERIES.execute(connection, "open_jobs")
        ]


def introduce(connection: Connection[Any], key: TaskKey, type: JobType, request: Request) -> None:  # noqa: A002
    """Create the row of a job that may not have started, and record its requester and the time of the request."""
    with translated(), connection.transaction():
        _QUERIES.execute(
            connection,
            "introduce",
            type=type,
            **_named(key),
            subject=bounds.shortened(request.subject, bounds.NAME),
            requested_by=request.by,
            parameters=Jsonb(jobs.recordable(request.parameters)),
            created_at=request.at,
        )
        row = _find(connection, key)
        assert row is not None
        jobs.add_event(connection, row["id"], 0, Event.CREATED, at=request.at, actor=request.by, detail={})


def record(connection: Connection[Any], sighting: Sighting) -> bool:
    """Record a sighting of a task instance; False if the job has not been introduced."""
    with translated(), connection.transaction():
        row = _find(connection, sighting.key, attempt=sighting.attempt)
        if row is None or not row["introduced"]:
            return False
        if sighting.attempt > 0:
            at, anew = sighting.queueing.scheduled_at, _is_anew(row, sighting)
            jobs.note_lost(connection, row, by=sighting.attempt, anew=anew, at=at, actor=AIRFLOW)
            for event in _add_queueing(connection, row, sighting.queueing):
                if sighting.ending is None:
                    _advance(connection, row, JobStatus(event), sighting)
        if sighting.ending is not None:
            _end(connection, row, sighting, sighting.ending)
    return True


def note_queueing(connection: Connection[Any], key: TaskKey, queueing: Queueing) -> None:
    """Record when an attempt was scheduled and queued; within the caller's transaction."""
    row = _find(connection, key, attempt=queueing.attempt)
    if row is not None:
        _add_queueing(connection, row, queueing)


def _add_queueing(connection: Connection[Any], row: Mapping[str, Any], queueing: Queueing) -> list[Event]:
    """Add the events of an attempt's queueing; returns those that are new for this attempt."""
    # Airflow overwrites both times when it resumes a task that a person has answered.
    added = [
        (event, at)
        for event, at in ((Event.SCHEDULED, queueing.scheduled_at), (Event.QUEUED, queueing.queued_at))
        if at is not None and (row["asked_at"] is None or at < row["asked_at"])
    ]
    for event, at in added:
        jobs.add_event(connection, row["id"], queueing.attempt, event, at=at, actor=AIRFLOW, detail={})
    return [event for event, _ in added]


def _advance(connection: Connection[Any], row: Mapping[str, Any], status: JobStatus, sighting: Sighting) -> None:
    done = JobStatus(row["status"]) is JobStatus.COMPLETED
    if not done or _is_anew(row, sighting):
        _move_on(connection, row["id"], status, sighting.attempt)


def _end(connection: Connection[Any], row: Mapping[str, Any], sighting: Sighting, ending: Ending) -> None:
    status, attempt = JobStatus(row["status"]), sighting.attempt
    if row["attempt"] > attempt or (status is JobStatus.COMPLETED and not _is_anew(row, sighting)):
        return
    if not _move_on(connection, row["id"], ending.status, attempt, ending):
        return
    event = Event(ending.status)
    if (
        ending.status in {JobStatus.RETRYING, JobStatus.FAILED}
        and status is JobStatus.RUNNING
        and row["attempt"] == attempt
    ):
        jobs.add_event(
            connection, row["id"], attempt, Event.LOST, at=ending.at, actor=AIRFLOW, detail={"reason": ending.reason}
        )
    jobs.add_event(
        connection, row["id"], attempt, event, at=ending.at, actor=ending.by, detail={"reason": ending.reason}
    )
    if ending.status is not JobStatus.RETRYING:
        versions.fail_in_the_making(connection, job_id=row["id"])


def _is_anew(row: Mapping[str, Any], sighting: Sighting) -> bool:
    """Whether a person has cleared the task since the attempt in the ledger."""
    if row["max_tries"] is None or sighting.max_tries is None:
        return bool(row["attempt"] < sighting.first)
    return bool(row["attempt"] < sighting.attempt and row["max_tries"] != sighting.max_tries)


def is_open(connection: Connection[Any], key: TaskKey) -> bool:
    """Whether the ledger has the job as unfinished, or does not have it."""
    with translated(), connection.transaction():
        row = _find(connection, key)
    return row is None or not JobStatus(row["status"]).is_final


def give_up(connection: Connection[Any], job: OpenJob, ending: Ending) -> None:
    """End a job whose task instance Airflow has no record of any more."""
    with translated(), connection.transaction():
        row = _find(connection, job.key)
        if row is not None and _move_on(connection, row["id"], ending.status, row["attempt"], ending):
            for event in (Event.LOST, Event(ending.status)):
                jobs.add_event(
                    connection,
                    row["id"],
                    row["attempt"],
                    event,
                    at=ending.at,
                    actor=ending.by,
                    detail={"reason": ending.reason},
                )
            versions.fail_in_the_making(connection, job_id=row["id"])


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """An attempt after the first, which was requested between `since` and `until` (None: it has not begun)."""

    attempt: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Clearing:
    """A person cleared a task or, if not `surely`, may have; `entry` names the entry in Airflow's audit log."""

    at: datetime
    by: str
    surely: bool
    entry: str


def renewals(connection: Connection[Any], key: TaskKey, *, first: int) -> list[Renewal]:
    """The attempts after the first, in order; `first` is the first attempt since a person last cleared the task."""
    with translated():
        return [Renewal(**row) for row in _QUERIES.execute(connection, "renewals", **_named(key), first=first)]


def note_clearings(connection: Connection[Any], key: TaskKey, renewal: Renewal, clearings: Sequence[Clearing]) -> None:
    """Record who made an attempt run: they are requesters too. If the attempt has begun, the list is complete."""
    with translated(), connection.transaction():
        for one in clearings:
            _QUERIES.execute(
                connection,
                "note_cleared",
                **_named(key),
                attempt=renewal.attempt - 1,
                at=one.at,
                by=one.by,
                detail=Jsonb({"entry": one.entry} if one.surely else {"entry": one.entry, "possible": True}),
            )
        if renewal.until is not None:
            _QUERIES.execute(connection, "note_requests_read", **_named(key), attempt=renewal.attempt)


def note_waiting(connection: Connection[Any], key: TaskKey, *, attempt: int, at: datetime, detail: Any) -> None:
    """Record what a job waits for, if that has changed and the job still waits."""
    with translated():
        _QUERIES.execute(
            connection,
            "note_waiting",
            **_named(key),
            attempt=attempt,
            at=at,
            by=AIRFLOW,
            detail=Jsonb(storable(detail)),
        )


def record_last_seen(connection: Connection[Any], seen_at: datetime) -> None:
    """Record the time up to which the ledger is complete."""
    with translated():
        _QUERIES.execute(connection, "record_last_seen", seen_at=seen_at)


def last_seen(connection: Connection[Any]) -> datetime | None:
    """The time up to which the ledger is complete; None before the first look."""
    with translated():
        row = _QUERIES.execute(connection, "last_seen").fetchone()
    return None if row is None else row["seen_at"]


def become_active(connection: Connection[Any]) -> bool:
    """Whether this session is that of the active observer: the first to ask, until its session ends."""
    with translated():
        row = _QUERIES.execute(connection, "become_active", key=_ACTIVE_OBSERVER).fetchone()
    assert row is not None
    return bool(row["pg_try_advisory_lock"])


def _named(key: TaskKey) -> dict[str, Any]:
    """The task's key as parameters of a query."""
    return {"dag_id": key.dag_id, "run_id": key.run_id, "task_id": key.task_id, "map_index": key.map_index}


def _find(connection: Connection[Any], key: TaskKey, *, attempt: int = 0) -> Mapping[str, Any] | None:
    return _QUERIES.execute(
        connection,
        "find",
        **_named(key),
        attempt=attempt,
    ).fetchone()


def _move_on(
    connection: Connection[Any], job_id: int, status: JobStatus, attempt: int, ending: Ending | None = None
) -> bool:
    moved = _QUERIES.execute(
        connection,
        "move_on",
        id=job_id,
        status=status,
        attempt=attempt,
        error=ending and ending.reason,
        ended_at=ending and ending.at,
    )
    return moved.fetchone() is not None
