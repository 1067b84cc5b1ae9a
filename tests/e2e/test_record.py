"""The record survives Airflow's own clean-up."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from e2e.system import EVALUATION
from e2e.waiting import eventually
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from e2e.system import Run, System


QUEUED = {"created", "scheduled", "queued"}
"""What the observer tells of a job that ran at once."""


def record_of(run: Run) -> list[list[dict[str, Any]]]:
    """All that the ledger and the registry have of a run."""
    ids = [job.id for job in run.jobs().values()]
    tables = {"job": "id", "job_event": "job_id", "version": "job_id", "evaluation": "job_id"}
    return [
        run.system.rows(f"SELECT * FROM modelops.{table} WHERE {column} = ANY(%(ids)s) ORDER BY id", ids=ids)
        for table, column in tables.items()
    ]


def whole_record_of(run: Run) -> list[list[dict[str, Any]]]:
    """The same, once the observer has told what it knows."""
    for task in run.jobs():
        run.eventually(f"{task} was queued", lambda task=task: set(run.told(task)) >= QUEUED, within=30)
    return record_of(run)


def await_a_look(system: System) -> None:
    """Wait until the observer has looked at Airflow once more, from beginning to end."""
    now = datetime.now(UTC)
    eventually(
        "the observer has looked",
        lambda: system.rows("SELECT FROM modelops.observation WHERE seen_at > %(now)s", now=now),
        within=30,
        story=lambda: system.tails("observer"),
    )


def test_a_deleted_run(system: System) -> None:
    run = system.run(name="deleted", model="here/quick")
    jobs = run.await_end(within=120)
    before = whole_record_of(run)
    assert all(before)
    answer = system.clients["trainer"].delete(f"/api/v2/{run.address}")
    assert answer.status_code == httpx.codes.NO_CONTENT
    await_a_look(system)
    assert record_of(run) == before
    assert {job.status for job in jobs.values()} == {JobStatus.COMPLETED}


def test_airflow_db_clean(system: System) -> None:
    """`db clean` keeps the newest run of each DAG, so there are two."""
    system.run(name="to-evaluate", model="here/quick").await_end(within=120)
    old = system.run(EVALUATION, name="cleaned", model="here/quick")
    old.await_end(within=60)
    system.run(EVALUATION, name="kept", model="here/quick").await_end(within=60)
    before = whole_record_of(old)
    subprocess.run(
        [
            sys.executable,
            *("-m", "airflow", "db", "clean", "--dag-ids", EVALUATION, "--skip-archive", "--yes"),
            *("--clean-before-timestamp", datetime.now(UTC).isoformat()),
        ],
        env=system.installation.environment,
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert system.clients["trainer"].get(f"/api/v2/{old.address}").status_code == httpx.codes.NOT_FOUND
    await_a_look(system)
    assert record_of(old) == before
