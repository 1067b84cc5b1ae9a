"""The ledger: claiming, fencing and completing jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import begin_version, take, task_key
from modelops.domain.bounds import OutOfBounds
from modelops.domain.errors import FenceLost
from modelops.domain.jobs import JobStatus
from modelops.domain.resources import Usage
from modelops.domain.versions import VersionStatus
from modelops.registry.write import jobs, versions

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.jobs import Attempt


def story(connection: Connection[Any], job_id: int) -> list[str]:
    return [entry["detail"].get("step") or entry["event"] for entry in jobs.events(connection, job_id)]


def test_a_job_is_taken_and_completed(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    jobs.step(connection, attempt, "rows_written", rows=3)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 1})
    [record] = jobs.of_runs(connection, [key.run_id])
    assert (record.status, record.result, record.attempt) == (JobStatus.COMPLETED, {"version": 1}, 1)
    assert record.worked is not None
    assert story(connection, attempt.job_id) == ["running", "rows_written", "completed"]


def test_a_result_that_airflow_and_the_ledger_should_not_keep(connection: Connection[Any]) -> None:
    """Whoever completes the job, a worker or a person; the transaction leaves nothing."""
    key = task_key()
    attempt = take(connection, key)
    with pytest.raises(OutOfBounds, match="text has 70,002 of the"), jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"text": "x" * 70_000}, by="grace")
    [record] = jobs.of_runs(connection, [key.run_id])
    assert (record.status, record.result) == (JobStatus.RUNNING, None)


def test_a_worker_that_was_given_up_can_write_nothing(connection: Connection[Any]) -> None:
    key = task_key()
    old = take(connection, key)
    new = take(connection, key, number=2)
    assert new.job_id == old.job_id
    for write in (
        lambda: jobs.step(connection, old, "rows_written"),
        lambda: jobs.give_up(connection, old, error="late", again=False),
        lambda: take(connection, key, number=1),
    ):
        with pytest.raises(FenceLost):
            write()
    assert jobs.of_runs(connection, [key.run_id])[0].status is JobStatus.RUNNING


def test_a_retry_after_the_commit_returns_what_is_recorded(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 7})
    retry = take(connection, key, number=2)
    assert retry.recorded_result == {"version": 7}
    [record] = jobs.of_runs(connection, [key.run_id])
    assert (record.status, record.result) == (JobStatus.COMPLETED, {"version": 7})
    assert story(connection, attempt.job_id) == ["running", "completed", "running", "repeated"]


@pytest.mark.parametrize("retries", [0, 2, 5])
def test_what_a_retry_is_does_not_depend_on_the_dag_as_it_is_now(connection: Connection[Any], retries: int) -> None:
    """A task that began with two retries, of which the DAG has others meanwhile."""
    key, noon = task_key(), datetime(2026, 3, 1, 12, tzinfo=UTC)

    def tried(number: int, max_tries: int, asked_at: datetime | None = None) -> Attempt:
        first = max_tries - retries + 1
        return take(connection, key, number=number, first=first, max_tries=max_tries, asked_at=asked_at)

    attempt = tried(1, 2, noon)
    assert (attempt.fresh, attempt.asked_at) == (True, noon)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 7})
    retry = tried(2, 2)
    assert (retry.fresh, retry.recorded_result, retry.asked_at) == (False, {"version": 7}, noon)
    cleared = tried(3, 7)
    assert (cleared.fresh, cleared.recorded_result, cleared.asked_at) == (True, None, None)


def test_a_cleared_job_runs_anew(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 7})
    assert take(connection, key, number=2, first=2).recorded_result is None


def test_a_cleared_job_whose_first_attempt_no_worker_took_runs_anew(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 7})
    # Airflow had queued attempt 2 when its scheduler was lost.
    third = take(connection, key, number=3, first=2)
    assert third.recorded_result is None
    assert third.fresh
    fourth = take(connection, key, number=4, first=2)
    assert not fourth.fresh


@pytest.mark.parametrize("requested_by", ["ada", "grace"])
def test_airflow_begins_to_count_anew_where_a_run_was_deleted_and_made_anew(
    connection: Connection[Any], requested_by: str
) -> None:
    """So what looks like a retry isn't one, if the job had ended in vain or somebody else has requested the run."""
    key = task_key()
    attempt = take(connection, key)
    left = begin_version(connection, attempt)
    if requested_by == "ada":
        jobs.give_up(connection, attempt, error="no rows", again=False)
    again = take(connection, key, number=2, requested_by=requested_by)
    assert again.fresh
    assert versions.in_the_making(connection, job_id=again.job_id) is None
    assert begin_version(connection, again).created_by == requested_by
    assert versions.find(connection, left.name, left.number).status is VersionStatus.FAILED


@pytest.mark.parametrize(("first", "told"), [(1, ["lost", "retrying"]), (2, ["retrying"])])
def test_the_end_of_an_attempt_that_nobody_saw(connection: Connection[Any], first: int, told: list[str]) -> None:
    """Its worker was lost, or a person has cleared the task while it ran."""
    key = task_key()
    attempt = take(connection, key)
    take(connection, key, number=2, first=first)
    assert story(connection, attempt.job_id) == ["running", *told, "running"]


def test_clearing_a_training_under_way_leaves_its_version_failed(connection: Connection[Any]) -> None:
    key = task_key()
    first = begin_version(connection, take(connection, key))
    again = take(connection, key, number=2, first=2)
    assert versions.in_the_making(connection, job_id=again.job_id) is None
    second = begin_version(connection, again)
    assert (first.number, second.number) == (1, 2)
    with connection.cursor() as cursor:
        statuses = cursor.execute("SELECT status FROM modelops.version ORDER BY number").fetchall()
    assert statuses == [("failed",), ("created",)]


def test_a_failed_training_leaves_a_failed_version(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    begin_version(connection, attempt)
    jobs.give_up(connection, attempt, error="no rows", again=True)
    assert versions.in_the_making(connection, job_id=attempt.job_id) is not None
    retry = take(connection, key, number=2)
    jobs.give_up(connection, retry, error="no rows", again=False)
    assert versions.in_the_making(connection, job_id=attempt.job_id) is None
    [record] = jobs.of_runs(connection, [key.run_id])
    assert (record.status, record.error, record.subject) == (JobStatus.FAILED, "no rows", "demo/arrival_delay v1")


USED = Usage(peak_memory=2**30, peak_allocated=2**31, cpu_seconds=12.5, seconds=7)


def on_record(connection: Connection[Any], attempt: Attempt) -> tuple[Any, ...]:
    row = connection.execute(
        "SELECT peak_memory, peak_allocated, cpu_seconds FROM modelops.job WHERE id = %s", [attempt.job_id]
    ).fetchone()
    assert row is not None
    return tuple(row.values()) if isinstance(row, dict) else tuple(row)


def test_what_the_newest_attempt_has_used_is_on_record_and_that_of_each_in_its_events(
    connection: Connection[Any],
) -> None:
    key = task_key()
    attempt = take(connection, key)
    jobs.give_up(connection, attempt, error="the worker is gone", again=True, usage=USED)
    assert on_record(connection, attempt) == (2**30, 2**31, 12.5)
    retry = take(connection, key, number=2)
    assert on_record(connection, retry) == (None, None, None)
    with jobs.fenced(connection, retry):
        jobs.complete(connection, retry, {}, usage=Usage(peak_memory=1, cpu_seconds=0.123, seconds=1))
    assert on_record(connection, retry) == (1, 0, 0.123)
    said = [event["detail"] for event in jobs.events(connection, attempt.job_id) if "peak_memory" in event["detail"]]
    assert [(detail["peak_memory"], detail["cpu_seconds"], detail["code_seconds"]) for detail in said] == [
        (2**30, 12.5, 7),
        (1, 0.12, 1),
    ]


def test_a_repeated_result_keeps_what_it_took(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 1}, usage=USED)
    again = take(connection, key, number=2)
    assert again.recorded_result == {"version": 1}
    assert on_record(connection, again) == (2**30, 2**31, 12.5)


def test_what_a_job_that_has_ended_has_used_stays(connection: Connection[Any]) -> None:
    attempt = take(connection)
    jobs.give_up(connection, attempt, error="too large", again=False, usage=USED)
    with pytest.raises(psycopg.errors.CheckViolation, match="what is on record of it stays"):
        connection.execute("UPDATE modelops.job SET peak_memory = 1 WHERE id = %s", [attempt.job_id])
