"""The standard evaluation of an imported model opens no file of the model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelops.domain.errors import UserCodeError
from modelops.domain.model_files import ImportedModel
from unit.runtime.models import Model

if TYPE_CHECKING:
    from pathlib import Path


def evaluate(model: Model, labels: list[Any], predicted: dict[str, list[Any]], **about: Any) -> dict[str, Any]:
    """The metrics of scored rows. The folder of the model has nothing but a file that no library reads."""
    folder = model.tmp_path / "artifacts"
    folder.mkdir()
    (folder / "model.onnx").write_text("no ONNX at all")
    table = pa.table(
        {
            "key": [{"id": number} for number in range(len(labels))],
            "target": [{"late": label} for label in labels],
            "prediction": [
                dict(zip(predicted, values, strict=True)) for values in zip(*predicted.values(), strict=True)
            ],
        }
    )
    scored: Path = model.tmp_path / "scored.parquet"
    pq.write_table(table, scored)
    imported = ImportedModel(**{"format": "onnx", "file": "model.onnx", "features": ("x",)} | about)
    model.folder.mkdir()
    model.run(verb="evaluate", artifact_input=folder, scored=scored, standard=("evaluate", "score"), imported=imported)
    found: dict[str, Any] = json.loads((model.output / "metrics.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model(tmp_path)


def test_classes_from_the_version(model: Model) -> None:
    predicted = {"late": ["no", "no", "yes", "yes"], "late_probability": [0.1, 0.4, 0.6, 0.9]}

    found = evaluate(model, ["no", "yes", "yes", "yes"], predicted, type="binary", classes=("no", "yes"))

    assert found["evaluation"] == "standard evaluation (classifier)"
    assert (found["accuracy"], found["recall"], found["auc"]) == (0.75, pytest.approx(2 / 3), 1.0)


def test_the_positive_class(model: Model) -> None:
    predicted = {"late": ["no", "no", "yes", "yes"], "late_probability": [0.9, 0.6, 0.4, 0.1]}

    found = evaluate(model, ["no", "yes", "yes", "yes"], predicted, type="binary", classes=("no", "yes"), positive="no")

    assert (found["recall"], found["precision"], found["auc"]) == (1.0, 0.5, 1.0)


def test_a_regression(model: Model) -> None:
    found = evaluate(model, [1.0, 2.0, 4.0], {"late": [1.0, 2.0, 3.0]}, type="regression")

    assert found["evaluation"] == "standard evaluation (regressor)"
    assert found["mae"] == pytest.approx(1 / 3)


def test_labels_of_another_kind(model: Model) -> None:
    with pytest.raises(UserCodeError) as failed:
        evaluate(model, [0, 1], {"late": ["no", "yes"]}, type="binary", classes=("no", "yes"))

    assert failed.value.what == "the prediction late is string, and can't be compared with labels that are int64"
    assert failed.value.where == "the standard evaluation"
    assert failed.value.expected == (
        "values of the type of the target; or a model folder, whose ModelScorer opens the file and whose"
        " evaluate(context) measures it"
    )
