"""The demonstration's features and model, asked for through the REST API as a user would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from e2e.system import EVALUATION
from e2e.waiting import HUNG_AFTER
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from concurrent.futures import Future

    from e2e.demonstration import Demonstration
    from e2e.system import System

JULY = {"logistic_regression": 0.728, "gradient_boosting": 0.758}
SEPTEMBER = {"logistic_regression": 0.681, "gradient_boosting": 0.723}
"""The AUC of each estimator, as include/demo/README.md says."""
TRAINED = (
    "version_created",
    "code_pinned",
    "environment_ready",
    "rows_written",
    "train_started",
    "train_finished",
    "artifacts_stored",
    "sample_scored",
)
EVALUATED = (
    "artifacts_fetched",
    "environment_ready",
    "rows_written",
    "evaluate_started",
    "evaluate_finished",
    "artifacts_stored",
    "rows_scored",
    "predictions_counted",
)


def test_the_features_are_published_first(system: System, flights: Future[Demonstration]) -> None:
    demonstration = flights.result(timeout=HUNG_AFTER)
    batch = demonstration.batch.result("execute")
    assert (batch["table"], batch["rows"]) == ("features.flight_features", 336_776)
    with system.connect() as connection:
        published = connection.execute("SELECT DISTINCT job_id FROM features.flight_features").fetchall()
    assert published == [(demonstration.batch.job("execute").id,)]


@pytest.mark.parametrize("estimator", JULY)
def test_trained_and_evaluated(flights: Future[Demonstration], estimator: str) -> None:
    run = flights.result(timeout=HUNG_AFTER).models[estimator]
    jobs = run.await_end()
    assert [job.status for job in jobs.values()] == [JobStatus.COMPLETED, JobStatus.COMPLETED], run.story()
    assert {job.requested_by for job in jobs.values()} == {"trainer"}

    [version] = run.versions()
    assert version["hyperparameters"]["estimator"] == estimator
    assert (version["status"], version["created_by"]) == ("evaluated", "trainer")
    assert "FROM features.flight_features" in version["dataset"]["sql"]

    [evaluation] = run.evaluations()
    assert evaluation["metrics"]["auc"] == pytest.approx(JULY[estimator], abs=0.005)
    assert jobs["evaluate"].result is not None
    assert jobs["evaluate"].result["metrics"] == evaluation["metrics"]
    plots = [file for file in run.evidence() if file["media_type"] == "image/png"]
    assert {"calibration.png", "roc.png"} <= {plot["name"] for plot in plots}
    for plot in plots:
        assert Path(urlsplit(plot["uri"]).path).read_bytes().startswith(b"\x89PNG")

    for task, steps in (("train", TRAINED), ("evaluate", EVALUATED)):
        run.await_told("created", task=task, attempt=0)
        run.await_told("scheduled", "queued", "running", *steps, "completed", task=task, attempt=1)
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


def test_evaluated_on_other_flights(system: System, flights: Future[Demonstration]) -> None:
    others = {}
    for estimator, run in flights.result(timeout=HUNG_AFTER).models.items():
        run.await_end()
        version = run.result("evaluate")["version"]
        asked = {"model": "demo/arrival_delay", "version": version, "dataset": "evaluate_september"}
        others[estimator] = system.run(EVALUATION, name=f"september-{estimator}", **asked)
    measured = {estimator: other.result("evaluate")["metrics"]["auc"] for estimator, other in others.items()}
    assert measured == pytest.approx(SEPTEMBER, abs=0.005)
