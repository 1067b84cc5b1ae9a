"""The demonstration on real data: features and two versions of a model, requested through Airflow's REST API."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import JobStatus
from modelops.polling import poll
from modelops.runner.demo_client import Journey, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

FEATURES = "demo/flight_features"
MODEL = "demo/arrival_delay"
FIRST: Mapping[str, Any] = {"estimator": "logistic_regression"}
SECOND: Mapping[str, Any] = {"estimator": "gradient_boosting"}
"""The hyperparameters that make the difference between the two versions."""
BESIDE = "arrival_delay_before"
"""A second target, in which the first version is compared with the one that replaced it."""
DEPARTURES = "predict_departures"
"""The dataset of the flights of a data interval."""
MONTHS: Mapping[str, Mapping[str, str]] = {
    "August": {"interval_start": "2013-08-01T00:00:00-04:00", "interval_end": "2013-09-01T00:00:00-04:00"},
    "September": {"interval_start": "2013-09-01T00:00:00-04:00", "interval_end": "2013-10-01T00:00:00-04:00"},
}
OBSERVED_WITHIN = timedelta(seconds=20)


def run_demo(installation: Installation, steps: Steps, *, by_hand: bool) -> int:
    """Take features and two versions of a model through their lives and show it all. 0 if every job has completed.

    With `by_hand` a person answers the approvals in Airflow's own page.

    Raises:
        Unavailable: Airflow doesn't answer, or a run doesn't end in time.
    """
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import jobs
    from modelops.runner.demo_report import Report

    report = Report(installation)
    with Journey(installation, steps, by_hand=by_hand) as journey:
        try:
            _live(journey, steps)
        except Rejected as rejected:
            steps.say(f"{rejected} What follows is skipped, and so is the rest of this demonstration.")
        runs = journey.runs
    with translated(), psycopg.connect(installation.databases.url("reader"), autocommit=True) as connection:
        _await_observer(connection)
        done = jobs.of_runs(connection, runs)
        report.show(connection, done)
    ended = {JobStatus.COMPLETED, JobStatus.SKIPPED}
    return 0 if done and all(job.status in ended for job in done) else 1


def _live(journey: Journey, steps: Steps) -> None:
    features = journey.version("Flight features", "imported and run", "feature_pipeline", {"task": FEATURES})
    journey.run("Flight features published", "feature_batch", {"deployment": features["deployment"]}, result="execute")
    first = _model(journey, "Logistic regression", FIRST)
    steps.say(f"  The first approved model was in production {_since_start()} after the start of this command.")
    august = MONTHS["August"]
    journey.predict("August predicted by the first version", first["deployment"], august)
    second = _model(journey, "Gradient boosting", SECOND)
    for month, interval in MONTHS.items():
        journey.predict(f"{month} predicted by the new version", second["deployment"], interval)
        checked = {"deployment": second["deployment"], **interval}
        journey.run(f"Drift of {month} checked", "drift_check", checked, result="check_drift")
    for which, deployment in (("first", first), ("new", second)):
        asked = {"deployment": deployment["deployment"]}
        journey.whole_run(f"Performance of the {which} version measured", "model_performance", asked)
    beside = journey.run(
        "First version deployed into another target",
        "model_deployment",
        {"model": MODEL, "version": first["version"], "target": BESIDE, "predict_now": True},
        result="predict",
    )
    journey.run(
        "Deployment in the other target retired",
        "model_retirement",
        {"deployment": beside["deployment"], "reason": "the comparison is over"},
        result="retire",
    )


def _model(journey: Journey, title: str, hyperparameters: Mapping[str, Any]) -> Mapping[str, Any]:
    conf = {"model": MODEL, "hyperparameters": dict(hyperparameters), "predict_dataset": DEPARTURES}
    return journey.version(title, "trained and evaluated", "model_lifecycle", conf)


def _since_start() -> str:
    """How long ago this command was started; the process is the same since the launcher's first line."""
    import psutil

    seconds = round(time.time() - psutil.Process().create_time())
    return f"{seconds // 60} min {seconds % 60:02} s"


def _await_observer(connection: psycopg.Connection[Any]) -> None:
    """Until the observer has looked once more: it brings when the jobs were created and queued."""
    from modelops.registry.write import observation

    now = datetime.now(UTC)
    for _ in poll(every=0.2, within=OBSERVED_WITHIN.total_seconds()):
        if (seen := observation.last_seen(connection)) is not None and seen >= now:
            return
