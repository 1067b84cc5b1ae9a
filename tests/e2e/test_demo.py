"""The demonstration's model, asked for through the REST API as a user would."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.system import Run, System

LEAST_AUC = {"logistic_regression": 0.72, "gradient_boosting": 0.75}
TRAINING = ("version_created", "code_pinned", "environment_ready", "rows_written", "train_started", "train_finished")
EVALUATION = ("artifacts_fetched", "environment_ready", "rows_written", "evaluate_started", "evaluate_finished")


@pytest.fixture(scope="module")
def runs(system: System) -> Mapping[str, Run]:
    """One run for each estimator, side by side."""
    return {
        estimator: system.run(
            name=estimator, model="demo/arrival_delay", hyperparameters={"estimator": estimator}, allow_dirty=True
        )
        for estimator in LEAST_AUC
    }


@pytest.mark.parametrize(("estimator", "least"), LEAST_AUC.items())
def test_trained_and_evaluated(runs: Mapping[str, Run], estimator: str, least: float) -> None:
    run = runs[estimator]
    jobs = run.await_end(within=240)
    assert [job.status for job in jobs.values()] == [JobStatus.COMPLETED, JobStatus.COMPLETED], run.story()
    assert {job.requested_by for job in jobs.values()} == {"trainer"}

    [version] = run.versions()
    assert version["hyperparameters"]["estimator"] == estimator
    assert (version["status"], version["created_by"]) == ("evaluated", "trainer")

    [evaluation] = run.evaluations()
    assert evaluation["metrics"]["auc"] > least
    assert jobs["evaluate"].result is not None
    assert jobs["evaluate"].result["metrics"] == evaluation["metrics"]
    plots = [file for file in run.evidence() if file["media_type"] == "image/png"]
    assert {"calibration.png", "roc.png"} <= {plot["name"] for plot in plots}
    for plot in plots:
        assert Path(urlsplit(plot["uri"]).path).read_bytes().startswith(b"\x89PNG")

    for task, steps in (("train", TRAINING), ("evaluate", EVALUATION)):
        run.await_told("created", task=task, attempt=0)
        run.await_told("scheduled", "queued", "running", *steps, "artifacts_stored", "completed", task=task, attempt=1)
        actors = {event["event"]: event["actor"] for event in run.events(task)}
        assert actors == {
            "created": "trainer",
            "scheduled": "airflow",
            "queued": "airflow",
            "running": "worker",
            "step": "worker",
            "completed": "worker",
        }
        at = {event["event"]: event["at"] for event in run.events(task)}
        assert run.job(task).waited == at["running"] - at["created"]
        assert run.job(task).worked == at["completed"] - at["running"]
        assert at["completed"] - at["created"] < timedelta(minutes=5)
