"""What can be killed: a batch of predictions, whole or in parts, and batches of feature tasks in SQL and Python."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from factories import doubled_folder, model_folder
from integration.lifecycle import life as models
from integration.lifecycle.features import life as features
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Claim
from modelops.domain.requests import BatchRequest, FeatureBatchRequest, PartRequest
from modelops.kinds.feature_task.execute_batch import execute_batch
from modelops.kinds.model.predict_batch import predict_batch
from modelops.kinds.model.publish_parts import publish_parts
from modelops.registry.write import jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.jobs.run import JobRun
    from workplace import Workplace

ROWS = 5_000
PARTS = 2


@dataclass(frozen=True, kw_only=True)
class Work:
    """A kind of batch.

    `steps` are what the ledger names in it, in order; after `begun` user code runs in a child, where there is one.
    `seen` asks what a reader sees of each job, which is `whole`. `statistics` is how many a published run has. Where
    `staged`, rows are committed before they are published, and those of a killed attempt lie there until the next job.
    """

    type: JobType
    table: str
    steps: tuple[str, ...]
    begun: str | None
    seen: str
    whole: tuple[Any, ...]
    statistics: int
    staged: bool
    deploy: Callable[[Path, Workplace], int]
    perform: Callable[[int, JobRun], Any] = field(repr=False)


ROW = "i AS id, i::float8 AS x, repeat('.', 2000) AS padding"
DATASETS = f"""
entity_key: id
features: [x, padding]
targets: [late]
datasets:
  train: SELECT {ROW}, i % 2 AS late FROM generate_series(1, 100) AS i
  evaluate: SELECT {ROW}, i % 2 AS late FROM generate_series(1, 100) AS i
  predict: SELECT {ROW} FROM generate_series(1, {ROWS}) AS i
"""
"""The padding makes a batch full with a few thousand rows: the stream is several batches long."""
TRAINING = """
import pathlib

def train(context, **kwargs):
    (pathlib.Path(context.artifact_output_path) / "model.json").write_text('{"mean": 1.0}')
"""
SCORING = """
import time
import pyarrow as pa, pyarrow.compute as pc

class ModelScorer:
    frame = "arrow"

    def predict(self, data):
        time.sleep(0.05)
        return pa.table({"score": pc.negate(data["x"])})
"""
TASK: dict[str, Any] = {
    "key": ["id"],
    "columns": {"id": "integer", "half": "float8"},
    "rows": {"min": 1, "max": ROWS},
}
STREAM = """
import time
import pyarrow.compute as pc

def run_task(context):
    for batch in context.read_batches():
        time.sleep(0.05)
        yield batch.select(["id", "half"])
"""
MADE = f"SELECT i AS id, i * 0.5::float8 AS half FROM generate_series(1, {ROWS}) AS i"
PADDED = f"SELECT i AS id, i * 0.5::float8 AS half, repeat('.', 2000) AS padding FROM generate_series(1, {ROWS}) AS i"
SUM = 0.5 * ROWS * (ROWS + 1) / 2


def _deploy_model(repository: Path, workplace: Workplace) -> int:
    model_folder(repository, "slow", datasets=DATASETS, training=TRAINING, scoring=SCORING)
    number: int = models.deployed(workplace, "here/slow")["deployment"]
    return number


def _deploy_sql(repository: Path, workplace: Workplace) -> int:
    doubled_folder(repository, "slow", **TASK, output="slow", sql=MADE)
    number: int = features.deployed(workplace, "here/slow")["deployment"]
    return number


def _deploy_python(repository: Path, workplace: Workplace) -> int:
    python = {"language": "python", "python": STREAM, "inputs": {"rows": PADDED}}
    doubled_folder(repository, "slow", **TASK, output="slow", sql=None, **python)
    number: int = features.deployed(workplace, "here/slow")["deployment"]
    return number


def _deploy_parts(repository: Path, workplace: Workplace) -> int:
    model_folder(repository, "slow", datasets=DATASETS, training=TRAINING, scoring=SCORING)
    number: int = models.deployed(workplace, "here/slow", parts=PARTS)["deployment"]
    return number


def _score_and_publish_parts(deployment: int, run: JobRun) -> Any:
    """Each part as a job of its own, as mapped tasks are, but one after the other; then all of them as this job."""
    for number in range(PARTS):
        claim = Claim(
            key=replace(run.attempt.key, task_id="part", map_index=number),
            type=JobType.BATCH_PREDICTION,
            number=run.attempt.number,
            first=1,
            subject=f"deployment {deployment}",
            requested_by="faults",
            parameters={},
        )
        job = jobs.claim(run.ledger, claim)
        if job.recorded_result is None:
            predict_batch(PartRequest(deployment=deployment, part=number, parts=PARTS), replace(run, attempt=job))
    return publish_parts(BatchRequest(deployment=deployment), run)


def _execute(deployment: int, run: JobRun) -> Any:
    return execute_batch(FeatureBatchRequest(deployment=deployment), run)


WORKS = {
    "prediction": Work(
        type=JobType.BATCH_PREDICTION,
        table="predictions.slow_rows",
        steps=(
            "running",
            "run_begun",
            "artifacts_fetched",
            "environment_ready",
            "scoring_started",
            "rows_written",
            "completed",
        ),
        begun="scoring_started",
        seen="SELECT job_id, count(*), count(DISTINCT id), sum(score) FROM predictions.slow GROUP BY job_id",
        whole=(ROWS, ROWS, -2 * SUM),
        statistics=3,
        staged=False,
        deploy=_deploy_model,
        perform=lambda deployment, run: predict_batch(BatchRequest(deployment=deployment), run),
    ),
    "parts": Work(
        type=JobType.BATCH_PREDICTION,
        table="predictions.slow_rows",
        steps=("running", "run_begun", "completed"),
        begun=None,
        seen="SELECT job_id, count(*), count(DISTINCT id), sum(score) FROM predictions.slow GROUP BY job_id",
        whole=(ROWS, ROWS, -2 * SUM),
        statistics=3,
        staged=False,
        deploy=_deploy_parts,
        perform=_score_and_publish_parts,
    ),
    "sql": Work(
        type=JobType.FEATURE_BATCH,
        table="features.slow_rows",
        steps=("running", "run_begun", "rows_staged", "checked", "completed"),
        begun=None,
        seen="SELECT job_id, count(*), count(DISTINCT id), sum(half) FROM features.slow GROUP BY job_id",
        whole=(ROWS, ROWS, SUM),
        statistics=2,
        staged=True,
        deploy=_deploy_sql,
        perform=_execute,
    ),
    "python": Work(
        type=JobType.FEATURE_BATCH,
        table="features.slow_rows",
        steps=(
            "running",
            "run_begun",
            "environment_ready",
            "input_read",
            "run_started",
            "run_finished",
            "rows_staged",
            "checked",
            "completed",
        ),
        begun="run_started",
        seen="SELECT job_id, count(*), count(DISTINCT id), sum(half) FROM features.slow GROUP BY job_id",
        whole=(ROWS, ROWS, SUM),
        statistics=2,
        staged=True,
        deploy=_deploy_python,
        perform=_execute,
    ),
}
