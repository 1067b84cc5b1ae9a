"""The observer is away for a while: the ledger is complete afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.processes import code_of
from e2e.system import RETIREMENT
from e2e.waiting import eventually
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from e2e.system import Run, System

EVALUATED = ("artifacts_fetched", "environment_ready", "rows_written", "evaluate_started", "evaluate_finished")
TRAINED = ("version_created", "code_pinned", "environment_ready", "rows_written", "train_started", "train_finished")


@pytest.fixture(scope="module")
def runs(system: System, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Runs that came and went while the observer stood still; then it was killed, and the runner started a new one."""
    gate: Path = tmp_path_factory.mktemp("observer") / "gate"
    observer = system.component("observer")
    assert observer is not None
    observer.suspend()
    asked = {"plain": {}, "fails": {"fail": "no luck"}, "loses-its-code": {"gate": str(gate)}}
    made = {name: system.run(name=name, model="here/quick", hyperparameters=given) for name, given in asked.items()}
    lost = made["loses-its-code"]
    lost.await_line("waiting for")
    code_of(system, lost.job().id).kill()
    gate.touch()
    for run in made.values():
        run.eventually("it has ended", run.has_ended)
    assert lost.told(attempt=0) == []
    observer.kill()
    eventually(
        "there is a new observer",
        lambda: system.component("observer") not in (None, observer),
        story=lambda: system.tails("observer"),
    )
    return made


def test_a_run_that_came_and_went(runs: Mapping[str, Run]) -> None:
    run = runs["plain"]
    for task, steps in (("train", TRAINED), ("evaluate", EVALUATED)):
        run.await_told("created", task=task, attempt=0)
        run.await_told("scheduled", "queued", "running", *steps, "artifacts_stored", "completed", task=task, attempt=1)
        assert run.job(task).waited is not None


def test_a_job_that_never_ran(runs: Mapping[str, Run]) -> None:
    run = runs["fails"]
    job = run.await_status(JobStatus.SKIPPED, task="evaluate")
    assert (job.requested_by, job.error) == ("trainer", "an upstream task failed")


def test_each_of_several_attempts(runs: Mapping[str, Run]) -> None:
    run = runs["loses-its-code"]
    run.await_told("created", attempt=0)
    run.await_told("scheduled", "queued", "running", *TRAINED[:-1], "retrying", attempt=1)
    run.await_told("scheduled", "queued", "running", *TRAINED, "artifacts_stored", "completed", attempt=2)


def test_what_a_job_waits_for(system: System) -> None:
    """Of a DAG that nothing else runs meanwhile."""
    system.patch(f"dags/{RETIREMENT}", {"is_paused": True}, account="admin").raise_for_status()
    try:
        run = system.run(RETIREMENT, name="waits", deployment=2**31 - 1)
        run.eventually("it is known what it waits for", lambda: "retire" in run.jobs() and run.waits("retire"))
        assert run.waits("retire") == ["its DAG is paused"]
        waited = run.job("retire").waited
        assert waited is not None
        run.eventually("the time grows", lambda: (run.job("retire").waited or waited) > waited)
    finally:
        system.patch(f"dags/{RETIREMENT}", {"is_paused": False}, account="admin").raise_for_status()
    run.await_status(JobStatus.FAILED, task="retire")
