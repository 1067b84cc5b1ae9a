"""The record survives Airflow's own clean-up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from e2e.system import EVALUATION, LIFECYCLE
from e2e.waiting import eventually
from modelops.domain.jobs import JobStatus
from modelops.observer.watch import CATCH_UP_EVERY

if TYPE_CHECKING:
    from e2e.system import Run, System


QUEUED = {"created", "scheduled", "queued"}
"""What the observer tells of a job that ran at once."""


def record_of(run: Run) -> list[list[dict[str, Any]]]:
    """All that the ledger and the registry have of a run."""
    ids = [job.id for job in run.jobs().values()]
    tables = {"job": "id", "job_event": "job_id", "evaluation": "job_id"}
    return [
        run.system.rows(f"SELECT * FROM modelops.{table} WHERE {column} = ANY(%(ids)s) ORDER BY id", ids=ids)
        for table, column in tables.items()
    ]


def decisions_of(run: Run) -> list[dict[str, Any]]:
    return run.system.rows(
        "SELECT decision.* FROM modelops.decision JOIN modelops.job ON job.id = job_id WHERE run_id = %(run_id)s",
        run_id=run.run_id,
    )


def whole_records_of(*runs: Run) -> list[list[list[dict[str, Any]]]]:
    """The same, once the runs have ended and the observer has read all of them: then nothing more is recorded."""
    for run in runs:
        run.await_end()
    await_a_look(runs[0].system, since=datetime.now(UTC) + CATCH_UP_EVERY)  # it reads runs that have ended so often
    for run in runs:
        for task in run.jobs():
            assert set(run.told(task)) >= QUEUED, run.story()
    return [record_of(run) for run in runs]


def log_of(run: Run, task: str) -> str:
    """What the log store still has of the attempt that ended; on a busy machine that need not be the first."""
    job = run.jobs()[task]
    answer = run.system.clients["trainer"].get(f"/modelops/api/jobs/{job.id}/logs/{job.attempt}").raise_for_status()
    return "\n".join(line["event"] for line in answer.json()["content"])


def await_a_look(system: System, since: datetime | None = None) -> None:
    """Wait until the observer has looked at Airflow, from beginning to end, since now or since a later time."""
    since = since or datetime.now(UTC)
    eventually(
        "the observer has looked",
        lambda: system.rows("SELECT FROM modelops.observation WHERE seen_at > %(since)s", since=since),
        story=lambda: system.tails("observer"),
    )


def test_a_deleted_run(system: System) -> None:
    system.run(name="to-evaluate", model="here/quick").await_end()
    run = system.run(EVALUATION, name="deleted", model="here/quick")
    jobs = run.await_end()
    [before] = whole_records_of(run)
    assert all(before)
    answer = system.clients["trainer"].delete(f"/api/v2/{run.address}")
    assert answer.status_code == httpx.codes.NO_CONTENT
    await_a_look(system)
    assert record_of(run) == before
    assert {job.status for job in jobs.values()} == {JobStatus.COMPLETED}


def test_airflow_db_clean(system: System) -> None:
    """`db clean` keeps the newest run of each DAG, so there are two of each."""
    life = system.run(name="cleaned", model="here/strict", target="e2e_cleaned")
    evaluation = system.run(EVALUATION, name="cleaned", model="here/quick")
    kept = [system.run(dag, name="kept", model="here/quick") for dag in (LIFECYCLE, EVALUATION)]
    life.await_question()
    assert life.answer("Approve", "as agreed", account="admin").is_success
    deployed = life.result("deploy")
    for run in kept:
        run.await_end()
    before = whole_records_of(life, evaluation)
    [decision] = decided = decisions_of(life)

    system.clean(LIFECYCLE, EVALUATION)
    for run in (life, evaluation):
        assert system.clients["trainer"].get(f"/api/v2/{run.address}").status_code == httpx.codes.NOT_FOUND
    await_a_look(system)
    assert [record_of(run) for run in (life, evaluation)] == before
    assert "train finished" in log_of(life, "train")
    assert "evaluate finished" in log_of(evaluation, "evaluate")
    assert decisions_of(life) == decided
    [row] = system.rows(
        "SELECT * FROM modelops.in_production_at(now()) WHERE deployment = %(id)s", id=deployed["deployment"]
    )
    assert (row["model"], row["approver"], row["trained_for"]) == ("here/strict", "admin", "trainer")
    assert row["evidence_digest"] == decision["digest"]
