"""Values of features as a model's numbers, and its labels as classes: what isn't the same is no prediction."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from modelops.runtime.child import model_file


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The part of the child's program, with the name that its own part has there."""
    monkeypatch.setitem(sys.modules, "_modelops_model_file", model_file)
    return importlib.import_module("modelops.runtime.child.imported")


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [
        ([0.7, 2.0], np.int64, "x has a value that int64 doesn't have"),
        ([2**32 + 5], np.int32, "x has a value that int32 doesn't have"),
        ([300], np.uint8, "x has a value that uint8 doesn't have"),
        ([-1], np.uint8, "x has a value that uint8 doesn't have"),
        ([2], np.bool_, "x has a value other than 0 and 1"),
        ([0.5], np.bool_, "x has a value that bool doesn't have"),
        ([1e300], np.float32, "x has a value that is too large for float32"),
        ([70_000.0], np.float16, "x has a value that is too large for float16"),
    ],
)
def test_values_that_a_type_does_not_have(values: list[Any], kind: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        model_file.matrix(pa.table({"x": values}), kind)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.0, 2.0], np.int64),
        ([0, 255], np.uint8),
        ([True, False], np.bool_),
        ([0.0, 1.0], np.bool_),
        ([float("inf"), 1.5], np.float32),
    ],
)
def test_values_that_a_type_has(values: list[Any], kind: Any) -> None:
    assert model_file.matrix(pa.table({"x": values}), kind)[:, 0].tolist() == values


class Places:
    """A model that gives the places of its classes."""

    classes = None
    labels_are_places = True

    def run(self, table: pa.Table, _outputs: Any, _classifies: bool) -> tuple[Any, None]:
        return table["x"].to_numpy(), None


class Labels(Places):
    """A model that gives the classes themselves."""

    labels_are_places = False


def labels(imported: Any, model: Any, classes: list[Any]) -> list[Any]:
    about = {"type": "multiclass", "classes": classes, "positive": None, "features": ["x"], "outputs": []}
    scorer = imported.FileScorer(model, about, ["late"])
    found: list[Any] = scorer.predict(pa.table({"x": [2, 0, 1]}))["late"].tolist()
    return found


def test_labels_of_a_model_that_numbers_its_classes(imported: Any) -> None:
    assert labels(imported, Places(), [10, 20, 30]) == [30, 10, 20]
    assert labels(imported, Places(), ["a", "b", "c"]) == ["c", "a", "b"]
    assert labels(imported, Labels(), ["a", "b", "c"]) == ["c", "a", "b"]
    assert labels(imported, Labels(), [2, 1, 0]) == [2, 0, 1]
    with pytest.raises(model_file.UnfitRowsError, match="the model gives the label 0, which is none of the classes"):
        labels(imported, Labels(), [1, 2, 3])


def test_classes_of_another_type_replace_those_of_the_file(imported: Any) -> None:
    model = Labels()
    model.classes = [0, 1, 2]  # type: ignore[assignment]
    assert labels(imported, model, [False, True, 2]) == [2, False, True]
