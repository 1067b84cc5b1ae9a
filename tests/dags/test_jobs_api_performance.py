"""The API shows what was measured of published predictions, and the list of deployments that are due."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from psycopg.rows import dict_row

from asking import signed_in
from factories import deployed, job_on
from modelops.airflow.params import params_of
from modelops.domain.job_types import JobType
from modelops.domain.labels import Truth
from modelops.domain.requests import DuePerformanceRequest
from modelops.operators.due_labels import DueLabelsOperator
from modelops.registry.write import jobs, performance, runs, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.deployments import Deployment
    from modelops.domain.jobs import Attempt

TRUTH = Truth(name="truth", sql="SELECT 1", targets=("late",), type=None)
METRICS = [
    {"target": "late", "metric": "auc", "value": 0.75, "lower": 0.7, "upper": 0.8},
    {"target": "late", "metric": "rmse", "value": 1 / 3, "lower": None, "upper": None},
]


def published(connection: Connection[Any], deployment: Deployment) -> int:
    """A published run of a deployment."""
    version = versions.find(connection, deployment.model, deployment.version)
    batch = job_on(connection, version, JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
        runs.publish(connection, run, rows=100, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    return run


def measuring(connection: Connection[Any], deployment: Deployment) -> Attempt:
    """A measurement under way."""
    version = versions.find(connection, deployment.model, deployment.version)
    return job_on(connection, version, JobType.PERFORMANCE_MEASUREMENT)


@pytest.fixture
def measured(connection: Connection[Any]) -> tuple[Deployment, int, int]:
    """A deployment, a published run of it, and the second of the two jobs that have measured the run."""
    deployment = deployed(connection, truth=TRUTH, maturity=timedelta())
    run, job_id = published(connection, deployment), 0
    for labelled, metrics in ((40, []), (90, METRICS)):
        job = measuring(connection, deployment)
        with jobs.fenced(connection, job):
            performance.add(connection, job, run, rows=100, labelled=labelled, metrics=metrics)
            jobs.complete(connection, job, {"run": run})
        job_id = job.job_id
    return deployment, run, job_id


def test_what_was_measured_is_shown_as_sql_gives_it(
    monkeypatch: pytest.MonkeyPatch, measured: tuple[Deployment, int, int], database: Database
) -> None:
    ask = signed_in(database, monkeypatch)
    deployment, run, job_id = measured
    of_job = ask("GET", f"/{job_id}/performance").json()
    of_deployment = ask("GET", f"/../deployments/{deployment.id}/performance").json()
    assert of_job["measurements"] == of_deployment["measurements"]
    [found] = of_job["measurements"]
    assert (found["run_id"], found["rows"], found["labelled"], found["metrics"]) == (run, 100, 90, METRICS)
    assert (of_deployment["has_labels"], of_deployment["dataset"], of_deployment["maturity_days"]) == (True, "truth", 0)
    assert of_deployment["next_due_at"] is not None
    for answer in (of_job, of_deployment):
        with database.connect("modelops_reader") as reader:
            rows = reader.cursor(row_factory=dict_row).execute(answer["statement"]).fetchall()
        assert [{name: row[name] for name in METRICS[0]} for row in rows] == METRICS
        assert {(row["run_id"], row["rows"], row["labelled"]) for row in rows} == {(run, 100, 90)}


def test_a_measurement_without_labels_has_no_metrics(
    monkeypatch: pytest.MonkeyPatch, measured: tuple[Deployment, int, int], database: Database
) -> None:
    [found] = signed_in(database, monkeypatch)("GET", f"/{measured[2] - 1}/performance").json()["measurements"]
    assert (found["labelled"], found["metrics"]) == (40, [])


def test_nothing_is_said_of_what_there_is_not(
    monkeypatch: pytest.MonkeyPatch, connection: Connection[Any], database: Database
) -> None:
    ask = signed_in(database, monkeypatch)
    assert ask("GET", "/../deployments/99/performance").status_code == httpx.codes.NOT_FOUND
    deployment = deployed(connection)
    found = ask("GET", f"/../deployments/{deployment.id}/performance").json()
    assert (found["has_labels"], found["measurements"], found["next_due_at"]) == (False, [], None)


@pytest.fixture
def listed(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """What the operator lists for these arguments."""
    monkeypatch.setattr("modelops.operators.ledger.url_of", lambda _: database.url("modelops_jobs"))

    def list_(**asked: Any) -> list[dict[str, Any]]:
        with DAG("model_performance", schedule=None, params=params_of(DuePerformanceRequest), tags=["modelops"]):
            due = DueLabelsOperator(task_id="due", **asked)
        return due.execute({"dag_run": SimpleNamespace(conf={})})  # type: ignore[typeddict-item]

    return list_


NO_INTERVAL = {"interval_start": None, "interval_end": None}


def test_the_deployments_whose_labels_are_due_are_listed(
    listed: Callable[..., list[dict[str, Any]]], connection: Connection[Any], database: Database
) -> None:
    assert listed() == []
    deployment = deployed(connection, truth=TRUTH, maturity=timedelta())
    later = deployed(connection, "demo/other", target="predictions.other", truth=TRUTH, maturity=timedelta(days=1))
    published(connection, deployment)
    published(connection, later)
    due = {"deployment": deployment.id, "also_missing": False, **NO_INTERVAL}
    assert listed() == [due]


def test_a_person_asks_for_one_deployment(listed: Callable[..., list[dict[str, Any]]]) -> None:
    assert listed(deployment=7) == [{"deployment": 7, "also_missing": True, **NO_INTERVAL}]
    interval = {"interval_start": "2013-08-01T00:00:00Z", "interval_end": "2013-09-01T00:00:00Z"}
    assert listed(deployment=7, **interval) == [{"deployment": 7, "also_missing": True, **interval}]
    with pytest.raises(AirflowFailException, match="an interval is given without a deployment"):
        listed(**interval)


def test_a_misspelt_parameter_is_refused(dags: dict[str, DAG]) -> None:
    run = SimpleNamespace(conf={"deploymnt": 7})
    with pytest.raises(AirflowFailException, match="there is no parameter 'deploymnt'"):
        dags["model_performance"].get_task("due").execute({"dag_run": run})  # type: ignore[arg-type]
