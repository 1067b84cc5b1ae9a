"""Makes what tests need, with defaults for all that a test doesn't care about."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import yaml
from psycopg.rows import dict_row

from modelops.domain.datasets import Dataset
from modelops.domain.decisions import Verdict
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Attempt, Claim, TaskKey
from modelops.domain.versions import Artifact as ArtifactRecord
from modelops.domain.versions import ArtifactRole
from modelops.registry.write import decisions, deployments, evidence, jobs, observation, statistics, versions
from modelops.registry.write.observation import Clearing, Renewal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from psycopg import Connection

    from modelops.domain.decisions import ApprovalRequest, Decision
    from modelops.domain.deployments import Deployment, DeploymentId
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
    return jobs.claim(connection, Claim(key=key or task_key(), **asked))


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


def trained_version(
    connection: Connection[Any],
    name: str = "demo/arrival_delay",
    *,
    resources: Mapping[str, Any] | None = None,
    **values: Any,
) -> Version:
    """A version whose training has completed, as the registry has it afterwards."""
    attempt = take(connection, subject=name, **values)
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
            resources=resources or {},
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
            columns_with_nulls=[],
        )
        jobs.complete(connection, attempt, {"version": version.number})
    return versions.find(connection, name, version.number)


def imported_version(connection: Connection[Any], name: str = "demo/imported", **values: Any) -> Version:
    """A version whose model file was imported, as the registry has it afterwards."""
    attempt = take(connection, task_key(task_id="import"), type=JobType.MODEL_IMPORT, subject=name)
    with connection.transaction():
        begun = begin_version(connection, attempt, name)
        version = versions.imported(
            connection,
            begun,
            job_id=attempt.job_id,
            **{
                "definition": {"identity": "one", "warnings": [], "file": {"sha256": HASH}},
                "columns": {"x": "double"},
                "commit": None,
                "dirty": False,
                "code_sha256": HASH,
                "requirements_sha256": HASH,
                "resources": {},
                "artifacts": [artifact("model.onnx")],
            }
            | values,
        )
        jobs.complete(connection, attempt, {"version": version.number})
    return version


def add_reference(connection: Connection[Any], version: Version, job_type: JobType, **values: Any) -> None:
    """A reference of a version's features, as a job of this type leaves it."""
    attempt = job_on(connection, version, job_type)
    dataset = Dataset(name="train", sql="SELECT 1", entity_key=("id",), feature_names=("x",), target_names=("y",))
    with jobs.fenced(connection, attempt):
        statistics.add_reference(
            connection, version, attempt, dataset=dataset, data_sha256=HASH, data_rows=1, records={}, **values
        )


def cleared(
    connection: Connection[Any], version: Version, by: str, *, attempt: int = 1, surely: bool = True, hours: int = 0
) -> None:
    """The observer has read who cleared the version's training, or may have, after this attempt."""
    at = datetime.now(UTC) + timedelta(hours=hours)
    clearing = Clearing(at=at, by=by, surely=surely, entry="clear_dag_run")
    requests_read(connection, version, clearing, attempt=attempt + 1)


def requests_read(connection: Connection[Any], version: Version, *clearings: Clearing, attempt: int = 2) -> None:
    """The observer has read who made this attempt at the version's training run."""
    [key] = [
        TaskKey.from_row(row)
        for row in connection.cursor(row_factory=dict_row).execute(
            "SELECT dag_id, run_id, task_id, map_index FROM modelops.job WHERE id = %s", (version.job_id,)
        )
    ]
    now = datetime.now(UTC)
    observation.note_clearings(connection, key, Renewal(attempt=attempt, since=now, until=now), clearings)


def add_evaluation(connection: Connection[Any], version: Version, **metrics: float) -> None:
    """One more evaluation of a version, as its job leaves it."""
    attempt = take(connection, task_key(task_id="evaluate"), type=JobType.EVALUATION, subject=version.name)
    with jobs.fenced(connection, attempt):
        jobs.name_subject(connection, attempt, version)
        evidence.add_evaluation(
            connection,
            version,
            attempt,
            dataset={"name": "evaluate", "sql": "SELECT 2"},
            data_sha256=HASH,
            data_rows=1,
            metrics=metrics or {"auc": 0.75},
        )
        versions.evaluated(connection, version, job_id=attempt.job_id)
        jobs.complete(connection, attempt, {"version": version.number})


def evaluated_version(connection: Connection[Any], name: str = "demo/arrival_delay", **metrics: float) -> Version:
    """A version that waits for its decision."""
    version = trained_version(connection, name)
    add_evaluation(connection, version, **metrics)
    return versions.find(connection, name, version.number)


def trained_anew(connection: Connection[Any], *numbers: int) -> Version:
    """A version that waits for its decision, whose training was cleared: these are the attempts that began it anew."""
    key = task_key()
    trained_version(connection, key=key)
    for number in numbers or (2,):
        version = trained_version(connection, key=key, number=number, first=number)
    add_evaluation(connection, version)
    return versions.find(connection, version.name, version.number)


def job_on(connection: Connection[Any], version: Version, type: JobType, **values: Any) -> Attempt:  # noqa: A002
    """A job of this type on the version, under way."""
    attempt = take(connection, task_key(task_id=type), type=type, subject=version.name, **values)
    with jobs.fenced(connection, attempt):
        jobs.name_subject(connection, attempt, version)
    return attempt


def ask(connection: Connection[Any], version: Version, *approvers: str) -> tuple[Attempt, ApprovalRequest]:
    """The version is before its reviewers, and a worker has the job to take an answer."""
    attempt = job_on(connection, version, JobType.APPROVAL)
    with jobs.fenced(connection, attempt):
        return attempt, decisions.create_request(connection, version, attempt, approvers=approvers)


def decide(
    connection: Connection[Any], version: Version, verdict: Verdict = Verdict.APPROVED, **values: Any
) -> Decision:
    """A reviewer decides; the version is approved or rejected."""
    attempt, request = ask(connection, version)
    answer = {"approver": "grace", "verdict": verdict, "comment": "looks right"} | values
    with jobs.fenced(connection, attempt):
        decision = decisions.decide(connection, request, job_id=attempt.job_id, **answer)
        versions.decided(connection, version.id, verdict, job_id=attempt.job_id)
        jobs.complete(connection, attempt, {"verdict": verdict})
    return decision


def deploy(connection: Connection[Any], version: Version, decision: Decision, **values: Any) -> DeploymentId:
    """The version goes into production."""
    attempt = job_on(connection, version, JobType.DEPLOYMENT)
    with jobs.fenced(connection, attempt):
        made, _ = deployments.begin(
            connection,
            version,
            job_id=attempt.job_id,
            decision=decision,
            **{
                "dataset": {"name": "predict", "sql": "SELECT 3"},
                "target": "predictions.arrival_delay",
                "entity_key": [{"name": "id", "type": "integer"}],
                "outputs": {"late": "int32"},
                "set_aside_budget": 0,
            }
            | values,
        )
        jobs.complete(connection, attempt, {"deployment": made})
    return made


def deployed(connection: Connection[Any], name: str = "demo/arrival_delay", **values: Any) -> Deployment:
    """A new version that went all the way into production."""
    version = evaluated_version(connection, name)
    made = deploy(connection, version, decide(connection, version), **values)
    return deployments.find(connection, made)


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


SCORING = """
import pyarrow as pa, pyarrow.compute as pc, pyarrow.json

class ModelScorer:
    frame = "arrow"

    def __init__(self, context):
        self.mean = pa.json.read_json(f"{context.artifact_input_path}/model.json")["mean"][0]

    def predict(self, data):
        score = pc.divide(data["x"], pc.add(data["x"], self.mean))
        return pa.table({"late": pc.cast(pc.round(score), pa.int32()), "late_probability": score})
"""
"""Gives Arrow no Python number: at the first of them it imports pandas, which takes longer than all else here."""


def model_folder(
    repository: Path,
    name: str = "iris",
    *,
    datasets: str = DATASETS,
    training: str = TRAINING,
    evaluation: str = EVALUATION,
    scoring: str | None = None,
    policy: str | None = None,
    requirements: str | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
) -> Path:
    """A model as a data scientist would write it, in a ModelOps repository."""
    folder = repository / "model_definitions" / name
    modules = folder / "model_modules"
    modules.mkdir(parents=True)
    (folder / "model.json").write_text(
        json.dumps({"id": name, "name": name.title(), "description": "A test", "language": "python"})
    )
    (folder / "config.json").write_text(json.dumps({"hyperParameters": {"depth": 3, **(hyperparameters or {})}}))
    (folder / "datasets.yaml").write_text(datasets)
    (modules / "__init__.py").touch()
    (modules / "training.py").write_text(training)
    (modules / "evaluation.py").write_text(evaluation)
    if scoring is not None:
        (modules / "scoring.py").write_text(scoring)
    if policy is not None:
        (folder / "policy.yaml").write_text(policy)
    if requirements is not None:
        (modules / "requirements.txt").write_text(requirements)
    return folder


FEATURES = "SELECT id, x + y AS total, x > y AS falling FROM measured;\n"
FEATURE_FUNCTION = """
def run_task(context, **kwargs):
    pass
"""


def task_folder(
    repository: Path,
    name: str = "totals",
    /,
    *,
    sql: str | None = FEATURES,
    python: str | None = FEATURE_FUNCTION,
    files: Mapping[str, str] | None = None,
    **values: Any,
) -> Path:
    """A feature task as a data engineer would write it: in SQL, unless `language` is another.

    `values` go into task.yaml, also as its `name`; None takes one out. `files` are written last. In a folder that is
    there its files are written anew.
    """
    declared = {
        "name": "Totals",
        "language": "sql",
        "inputs": {"measured": "public.measured"},
        "output": f"features.{name}",
        "key": ["id"],
        "columns": {"id": "integer", "total": "double precision", "falling": "boolean"},
    } | values
    code = {"task.sql": sql} if declared["language"] == "sql" else {"task.py": python}
    kept = {key: value for key, value in declared.items() if value is not None}
    folder = repository / "feature_engineering_tasks" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in {"task.yaml": yaml.safe_dump(kept, sort_keys=False), **code, **(files or {})}.items():
        if text is not None:
            (folder / file).write_text(text)
    return folder


DOUBLED: dict[str, Any] = {
    "name": "Doubled",
    "inputs": None,
    "output": "doubled",
    "key": ["id"],
    "columns": {"id": "integer", "at": "timestamptz", "twice": "float8", "half": "text"},
    "rows": {"min": 1, "max": 1000},
}
DOUBLED_SQL = """
SELECT id, timestamptz '2013-08-01T00:00Z' + id * interval '1 hour' AS at, x * 2 AS twice, nullif(late, 0)::text AS half
FROM measured
"""


def doubled_folder(repository: Path, name: str = "doubled", /, *, sql: str | None = DOUBLED_SQL, **values: Any) -> Path:
    """A feature task of a hundred rows, with a time in each, on the table `measured`."""
    return task_folder(repository, name, sql=sql, **DOUBLED | values)
