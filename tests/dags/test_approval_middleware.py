"""The approval middleware: how it handles an answer, for each response of Airflow and of the ledger."""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from factories import add_evaluation, ask, evaluated_version
from modelops.domain.jobs import JobStatus
from modelops.registry.write import decisions, jobs, versions
from modelops.registry.write.observation import Queueing

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.decisions import Decision
    from modelops.domain.jobs import TaskKey
    from modelops.domain.versions import Version

    Patch = Callable[..., httpx.Response]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUEUEING = Queueing.read(1, NOON, NOON + timedelta(seconds=1))
RESERVED_NAMES, NOT_ASKED_YET, ANSWERED, CLOSED = 200, 404, 409, 403


class Airflow:
    """In the place of Airflow's web application: says the same to every answer, and notes what the ledger had then."""

    def __init__(self, status: int = RESERVED_NAMES) -> None:
        self.status = status
        self.asked = 0
        self.then: Callable[[], None] = lambda: None

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.asked += 1
        self.then()
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b'{"detail": "Airflow"}'})


@pytest.fixture
def version(connection: Connection[Any]) -> Version:
    return evaluated_version(connection)


@pytest.fixture
def waiting(connection: Connection[Any], version: Version) -> TaskKey:
    """The task of an approval that waits for its answer."""
    attempt, _ = ask(connection, version)
    with jobs.fenced(connection, attempt):
        jobs.await_approval(connection, attempt)
    return attempt.key


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def patch(database: Database, airflow: Airflow, waiting: TaskKey, monkeypatch: pytest.MonkeyPatch) -> Patch:
    """Answers as somebody whom Airflow lets answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from airflow.api_fastapi.core_api import security  # noqa: F401
    from modelops.jobs_api import approval_middleware

    async def grace(_scope: Any) -> Any:
        return SimpleNamespace(get_name=lambda: "grace")

    monkeypatch.setattr(approval_middleware, "signed_in_user", grace)
    monkeypatch.setattr(approval_middleware, "_is_approval", lambda _user, _key: None)
    monkeypatch.setattr(
        approval_middleware, "_queueing_of", lambda _key: Queueing.read(1, NOON, NOON + timedelta(seconds=1))
    )
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS", database.url("modelops_jobs"))
    guard = approval_middleware.ApprovalMiddleware(airflow)

    async def answered(option: str, task: str, fields: Any) -> httpx.Response:
        run = f"/api/v2/dags/{waiting.dag_id}/dagRuns/{waiting.run_id}"
        body = json.dumps({"chosen_options": [option], "params_input": fields})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://here") as client:
            return await client.patch(f"{run}/taskInstances/{task}/-1/hitlDetails", content=body)

    return lambda option="Approve", task=waiting.task_id, **fields: asyncio.run(answered(option, task, fields))


@pytest.fixture
def decision(connection: Connection[Any], version: Version) -> Callable[[], Decision | None]:
    """What is on record now."""
    return lambda: decisions.approval_of(connection, version.id)


def status(connection: Connection[Any], key: TaskKey) -> JobStatus:
    [job] = jobs.of_runs(connection, [key.run_id])
    return job.status


def made_subject(connection: Connection[Any], key: TaskKey) -> str:
    [job] = jobs.of_runs(connection, [key.run_id])
    return job.subject


def test_an_answer_that_airflow_takes_is_the_decision(
    connection: Connection[Any], patch: Patch, waiting: TaskKey, decision: Callable[[], Decision | None]
) -> None:
    answer = patch(comment="as good as the last")
    assert (answer.status_code, answer.json()) == (RESERVED_NAMES, {"detail": "Airflow"})
    made = decision()
    assert made is not None
    assert (made.approver, made.comment) == ("grace", "as good as the last")
    assert status(connection, waiting) is JobStatus.COMPLETED
    [job] = jobs.of_runs(connection, [waiting.run_id])
    told = [event["event"] for event in jobs.events(connection, job.id)]
    assert told == ["scheduled", "queued", "running", "awaiting_approval", "completed"]
    again = patch()
    assert again.status_code == httpx.codes.CONFLICT
    assert "grace has decided" in again.json()["detail"]
    assert again.json()["code"] == "decided_already"
    assert again.json()["values"] == {"person": "grace", "subject": made_subject(connection, waiting)}


@pytest.mark.parametrize("said", [NOT_ASKED_YET, ANSWERED, CLOSED, 500])
def test_an_answer_that_airflow_refuses_is_none(
    connection: Connection[Any],
    airflow: Airflow,
    patch: Patch,
    waiting: TaskKey,
    decision: Callable[[], Decision | None],
    said: int,
) -> None:
    airflow.status = said
    answer = patch()
    if said in {NOT_ASKED_YET, ANSWERED}:
        assert answer.status_code == httpx.codes.CONFLICT
        assert answer.json()["detail"].startswith("too early")
        assert answer.json()["code"] == "too_early"
    else:
        assert (answer.status_code, answer.json()) == (said, {"detail": "Airflow"})
    assert (decision(), status(connection, waiting)) == (None, JobStatus.AWAITING_APPROVAL)
    airflow.status = RESERVED_NAMES
    assert patch().is_success


def test_an_answer_that_the_ledger_refuses_never_reaches_airflow(
    connection: Connection[Any], airflow: Airflow, patch: Patch, waiting: TaskKey
) -> None:
    answer = patch("Reject", comment=" ")
    assert (answer.status_code, airflow.asked) == (httpx.codes.BAD_REQUEST, 0)
    assert "needs a comment" in answer.json()["detail"]
    assert answer.json()["code"] == "comment_missing"
    assert status(connection, waiting) is JobStatus.AWAITING_APPROVAL


def test_no_answer_is_taken_while_the_ledger_is_away(
    airflow: Airflow, patch: Patch, monkeypatch: pytest.MonkeyPatch, decision: Callable[[], Decision | None]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS", "postgresql://modelops_jobs@127.0.0.1:1/modelops")
    answer = patch()
    assert (answer.status_code, airflow.asked) == (httpx.codes.SERVICE_UNAVAILABLE, 0)
    assert "nothing is decided" in answer.json()["detail"]
    assert decision() is None


def test_answers_do_not_compete_with_pages(patch: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelops.jobs_api import database as api_database

    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(api_database, "_reader_slots", full)
    assert patch().is_success


def test_who_answers_hears_that_the_ledger_is_busy(
    airflow: Airflow, patch: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelops.jobs_api import approval_middleware
    from modelops.jobs_api import database as api_database

    monkeypatch.setattr(api_database, "SECONDS", 0)
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(api_database, "_answer_slots", full)
    answer = patch()
    assert (answer.status_code, answer.json()["detail"], airflow.asked) == (503, approval_middleware.LEDGER_BUSY, 0)


def test_who_answers_hears_that_the_ledger_takes_too_long(airflow: Airflow, database: Database, patch: Patch) -> None:
    from modelops.jobs_api import approval_middleware

    with database.connect("modelops_owner") as owner, owner.transaction():
        owner.execute("LOCK TABLE modelops.job")
        answer = patch()
    assert (answer.status_code, answer.json()["detail"], airflow.asked) == (503, approval_middleware.LEDGER_BUSY, 0)


def test_a_ledger_that_goes_away_before_the_commit(
    database: Database, connection: Connection[Any], airflow: Airflow, patch: Patch, waiting: TaskKey
) -> None:
    """Airflow has taken the answer then; the person hears that nothing is decided, and the task asks again."""

    def cut() -> None:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'modelops answers'"
            )

    airflow.then = cut
    answer = patch()
    assert (answer.status_code, airflow.asked) == (httpx.codes.SERVICE_UNAVAILABLE, 1)
    assert status(connection, waiting) is JobStatus.AWAITING_APPROVAL


def test_evidence_that_has_changed_wakes_the_task(
    connection: Connection[Any], airflow: Airflow, patch: Patch, version: Version, waiting: TaskKey
) -> None:
    add_evaluation(connection, versions.find(connection, version.name, version.number), auc=0.5)
    answer = patch()
    assert (answer.status_code, airflow.asked) == (httpx.codes.CONFLICT, 1)
    assert "has changed since it was shown; it is shown as it is now in a moment" in answer.json()["detail"]
    assert answer.json()["code"] == "evidence_changed"
    assert status(connection, waiting) is JobStatus.AWAITING_APPROVAL


def test_the_answers_of_others_and_nonsense_are_airflows(airflow: Airflow, patch: Patch) -> None:
    for answer in (patch(task="somebody_elses"), patch("Perhaps"), patch("Approve", task="another")):
        assert (answer.status_code, answer.json()) == (RESERVED_NAMES, {"detail": "Airflow"})
    assert airflow.asked == 3


def test_a_card_of_ours_whose_job_the_ledger_does_not_have(
    airflow: Airflow, patch: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow would take the answer and forget it."""
    from modelops.jobs_api import approval_middleware

    monkeypatch.setattr(approval_middleware, "_is_approval", lambda _user, _key: True)
    answer = patch(task="another")
    assert (answer.status_code, airflow.asked) == (httpx.codes.CONFLICT, 0)
    assert answer.json()["detail"] == approval_middleware.UNKNOWN_JOB


def test_an_answer_that_is_too_deep_to_be_read_is_airflows() -> None:
    from modelops.jobs_api import approval_middleware

    depth = 200_000
    body = '{"chosen_options": ["Approve"], "params_input": {"comment": ' + "[" * depth + "]" * depth + "}}"
    assert approval_middleware._answer_of("grace", body.encode()) is None
