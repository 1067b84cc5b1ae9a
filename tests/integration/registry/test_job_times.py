"""When the newest attempt of a job started, and when it ended the job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import take, task_key
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus
from modelops.registry.write import jobs, observation
from modelops.registry.write.observation import Ending, Queueing, Request, Sighting

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database
    from modelops.domain.jobs import TaskKey

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def times(connection: Connection[Any], key: TaskKey) -> Any:
    """When a job started and ended."""
    row = connection.execute(
        "SELECT started_at, ended_at FROM modelops.job WHERE dag_id = %s AND run_id = %s AND task_id = %s",
        (key.dag_id, key.run_id, key.task_id),
    ).fetchone()
    assert row is not None
    return row


def look(connection: Connection[Any], key: TaskKey, attempt: int = 1, ending: Ending | None = None) -> None:
    """The observer looks at the task of a job that it knows."""
    queueing = Queueing(attempt=attempt, scheduled_at=AT, queued_at=AT)
    sighting = Sighting(key=key, type=JobType.TRAINING, first=1, queueing=queueing, ending=ending)
    assert observation.record(connection, sighting)


@pytest.fixture
def key(connection: Connection[Any]) -> TaskKey:
    """Of a job that no worker has taken."""
    made = task_key()
    observation.introduce(connection, made, JobType.TRAINING, Request(by="ada", at=AT, subject="demo/a", parameters={}))
    return made


def test_a_job_starts_with_a_worker_and_ends_with_its_work(connection: Connection[Any], key: TaskKey) -> None:
    look(connection, key)
    assert times(connection, key) == (None, None)
    attempt = take(connection, key)
    started, ended = times(connection, key)
    assert started is not None
    assert ended is None
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {})
    assert times(connection, key)[0] == started
    assert times(connection, key)[1] > started


def test_an_attempt_that_gives_up_does_not_end_the_job(connection: Connection[Any], key: TaskKey) -> None:
    jobs.give_up(connection, take(connection, key), error="the database was away", again=True)
    first, ended = times(connection, key)
    assert ended is None
    look(connection, key, attempt=2)
    assert times(connection, key) == (None, None)
    jobs.give_up(connection, take(connection, key, number=2), error="it broke", again=False)
    second, ended = times(connection, key)
    assert first < second < ended


def test_an_answer_goes_on_with_the_attempt_that_asked(connection: Connection[Any]) -> None:
    key = task_key(task_id="approve")
    attempt = take(connection, key, type=JobType.APPROVAL)
    with jobs.fenced(connection, attempt):
        jobs.await_approval(connection, attempt)
    before = times(connection, key)
    resumed = jobs.resume(connection, key)
    assert resumed is not None
    assert times(connection, key) == before


def test_the_observer_knows_when_a_job_ended(connection: Connection[Any], key: TaskKey) -> None:
    take(connection, key)
    started, _ = times(connection, key)
    look(connection, key, ending=Ending(status=JobStatus.CANCELLED, at=AT, by="ada", reason="marked as failed"))
    assert times(connection, key) == (started, AT)


def test_a_cleared_job_has_not_ended(connection: Connection[Any], key: TaskKey) -> None:
    jobs.give_up(connection, take(connection, key), error="it broke", again=False)
    look(connection, key, attempt=2)
    assert times(connection, key) == (None, None)
    kept = connection.execute("SELECT waited, worked FROM modelops.job").fetchall()
    assert kept == [(None, None)]


def test_a_retry_that_returns_the_recorded_result_ends_at_once(connection: Connection[Any], key: TaskKey) -> None:
    attempt = take(connection, key)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 1})
    before = times(connection, key)
    assert take(connection, key, number=2).recorded_result == {"version": 1}
    started, ended = times(connection, key)
    assert before[1] < started < ended


def test_the_times_of_what_has_ended_stay(connection: Connection[Any], key: TaskKey) -> None:
    jobs.give_up(connection, take(connection, key), error="it broke", again=False)
    before = times(connection, key)
    connection.execute("UPDATE modelops.job SET ended_at = NULL")
    connection.execute("UPDATE modelops.job SET ended_at = %s", (AT,))
    assert times(connection, key) == before


@pytest.mark.parametrize("status", JobStatus)
def test_python_and_the_database_agree_on_what_has_ended(database: Database, status: JobStatus) -> None:
    insert = (
        "INSERT INTO modelops.job (type, dag_id, run_id, task_id, subject, status, requested_by, created_at, result,"
        " error, ended_at) VALUES ('training', 'd', 'r', 't', 's', %s, 'ada', now(), '{}', 'it had to be', %s)"
    )
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")  # without the trigger, the constraint alone
        with pytest.raises(psycopg.errors.CheckViolation, match="job_ended"), admin.transaction():
            admin.execute(insert, (status, None if status.is_final else AT))
        admin.execute(insert, (status, AT if status.is_final else None))
