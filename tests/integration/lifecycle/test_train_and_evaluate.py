"""A version is trained and evaluated, with real rows, a real child process and real artifacts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from factories import SCORING, TRAINING, model_folder, take, task_key
from modelops.domain.errors import ArtifactChanged
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus
from modelops.domain.requests import EvaluationRequest, TrainingRequest
from modelops.domain.versions import ArtifactRole, VersionStatus
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.train import train
from modelops.registry.write import evidence, jobs, versions
from modelops.settings import LogBounds

if TYPE_CHECKING:
    from pathlib import Path

    from workplace import Workplace


def steps(workplace: Workplace, job_id: int) -> list[str]:
    return [entry["detail"].get("step", entry["event"]) for entry in jobs.events(workplace.connection, job_id)]


def trained(workplace: Workplace, **asked: Any) -> dict[str, Any]:
    request = TrainingRequest(**{"model": "here/iris"} | asked)
    return train(request, workplace.run(take(workplace.connection, subject="here/iris")))


def test_a_training_leaves_a_version_with_its_hashes_and_artifacts(workplace: Workplace, log: list[str]) -> None:
    key = task_key()
    attempt = take(workplace.connection, key)
    result = train(TrainingRequest(model="here/iris", hyperparameters={"depth": 5}), workplace.run(attempt))

    version = versions.find(workplace.connection, "here/iris", None)
    assert (version.status, version.number, version.created_by) == (VersionStatus.TRAINED, 1, "ada")
    assert version.hyperparameters == {"depth": 5}
    assert version.columns == {"id": "int32", "x": "double", "y": "double", "late": "int32"}
    assert result["rows"] == 60
    assert result["data_sha256"] == version.data_sha256
    stored = evidence.artifacts_of(workplace.connection, version.id)
    assert [(a.role, a.name) for a in stored] == [
        (ArtifactRole.CODE, "code.tar"),
        (ArtifactRole.REQUIREMENTS, "requirements.txt"),
        (ArtifactRole.OUTPUT, "model.json"),
    ]
    assert "training on 60 rows with {'depth': 5}" in log
    assert steps(workplace, attempt.job_id) == [
        "running",
        "version_created",
        "code_pinned",
        "environment_ready",
        "rows_written",
        "train_started",
        "train_finished",
        "artifacts_stored",
        "completed",
    ]
    [record] = jobs.of_runs(workplace.connection, [key.run_id])
    assert (record.status, record.subject) == (JobStatus.COMPLETED, "here/iris v1")
    assert list(workplace.settings.machine.work.iterdir()) == []


def test_what_the_code_prints_is_bounded_as_the_installation_says(
    workplace: Workplace, repository: Path, log: list[str]
) -> None:
    printing = TRAINING.replace("    rows = ", "    print('t' * 5000)\n    rows = ")
    scoring = SCORING.replace("        score = ", "        print('p' * 5000)\n        score = ")
    model_folder(repository, "printing", training=printing, scoring=scoring)
    trained(workplace.with_installation(log_bounds=LogBounds(line=1000)), model="here/printing")
    assert {"t" * 1000, "p" * 1000} <= set(log)
    assert not {line for line in log if "t" * 1001 in line or "p" * 1001 in line}


def test_the_same_rows_have_the_same_hash(workplace: Workplace) -> None:
    first, second = trained(workplace), trained(workplace)
    assert first["data_sha256"] == second["data_sha256"]
    assert (first["version"], second["version"]) == (1, 2)


def test_an_evaluation_is_bound_to_version_rows_and_metrics(workplace: Workplace) -> None:
    trained(workplace)
    attempt = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    result = evaluate(EvaluationRequest(model="here/iris"), workplace.run(attempt))
    version = versions.find(workplace.connection, "here/iris", 1)
    assert version.status is VersionStatus.EVALUATED
    [evaluation] = evidence.evaluations_of(workplace.connection, version.id)
    assert evaluation.metrics == result["metrics"] == {"shift": pytest.approx(5.0)}
    assert evaluation.artifact_sha256 == version.artifact_sha256
    assert evaluation.digest == result["digest"]

    again = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    sql = "SELECT id, x, y, late FROM measured WHERE id > 90"
    assert evaluate(EvaluationRequest(model="here/iris", version=1, dataset=sql), workplace.run(again))["rows"] == 10
    assert len(evidence.evaluations_of(workplace.connection, version.id)) == 2


def test_an_evaluation_runs_the_code_that_was_pinned(workplace: Workplace, repository: Path) -> None:
    trained(workplace)
    code = repository / "model_definitions/iris/model_modules/evaluation.py"
    code.write_text("def evaluate(context):\n    raise RuntimeError('this is not the code that was trained')\n")
    attempt = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    assert evaluate(EvaluationRequest(model="here/iris"), workplace.run(attempt))["version"] == 1


def test_an_artifact_in_which_one_byte_was_changed_is_refused(workplace: Workplace, tmp_path: Path) -> None:
    trained(workplace)
    [stored] = [
        a
        for a in evidence.artifacts_of(workplace.connection, versions.find(workplace.connection, "here/iris", 1).id)
        if a.name == "model.json"
    ]
    file = tmp_path / "artifacts/sha256" / stored.sha256[:2] / stored.sha256
    content = bytearray(file.read_bytes())
    content[3] ^= 1
    file.write_bytes(bytes(content))
    attempt = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    with pytest.raises(ArtifactChanged, match=r"model\.json was changed after it was recorded"):
        evaluate(EvaluationRequest(model="here/iris"), workplace.run(attempt))


def test_a_retry_takes_up_the_version_and_the_code_that_were_pinned(
    workplace: Workplace, repository: Path, log: list[str]
) -> None:
    key = task_key()
    lost = take(workplace.connection, key)
    code = repository / "model_definitions/iris/model_modules/training.py"
    good = code.read_text()

    class Lost(BaseException):
        """As if the worker had been killed."""

    def die_in_training(line: str) -> None:
        if line.startswith("training on"):
            raise Lost

    dying = replace(workplace, log=die_in_training)
    with pytest.raises(Lost):
        train(TrainingRequest(model="here/iris"), dying.run(lost))
    code.write_text(good.replace("training on", "other code on"))
    retry = take(workplace.connection, key, number=2)
    result = train(TrainingRequest(model="here/iris"), workplace.run(retry))
    assert result["version"] == 1
    assert "training on 60 rows with {'depth': 3}" in log
    with workplace.connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM modelops.version").fetchone() == (1,)
    assert "train_finished" in steps(workplace, retry.job_id)
