"""Makes what tests need, with defaults for all that a test doesn't care about."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import Attempt, JobType, TaskKey
from modelops.domain.versions import Artifact as ArtifactRecord
from modelops.domain.versions import ArtifactRole
from modelops.registry import evidence, jobs, versions

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from modelops.domain.versions import Version

_runs = itertools.count(1)
HASH = "0" * 64


def task_key(**values: Any) -> TaskKey:
    return TaskKey(**{"dag_id": "model_lifecycle", "run_id": f"run_{next(_runs)}", "task_id": "train"} | values)


def take(connection: Connection[Any], key: TaskKey | None = None, **values: Any) -> Attempt:
    asked = {
        "type": JobType.TRAINING,
        "number": 1,
        "first": 1,
        "subject": "demo/arrival_delay",
        "requested_by": "ada",
        "parameters": {"model": "demo/arrival_delay"},
    } | values
    return jobs.take(connection, key or task_key(), **asked)


def begin_version(connection: Connection[Any], attempt: Attempt, name: str = "demo/arrival_delay") -> Version:
    with connection.transaction():
        version = versions.begin(connection, name=name, job_id=attempt.job_id, created_by=attempt.requested_by)
        jobs.name_subject(connection, attempt, version)
    return version


def artifact(name: str = "model.bin", **values: Any) -> ArtifactRecord:
    return ArtifactRecord(
        **{
            "role": ArtifactRole.OUTPUT,
            "name": name,
            "sha256": "a" * 64,
            "size": 1,
            "media_type": "application/octet-stream",
            "uri": "file:///a",
        }
        | values
    )


def trained_version(connection: Connection[Any], name: str = "demo/arrival_delay") -> Version:
    """A version whose training has completed, as the registry has it afterwards."""
    attempt = take(connection, subject=name)
    version = begin_version(connection, attempt, name)
    with connection.transaction():
        version = versions.pin(
            connection,
            version,
            hyperparameters={},
            commit=None,
            dirty=False,
            code_sha256=HASH,
            requirements_sha256=HASH,
        )
        evidence.add_artifacts(connection, [artifact()], version_id=version.id)
        versions.trained(
            connection,
            version,
            job_id=attempt.job_id,
            dataset={"name": "train", "sql": "SELECT 1"},
            data_sha256=HASH,
            data_rows=1,
            columns={"x": "double"},
        )
        jobs.complete(connection, attempt, {"version": version.number})
    return versions.find(connection, name, version.number)


DATASETS = """
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: SELECT id, x, y, late FROM measured WHERE id <= 60 ORDER BY id
  evaluate: SELECT id, x, y, late FROM measured WHERE id > 60 ORDER BY id
  predict: SELECT id, x, y FROM measured
"""
TRAINING = """
import json, pathlib

def train(context, **kwargs):
    rows = context.read_arrow()
    print("training on", rows.num_rows, "rows with", dict(context.hyperparams))
    path = pathlib.Path(context.artifact_output_path)
    (path / "model.json").write_text(json.dumps({"mean": sum(rows["x"].to_pylist()) / rows.num_rows}))
"""
EVALUATION = """
import json, pathlib

def evaluate(context, **kwargs):
    model = json.loads((pathlib.Path(context.artifact_input_path) / "model.json").read_text())
    rows = context.read_arrow()
    path = pathlib.Path(context.artifact_output_path)
    mean = sum(rows["x"].to_pylist()) / rows.num_rows
    (path / "metrics.json").write_text(json.dumps({"shift": mean - model["mean"]}))
"""


def model_folder(
    repository: Path,
    name: str = "iris",
    *,
    datasets: str = DATASETS,
    training: str = TRAINING,
    evaluation: str = EVALUATION,
    requirements: str | None = None,
) -> Path:
    """A model as a data scientist would write it, in a ModelOps repository."""
    folder = repository / "model_definitions" / name
    modules = folder / "model_modules"
    modules.mkdir(parents=True)
    (folder / "model.json").write_text(
        json.dumps({"id": name, "name": name.title(), "description": "A test", "language": "python"})
    )
    (folder / "config.json").write_text(json.dumps({"hyperParameters": {"depth": 3}}))
    (folder / "datasets.yaml").write_text(datasets)
    (modules / "__init__.py").touch()
    (modules / "training.py").write_text(training)
    (modules / "evaluation.py").write_text(evaluation)
    if requirements is not None:
        (modules / "requirements.txt").write_text(requirements)
    return folder
