"""Jobs that ran no code, and requests that can't be fulfilled: on record, with what happened and who did it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.models import SQL
from e2e.system import EVALUATION, LIFECYCLE
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from e2e.system import Run, System

NONSENSE = "SELECT id, x, y, late\nFROM FROM nowhere"
QUICK = {"model": "here/quick"}
FEWER_ROWS = f"{SQL} WHERE i <= 10"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the training which is to be disturbed waits for."""
    return tmp_path_factory.mktemp("by_hand") / "gate"


@pytest.fixture(scope="module")
def runs(system: System, gate: Path) -> Mapping[str, Run]:
    """One run for each test, side by side."""
    asked: dict[str, dict[str, Any]] = {
        "code-raises": {"model": "here/quick", "hyperparameters": {"fail": "no luck"}},
        "sql-is-nonsense": {"model": "here/quick", "train_dataset": NONSENSE},
        "unknown-model": {"model": "here/quik"},
        "unknown-parameter": {"model": "here/quick", "trane_dataset": "train"},
        "marked-before": {"model": "here/quick"},
        "marked-while": {"model": "here/quick", "hyperparameters": {"gate": str(gate)}},
        "other-rows": {"model": "here/quick"},
    }
    made = {name: system.run(name=name, **conf) for name, conf in asked.items()}
    made["marked-before"].set_task("evaluate", "success")
    return made


def expect_failed_at_once(run: Run, *parts: str) -> None:
    """The job has failed in its first attempt, and both ledger and log say why; what follows is skipped."""
    jobs = run.await_end()
    assert [job.status for job in jobs.values()] == [JobStatus.FAILED, JobStatus.SKIPPED], run.story()
    assert run.task()["try_number"] == 1
    log = "\n".join(run.log())
    for part in parts:
        assert part in (jobs["train"].error or "")
        assert part in log
    assert jobs["evaluate"].error == "an upstream task failed"
    assert [(event["event"], event["actor"]) for event in run.events("evaluate")] == [
        ("created", "trainer"),
        ("skipped", "airflow"),
    ]
    assert [version["status"] for version in run.versions()] in ([], ["failed"])
    assert run.artifacts("output") == []


def test_user_code_raises(runs: Mapping[str, Run]) -> None:
    expect_failed_at_once(runs["code-raises"], "train() raised ValueError: no luck", "model_modules/training.py:")


def test_sql_that_only_the_job_can_see(runs: Mapping[str, Run]) -> None:
    expect_failed_at_once(runs["sql-is-nonsense"], 'syntax error at or near "FROM"', "line 2 of its SQL")


def test_a_parameter_that_there_is_not(runs: Mapping[str, Run]) -> None:
    """Airflow's REST API lets it pass, and a default would stand in for what was meant: so the job refuses it."""
    expect_failed_at_once(runs["unknown-parameter"], "there is no parameter 'trane_dataset'", "perhaps 'train_dataset'")


def test_a_model_that_there_is_not(runs: Mapping[str, Run]) -> None:
    """Lists in forms are suggestions: what there is, the job finds out. It says what is close."""
    expect_failed_at_once(
        runs["unknown-model"], "there is no model 'here/quik': did you mean here/quick", "datasets.yaml"
    )


@pytest.mark.parametrize(
    ("dag", "conf", "said"),
    [
        (LIFECYCLE, {}, "Invalid input for param model: "),
        (LIFECYCLE, {"model": "quick"}, "Invalid input for param model: 'quick' does not match '^[^/]+/[^/]+$'"),
        (LIFECYCLE, QUICK | {"train_dataset": 3}, "param train_dataset: 3 is not of type 'string'"),
        (LIFECYCLE, QUICK | {"hyperparameters": "depth=3"}, "param hyperparameters: 'depth=3' is not of type 'object'"),
        (LIFECYCLE, QUICK | {"allow_dirty": "perhaps"}, "param allow_dirty: 'perhaps' is not of type 'boolean'"),
        (EVALUATION, QUICK | {"version": "newest"}, "param version: 'newest' is not of type 'null', 'integer'"),
        (EVALUATION, QUICK | {"version": 0}, "param version: 0 is less than the minimum of 1"),
    ],
)
def test_a_request_that_is_refused(system: System, dag: str, conf: Mapping[str, Any], said: str) -> None:
    run = system.named("refused", dag)
    answer = system.ask(dag, run_id=run.run_id, **conf)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert system.clients["trainer"].get(f"/api/v2/{run.address}").status_code == 404


def test_marked_as_success_before_it_ran(runs: Mapping[str, Run]) -> None:
    run = runs["marked-before"]
    run.await_end()
    job = run.await_status(JobStatus.SKIPPED, task="evaluate")
    assert job.error == "marked as success by hand; the job did nothing"
    assert [(event["event"], event["actor"]) for event in run.events("evaluate")] == [
        ("created", "trainer"),
        ("skipped", "trainer"),
    ]
    assert [version["status"] for version in run.versions()] == ["trained"]


def test_marked_as_success_while_it_ran(runs: Mapping[str, Run]) -> None:
    """There is no version to evaluate then; least of all another run's."""
    run = runs["marked-while"]
    run.await_line("waiting for")
    run.set_task("train", "success")
    jobs = run.await_end()
    assert jobs["train"].status is JobStatus.SKIPPED, run.story()
    assert ("skipped", "trainer") in [(event["event"], event["actor"]) for event in run.events()]
    assert [version["status"] for version in run.versions()] == ["failed"]
    assert jobs["evaluate"].status is JobStatus.FAILED, run.story()
    assert "upstream task has made no version" in (jobs["evaluate"].error or "")
    assert run.evaluations() == []


def test_other_rows_for_an_existing_version(system: System, runs: Mapping[str, Run]) -> None:
    trained = runs["other-rows"]
    trained.await_end()
    [version] = trained.versions()
    run = system.run(EVALUATION, name="other-rows", model="here/quick", version=version["number"], dataset=FEWER_ROWS)
    jobs = run.await_end()
    assert jobs["evaluate"].status is JobStatus.COMPLETED, run.story()
    [evaluation] = run.evaluations()
    assert (evaluation["version_id"], evaluation["data_rows"]) == (version["id"], 10)
    assert evaluation["dataset"] == {"name": None, "sql": FEWER_ROWS}
    [before] = trained.evaluations()
    assert before["digest"] != evaluation["digest"]
