"""What takes longest of all: the demonstration's features and model, and what runs by the clock meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.system import FEATURE_BATCH, FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.system import Run, System

ESTIMATORS = ("logistic_regression", "gradient_boosting")


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """The pipeline of a task on a schedule, and the life cycle of a model in parts; of the demonstration the pipeline
    and the batch of its features, and a life cycle per estimator."""

    ticking: Run
    parted: Run
    pipeline: Run
    batch: Run
    models: Mapping[str, Run]


def demonstrate(system: System) -> Demonstration:
    """A feature task on a schedule of every minute, and a model whose batches are cut into parts; the demonstration's
    features, and its model on them, twice."""
    minute = {"interval_start": "2013-01-01T00:00:00Z", "interval_end": "2013-01-01T00:01:00Z"}
    ticking = system.run(FEATURES, name="ticking", task="here/ticking", schedule="* * * * *", **minute)
    parted = system.run(name="parted", model="here/scored", target="e2e_parted", parts=3)
    daily = {"schedule": "@daily", "time_zone": "America/New_York"}
    pipeline = system.run(FEATURES, name="flights", task="demo/flight_features", allow_dirty=True, **daily)
    for run in (ticking, pipeline, parted):
        run.await_question()
        assert run.answer("Approve", "as it should be").is_success
    deployment = pipeline.result("deploy")["deployment"]
    batch = system.run(FEATURE_BATCH, name="flights", deployment=deployment)
    batch.result("execute")
    asked = {"model": "demo/arrival_delay", "allow_dirty": True}
    models = {name: system.run(name=name, hyperparameters={"estimator": name}, **asked) for name in ESTIMATORS}
    return Demonstration(ticking=ticking, parted=parted, pipeline=pipeline, batch=batch, models=models)
