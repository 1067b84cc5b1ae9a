"""How an attempt begins and ends, without Airflow: claim, perform, and what is on record when it has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import psycopg
import pytest

from factories import begin_version, task_key
from modelops.domain.errors import BadInput, FenceLost, Unavailable, UnknownVersion
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Claim, JobStatus
from modelops.domain.resources import Usage
from modelops.domain.versions import VersionStatus
from modelops.jobs import execution
from modelops.jobs.execution import Stopped, execute
from modelops.loaded_code import LOADED
from modelops.registry.write import jobs, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.jobs import TaskKey
    from modelops.jobs.run import JobRun, Resources

WRONG = UnknownVersion("there is no version 7", where="the parameter version", expected="1 to 3")
AWAY = Unavailable("the database is away")
RETRIES = 2


class Job:
    """A task of Airflow with two retries."""

    def __init__(self, database: Database) -> None:
        self.key: TaskKey = task_key()
        self.database = database
        self.connections: list[Connection[Any]] = []
        self.log: list[str] = []
        self.max_tries = RETRIES
        self.connectable = True

    def connect(self) -> Connection[Any]:
        if not self.connectable:
            raise AWAY
        self.connections.append(self.database.connect("modelops_jobs"))
        return self.connections[-1]

    def attempt(self, work: Callable[[JobRun], Any], number: int = 1, **values: Any) -> Any:
        asked = {
            "type": JobType.TRAINING,
            "subject": "demo/arrival_delay",
            "requested_by": "ada",
            "parameters": {},
            "first": self.max_tries - RETRIES + 1,
            "max_tries": self.max_tries,
        }
        claim = Claim(key=self.key, number=number, **asked | values)
        return execute(claim, work, connect=self.connect, resources=self.resources, log=self.log.append)

    def resources(self) -> Resources:
        made: Any = None
        return made

    def cleared(self, number: int) -> None:
        """As Airflow does it when a person clears the task after this attempt."""
        self.max_tries = number + RETRIES

    @property
    def record(self) -> jobs.JobRecord:
        with self.database.connect() as connection:
            [record] = jobs.of_runs(connection, [self.key.run_id])
        return record

    @property
    def story(self) -> list[tuple[int, str]]:
        with self.database.connect() as connection:
            return [(event["attempt"], event["event"]) for event in jobs.events(connection, self.record.id)]


@pytest.fixture
def job(database: Database) -> Job:
    return Job(database)


def completes(run: JobRun) -> dict[str, Any]:
    result = {"version": run.attempt.number}
    with run.fenced():
        run.complete(result)
    return result


def raising(error: BaseException) -> Callable[[JobRun], NoReturn]:
    def work(_run: JobRun) -> NoReturn:
        raise error

    return work


def test_completed(job: Job) -> None:
    assert job.attempt(completes) == {"version": 1}
    assert (job.record.status, job.record.result) == (JobStatus.COMPLETED, {"version": 1})
    assert job.story == [(1, "running"), (1, "completed")]
    assert all(connection.closed for connection in job.connections)


def test_a_database_that_another_release_has_migrated(job: Job, database: Database) -> None:
    """A worker of before, or one whose database nobody has migrated yet; it writes nothing into the ledger."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE modelops.schema_script SET sha256 = repeat('0', 64) WHERE name = 'functions/job.sql'")
    with pytest.raises(
        Unavailable, match=r"schema differs from this code \(functions/job\.sql\): if the code is newer"
    ):
        job.attempt(completes)
    with database.connect() as connection:
        assert jobs.of_runs(connection, [job.key.run_id]) == []


def test_code_that_changed_under_a_running_installation(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "LOADED", replace(LOADED, files=frozenset(), digest="before the pull"))
    with pytest.raises(Unavailable, match="code on this machine has changed since this process was started"):
        job.attempt(completes)
    assert job.record.status is JobStatus.RETRYING
    assert "restart it, with `./modelops down` and `./modelops up`" in str(job.record.error)


def test_a_retry_returns_the_recorded_result_and_does_nothing(job: Job) -> None:
    """Its worker was lost after the commit."""
    job.attempt(completes)
    assert job.attempt(raising(AssertionError("it is not to be done again")), 2) == {"version": 1}
    assert job.story[2:] == [(2, "running"), (2, "repeated")]
    assert job.log == ["This job had completed already; its recorded result is returned."]


def test_a_clear_does_the_work_anew(job: Job) -> None:
    job.attempt(completes)
    job.cleared(1)
    assert job.attempt(completes, 2) == {"version": 2}
    assert job.attempt(raising(AssertionError("a retry of the new attempt")), 3) == {"version": 2}


def test_a_clear_returns_a_recorded_result_that_still_holds(job: Job) -> None:
    job.attempt(completes)
    job.cleared(1)
    assert job.attempt(raising(AssertionError), 2, reusable_if={"version": 1}) == {"version": 1}
    job.cleared(2)
    assert job.attempt(completes, 3, reusable_if={"version": 9}) == {"version": 3}


def test_bad_input_fails_at_once(job: Job) -> None:
    with pytest.raises(UnknownVersion):
        job.attempt(raising(WRONG))
    assert (job.record.status, job.record.error) == (JobStatus.FAILED, str(WRONG))
    assert job.story == [(1, "running"), (1, "failed")]


class Timeout(BaseException):
    """As Airflow's own, which isn't an Exception."""


@pytest.mark.parametrize(
    "error", [AWAY, ValueError("a defect"), Timeout("after an hour")], ids=lambda error: str(error)
)
def test_other_errors_are_tried_again_until_the_last_try(job: Job, error: BaseException) -> None:
    for number in range(1, RETRIES + 1):
        with pytest.raises(type(error)):
            job.attempt(raising(error), number)
        assert (job.record.status, job.record.error) == (JobStatus.RETRYING, str(error))
    with pytest.raises(type(error)):
        job.attempt(raising(error), RETRIES + 1)
    assert (job.record.status, job.record.error) == (JobStatus.FAILED, str(error))


def test_an_error_without_words_is_named(job: Job) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        job.attempt(raising(ValueError()))
    assert job.record.error == "ValueError()"


def test_a_failure_to_make_the_resources_is_recorded(job: Job) -> None:
    def broken() -> NoReturn:
        raise ValueError("MODELOPS_ARTIFACTS isn't an address")

    job.resources = broken  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="MODELOPS_ARTIFACTS"):
        job.attempt(completes)
    assert job.record.error == "MODELOPS_ARTIFACTS isn't an address"


@pytest.mark.parametrize("end", [Stopped("the task was told to end"), SystemExit(1), KeyboardInterrupt()], ids=repr)
def test_an_attempt_that_was_ended_from_outside_records_nothing(job: Job, end: BaseException) -> None:
    """Its worker may be shutting down, or a person has stopped it: Airflow knows, and the observer records that."""
    with pytest.raises(type(end)):
        job.attempt(raising(end))
    assert job.story == [(1, "running")]
    job.attempt(completes, 2)
    assert job.story == [(1, "running"), (1, "lost"), (1, "retrying"), (2, "running"), (2, "completed")]


def test_a_fresh_attempt_fails_the_version_that_was_left_in_the_making(job: Job) -> None:
    made = []

    def lost(run: JobRun) -> NoReturn:
        with run.fenced() as ledger:
            made.append(begin_version(ledger, run.attempt))
        raise Stopped

    with pytest.raises(Stopped):
        job.attempt(lost)
    found: Any = None

    def looks(run: JobRun) -> None:
        nonlocal found
        found = versions.in_the_making(run.ledger, job_id=run.job_id)
        raise Stopped

    with pytest.raises(Stopped):
        job.attempt(looks, 2)
    assert found == made[0]
    job.cleared(2)
    with pytest.raises(Stopped):
        job.attempt(looks, 3)
    assert found is None
    with job.database.connect() as connection:
        assert versions.find(connection, made[0].name, made[0].number).status is VersionStatus.FAILED


@pytest.mark.parametrize("error", [None, AWAY, WRONG], ids=["done", "unavailable", "bad input"])
def test_an_attempt_that_a_newer_one_has_replaced_writes_nothing(job: Job, error: BaseException | None) -> None:
    """Airflow took its worker for lost, and it wasn't."""

    def slow(run: JobRun) -> Any:
        job.attempt(completes, 2)
        if error is not None:
            raise error
        return completes(run)

    with pytest.raises(FenceLost if error is None else type(error)):
        job.attempt(slow)
    assert (job.record.status, job.record.result, job.record.error) == (JobStatus.COMPLETED, {"version": 2}, None)
    assert job.story == [(1, "running"), (1, "lost"), (1, "retrying"), (2, "running"), (2, "completed")]
    with pytest.raises(FenceLost):
        job.attempt(completes, 1)


def test_the_end_is_recorded_through_a_new_connection_if_the_old_one_is_broken(job: Job) -> None:
    def cut_off(run: JobRun) -> Any:
        with psycopg.connect(job.database.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", (run.ledger.info.backend_pid,))
        return completes(run)

    with pytest.raises(Unavailable) as raised:
        job.attempt(cut_off)
    assert (job.record.status, job.record.error) == (JobStatus.RETRYING, str(raised.value))
    assert len(job.connections) > 1


def test_an_end_that_can_not_be_recorded_does_not_hide_the_error(job: Job) -> None:
    def cut_off(run: JobRun) -> NoReturn:
        run.ledger.close()
        job.connectable = False
        raise WRONG

    with pytest.raises(BadInput, match="there is no version 7"):
        job.attempt(cut_off)
    assert job.story == [(1, "running")]


def test_no_ledger_no_work(job: Job) -> None:
    job.connectable = False
    with pytest.raises(Unavailable):
        job.attempt(raising(AssertionError("it isn't to begin")))


def test_a_result_that_is_too_large_is_neither_returned_nor_kept(job: Job) -> None:
    def work(run: JobRun) -> Any:
        result = {"rows": 1, "parts": ["x" * 100] * 1_000}
        with run.fenced():
            run.complete(result)
        return result

    with pytest.raises(BadInput, match=r"^parts has [0-9,]+ of the [0-9,]+ bytes of the result"):
        job.attempt(work)
    assert (job.record.status, job.record.result) == (JobStatus.FAILED, None)
    assert job.record.error is not None
    assert job.record.error.startswith("parts has ")


def test_what_a_failed_attempt_has_used_is_on_record(job: Job) -> None:
    def work(run: JobRun) -> NoReturn:
        run.meter.add(Usage(peak_memory=2**30, cpu_seconds=2, seconds=3))
        run.meter.add(Usage(peak_memory=2**29, cpu_seconds=1, seconds=3))
        raise WRONG

    with pytest.raises(UnknownVersion):
        job.attempt(work)
    with job.database.connect() as connection:
        row = connection.execute("SELECT peak_memory, cpu_seconds FROM modelops.job").fetchone()
    assert row is not None
    assert tuple(row.values() if isinstance(row, dict) else row) == (2**30, 3)
    assert job.log[-1] == "The code of this attempt has used 1 GiB of memory at most, 3 s of CPU time, 6 s."
