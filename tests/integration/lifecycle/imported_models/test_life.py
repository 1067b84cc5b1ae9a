"""A model file that was made elsewhere goes through the whole life cycle, and predicts as its own library does."""

from __future__ import annotations

import operator
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import task_key
from integration.lifecycle import labels
from integration.lifecycle.imported_models.importing import FILE, LOGISTIC, MODEL, bring, numbers, refused
from integration.lifecycle.life import (
    answered,
    attempt_at,
    evaluated_version,
    imported,
    measured,
    predicted,
    put_into_production,
    retired,
)
from integration.lifecycle.test_drift_check import checked
from integration.lifecycle.test_parts import PARTS, Batch
from model_files import Made
from modelops.domain.alert_requests import AlertRuleRequest
from modelops.domain.decisions import Verdict
from modelops.domain.errors import (
    AlertError,
    IllegalTransition,
    ModelFileError,
    NotApproved,
)
from modelops.domain.import_requests import ModelImportRequest
from modelops.domain.job_types import JobType
from modelops.domain.requests import BatchRequest
from modelops.domain.versions import ArtifactRole, VersionStatus
from modelops.kinds.alert_rules import set_rule
from modelops.kinds.model.card import card_of
from modelops.kinds.model.import_model import import_model
from modelops.kinds.model.predict_batch import predict_batch
from modelops.registry.write import evidence, jobs, versions
from modelops.stages.approve import request_approval

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace


def test_what_an_import_records(workplace: Workplace, environments: Path) -> None:
    version = versions.find(workplace.connection, MODEL, 1)
    assert version.status is VersionStatus.APPROVED
    assert (version.hyperparameters, version.data_sha256, version.columns_with_nulls) == (None, None, None)
    assert version.columns is not None
    assert version.columns["distance"] == "double"
    definition = version.definition
    assert definition is not None
    made = Made.of(LOGISTIC)
    assert definition["file"]["address"] == FILE
    assert definition["file"]["size"] == made.content.stat().st_size
    assert definition["external_id"] == "mlflow/17"
    assert definition["model"]["features"] == made.features
    assert (definition["model"]["classes"], definition["model"]["positive"]) == ([0, 1], 1)
    assert definition["mapped"] == "in_order"
    assert definition["inputs"][0] == ["column 1", "distance"]
    assert definition["found"]["library"] == "onnxruntime"
    assert definition["found"]["float32"]
    stored = {(one.role, one.name): one for one in evidence.artifacts_of(workplace.connection, version.id)}
    assert stored[ArtifactRole.OUTPUT, "model.onnx"].sha256 == definition["file"]["sha256"]
    assert (ArtifactRole.SAMPLE, "sample.arrow") in stored


def test_a_batch_equals_the_librarys_own_predictions_in_parts_and_after_a_retry_too(
    workplace: Workplace, look: Any
) -> None:
    made = Made.of(LOGISTIC)
    deployment = put_into_production(workplace, 1, MODEL, parts=PARTS)["deployment"]
    assert predicted(workplace, deployment)["rows"] == len(made.labels)
    made.check(look(made.select))
    batch = Batch(workplace, deployment)
    for part in range(PARTS):
        batch.score(part)
    assert batch.publish()["parts"] == PARTS
    made.check(look(made.select))
    lost = attempt_at(workplace, JobType.BATCH_PREDICTION, key=(key := task_key(task_id="predict")))
    jobs.give_up(workplace.connection, lost, error="its worker was lost", again=True)
    again = attempt_at(workplace, JobType.BATCH_PREDICTION, key=key, number=2)
    assert predict_batch(BatchRequest(deployment=deployment), workplace.run(again))["rows"] == len(made.labels)
    made.check(look(made.select))
    drift = checked(workplace, deployment)[1]
    assert (drift["rows"], drift["compared"]) == (len(made.labels), 6)
    measuring, performance = labels.measured(workplace, deployment)
    assert performance["batches"] >= 1
    of_batch = labels.metrics(look, measuring)
    assert of_batch["accuracy"] == pytest.approx(
        sum(map(operator.eq, made.predictions["late"], made.labels)) / len(made.labels)
    )
    rule = AlertRuleRequest(deployment=deployment, challenger=True)
    with pytest.raises(AlertError, match="was imported from a file, so no challenger of it can be trained"):
        set_rule(rule, workplace.job(JobType.ALERT_RULE_CHANGE))
    retired(workplace, deployment)
    assert numbers(workplace) == [(1, "retired")]


@pytest.mark.parametrize(
    "name",
    ["onnx_columns", "onnx_labels", "onnx_regressor", "lightgbm_categories", "xgboost_ubj", "skops_pipeline"],
)
def test_other_files_from_the_import_to_a_batch(
    workplace: Workplace, repository: Path, database: Database, look: Any, name: str
) -> None:
    made = bring(workplace, repository, database.admin_url, name)
    result = imported(workplace, MODEL, f"{name}{made.content.suffix}")
    wanted = (2, made.expected["format"], made.expected["type"])
    assert (result["version"], result["format"], result["type"]) == wanted
    measured(workplace, MODEL, 2)
    assert evaluated_version(workplace, MODEL, 2)["rows"] == 80
    answered(workplace, 2, model=MODEL)
    deployment = put_into_production(workplace, 2, MODEL)
    assert predicted(workplace, deployment["deployment"])["rows"] == len(made.labels)
    made.check(look(made.select))


def test_the_same_file_is_the_same_version(workplace: Workplace, log: list[str]) -> None:
    first, again = (imported(workplace, MODEL, FILE, external_id="mlflow/18") for _ in range(2))
    assert (again["version"], again["artifact_sha256"]) == (2, first["artifact_sha256"])
    assert any(line.startswith("This file is here/late v2 already") for line in log)
    assert numbers(workplace) == [(1, "approved"), (2, "imported")]


def test_the_file_of_an_approved_version_begins_no_other_life_cycle(workplace: Workplace) -> None:
    """Its statistics are what its batches are compared with."""
    with pytest.raises(ModelFileError, match="the file is here/late v1 already, by the same request and folder, which"):
        imported(workplace, MODEL, FILE, external_id="mlflow/17")
    assert numbers(workplace) == [(1, "approved")]


def test_another_request_or_a_rejected_version_makes_another_one(workplace: Workplace) -> None:
    assert imported(workplace, MODEL, FILE)["version"] == 2
    measured(workplace, MODEL, 2)
    evaluated_version(workplace, MODEL, 2)
    answered(workplace, 2, model=MODEL, verdict=Verdict.REJECTED, comment="no")
    assert imported(workplace, MODEL, FILE)["version"] == 3


@pytest.mark.parametrize("step", ["code pinned", "file read", "format recognised", "file described", "sample scored"])
def test_an_attempt_that_is_killed_leaves_nothing_but_its_retry_makes_the_version(
    workplace: Workplace, step: str
) -> None:
    key = task_key(task_id="import")

    def log(line: str) -> None:
        if line.startswith(f"▸ {step}"):
            raise KeyboardInterrupt

    first = workplace.run(attempt_at(workplace, JobType.MODEL_IMPORT, key=key, subject=MODEL))
    request = ModelImportRequest(model=MODEL, file=FILE)
    with pytest.raises(KeyboardInterrupt):
        import_model(request, replace(first, log=log))
    assert numbers(workplace) == [(1, "approved")]
    second = workplace.run(attempt_at(workplace, JobType.MODEL_IMPORT, key=key, number=2, subject=MODEL))
    assert import_model(request, second)["version"] == 2
    store = workplace.settings.machine.home.parent / "artifacts"
    assert not list((store / "incoming").iterdir())


def test_an_evaluation_needs_statistics(workplace: Workplace) -> None:
    imported(workplace, MODEL, FILE)
    with pytest.raises(IllegalTransition, match="v2 is imported, and its statistics are not computed"):
        evaluated_version(workplace, MODEL, 2)
    with pytest.raises(NotApproved, match="v2 is imported"):
        put_into_production(workplace, 2, MODEL)


def test_values_that_float32_does_not_hold_are_warned_of_by_column(
    workplace: Workplace, database: Database, log: list[str]
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("UPDATE flown SET distance = 1700000000 + id, wind = wind + 1000")
    imported(workplace, MODEL, FILE)
    [warning] = measured(workplace, MODEL, 2)["warnings"]
    assert warning.startswith("distance has values up to 1.7e+09 with a standard deviation of 34.7851.")
    assert f"Warning: {warning}" in log
    evaluated_version(workplace, MODEL, 2)
    card = card_of(request_approval(MODEL, 2, workplace.job(JobType.APPROVAL)))
    assert "⚠ distance has values up to 1.7e+09" in card


def test_the_card(workplace: Workplace) -> None:
    imported(workplace, MODEL, FILE, positive_class="0")
    measured(workplace, MODEL, 2)
    evaluated_version(workplace, MODEL, 2)
    request = request_approval(MODEL, 2, workplace.job(JobType.APPROVAL))
    card = card_of(request)
    file = request.evidence["definition"]["file"]
    for said in (
        f"**here/late v2**, requested by **ada**, imported from `{FILE}`.",
        "Statistics of 120 rows of dataset `train`. Evaluated on 80 rows of dataset `evaluate` by the standard",
        "| format | onnx, read with onnxruntime 1.32.0 |",
        "| type | binary |",
        "| classes | 0, 1 |",
        "| positive class | 0 |",
        "column 1 → distance, column 2 → departure, column 3 → wind, column 4 → delay\\_before |",
        f"⚠ {FILE.replace('_', chr(92) + '_')} has no names of its features",
        f"| model file | `{file['sha256']}` |",
        f"| **all of this evidence** | `{request.digest}` |",
    ):
        assert said in card


def test_a_model_without_a_folder(workplace: Workplace, repository: Path) -> None:
    import yaml

    datasets = yaml.safe_load((repository / "byom/late/datasets.yaml").read_text())
    [what] = refused(workplace, datasets=datasets)
    assert what == "here/late has a folder byom/late, and the request has datasets"
    shutil.rmtree(repository / "byom")
    asked: dict[str, Any] = {"type": "binary", "datasets": datasets}
    assert imported(workplace, MODEL, FILE, **asked)["version"] == 2
    assert imported(workplace, MODEL, FILE, **asked)["version"] == 2
    assert measured(workplace, MODEL, 2)["rows"] == 120
    assert evaluated_version(workplace, MODEL, 2)["rows"] == 80
    assert refused(workplace, type="binary", datasets={**datasets, "targets": []}) == [
        "there are no targets, which the evaluation compares predictions with"
    ]
