"""`kill -9` during batch predictions: whoever reads sees whole runs only, and each job publishes one.

Every step has its turn in tests/faults, and PostgreSQL too, without Airflow. Here Airflow notices and tries again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from e2e.gates import gates
from e2e.models import MANY
from e2e.processes import await_end, code_of, files_of, guard_of, processes_of
from e2e.system import BATCH
from faults.reader import Reader
from faults.works import WORKS
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from e2e.gates import Gate
    from e2e.system import Run, System

STEPS = WORKS["prediction"].steps
TARGET = "e2e_killed"
SEEN = f"SELECT job_id, count(*), count(DISTINCT id), sum(opposite) FROM predictions.{TARGET} GROUP BY job_id"
WHOLE = (MANY, MANY, -MANY * (MANY + 1) / 2)
RUNS = f"""
SELECT published_at IS NOT NULL, id, rows, (SELECT count(*) FROM predictions.{TARGET}_rows WHERE run_id = run.id)
FROM modelops.batch_run AS run WHERE job_id = %s ORDER BY 1, 2
"""
"""The runs of a job: whether each is published, its rows on record, and those in the table."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kill: while the job writes down that it has come to `mark`, or while its rows are scored."""

    victim: str
    mark: str
    committed: bool = False
    scoring: bool = False

    def __str__(self) -> str:
        when = "after" if self.scoring else "at" if self.committed else "before"
        return f"{self.victim}-{when}-{self.mark}"

    @property
    def known(self) -> list[str]:
        """The steps of the first attempt that are on record."""
        return list(STEPS[: STEPS.index(self.mark) + (self.committed or self.scoring)])


SCORING = [Case(victim=victim, mark="scoring_started", scoring=True) for victim in ("child", "guard")]
WORKERS = [
    Case(victim="supervisor", mark="scoring_started", committed=True),
    Case(victim="task", mark="rows_written"),
    Case(victim="supervisor", mark="rows_written", committed=True),
]
PUBLISHED = Case(victim="task", mark="completed", committed=True)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The deployment, and the file without which nothing is scored."""

    system: System
    deployment: int
    gate: Path

    def start(self, run: Run) -> None:
        """With a budget of its own: a batch that is like another one under way would wait for that."""
        self.system.start(run, deployment=self.deployment, set_aside_budget=0)

    def paused(self, runs: Mapping[Case, Run], shut: Mapping[Case, Gate]) -> None:
        """Start the runs, and wait until each stands at its gate; who publishes comes last, for it holds up others."""
        for case in sorted(runs, key=lambda case: case.mark == "completed"):
            if case.mark == "completed":
                for other, gate in shut.items():
                    if other is not case:
                        gate.await_worker()
            self.start(runs[case])
        for gate in shut.values():
            gate.await_worker()


@pytest.fixture(scope="module")
def ground(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Somebody reads the predictions from the first run that is published to the end."""
    gate: Path = tmp_path_factory.mktemp("killed") / "gate"
    gate.touch()
    life = system.run(name="to-kill", model="here/held", target=TARGET, hyperparameters={"gate": str(gate)})
    life.await_question()
    assert life.answer("Approve").is_success
    made = Ground(system=system, deployment=life.result("deploy")["deployment"], gate=gate)
    first = system.named("undisturbed", BATCH)
    made.start(first)
    first.result("predict")
    with Reader(system.connect, SEEN, WHOLE) as reader:
        yield made
    assert reader.violations == []
    assert reader.polls > 100


@pytest.fixture(scope="module")
def killed(ground: Ground) -> Mapping[Case, Run]:
    """Tasks, supervisors, the model's processes and their guards."""
    system = ground.system
    scoring = {case: system.named(str(case), BATCH) for case in SCORING}
    paused = {case: system.named(str(case), BATCH) for case in (*WORKERS, PUBLISHED)}
    ground.gate.unlink()
    for run in scoring.values():
        ground.start(run)
    victims = []
    for case, run in scoring.items():
        run.await_status(JobStatus.RUNNING, task="predict")
        job, find = run.job("predict").id, code_of if case.victim == "child" else guard_of
        run.eventually("the model's process is there", lambda job=job: len(processes_of(system, job)) > 1)
        victims.append(find(system, job))
    for victim in victims:
        victim.kill()
    ground.gate.touch()
    with gates(system) as gate:
        shut = {case: gate(run, case.mark, task="predict", committed=case.committed) for case, run in paused.items()}
        ground.paused(paused, shut)
        tasks = {case: each.await_worker() for case, each in shut.items()}
        for case, task in tasks.items():
            victim = task if case.victim == "task" else task.parent()
            assert victim is not None
            victim.kill()
        await_end(tasks.values())
        for each in shut.values():
            each.open()
    return scoring | paused


def expect_one_run(run: Run) -> None:
    """What holds whoever was killed, and when."""
    run.await_end()
    story = run.story()
    job = run.job("predict")
    assert job.status is JobStatus.COMPLETED, story
    assert job.result is not None
    with run.system.connect("admin") as connection:
        *given_up, published = connection.execute(RUNS, (job.id,)).fetchall()
    assert published == (True, job.result["run"], MANY, MANY), story
    assert {(one[0], one[3]) for one in given_up} <= {(False, 0)}, story
    assert processes_of(run.system, job.id) == [], story


@pytest.mark.parametrize("case", [*SCORING, *WORKERS], ids=str)
def test_killed(killed: Mapping[Case, Run], case: Case) -> None:
    run = killed[case]
    expect_one_run(run)
    ending = ["retrying"] if case.scoring else ["lost", "retrying"]
    run.await_told("scheduled", "queued", *case.known, *ending, task="predict", attempt=1)
    run.await_told("scheduled", "queued", *STEPS, task="predict", attempt=2)
    assert files_of(run.system, run.job("predict").id) == [], run.story()


def test_killed_when_it_was_published(killed: Mapping[Case, Run]) -> None:
    """It isn't done twice."""
    run = killed[PUBLISHED]
    expect_one_run(run)
    run.await_told("scheduled", "queued", *STEPS, task="predict", attempt=1)
    run.await_told("scheduled", "queued", "running", "repeated", task="predict", attempt=2)
