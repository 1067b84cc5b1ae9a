"""`kill -9` at each step of a training: after the retry one version, one set of artifacts, nothing left, a clear story.

The victims of a round are paused side by side, each at its own step (see gates.py), and killed together.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from e2e.gates import gates
from e2e.processes import await_end, code_of, files_of, guard_of, kill_postgres, processes_of
from e2e.waiting import HUNG_AFTER, eventually
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from e2e.system import Run, System

STEPS = (
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
"""What the ledger names in a training, in order."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kill, while the job writes down that it has come to `mark`.

    `committed` tells whether that is on record in the end: the COMMIT was sent before the kill, or it wasn't.
    """

    victim: str
    mark: str
    committed: bool = True

    def __str__(self) -> str:
        return f"{self.victim}-{'at' if self.committed else 'before'}-{self.mark}"

    @property
    def known(self) -> list[str]:
        """The steps of the first attempt that are on record."""
        return list(STEPS[: STEPS.index(self.mark) + self.committed])


WORKERS = [Case(victim=victim, mark=mark) for victim in ("task", "supervisor") for mark in STEPS]
WORKERS += [Case(victim=victim, mark="completed", committed=False) for victim in ("task", "supervisor")]
CHILDREN = [Case(victim=victim, mark="train_started") for victim in ("guard", "code")]
MACHINE = Case(victim="machine", mark="train_finished", committed=False)
POSTGRES = [Case(victim="postgres", mark=mark, committed=False) for mark in STEPS]
POSTGRES_AFTER_THE_COMMIT = Case(victim="postgres", mark="completed")


def spare(run: Run, case: Case) -> None:
    """Where only the training counts, what follows it shall not take the time of the others."""
    if case.mark != "completed":
        run.set_task("evaluate", "failed")


@dataclass(frozen=True, kw_only=True)
class Round:
    """The runs, and the processes of the machine that stands still: the supervisor and its task."""

    runs: Mapping[Case, Run]
    machine: Sequence[psutil.Process]


@pytest.fixture(scope="module")
def killed(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Round]:
    """Tasks, supervisors and user code are killed, and one machine stands still with a transaction open."""
    runs = {case: system.named(str(case)) for case in (*WORKERS, *CHILDREN, MACHINE)}
    go_on: Path = tmp_path_factory.mktemp("killed") / "gate"
    with gates(system) as shut:
        paused = {case: shut(runs[case], case.mark, committed=case.committed) for case in (*WORKERS, MACHINE)}
        for case, run in runs.items():
            system.start(run, model="here/quick", hyperparameters={"gate": str(go_on)} if case in CHILDREN else {})
            spare(run, case)
        tasks = {case: gate.await_worker() for case, gate in paused.items()}
        for case in CHILDREN:
            runs[case].await_line("waiting for")

        machine = [process for process in (tasks[MACHINE].parent(), tasks[MACHINE]) if process is not None]
        for process in machine:
            process.suspend()
        victims = {case: tasks[case] if case.victim == "task" else tasks[case].parent() for case in WORKERS}
        for case, find in zip(CHILDREN, (guard_of, code_of), strict=True):
            victims[case] = find(system, runs[case].job().id)
        for victim in victims.values():
            assert victim is not None
            victim.kill()
        await_end(tasks[case] for case in WORKERS)
        go_on.touch()
        for gate in paused.values():
            gate.open()
    try:
        yield Round(runs=runs, machine=machine)
    finally:
        for process in machine:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


@pytest.fixture(scope="module")
def killed_with_postgres(system: System) -> Mapping[Case, Run]:
    """PostgreSQL is killed with all its processes, while jobs write to it."""
    runs = {case: system.named(str(case)) for case in (*POSTGRES, POSTGRES_AFTER_THE_COMMIT)}
    with gates(system) as shut:
        paused = {case: shut(run, case.mark, committed=True) for case, run in runs.items()}
        for case, run in runs.items():
            system.start(run, model="here/quick")
            spare(run, case)
        tasks = {case: gate.await_worker() for case, gate in paused.items()}
        # What is being committed dies with the server; one job gets to its commit and hears nothing of it.
        tasks[POSTGRES_AFTER_THE_COMMIT].suspend()
        paused[POSTGRES_AFTER_THE_COMMIT].open()
        runs[POSTGRES_AFTER_THE_COMMIT].await_status(JobStatus.COMPLETED)
        kill_postgres(system)
        tasks[POSTGRES_AFTER_THE_COMMIT].resume()
    story = lambda: system.tails("postgres", "runner")  # noqa: E731
    eventually("PostgreSQL is back", lambda: system.rows("SELECT 1"), story=story)
    return runs


def expect_one_version(run: Run) -> None:
    """What holds whoever was killed, and when."""
    run.await_end()
    story = run.story()
    job = run.job()
    assert job.status is JobStatus.COMPLETED, story
    assert job.result is not None
    assert [version["number"] for version in run.versions()] == [job.result["version"]], story
    assert [artifact["name"] for artifact in run.artifacts("output")] == ["model.json"], story
    assert [artifact["name"] for artifact in run.artifacts("code")] == ["code.tar"], story
    assert processes_of(run.system, job.id) == [], story
    assert files_of(run.system, job.id) == [], story
    evaluated = run.evaluations()
    assert [version["status"] for version in run.versions()] == ["evaluated" if evaluated else "trained"], story


def expect_a_retry_from_the_start(run: Run, known: list[str], *, ending: list[str]) -> None:
    """The first attempt's steps and end are on record, and the whole of the second's."""
    run.await_told("scheduled", "queued", *known, *ending, attempt=1)
    run.await_told("scheduled", "queued", *STEPS, attempt=2)


@pytest.mark.parametrize("case", WORKERS, ids=str)
def test_worker(killed: Round, case: Case) -> None:
    run = killed.runs[case]
    expect_one_version(run)
    if case.known[-1] == "completed":
        run.await_told("scheduled", "queued", *STEPS, attempt=1)
        run.await_told("scheduled", "queued", "running", "repeated", attempt=2)
        assert [evaluation["version_id"] for evaluation in run.evaluations()] == [run.versions()[0]["id"]], run.story()
    else:
        expect_a_retry_from_the_start(run, case.known, ending=["lost", "retrying"])


@pytest.mark.parametrize("case", CHILDREN, ids=str)
def test_user_code(killed: Round, case: Case) -> None:
    run = killed.runs[case]
    expect_one_version(run)
    expect_a_retry_from_the_start(run, case.known, ending=["retrying"])
    [why] = [event["detail"]["error"] for event in run.events() if event["event"] == "retrying"]
    assert "killed" in why


def test_machine_that_stood_still(killed: Round) -> None:
    """The server ends its transaction, so that the next attempt gets the job; when it goes on, it writes nothing."""
    run = killed.runs[MACHINE]
    expect_one_version(run)
    expect_a_retry_from_the_start(run, MACHINE.known, ending=["lost", "retrying"])
    known = run.events()
    for process in killed.machine:
        process.resume()
    _, left = psutil.wait_procs(killed.machine[1:], timeout=HUNG_AFTER)
    assert not left
    assert run.events() == known, run.story()
    expect_one_version(run)


@pytest.mark.parametrize("case", POSTGRES, ids=str)
def test_postgres(killed_with_postgres: Mapping[Case, Run], case: Case) -> None:
    """The first attempt's end is told by its worker, once the server is back, or by the next, which finds it lost."""
    run = killed_with_postgres[case]
    expect_one_version(run)
    told = lambda: [mark for mark in run.told(attempt=1) if mark != "lost"]  # noqa: E731
    expected = ["scheduled", "queued", *case.known, "retrying"]
    run.eventually(f"the first attempt went {', '.join(expected)}", lambda: told() == expected)
    run.await_told("scheduled", "queued", *STEPS, attempt=2)


def test_postgres_after_the_commit(killed_with_postgres: Mapping[Case, Run]) -> None:
    """Whether Airflow has the task tried again or not, the work is not done twice."""
    run = killed_with_postgres[POSTGRES_AFTER_THE_COMMIT]
    expect_one_version(run)
    run.await_told("scheduled", "queued", *STEPS, attempt=1)
    assert [step for step in run.told(attempt=2) if step in STEPS] in ([], ["running"]), run.story()
