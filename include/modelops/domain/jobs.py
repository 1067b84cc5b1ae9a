"""A job: one stage of a life cycle, executed as one Airflow task and recorded whatever happens to it."""

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
"""The actor of what an attempt tells of itself."""
AIRFLOW = "airflow"
"""The actor of what Airflow's scheduler and executor did."""


class JobStatus(StrEnum):
    """Where a job stands. The database guards the order (`job_status_guard`)."""

    CREATED = "created"
    """Its DAG run exists; what comes before it isn't done yet."""
    SCHEDULED = "scheduled"
    """Nothing stands before it any more; Airflow's scheduler will queue it."""
    QUEUED = "queued"
    """It waits for a worker."""
    RUNNING = "running"
    """A worker has taken it: its fence was raised."""
    AWAITING_APPROVAL = "awaiting_approval"
    """It waits for a person's answer; no worker is held."""
    RETRYING = "retrying"
    """An attempt was lost or found something unavailable; another one follows."""
    COMPLETED = "completed"
    """Its work is committed, in the same transaction as this status."""
    FAILED = "failed"
    """Its last attempt failed; the reason is in `error`."""
    CANCELLED = "cancelled"
    """A person stopped it."""
    SKIPPED = "skipped"
    """It never ran: what stood before it failed or skipped it, or a person marked it as done by hand."""

    @property
    def is_final(self) -> bool:
        """Whether only a person (clear) can bring the job on from here."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED}


class WaitsFor(StrEnum):
    """What makes a job wait for its turn or for a worker."""

    TASKS = "tasks"
    """Those before it in its DAG run have to end."""
    UNPAUSING = "paused"
    """Its DAG is paused."""
    ACTIVE_RUNS = "active_runs"
    """As many runs of its DAG are under way as may be."""
    BACKFILL = "backfill"
    """Other runs of its backfill come first."""
    POOL = "pool"
    """Airflow's pool has no free slot."""
    ACTIVE_TASKS = "active_tasks"
    """As many tasks of its DAG run are at work as may be."""
    WORKERS = "workers"
    """No worker has taken it yet, while other tasks are queued or running."""
    SCHEDULER = "scheduler"
    """None of these: Airflow hasn't come to it yet."""


class Event(StrEnum):
    """The event of an entry in a job's log. Entries are never changed or removed."""

    CREATED = "created"
    """The DAG run was created; the actor is who asked for it."""
    CLEARED = "cleared"
    """A person cleared the task, which asks for its work anew; the actor is that person."""
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    WAITING = "waiting"
    """It has waited for some seconds, for what `detail` names by `cause` (a WaitsFor) and in words."""
    RUNNING = "running"
    STEP = "step"
    """The attempt has reached the step that `detail` names."""
    AWAITING_APPROVAL = "awaiting_approval"
    """The evidence that `detail` names is before the reviewers."""
    REFUSED = "refused"
    """A person's answer doesn't count, for the reason in `detail`; the job waits for another one."""
    RETRYING = "retrying"
    """The attempt is over without a result; `detail` says why, and that another one follows."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """A person stopped the job; the actor is that person where Airflow tells it."""
    SKIPPED = "skipped"
    REPEATED = "repeated"
    """A retry found the job completed (its worker was lost after the commit) and returned the recorded result."""
    LOST = "lost"
    """Airflow lost the worker of the attempt."""


@dataclass(frozen=True, kw_only=True)
class TaskKey:
    """The Airflow task instance that a job is. `map_index` is -1 where the task isn't mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> TaskKey:
        """From any row with these four columns."""
        return cls(dag_id=row["dag_id"], run_id=row["run_id"], task_id=row["task_id"], map_index=row["map_index"])

    def __str__(self) -> str:
        mapped = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id} / {self.run_id} / {self.task_id}{mapped}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a worker claims a job with: which task it runs, which try of it, and what was requested.

    Args:
        number: Airflow's try number of this attempt.
        first: the try number of the first attempt since a person requested the work, by the DAG as it is now; used
            where the ledger doesn't know `max_tries`.
        max_tries: Airflow's number for the task: clearing the task changes it, a retry doesn't.
        asked_at: when the DAG run was requested; None after the task was cleared. A retry keeps the first try's.
        reusable_if: fields that a recorded result must have to be returned even to a person who cleared the task;
            None: it never is.
        resumed: a person has answered what this attempt asked.
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
    """One worker's hold on a job.

    `fence` is higher than that of every attempt before; a write that names an older one is refused. `number` is
    Airflow's try number. `fresh` tells a first try, or one that a person asked for by clearing the task, from a
    retry of the same work.
    """

    job_id: JobId
    key: TaskKey
    number: int
    fence: int
    fresh: bool
    requested_by: str
    recorded_result: Mapping[str, Any] | None = field(default=None)
    """What the job returned, if it had completed before this attempt and this attempt is a retry."""
    asked_at: datetime | None = field(default=None)
    """Time of the DAG run's request; None after a clear."""
