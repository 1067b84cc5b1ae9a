"""A feature task on a real Airflow: imported, run, approved, deployed, made in batches, retired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.system import FEATURE_BATCH, FEATURE_RETIREMENT, FEATURES
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from e2e.system import Run, System

TASK = "here/counted"
SEEN = "SELECT count(*), sum(twice), count(DISTINCT job_id) FROM features.counted"
DAY = {"interval_start": "2013-08-02T00:00:00Z", "interval_end": "2013-08-03T00:00:00Z"}


@pytest.fixture(scope="module")
def pipeline(system: System) -> Run:
    """A version that waits for its reviewer."""
    run = system.run(FEATURES, name="features", task=TASK)
    run.await_question()
    return run


@pytest.fixture(scope="module")
def deployment(pipeline: Run) -> int:
    """The version, approved and deployed."""
    assert pipeline.answer("Approve", "as it should be").is_success
    number: int = pipeline.result("deploy")["deployment"]
    return number


def seen(system: System) -> list[Any]:
    with system.connect() as connection:
        return connection.execute(SEEN).fetchall()


def test_what_the_reviewer_sees(pipeline: Run) -> None:
    jobs = pipeline.jobs()
    assert jobs["import"].type is JobType.FEATURE_IMPORT
    assert jobs["import"].subject == jobs["run"].subject == f"{TASK} v1"
    assert pipeline.told("run")[-4:] == ["code_loaded", "rows_staged", "checked", "completed"]
    shown = pipeline.question()
    assert shown["subject"] == f"Approve {TASK} v1?"
    assert "makes the table `features.counted`. Its run over all of its inputs made 100 rows." in shown["body"]
    refused = pipeline.answer("Approve", "mine is good", account="trainer")
    assert "trainer requested the import of here/counted v1" in refused.json()["detail"]


def test_batches_are_published_whole_and_told_to_airflow(system: System, deployment: int) -> None:
    wrong = system.run(FEATURE_BATCH, name="wrong", deployment=deployment, interval_start=DAY["interval_start"])
    whole = system.run(FEATURE_BATCH, name="whole", deployment=deployment).result("execute")
    assert (whole["rows"], whole["table"]) == (100, "features.counted")
    assert seen(system) == [(100, 9900, 1)]
    day = system.run(FEATURE_BATCH, name="day", deployment=deployment, **DAY)
    assert day.result("execute")["rows"] == 24
    assert seen(system) == [(100, 9900, 2)]
    day.await_end()
    [asset] = system.get("assets", uri_pattern="features.counted", only_active=False)["assets"]
    events = system.get("assets/events", asset_id=asset["id"], order_by="-timestamp")["asset_events"]
    assert [event["extra"]["rows"] for event in events] == [24, 100]
    assert events[0]["source_run_id"] == day.run_id
    job = wrong.await_status(JobStatus.FAILED, task="execute")
    assert "only one end of the interval is given" in str(job.error)


def test_retired(system: System, deployment: int) -> None:
    run = system.run(FEATURE_RETIREMENT, name="retired", deployment=deployment, reason="that was all")
    assert run.result("retire")["target"] == "features.counted"
    assert seen(system) == [(100, 9900, 2)]
