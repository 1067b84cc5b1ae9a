"""The demonstration on real data: features, two versions of a model and a model file, through Airflow's REST API."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import JobStatus
from modelops.polling import poll
from modelops.runner.demo_client import DagRuns, Rejected
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import psycopg

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

FEATURES = "demo/flight_features"
MODEL = "demo/arrival_delay"
IMPORTED = "demo/arrival_delay_onnx"
FILE = PROJECT_ROOT / "include/demo/models/arrival_delay.onnx"
"""A model of the flights that was made elsewhere."""
FIRST_HYPERPARAMETERS: Mapping[str, Any] = {"estimator": "logistic_regression"}
SECOND_HYPERPARAMETERS: Mapping[str, Any] = {"estimator": "gradient_boosting"}
"""The hyperparameters of the two versions."""
COMPARISON_TARGET = "arrival_delay_before"
"""A second target, for the predictions of the first version after the second one has replaced it."""
DEPARTURES = "predict_departures"
"""The dataset with the flights of a data interval."""
MONTHS: Mapping[str, Mapping[str, str]] = {
    "August": {"interval_start": "2013-08-01T00:00:00-04:00", "interval_end": "2013-09-01T00:00:00-04:00"},
    "September": {"interval_start": "2013-09-01T00:00:00-04:00", "interval_end": "2013-10-01T00:00:00-04:00"},
}
OBSERVER_TIMEOUT = timedelta(seconds=20)


def run_demo(installation: Installation, steps: Steps, *, by_hand: bool) -> int:
    """Take a feature task, two versions of a model and a model file through their life cycles, and print a report.

    Returns 0 if all jobs have completed or were skipped, otherwise 1.

    Args:
        by_hand: a person answers the approvals in Airflow's web UI.

    Raises:
        Unavailable: Airflow doesn't answer, or a run takes too long.
        UnexpectedState: a task or a run fails.
    """
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import jobs
    from modelops.runner.demo_report import Report

    report = Report(installation)
    with DagRuns(installation, steps, by_hand=by_hand) as runs:
        try:
            run_lifecycles(runs, steps)
            run_import(runs, inbox=installation.settings.machine.inbox)
        except Rejected as rejected:
            steps.say(f"{rejected} The remaining steps of the demonstration are skipped.")
        run_ids = runs.ids
    with translated(), psycopg.connect(installation.databases.url("reader"), autocommit=True) as connection:
        _await_observer(connection)
        done = jobs.of_runs(connection, run_ids)
        report.show(connection, done)
    expected = {JobStatus.COMPLETED, JobStatus.SKIPPED}
    return 0 if done and all(job.status in expected for job in done) else 1


def run_lifecycles(runs: DagRuns, steps: Steps) -> None:
    """Request the DAG runs of the demonstration, in sequence.

    Raises:
        Rejected: a reviewer rejects a version.
    """
    features = runs.version("Flight features", "imported and run", "feature_pipeline", {"task": FEATURES})
    runs.run("Flight features published", "feature_batch", {"deployment": features["deployment"]}, result="execute")
    first = _model(runs, "Logistic regression", FIRST_HYPERPARAMETERS)
    steps.say(f"  The first approved model was in production {_since_start()} after the start of this command.")
    runs.predict("August predicted by the first version", first["deployment"], MONTHS["August"])
    second = _model(runs, "Gradient boosting", SECOND_HYPERPARAMETERS)
    for month, interval in MONTHS.items():
        runs.predict(f"{month} predicted by the new version", second["deployment"], interval)
        conf = {"deployment": second["deployment"], **interval}
        runs.run(f"Drift of {month} checked", "drift_check", conf, result="check_drift")
    for which, deployment in (("first", first), ("new", second)):
        conf = {"deployment": deployment["deployment"]}
        runs.whole_run(f"Performance of the {which} version measured", "model_performance", conf)
    comparison = runs.run(
        "First version deployed into another target",
        "model_deployment",
        {"model": MODEL, "version": first["version"], "target": COMPARISON_TARGET, "predict_now": True},
        result="predict",
    )
    runs.run(
        "Deployment in the other target retired",
        "model_retirement",
        {"deployment": comparison["deployment"], "reason": "the comparison is over"},
        result="retire",
    )


def run_import(runs: DagRuns, *, inbox: Path) -> None:
    """Bring a model file into the inbox, take it through its life cycle, and predict August with it.

    Raises:
        Rejected: a reviewer rejects the version.
    """
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(FILE, inbox / FILE.name)
    conf = {"model": IMPORTED, "file": FILE.name}
    imported = runs.version("ONNX file", "imported and evaluated", "byom_lifecycle", conf)
    predicting = {"deployment": imported["deployment"]}
    runs.run("August predicted by the ONNX file", "batch_prediction", predicting, result="predict")


def _model(runs: DagRuns, title: str, hyperparameters: Mapping[str, Any]) -> Mapping[str, Any]:
    conf = {"model": MODEL, "hyperparameters": dict(hyperparameters), "predict_dataset": DEPARTURES}
    return runs.version(title, "trained and evaluated", "model_lifecycle", conf)


def _since_start() -> str:
    """The time since the command was started. The launcher replaces itself, so the process is the same."""
    import psutil

    seconds = round(time.time() - psutil.Process().create_time())
    return f"{seconds // 60} min {seconds % 60:02} s"


def _await_observer(connection: psycopg.Connection[Any]) -> None:
    """Wait until the observer has copied the times at which the jobs were created and queued, but not for long."""
    from modelops.registry.write import observation

    now = datetime.now(UTC)
    for _ in poll(every=0.2, within=OBSERVER_TIMEOUT.total_seconds()):
        if (seen := observation.last_seen(connection)) is not None and seen >= now:
            return
