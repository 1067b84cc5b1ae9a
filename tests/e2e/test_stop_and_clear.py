"""Stop, and clear: Airflow's own actions, and what becomes of jobs and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from e2e.gates import gates
from e2e.processes import files_of, guard_of, processes_of, task_of
from e2e.waiting import HUNG_AFTER
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from e2e.system import Run, System


MARKS = (
    "running",
    "version_created",
    "code_pinned",
    "environment_ready",
    "rows_written",
    "train_started",
    "train_finished",
    "artifacts_stored",
    "completed",
)
"""The steps of a training."""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the trainings which are to be disturbed wait for."""
    return tmp_path_factory.mktemp("stop") / "gate"


@pytest.fixture(scope="module")
def runs(system: System, gate: Path) -> Mapping[str, Run]:
    """What the tests disturb, side by side."""
    waiting = {"hyperparameters": {"gate": str(gate)}}
    asked = {"stop": waiting, "clear-running": waiting, "clear-all": {}, "clear-evaluation": {}}
    return {name: system.run(name=name, model="here/quick", **conf) for name, conf in asked.items()}


def expect_stopped(run: Run) -> None:
    """A person has ended the job for good, and nothing is left of it."""
    jobs = run.await_end()
    story = run.story()
    job_id = jobs["train"].id
    ended = {task: job.status for task, job in jobs.items()}
    assert ended == {"train": JobStatus.CANCELLED, "evaluate": JobStatus.SKIPPED}, story
    assert [event["actor"] for event in run.events() if event["event"] == "cancelled"] == ["trainer"], story
    assert jobs["evaluate"].error == "an upstream task failed"
    assert run.artifacts("output") == []
    assert run.task()["try_number"] == 1
    assert processes_of(run.system, job_id) == []
    run.eventually("its folder is gone", lambda: not files_of(run.system, job_id))


def test_stop_in_the_middle(runs: Mapping[str, Run]) -> None:
    run = runs["stop"]
    run.await_line("waiting for")
    job_id = run.job().id
    processes = [task_of(run.system, job_id), *processes_of(run.system, job_id)]
    assert guard_of(run.system, job_id) in processes
    assert files_of(run.system, job_id)

    run.set_task("train", "failed")
    _, left = psutil.wait_procs(processes, timeout=HUNG_AFTER)
    assert not left, run.story()
    expect_stopped(run)
    assert [version["status"] for version in run.versions()] == ["failed"]


@pytest.fixture(scope="module")
def stopped(system: System) -> Mapping[str, Run]:
    """Trainings that were stopped while they wrote down that they had come to a step, each at another."""
    runs = {mark: system.named(f"stop-at-{mark}") for mark in MARKS}
    with gates(system) as shut:
        paused = [shut(run, mark, committed=False) for mark, run in runs.items()]
        for run in runs.values():
            system.start(run, model="here/quick")
        tasks = [gate.await_worker() for gate in paused]
        for run in runs.values():
            run.set_task("train", "failed")
        _, left = psutil.wait_procs(tasks, timeout=HUNG_AFTER)
        assert not left
    return runs


@pytest.mark.parametrize("mark", MARKS)
def test_stop_at_each_step(stopped: Mapping[str, Run], mark: str) -> None:
    run = stopped[mark]
    expect_stopped(run)
    assert {version["status"] for version in run.versions()} <= {"failed"}


def test_clear_while_it_runs(runs: Mapping[str, Run], gate: Path) -> None:
    run = runs["clear-running"]
    run.await_line("waiting for")
    run.clear("train")
    run.await_line("waiting for", attempt=2)
    assert [version["status"] for version in run.versions()] == ["failed", "created"]
    gate.touch()
    run.await_end()
    assert [version["status"] for version in run.versions()] == ["failed", "evaluated"], run.story()
    assert [event["detail"]["reason"] for event in run.events() if event["event"] == "retrying"] == [
        "a person cleared the task; another one follows"
    ]
    assert files_of(run.system, run.job().id) == []


def test_clear_what_was_completed(runs: Mapping[str, Run]) -> None:
    run = runs["clear-all"]
    before = run.await_end()
    run.clear("train")
    run.eventually("the second training has completed", lambda: len(run.versions()) == 2)
    after = run.await_end()

    assert {task: job.id for task, job in after.items()} == {task: job.id for task, job in before.items()}
    old, new = run.versions()
    assert (old["status"], new["status"]) == ("evaluated", "evaluated"), run.story()
    assert old["job_id"] == new["job_id"]
    assert after["train"].result is not None
    assert after["train"].result["version"] == new["number"]
    assert [evaluation["version_id"] for evaluation in run.evaluations()] == [old["id"], new["id"]]
    assert [artifact["version_id"] for artifact in run.artifacts("output")] == [old["id"], new["id"]]
    assert [job.attempt for job in after.values()] == [2, 2]

    def who_cleared() -> list[str]:
        return [event["actor"] for event in run.events() if event["event"] == "cleared"]

    run.eventually("it is on record who cleared it", lambda: who_cleared() == ["trainer"])


def test_clear_the_evaluation_only(runs: Mapping[str, Run]) -> None:
    run = runs["clear-evaluation"]
    run.await_end()
    run.clear("evaluate", downstream=False)
    run.eventually("there is a second evaluation", lambda: len(run.evaluations()) == 2)
    after = run.await_end()
    [version] = run.versions()
    first, second = run.evaluations()
    assert {first["version_id"], second["version_id"]} == {version["id"]}
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert [job.attempt for job in after.values()] == [1, 2]
