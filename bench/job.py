"""Runs one job in a process of its own, like that of a task: `python -m bench.job [--preload] KIND ARGUMENT…`.

Reads the installation from stdin, and writes the job's time, result and log to stdout as JSON. With `--preload` the
process has imported the modules that the processes of tasks inherit; otherwise the time of these imports is included.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

# Without --preload, these are the modules that a task's process has imported before it claims its job.
import psycopg  # noqa: F401

import modelops.operators.model  # noqa: F401
from bench.installation import Installation
from bench.task import claim, key_of
from modelops.domain.job_types import JobType
from modelops.domain.jobs import TaskKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.timing import Steps
    from modelops.jobs.run import JobRun


def predict(run: JobRun, deployment: int) -> dict[str, Any]:
    """Score a batch."""
    from modelops.domain.requests import BatchRequest
    from modelops.kinds.model.predict_batch import predict_batch

    return predict_batch(BatchRequest(deployment=deployment), run)


def predict_part(run: JobRun, deployment: int, part: int, parts: int) -> dict[str, Any]:
    """Score one partition of a batch."""
    from modelops.domain.requests import PartRequest
    from modelops.kinds.model.predict_batch import predict_batch

    return predict_batch(PartRequest(deployment=deployment, part=part, parts=parts), run)


def publish(run: JobRun, deployment: int) -> dict[str, Any]:
    """Publish the partitions of a batch."""
    from modelops.domain.requests import BatchRequest
    from modelops.kinds.model.publish_parts import publish_parts

    return publish_parts(BatchRequest(deployment=deployment), run)


def check_drift(run: JobRun, deployment: int) -> dict[str, Any]:
    """Check a batch for drift."""
    from modelops.domain.requests import DriftCheckRequest
    from modelops.kinds.check_drift import check_drift

    return check_drift(DriftCheckRequest(deployment=deployment), run)


def execute(run: JobRun, deployment: int) -> dict[str, Any]:
    """Run a feature task."""
    from modelops.domain.requests import FeatureBatchRequest
    from modelops.kinds.feature_task.execute_batch import execute_batch

    return execute_batch(FeatureBatchRequest(deployment=deployment), run)


KINDS: dict[str, tuple[JobType, Callable[..., dict[str, Any]]]] = {
    "predict": (JobType.BATCH_PREDICTION, predict),
    "predict_part": (JobType.BATCH_PREDICTION, predict_part),
    "publish": (JobType.BATCH_PREDICTION, publish),
    "check_drift": (JobType.DRIFT_CHECK, check_drift),
    "execute": (JobType.FEATURE_BATCH, execute),
}


def main(kind: str, *arguments: int) -> dict[str, Any]:
    """Claim the job and perform it; its time is from before the claim to the completion."""
    installation = Installation.from_json(sys.stdin.read())
    type_, perform = KINDS[kind]
    key = key_of(type_, f"job_{os.getpid()}_{time.time_ns()}")
    if kind in ("predict_part", "publish"):  # tasks of one DAG run
        key = TaskKey(dag_id="bench", run_id="parts", task_id="predict", map_index=([*arguments, -1])[1])
    log: Steps = []
    began = time.perf_counter()
    with installation.connect() as connection:
        run = claim(
            installation, connection, type_, key=key, log=lambda line: log.append((time.perf_counter() - began, line))
        )
        result = perform(run, *arguments)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "rows": result.get("rows"), "run": result.get("run"), "log": log}


if __name__ == "__main__":
    options = sys.argv[1:]
    if options[0] == "--preload":
        from modelops.airflow.preloading import preload_jobs

        preload_jobs()
        del options[0]
    print(json.dumps(main(options[0], *map(int, options[1:]))))
