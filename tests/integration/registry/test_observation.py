"""What the observer writes: idempotent, never over what a worker wrote, and complete for jobs that ran no code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from factories import ask, begin_version, evaluated_version, take, task_key
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus, TaskKey
from modelops.domain.versions import VersionStatus
from modelops.registry.write import jobs, observation, versions
from modelops.registry.write.observation import Ending, Queueing, Request, Sighting

if TYPE_CHECKING:
    from psycopg import Connection

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sighting(key: TaskKey, **values: Any) -> Sighting:
    queueing = {"attempt": 1, "scheduled_at": NOON + timedelta(seconds=2), "queued_at": NOON + timedelta(seconds=3)}
    queueing |= {name: values.pop(name) for name in queueing.keys() & values.keys()}
    seen = {"key": key, "type": JobType.TRAINING, "first": 1, "ending": None}
    return Sighting(**seen | values, queueing=Queueing(**queueing))


def ending(status: JobStatus, **values: Any) -> Ending:
    told = {"status": status, "at": NOON + timedelta(seconds=9), "by": "airflow", "reason": "so it was"}
    return Ending(**told | values)


def introduce(connection: Connection[Any], key: TaskKey) -> None:
    request = Request(at=NOON, by="ada", subject="demo/arrival_delay", parameters={"model": "demo/arrival_delay"})
    observation.introduce(connection, key, JobType.TRAINING, request)


def only_job(connection: Connection[Any], key: TaskKey) -> jobs.JobRecord:
    [job] = jobs.of_runs(connection, [key.run_id])
    return job


def story(connection: Connection[Any], key: TaskKey) -> list[tuple[str, str]]:
    return [(e["event"], e["actor"]) for e in jobs.events(connection, only_job(connection, key).id)]


def test_a_job_is_there_before_a_worker_takes_it(connection: Connection[Any]) -> None:
    key = task_key()
    assert not observation.record(connection, sighting(key))
    introduce(connection, key)
    for _ in range(3):
        assert observation.record(connection, sighting(key))
    job = only_job(connection, key)
    assert (job.status, job.requested_by, job.created_at) == (JobStatus.QUEUED, "ada", NOON)
    assert story(connection, key) == [("created", "ada"), ("scheduled", "airflow"), ("queued", "airflow")]


def test_a_job_whose_request_is_out_of_bounds_is_on_record(connection: Connection[Any]) -> None:
    """Airflow takes any conf for a run; the job refuses it when a worker takes it."""
    key = task_key()
    parameters = {"x": 1e20, "model": "demo/arrival_delay"}
    request = Request(at=NOON, by="ada", subject="m" * 100_000, parameters=parameters)
    observation.introduce(connection, key, JobType.TRAINING, request)
    assert observation.record(connection, sighting(key))
    assert story(connection, key) == [("created", "ada"), ("scheduled", "airflow"), ("queued", "airflow")]
    assert len(only_job(connection, key).subject) < 300


def test_what_the_observer_learns_late_does_not_move_a_running_job_back(connection: Connection[Any]) -> None:
    key = task_key()
    take(connection, key)
    introduce(connection, key)
    observation.record(connection, sighting(key))
    job = only_job(connection, key)
    assert (job.status, job.created_at) == (JobStatus.RUNNING, NOON)
    assert [event for event, _ in story(connection, key)] == ["created", "scheduled", "queued", "running"]
    assert job.waited is not None


PAUSED = {"cause": "paused", "reason": "its DAG is paused"}
FULL = {"cause": "active_runs", "limit": 16, "reason": "16 runs"}


def test_what_a_job_waits_for_stands_once_as_long_as_it_is_the_same(connection: Connection[Any]) -> None:
    key = task_key()
    introduce(connection, key)

    def waits(seconds: int, detail: Any, *, attempt: int = 0) -> None:
        at = NOON + timedelta(seconds=seconds)
        observation.note_waiting(connection, key, attempt=attempt, at=at, detail=detail)

    for seconds, detail in ((1, PAUSED), (1, PAUSED), (61, PAUSED), (121, FULL), (181, FULL)):
        waits(seconds, detail)
    later = {"scheduled_at": NOON + timedelta(seconds=190), "queued_at": None}
    observation.record(connection, sighting(key, **later))
    waits(200, PAUSED, attempt=1)
    job = only_job(connection, key)
    told = [(event["event"], event["detail"].get("cause")) for event in jobs.events(connection, job.id)]
    assert told == [
        ("created", None),
        ("waiting", "paused"),
        ("waiting", "active_runs"),
        ("scheduled", None),
        ("waiting", "paused"),
    ]
    assert job.status is JobStatus.SCHEDULED
    take(connection, key)
    waits(300, FULL, attempt=1)  # the observer has looked before
    assert [event for event, _ in story(connection, key)].count("waiting") == 3
    nobody = task_key(task_id="nobody")
    observation.note_waiting(connection, nobody, attempt=0, at=NOON, detail=PAUSED)


def test_times_grow_as_long_as_a_job_waits_and_works(connection: Connection[Any]) -> None:
    """By the clock of the database, which may be another one than that of who tells of the job."""

    def ask(query: str) -> Any:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row

    def times() -> Any:
        return ask("SELECT waited, worked FROM modelops.job_summary")

    key = task_key()
    [asked] = ask("SELECT now() - interval '1 hour'")
    request = Request(at=asked, by="ada", subject="demo/arrival_delay", parameters={})
    observation.introduce(connection, key, JobType.TRAINING, request)
    waited, worked = times()
    assert (waited >= timedelta(hours=1), worked) == (True, None)
    observation.note_waiting(connection, key, attempt=0, at=asked + timedelta(minutes=5), detail=PAUSED)
    assert times()[0] > waited  # an entry that says why doesn't cut the time

    take(connection, key)
    waited, worked = times()
    assert worked >= timedelta(0)
    assert times()[0] == waited
    assert times()[1] > worked

    [now] = ask("SELECT now()")
    observation.record(
        connection, sighting(key, scheduled_at=None, queued_at=None, ending=ending(JobStatus.FAILED, at=now))
    )
    assert only_job(connection, key).status is JobStatus.FAILED
    assert times() == times()


def test_times_that_airflow_overwrote_when_a_person_had_answered(connection: Connection[Any]) -> None:
    attempt, _ = ask(connection, evaluated_version(connection))
    with jobs.fenced(connection, attempt):
        jobs.await_approval(connection, attempt)
    key = observation.open_jobs(connection)[-1].key
    introduce(connection, key)
    answered = datetime.now(UTC) + timedelta(minutes=1)
    observation.record(connection, sighting(key, scheduled_at=answered, queued_at=answered))
    assert {"scheduled", "queued"}.isdisjoint(event for event, _ in story(connection, key))

    for _ in range(2):
        observation.record(connection, sighting(key, queued_at=answered))
    assert [event for event, _ in story(connection, key)].count("scheduled") == 1
    assert "queued" not in dict(story(connection, key))
    assert only_job(connection, key).attempt == attempt.number

    take(connection, key, type=JobType.APPROVAL, number=2)
    known = story(connection, key)
    observation.record(connection, sighting(key, scheduled_at=answered, queued_at=answered))
    assert story(connection, key) == known


def test_an_answer_that_came_before_any_look(connection: Connection[Any]) -> None:
    """Airflow overwrites the times when it takes up the task, so the answer itself brings them."""
    attempt, _ = ask(connection, evaluated_version(connection))
    with jobs.fenced(connection, attempt):
        jobs.await_approval(connection, attempt)
    key = observation.open_jobs(connection)[-1].key
    for _ in range(2):
        observation.note_queueing(connection, key, sighting(key).queueing)
    told = [event for event, _ in story(connection, key)]
    assert told == ["scheduled", "queued", "running", "awaiting_approval"]

    woken = Queueing.read(1, NOON + timedelta(days=9_999), NOON + timedelta(days=9_999))
    observation.note_queueing(connection, key, woken)
    assert [event for event, _ in story(connection, key)] == told
    assert Queueing.read(2, NOON, NOON - timedelta(seconds=1)).queued_at is None
    observation.note_queueing(connection, task_key(), woken)


def test_a_worker_that_was_lost(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    introduce(connection, key)
    version = begin_version(connection, attempt)
    observation.record(connection, sighting(key, ending=ending(JobStatus.RETRYING)))
    assert only_job(connection, key).status is JobStatus.RETRYING
    assert {"lost", "retrying"} <= {event for event, _ in story(connection, key)}
    assert versions.in_the_making(connection, job_id=attempt.job_id) is not None

    observation.record(connection, sighting(key, attempt=2, ending=ending(JobStatus.FAILED)))
    job = only_job(connection, key)
    assert (job.status, job.error) == (JobStatus.FAILED, "so it was")
    assert versions.find(connection, version.name, version.number).status is VersionStatus.FAILED


@pytest.mark.parametrize(("first", "told"), [(1, {"lost", "retrying"}), (2, {"retrying"})])
def test_an_attempt_whose_end_nobody_saw(connection: Connection[Any], first: int, told: set[str]) -> None:
    key = task_key()
    take(connection, key)
    introduce(connection, key)
    for _ in range(2):
        observation.record(connection, sighting(key, attempt=2, first=first, scheduled_at=None, queued_at=NOON))
    job = only_job(connection, key)
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 2)
    ended = [entry for entry in jobs.events(connection, job.id) if entry["event"] in {"lost", "retrying"}]
    assert {entry["event"] for entry in ended} == told
    assert [entry["attempt"] for entry in ended] == [1] * len(told)


def test_an_attempt_that_was_queued_and_never_ran(connection: Connection[Any]) -> None:
    key = task_key()
    introduce(connection, key)
    observation.record(connection, sighting(key))
    take(connection, key, number=2)
    told = [event for event, _ in story(connection, key)]
    assert told == ["created", "scheduled", "queued", "retrying", "running"]


def test_an_old_look_does_not_disturb_a_newer_attempt(connection: Connection[Any]) -> None:
    key = task_key()
    take(connection, key)
    introduce(connection, key)
    take(connection, key, number=2)
    observation.record(connection, sighting(key, ending=ending(JobStatus.RETRYING)))
    job = only_job(connection, key)
    assert (job.status, job.attempt) == (JobStatus.RUNNING, 2)


def test_a_person_stops_a_training(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    introduce(connection, key)
    version = begin_version(connection, attempt)
    observation.record(connection, sighting(key, ending=ending(JobStatus.CANCELLED, by="grace")))
    assert only_job(connection, key).status is JobStatus.CANCELLED
    assert ("cancelled", "grace") in story(connection, key)
    assert versions.find(connection, version.name, version.number).status is VersionStatus.FAILED


@pytest.mark.parametrize("status", [JobStatus.SKIPPED, JobStatus.FAILED])
def test_a_completed_job_stays_completed_whatever_airflow_says(connection: Connection[Any], status: JobStatus) -> None:
    key = task_key()
    attempt = take(connection, key)
    introduce(connection, key)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 1})
    observation.record(connection, sighting(key, ending=ending(status)))
    observation.record(connection, sighting(key, attempt=2))
    assert only_job(connection, key).status is JobStatus.COMPLETED


def test_a_completed_job_that_a_person_clears_is_queued_again(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    introduce(connection, key)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 1})
    observation.record(connection, sighting(key, attempt=2, first=2, queued_at=NOON + timedelta(hours=1)))
    job = only_job(connection, key)
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 2)


def test_a_job_that_airflow_has_forgotten(connection: Connection[Any]) -> None:
    key = task_key()
    introduce(connection, key)
    [job] = observation.open_jobs(connection)
    observation.give_up(connection, job, ending(JobStatus.FAILED))
    assert only_job(connection, key).status is JobStatus.FAILED
    assert {"lost", "failed"} <= {event for event, _ in story(connection, key)}
    assert observation.open_jobs(connection) == []


def test_up_to_when_the_ledger_is_complete(connection: Connection[Any]) -> None:
    assert observation.last_seen(connection) is None
    for at in (NOON, NOON + timedelta(seconds=2)):
        observation.record_last_seen(connection, at)
    assert observation.last_seen(connection) == NOON + timedelta(seconds=2)


def test_a_retry_is_none_that_a_person_asked_for_whatever_the_dag_says_now(connection: Connection[Any]) -> None:
    """Its two retries have become none; the worker was lost after the commit."""
    key = task_key()
    introduce(connection, key)
    attempt = take(connection, key, max_tries=2)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {"version": 1})
    observation.record(connection, sighting(key, attempt=2, first=3, max_tries=2))
    assert only_job(connection, key).status is JobStatus.COMPLETED
    observation.record(connection, sighting(key, attempt=2, first=3, max_tries=3))
    assert only_job(connection, key).status is JobStatus.QUEUED
