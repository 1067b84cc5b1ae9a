"""A job: one stage of a life cycle, executed as one Airflow task and recorded in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from modelops.domain.job_types import JobType

JobId = NewType("JobId", int)

WORKER = "worker"
"""The actor of events that an attempt records itself."""
AIRFLOW = "airflow"
"""The actor of events of Airflow's scheduler and executor."""


class JobStatus(StrEnum):
    """The status of a job. The database checks each transition (`job_status_guard`)."""

    CREATED = "created"
    """Its DAG run exists; the tasks upstream of it have not ended."""
    SCHEDULED = "scheduled"
    """The tasks upstream of it have ended; Airflow's scheduler will queue it."""
    QUEUED = "queued"
    """It waits for a worker."""
    RUNNING = "running"
    """A worker has claimed it and raised its fence."""
    AWAITING_APPROVAL = "awaiting_approval"
    """It waits for a person's answer and occupies no worker."""
    RETRYING = "retrying"
    """An attempt lost its worker, or a service was unavailable; another attempt follows."""
    COMPLETED = "completed"
    """Its work is committed, in the same transaction as this status."""
    FAILED = "failed"
    """Its last attempt failed; the reason is in `error`."""
    CANCELLED = "cancelled"
    """A person stopped it."""
    SKIPPED = "skipped"
    """It never ran: an upstream task failed or skipped it, or a person marked it as done."""

    @property
    def is_final(self) -> bool:
        """Whether the status changes only if a person clears the job."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED}


class WaitsFor(StrEnum):
    """The reason for which a job waits."""

    TASKS = "tasks"
    """Upstream tasks in its DAG run have not ended."""
    UNPAUSING = "paused"
    """Its DAG is paused."""
    ACTIVE_RUNS = "active_runs"
    """The maximum number of active runs of its DAG is reached."""
    BACKFILL = "backfill"
    """Other runs of its backfill come first."""
    POOL = "pool"
    """Airflow's pool has no free slot."""
    ACTIVE_TASKS = "active_tasks"
    """The maximum number of active tasks of its DAG run is reached."""
    WORKERS = "workers"
    """No worker has taken it yet; other tasks are queued or running."""
    SCHEDULER = "scheduler"
    """None of the other reasons: Airflow's scheduler has not processed it yet."""


class Event(StrEnum):
    """The event of an entry in a job's log. Entries are never changed or removed."""

    CREATED = "created"
    """The DAG run was created; the actor is the requester."""
    CLEARED = "cleared"
    """A person cleared the task, which requests its work again; the actor is that person."""
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    WAITING = "waiting"
    """It has waited for some seconds; `detail` has the reason as `cause` (a WaitsFor) and in words."""
    RUNNING = "running"
    STEP = "step"
    """The attempt has reached the step that `detail` names."""
    AWAITING_APPROVAL = "awaiting_approval"
    """The reviewers have the evidence that `detail` names."""
    REFUSED = "refused"
    """A person's answer was refused for the reason in `detail`; the job waits for another one."""
    RETRYING = "retrying"
    """The attempt ended without a result, for the reason in `detail`; another attempt follows."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """A person stopped the job; the actor is that person if Airflow names them."""
    SKIPPED = "skipped"
    REPEATED = "repeated"
    """A retry found the job completed (its worker was lost after the commit) and returned the recorded result."""
    LOST = "lost"
    """Airflow lost the worker of the attempt."""


@dataclass(frozen=True, kw_only=True)
class TaskKey:
    """The Airflow task instance of a job. `map_index` is -1 if the task isn't mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> TaskKey:
        """Make a key from any row with these four columns."""
        return cls(dag_id=row["dag_id"], run_id=row["run_id"], task_id=row["task_id"], map_index=row["map_index"])

    def __str__(self) -> str:
        mapped = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id} / {self.run_id} / {self.task_id}{mapped}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A worker's claim to a job: the task, its try number, and the request.

    Args:
        number: Airflow's try number of this attempt.
        first: the try number of the first attempt since a person requested the work, according to the current DAG;
            used if the ledger doesn't have `max_tries`.
        max_tries: Airflow's `max_tries` of the task; a clear changes it, a retry doesn't.
        asked_at: the time of the DAG run's request; None after a clear. A retry keeps that of the first try.
        reusable_if: fields that a recorded result must have to be reused even after a clear; None: it is never reused.
        resumed: a person has answered this attempt's approval.
    """

    key: TaskKey
    type: JobType
    number: int
    first: int
    subject: str
    requested_by: str
    parameters: Mapping[str, Any]
    max_tries: int | None = None
    asked_at: datetime | None = None
    reusable_if: Mapping[str, Any] | None = None
    resumed: bool = False

    @property
    def may_retry(self) -> bool:
        """Whether Airflow runs another attempt if this one fails."""
        return self.max_tries is not None and self.number <= self.max_tries


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A worker's attempt at a job.

    `fence` is higher than that of every earlier attempt; the database refuses a write with an older fence. `number` is
    Airflow's try number. `fresh` is true for a first try and after a clear, false for a retry of the same work.
    """

    job_id: JobId
    key: TaskKey
    number: int
    fence: int
    fresh: bool
    requested_by: str
    recorded_result: Mapping[str, Any] | None = field(default=None)
    """The job's recorded result, if this attempt is a retry and the job had already completed."""
    asked_at: datetime | None = field(default=None)
    """Time of the DAG run's request; None after a clear."""
