"""PostgreSQL doesn't come back at once, and the scheduler is killed: Airflow goes on, and no work is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from e2e.gates import gates
from e2e.processes import files_of, kill_postgres, processes_of, task_of
from e2e.waiting import HUNG_AFTER, eventually
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.system import Run, System

OUTAGE = 5.0
"""Seconds for which PostgreSQL is killed as often as it comes back."""


def waiting(system: System, name: str, gate: Path) -> Run:
    """A run whose user code waits for a file."""
    run = system.run(name=name, model="here/quick", hyperparameters={"gate": str(gate)})
    run.await_line("waiting for")
    return run


def expect_one_version(run: Run) -> None:
    job = run.job()
    assert [version["status"] for version in run.versions()] == ["evaluated"], run.story()
    assert [artifact["name"] for artifact in run.artifacts("output")] == ["model.json"]
    assert processes_of(run.system, job.id) == []
    assert files_of(run.system, job.id) == []


def test_postgres_away_while_user_code_runs(system: System, tmp_path: Path) -> None:
    """A training that goes on meanwhile holds nobody else up, and isn't done twice.

    The scheduler loses its database and waits for its tasks to end, until the runner sees that it isn't well.
    """
    run = waiting(system, "outage", tmp_path / "gate")
    until = time.monotonic() + OUTAGE
    while time.monotonic() < until:
        kill_postgres(system)
        time.sleep(0.1)
    try:
        other = system.named("meanwhile")

        def ask() -> bool:
            system.start(other, model="here/quick")
            return True

        eventually("a run is accepted", ask, story=lambda: system.tails("postgres", "api-server"))
        other.await_end()
    finally:
        (tmp_path / "gate").touch()
        run.await_end()
    expect_one_version(run)


def test_scheduler(system: System, tmp_path: Path) -> None:
    """Its tasks end with it and are tried again; what a person has cleared is still done anew."""
    cleared = system.run(name="cleared", model="here/quick")
    cleared.await_end()
    in_train = waiting(system, "scheduler", tmp_path / "gate")
    with gates(system) as shut:
        gate = shut(cleared, "running", attempt=2, committed=False)
        cleared.clear("train", downstream=False)
        tasks = [gate.await_worker(), task_of(system, in_train.job().id)]
        scheduler = system.component("scheduler")
        assert scheduler is not None
        scheduler.kill()
        _, left = psutil.wait_procs(tasks, timeout=HUNG_AFTER)
        assert not left
    (tmp_path / "gate").touch()

    in_train.await_end()
    expect_one_version(in_train)
    assert in_train.told(attempt=1)[-3:] == ["train_started", "lost", "retrying"], in_train.story()
    cleared.eventually("the training was done anew", lambda: len(cleared.versions()) == 2)
    cleared.await_status(JobStatus.COMPLETED)
    assert [version["status"] for version in cleared.versions()] == ["evaluated", "trained"], cleared.story()
