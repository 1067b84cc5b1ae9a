"""Drift checks of published batches: by a task of the same DAG run, or on request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import DATASETS, SCORING, model_folder, task_key
from integration.lifecycle.life import approved, attempt_at, predicted, put_into_production, retired
from modelops.domain.errors import IntervalError, ModelOpsError, UnknownBatch, UnknownDeployment
from modelops.domain.job_types import JobType
from modelops.domain.requests import BatchRequest, DriftCheckRequest, StatisticsRequest
from modelops.kinds.check_drift import check_drift
from modelops.kinds.model.compute_statistics import compute_statistics
from modelops.kinds.model.predict_batch import predict_batch
from modelops.registry.read import drift_list
from modelops.registry.write import deployments, drift, statistics
from modelops.statistics.bins import bin_counts, bin_names
from modelops.statistics.drift import Comparison

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace

TRAINED_ON_ALL = DATASETS.replace("WHERE id <= 60 ", "").replace("WHERE id > 60 ", "")


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """`here/scored` v1 and `here/ignoring` v1 are approved; both are trained and evaluated on all rows of the table."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored", scoring=SCORING, datasets=TRAINED_ON_ALL)
        approved(workplace)
        model_folder(repository, "ignoring", scoring=SCORING, datasets=TRAINED_ON_ALL + "drift: {ignore: [y]}\n")
        approved(workplace, "here/ignoring")

    return live


def checked(workplace: Workplace, deployment: int, **asked: Any) -> tuple[int, dict[str, Any]]:
    job = workplace.job(JobType.DRIFT_CHECK)
    return job.job_id, check_drift(DriftCheckRequest(deployment=deployment, **asked), job)


def test_the_rows_of_the_reference_have_not_moved(workplace: Workplace, look: Any) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    run = predicted(workplace, deployment)["run"]
    job_id, result = checked(workplace, deployment)
    assert {name: result[name] for name in ("run", "rows", "compared", "greatest", "moved", "ignored")} == {
        "run": run,
        "rows": 100,
        "compared": 4,
        "greatest": None,
        "moved": [],
        "ignored": 0,
    }
    found = drift_list.of_job(workplace.connection, job_id)
    assert {(one["role"], one["variable"]) for one in found} == {
        ("feature", "x"),
        ("feature", "y"),
        ("prediction", "late"),
        ("prediction", "late_probability"),
    }
    assert all(one["psi"] == 0 and one["rows"] == one["reference_rows"] == 100 for one in found)
    assert look("SELECT status FROM modelops.version WHERE name = 'here/scored'") == [("deployed",)]


def test_what_has_moved_is_named_with_its_bins(workplace: Workplace, log: list[str]) -> None:
    sql = "SELECT id + 1000 AS id, x + 50 AS x, y FROM measured"
    deployment = put_into_production(workplace, 1, dataset=sql)["deployment"]
    predicted(workplace, deployment)
    job_id, result = checked(workplace, deployment)
    assert result["greatest"] == "major"
    moved = {one["variable"]: one["verdict"] for one in result["moved"]}
    assert moved == {"x": "major", "late": "major", "late_probability": "major"}
    first, *_ = drift_list.of_job(workplace.connection, job_id)
    assert first["verdict"] == "major"
    x = next(one for one in drift_list.of_job(workplace.connection, job_id) if one["variable"] == "x")
    assert x["most_moved"][0] == {"bin": "above 10", "before": 0.0, "now": 1.0}
    assert x["shift"] > 1
    assert log[-1].startswith(f"Batch run {result['run']}: ")


def test_features_that_the_model_ignores_are_left_out(workplace: Workplace) -> None:
    sql = "SELECT id, x, y + 1000 AS y FROM measured"
    deployment = put_into_production(workplace, 1, "here/ignoring", dataset=sql)["deployment"]
    predicted(workplace, deployment)
    job_id, result = checked(workplace, deployment)
    assert (result["greatest"], result["ignored"]) == (None, 1)
    assert "y" not in {one["variable"] for one in drift_list.of_job(workplace.connection, job_id)}


def test_the_batch_of_the_task_before_it_is_checked(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    key = task_key(dag_id="deployment_1", run_id="first", task_id="predict")
    first = predict_batch(
        BatchRequest(deployment=deployment), workplace.run(attempt_at(workplace, JobType.BATCH_PREDICTION, key=key))
    )
    assert predicted(workplace, deployment)["run"] > first["run"]
    job = workplace.job(JobType.DRIFT_CHECK, key=replace(key, task_id="check_drift"))
    request = DriftCheckRequest(deployment=deployment, batch_task="predict")
    assert check_drift(request, job)["run"] == first["run"]

    elsewhere = workplace.job(JobType.DRIFT_CHECK, key=replace(key, run_id="second", task_id="check_drift"))
    with pytest.raises(UnknownBatch, match="the task predict of this DAG run has published no batch"):
        check_drift(request, elsewhere)


def test_a_deployment_that_has_ended_can_still_be_checked(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    run = predicted(workplace, deployment)["run"]
    retired(workplace, deployment)
    assert checked(workplace, deployment)[1]["run"] == run


def test_no_batch_no_check(workplace: Workplace, look: Any) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    day = {"interval_start": "2013-08-01T00:00:00Z", "interval_end": "2013-08-02T00:00:00Z"}
    with pytest.raises(UnknownBatch, match=r"has published no batch without an interval"):
        checked(workplace, deployment)
    with pytest.raises(UnknownBatch, match=r"has published no batch for \[2013-08-01T00:00:00\+00:00, "):
        checked(workplace, deployment, **day)
    with pytest.raises(IntervalError, match="only one end"):
        checked(workplace, deployment, interval_start=day["interval_start"])
    with pytest.raises(UnknownDeployment, match="there is no deployment 99"):
        checked(workplace, 99)
    assert look("SELECT count(*) FROM modelops.drift") == [(0,)]


def test_few_rows_get_no_verdict(workplace: Workplace) -> None:
    sql = "SELECT id, x, y FROM measured WHERE id <= 20"
    deployment = put_into_production(workplace, 1, dataset=sql)["deployment"]
    predicted(workplace, deployment)
    job_id, result = checked(workplace, deployment)
    assert (result["compared"], result["greatest"]) == (0, None)
    found = drift_list.of_job(workplace.connection, job_id)
    assert {one["verdict"] for one in found} == {"not_enough_rows"}


def test_without_a_reference_it_says_what_to_do(workplace: Workplace, database: Any) -> None:
    """As an earlier release left it: statistics of the training without bins, none of predictions."""
    deployment = put_into_production(workplace, 1)["deployment"]
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM modelops.statistics WHERE reference_id IS NOT NULL")
        admin.execute("UPDATE modelops.statistics SET values = values - 'reference'")
    predicted(workplace, deployment)
    job_id, result = checked(workplace, deployment)
    assert (result["compared"], result["greatest"]) == (0, None)
    found = {one["variable"]: one for one in drift_list.of_job(workplace.connection, job_id)}
    assert {one["verdict"] for one in found.values()} == {"not_comparable"}
    assert "recompute the statistics of the version (DAG model_statistics)" in found["x"]["reason"]
    assert "there is no reference of late" in found["late"]["reason"]


def test_a_batch_without_rows_has_no_verdict(workplace: Workplace, log: list[str]) -> None:
    sql = "SELECT id, x, y FROM measured WHERE id > 1000"
    deployment = put_into_production(workplace, 1, dataset=sql, empty="always")["deployment"]
    predicted(workplace, deployment)
    job_id, result = checked(workplace, deployment)
    assert (result["rows"], result["compared"]) == (0, 0)
    found = drift_list.of_job(workplace.connection, job_id)
    assert [(one["variable"], one["verdict"]) for one in found if one["role"] == "feature"] == [
        ("x", "not_enough_rows"),
        ("y", "not_enough_rows"),
    ]
    assert log[-1].endswith("no column could be compared")


def test_statistics_that_were_recomputed_after_the_batch(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    predicted(workplace, deployment)
    sql = "SELECT id, x, y, late FROM measured WHERE id > 50"
    request = StatisticsRequest(model="here/scored", dataset=sql, predictions_dataset=sql)
    compute_statistics(request, workplace.job(JobType.COMPUTE_STATISTICS))
    job_id, _ = checked(workplace, deployment)
    reasons = {one["variable"]: one["reason"] for one in drift_list.of_job(workplace.connection, job_id)}
    assert reasons["x"] == "x is counted in other bins than those of the reference: rerun the batch"


@pytest.mark.parametrize("variable", ["x", "late_probability", "late"])
def test_the_distribution_is_what_was_compared(workplace: Workplace, variable: str) -> None:
    sql = "SELECT id + 1000 AS id, x + 5 AS x, y FROM measured"
    deployment = put_into_production(workplace, 1, dataset=sql)["deployment"]
    run = predicted(workplace, deployment)["run"]
    job_id, _ = checked(workplace, deployment)
    # The check stays as it was, also where later statistics have the same bins: those of `late` are 0 and 1.
    later = "SELECT id, x, y, late FROM measured WHERE id > 50"
    request = StatisticsRequest(model="here/scored", dataset=later, predictions_dataset=later)
    compute_statistics(request, workplace.job(JobType.COMPUTE_STATISTICS))
    role = "feature" if variable == "x" else "prediction"
    found = drift_list.finding(workplace.connection, job_id, role, variable)
    assert found
    bins = drift_list.distribution(workplace.connection, found["id"])
    counted = next(one for one in statistics.of_run(workplace.connection, run) if one["variable"] == variable)
    assert found["run_id"] == run
    assert [one["rows"] for one in bins] == bin_counts(counted)
    assert sum(one["rows"] for one in bins) == sum(one["reference_rows"] for one in bins) == 100
    names = bin_names({"edges": [one["upper"] for one in bins if one["upper"] is not None]})
    shares = {
        name: (round(one["reference_rows"] / 100, 6), round(one["rows"] / 100, 6))
        for name, one in zip(names, bins, strict=True)
    }
    of_job = next(one for one in drift_list.of_job(workplace.connection, job_id) if one["variable"] == variable)
    assert of_job["most_moved"]
    for one in of_job["most_moved"]:
        assert (one["before"], one["now"]) == shares[one["bin"]]


def test_a_check_that_fails_leaves_the_batch_as_it_was(
    workplace: Workplace, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails when it has recorded its results: they are gone with it."""
    deployment = put_into_production(workplace, 1)["deployment"]
    run = predicted(workplace, deployment)["run"]
    batch = (
        "SELECT to_jsonb(run), job.status FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id"
        f" WHERE run.id = {run}"
    )
    before = look(batch)

    def fails(*_: Any, **__: Any) -> None:
        raise ArithmeticError

    monkeypatch.setattr("modelops.kinds.check_drift.update_alerts", fails)
    with pytest.raises(ArithmeticError):
        checked(workplace, deployment)
    assert look("SELECT count(*) FROM modelops.drift") == [(0,)]
    assert look(batch) == before
    assert before[0][1] == "completed"
    assert look("SELECT count(*) FROM predictions.scored") == [(100,)]
    monkeypatch.undo()
    assert checked(workplace, deployment)[1]["run"] == run


def test_a_reference_of_another_version_is_refused(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    run = predicted(workplace, deployment)["run"]
    request = StatisticsRequest(model="here/ignoring")
    compute_statistics(request, workplace.job(JobType.COMPUTE_STATISTICS))
    other = workplace.connection.execute("SELECT max(id) FROM modelops.reference").fetchone()
    assert other
    job = workplace.job(JobType.DRIFT_CHECK)
    with job.fenced():
        job.name_deployment(deployments.find(workplace.connection, deployment))
    found = [Comparison(variable="x").as_record()]
    with job.fenced() as ledger, pytest.raises(ModelOpsError, match="the reference isn't one of the version of run"):
        drift.add(ledger, job.attempt, run, "feature", found, references={"x": other[0]})
