"""How the inputs of a model file become features, and which classes a model has."""

from __future__ import annotations

from typing import Any

import pytest

from modelops.domain.errors import ModelFileError, SeveralErrors
from modelops.domain.imported_models import ImportedType, ImportSettings, Mapped, classes_of, map_inputs

FEATURES = ("month", "distance")


def test_by_name_in_the_order_of_the_file() -> None:
    found = map_inputs(("distance", "month"), 2, FEATURES, {}, file="late.onnx")
    assert (found.mapped, found.features) == (Mapped.BY_NAME, ("distance", "month"))


def test_by_columns() -> None:
    found = map_inputs(("f0", "month"), 2, FEATURES, {"f0": "distance"}, file="late.onnx")
    assert found.pairs == (("f0", "distance"), ("month", "month"))


@pytest.mark.parametrize("count", [2, None])
def test_in_order_without_names(count: int | None) -> None:
    found = map_inputs(None, count, FEATURES, {}, file="late.onnx")
    assert (found.mapped, found.features) == (Mapped.IN_ORDER, FEATURES)


def test_few_errors_of_many_names() -> None:
    names = tuple(f"a{number}" for number in range(5_000))
    with pytest.raises(ModelFileError, match=r"late\.onnx has 5,000 inputs, and the datasets have 2 features"):
        map_inputs(names, None, FEATURES, {}, file="late.onnx")
    with pytest.raises(SeveralErrors) as caught:
        map_inputs(names, None, [f"b{number}" for number in range(5_000)], {}, file="late.onnx")
    assert len(caught.value.errors) == 20


def test_all_errors_at_once() -> None:
    with pytest.raises(SeveralErrors) as caught:
        map_inputs(("Month", "distance", "wind"), 3, FEATURES, {"wnd": "wind", "wind": "distnce"}, file="late.onnx")
    assert [error.what for error in caught.value.errors] == [
        "late.onnx has no input 'wnd': did you mean wind?",
        "the input 'Month' of late.onnx is no feature of the datasets: did you mean month?",
        "'wind' is mapped to the feature 'distnce', which the datasets don't have: did you mean distance?",
        "the feature 'month' is no input of late.onnx: did you mean Month?",
    ]


def test_two_inputs_of_one_feature() -> None:
    with pytest.raises(SeveralErrors, match=r"the inputs 'month' and 'm' of late\.onnx have the same feature 'month'"):
        map_inputs(("month", "m"), 2, FEATURES, {"m": "month"}, file="late.onnx")


@pytest.mark.parametrize(
    ("count", "columns", "what"),
    [
        (3, {}, "late.onnx takes 3 features, and the datasets have 2"),
        (2, {"f0": "month"}, "late.onnx has a matrix whose columns have no names, so columns can't map them"),
    ],
)
def test_a_matrix_that_does_not_fit(count: int, columns: dict[str, str], what: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        map_inputs(None, count, FEATURES, columns, file="late.onnx")
    assert caught.value.what == what


def classes(type_: ImportedType, found: Any = None, **settings: Any) -> Any:
    return classes_of(ImportSettings(type=type_, **settings), found, file="late.onnx")


def test_classes() -> None:
    binary, multiclass = ImportedType.BINARY, ImportedType.MULTICLASS
    assert classes(ImportedType.REGRESSION) == (None, None)
    assert classes(binary) == ((0, 1), 1)
    assert classes(binary, (0, 1), positive_class="0") == ((0, 1), 0)
    assert classes(binary, (0, 1), classes=("no", "yes")) == (("no", "yes"), "yes")
    assert classes(multiclass, ("a", "b", "c")) == (("a", "b", "c"), None)


@pytest.mark.parametrize(
    ("type_", "found", "settings", "what"),
    [
        (ImportedType.REGRESSION, None, {"classes": (0, 1)}, "a regression has no classes"),
        (ImportedType.MULTICLASS, None, {}, "late.onnx has no labels of its classes"),
        (ImportedType.MULTICLASS, (0, 1, 2), {"positive_class": "1"}, "a model of several classes has no positive one"),
        (ImportedType.BINARY, (0, 1, 2), {}, "the type is binary, and there are 3 classes: 0, 1, 2"),
        (ImportedType.BINARY, (0, 1), {"classes": (0, 1, 2)}, "late.onnx has 2 classes, 0, 1, and the request 3"),
        (ImportedType.BINARY, None, {"classes": (1, "1")}, "the classes 1, 1 have one twice"),
        (
            ImportedType.BINARY,
            ("no", "yes"),
            {"positive_class": "yess"},
            "the positive class is 'yess': did you mean yes?",
        ),
    ],
)
def test_classes_that_do_not_fit(type_: ImportedType, found: Any, settings: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        classes(type_, found, **settings)
    assert caught.value.what == what
