"""The ledger of jobs: claims, events and ends. See `sql/jobs.sql`.

Every function needs a connection in autocommit mode, unless its docstring says that it is part of a caller's
transaction.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain import bounds
from modelops.domain.errors import FenceLost, NotAwaited
from modelops.domain.job_types import JobType
from modelops.domain.jobs import AIRFLOW, WORKER, Attempt, Event, JobId, JobStatus, TaskKey
from modelops.domain.refusals import Code, Refusal
from modelops.domain.text import storable
from modelops.registry.queries import Queries
from modelops.registry.translation import translated
from modelops.registry.write import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from psycopg import Connection

    from modelops.domain.deployments import Deployment
    from modelops.domain.jobs import Claim
    from modelops.domain.resources import Usage
    from modelops.domain.versions import Version

_QUERIES = Queries("jobs")
KEPT = 1_000
"""Maximum number of recorded values, if the parameters are out of bounds."""
SILENT = "the attempt ended without a report from its worker"


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job in the ledger. `waited` is its time before and between attempts, and `worked` its time on a worker."""

    id: JobId
    type: JobType
    subject: str
    status: JobStatus
    attempt: int
    requested_by: str
    result: Mapping[str, Any] | None
    error: str | None
    created_at: datetime
    waited: timedelta | None
    worked: timedelta | None
    key: TaskKey

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> JobRecord:
        """From a row of `modelops.job_summary`."""
        fields = {name: row[name] for name in ("id", "subject", "attempt", "requested_by", "result", "error")}
        return cls(
            **fields,
            type=JobType(row["type"]),
            status=JobStatus(row["status"]),
            created_at=row["created_at"],
            waited=row["waited"],
            worked=row["worked"],
            key=TaskKey.from_row(row),
        )


def claim(connection: Connection[Any], claim: Claim) -> Attempt:
    """Claim the job for this worker, and fence off every earlier attempt.

    The first attempt that a worker begins after a person requested the work (by the DAG run, or by a clear) is fresh
    and starts from the beginning: the earlier result is dropped, and an unfinished version fails. It need not be the
    first try, as Airflow may lose a queued one. An attempt is also fresh if the job had ended without a result, or if
    somebody else requested it. An earlier attempt without a recorded end is recorded as lost. A task that waited for a
    person's answer claims the job again, in the same attempt; if that answer completed the job, its result is returned
    and nothing is written.

    Raises:
        FenceLost: a newer attempt has the job, or the job belongs to an earlier run of the same name.
    """
    key, number = claim.key, claim.number
    with translated(), connection.transaction():
        before = _QUERIES.execute(
            connection,
            "before",
            dag_id=key.dag_id,
            run_id=key.run_id,
            task_id=key.task_id,
            map_index=key.map_index,
            first=claim.first,
        ).fetchone()
        if before is not None and before["attempt"] >= number and JobStatus(before["status"]).is_final:
            if claim.resumed and before["attempt"] == number and before["result"] is not None:
                return Attempt(
                    job_id=JobId(before["id"]),
                    key=key,
                    number=number,
                    fence=before["fence"],
                    fresh=False,
                    requested_by=claim.requested_by,
                    recorded_result=before["result"],
                )
            raise FenceLost(
                f"{key} is recorded as job {before['id']}, {before['status']} in attempt {before['attempt']};"
                " a new run of the same name can't replace it: use another run id"
            )
        fresh = before is None or _is_anew(before, claim)
        forget = fresh and not (before and claim.reusable_if and _has(before["result"], claim.reusable_if))
        row = _QUERIES.execute(
            connection,
            "take",
            type=claim.type,
            dag_id=key.dag_id,
            run_id=key.run_id,
            task_id=key.task_id,
            map_index=key.map_index,
            subject=claim.subject,
            attempt=number,
            requested_by=claim.requested_by,
            parameters=Jsonb(recordable(claim.parameters)),
            forget=forget,
            fresh=fresh,
            max_tries=claim.max_tries,
            asked_at=claim.asked_at,
        ).fetchone()
        assert row is not None
        if forget:
            versions.fail_in_the_making(connection, job_id=row["id"])
        attempt = Attempt(
            job_id=JobId(row["id"]),
            key=key,
            number=number,
            fence=row["fence"],
            fresh=fresh,
            requested_by=claim.requested_by,
            recorded_result=row["result"],
            asked_at=row["asked_at"],
        )
        if before is not None:
            note_lost(connection, before, by=number, anew=fresh, at=None, actor=WORKER)
        _add_attempt_event(connection, attempt, Event.RUNNING, {"fence": attempt.fence, "fresh": fresh})
        if attempt.recorded_result is not None:
            _add_attempt_event(connection, attempt, Event.REPEATED, {})
    return attempt


def _is_anew(before: Mapping[str, Any], claim: Claim) -> bool:
    """Whether an attempt is not a retry: no worker has started the task since a person requested its work.

    Airflow counts attempts from 1 again if its record of a run or a task was deleted and created again.
    """
    known, now = before["max_tries"], claim.max_tries
    cleared = not before["begun"] if known is None or now is None else bool(known != now)
    ended = JobStatus(before["status"])
    in_vain = ended.is_final and ended is not JobStatus.COMPLETED
    return cleared or in_vain or before["requested_by"] != claim.requested_by


def _has(result: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> bool:
    return result is not None and all(name in result and result[name] == value for name, value in fields.items())


def note_lost(
    connection: Connection[Any], job: Mapping[str, Any], *, by: int, anew: bool, at: datetime | None, actor: str
) -> None:
    """Record the end of a waiting or running attempt, when a newer one (`by`) has begun.

    `job` is the job's row; `anew`: a person cleared the task; `at` is the time of the end (None: now).
    """
    status = JobStatus(job["status"])
    if status.is_final or status is JobStatus.RETRYING or not 0 < job["attempt"] < by:
        return
    detail = {"reason": f"{'a person cleared the task' if anew else SILENT}; another one follows"}
    lost = status is JobStatus.RUNNING and not anew
    for event in (Event.LOST, Event.RETRYING) if lost else (Event.RETRYING,):
        add_event(connection, job["id"], job["attempt"], event, at=at, actor=actor, detail=detail)


@contextmanager
def fenced(connection: Connection[Any], attempt: Attempt) -> Iterator[None]:
    """A transaction that locks the job, so that only the newest attempt can commit.

    Raises:
        FenceLost: a newer attempt has the job, or it was ended.
        Unavailable: the ledger can't be reached.
    """
    with translated(), connection.transaction():
        if _QUERIES.execute(connection, "hold", id=attempt.job_id, fence=attempt.fence).fetchone() is None:
            raise FenceLost(
                f"attempt {attempt.number} of job {attempt.job_id} was superseded or ended; it can't write any more"
            )
        yield


def add_event(
    connection: Connection[Any],
    job_id: int,
    attempt: int,
    event: Event,
    *,
    actor: str,
    detail: Mapping[str, Any],
    at: datetime | None,
) -> None:
    """Add an event to a job (`at` None: now); within the caller's transaction."""
    _QUERIES.execute(
        connection,
        "add_event",
        job_id=job_id,
        attempt=attempt,
        event=event,
        at=at,
        actor=actor,
        detail=Jsonb(storable(detail)),
    )


def late(connection: Connection[Any], job: JobRecord, after: str) -> None:
    """Record that a job has not ended `after` its run was queued; within the caller's transaction."""
    detail = {"step": "late", "after": after}
    add_event(connection, job.id, job.attempt, Event.STEP, actor=AIRFLOW, detail=detail, at=None)


def _add_attempt_event(connection: Connection[Any], attempt: Attempt, event: Event, detail: Mapping[str, Any]) -> None:
    add_event(connection, attempt.job_id, attempt.number, event, actor=WORKER, detail=detail, at=None)


def step(connection: Connection[Any], attempt: Attempt, step: str, **detail: object) -> None:
    """Record that the attempt has reached a step.

    Raises:
        FenceLost: a newer attempt has the job.
    """
    with fenced(connection, attempt):
        _add_attempt_event(connection, attempt, Event.STEP, {"step": step, **detail})


def name_subject(connection: Connection[Any], attempt: Attempt, version: Version) -> None:
    """Record which version the job is about; within the caller's transaction."""
    _QUERIES.execute(connection, "name_subject", id=attempt.job_id, version_id=version.id, subject=version.subject)


def name_deployment(connection: Connection[Any], attempt: Attempt, deployment: Deployment) -> None:
    """Record which deployment the job is about; within the caller's transaction."""
    _QUERIES.execute(
        connection, "name_subject", id=attempt.job_id, version_id=deployment.version_id, subject=deployment.subject
    )


def await_approval(connection: Connection[Any], attempt: Attempt, **detail: object) -> None:
    """Record that the job waits for a person, without a worker; within the transaction of the approval request."""
    _QUERIES.execute(connection, "set_status", id=attempt.job_id, status=JobStatus.AWAITING_APPROVAL)
    _add_attempt_event(connection, attempt, Event.AWAITING_APPROVAL, detail)


def resume(connection: Connection[Any], key: TaskKey) -> Attempt | None:
    """Resume the job that waits for a person's answer, to complete it with that answer; None: there is no such job.

    This is part of the caller's transaction, which locks the job's row.

    Raises:
        NotAwaited: the job doesn't wait for an answer, not yet or not any more.
    """
    values = {"dag_id": key.dag_id, "run_id": key.run_id, "task_id": key.task_id, "map_index": key.map_index}
    row = _QUERIES.execute(connection, "awaited", **values).fetchone()
    if row is None:
        return None
    status = JobStatus(row["status"])
    if status is JobStatus.COMPLETED:
        result = row["result"] or {}
        person, subject = str(result.get("approver", "somebody")), str(row["subject"])
        detail = f"{person} has decided on {subject} already"
        raise NotAwaited(
            Refusal(code=Code.DECIDED_ALREADY, detail=detail, values={"person": person, "subject": subject})
        )
    if status.is_final:
        detail = f"this approval has ended ({status}) and takes no answer; clear its task to ask again"
        raise NotAwaited(Refusal(code=Code.APPROVAL_ENDED, detail=detail, values={"status": str(status)}))
    if status is not JobStatus.AWAITING_APPROVAL:
        detail = "too early: this approval does not wait for an answer yet; try again in a moment"
        raise NotAwaited(Refusal(code=Code.TOO_EARLY, detail=detail))
    fence = _QUERIES.execute(connection, "resume", id=row["id"]).fetchone()
    assert fence is not None
    return Attempt(
        job_id=JobId(row["id"]),
        key=key,
        number=row["attempt"],
        fence=fence["fence"],
        fresh=False,
        requested_by=row["requested_by"],
    )


def note_refused(connection: Connection[Any], attempt: Attempt, *, person: str, reason: str) -> None:
    """Record that a person's answer was refused, and why."""
    with translated():
        add_event(
            connection,
            attempt.job_id,
            attempt.number,
            Event.REFUSED,
            actor=person,
            detail={"reason": reason},
            at=None,
        )


def complete(
    connection: Connection[Any],
    attempt: Attempt,
    result: Mapping[str, Any],
    *,
    by: str = WORKER,
    usage: Usage | None = None,
) -> None:
    """Record the job's result and completion, by a person or a worker; within the fenced transaction of the work.

    `usage` is what its user code has used; None: none has run.

    Raises:
        OutOfBounds: the result is too large for Airflow and the ledger; the transaction must be rolled back.
    """
    bounds.check_result(result, where=f"the result of job {attempt.job_id}")
    _finish(connection, attempt, JobStatus.COMPLETED, result=Jsonb(result), error=None, usage=usage)
    detail = {} if usage is None else usage.as_record()
    add_event(connection, attempt.job_id, attempt.number, Event.COMPLETED, actor=by, detail=detail, at=None)


def _finish(
    connection: Connection[Any], attempt: Attempt, status: JobStatus, *, usage: Usage | None, **values: Any
) -> None:
    measured = ("peak_memory", "peak_allocated", "cpu_seconds")
    values |= {name: None if usage is None else getattr(usage, name) for name in measured}
    _QUERIES.execute(connection, "finish", id=attempt.job_id, status=status, **values)


def recordable(parameters: Mapping[str, Any]) -> Any:
    """The parameters in a form that the ledger can store. Those out of bounds, which the job refuses, are shortened."""
    return bounds.brief(parameters, KEPT) if any(bounds.violations(parameters)) else parameters


def give_up(
    connection: Connection[Any], attempt: Attempt, *, error: str, again: bool, usage: Usage | None = None
) -> None:
    """Record that the attempt ended with an error. Another one follows (`again`), or the job has failed.

    `usage` is what its user code has used; None: none has run.

    Raises:
        FenceLost: a newer attempt has the job.
    """
    status, event = (JobStatus.RETRYING, Event.RETRYING) if again else (JobStatus.FAILED, Event.FAILED)
    with fenced(connection, attempt):
        if not again:
            versions.fail_in_the_making(connection, job_id=attempt.job_id)
        error = storable(error)
        _finish(connection, attempt, status, result=None, error=error, usage=usage)
        detail = {} if usage is None else usage.as_record()
        _add_attempt_event(connection, attempt, event, {"error": error, **detail})


def now(connection: Connection[Any]) -> datetime:
    """The time of the database's clock, which all machines share."""
    with translated():
        row = _QUERIES.execute(connection, "now").fetchone()
    assert row is not None
    moment: datetime = row["now"]
    return moment


def ended_among(connection: Connection[Any], ids: Sequence[int]) -> set[int]:
    """Those of these jobs that have ended."""
    with translated():
        return {row["id"] for row in _QUERIES.execute(connection, "ended_among", ids=list(ids))}


def of_runs(connection: Connection[Any], run_ids: Sequence[str]) -> list[JobRecord]:
    """The jobs of these DAG runs, in the order in which they were recorded."""
    with translated():
        return [JobRecord.from_row(row) for row in _QUERIES.execute(connection, "of_runs", run_ids=list(run_ids))]


def events(connection: Connection[Any], job_id: JobId) -> list[Mapping[str, Any]]:
    """The events of a job, in order: attempt, event, at, actor, detail."""
    with translated():
        return list(_QUERIES.execute(connection, "events", job_id=job_id))
