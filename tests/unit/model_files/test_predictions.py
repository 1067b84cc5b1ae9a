"""Real files of real libraries predict in the confined process what the libraries predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from unit.model_files.opening import REAL, Real

if TYPE_CHECKING:
    from unit.model_files.opening import Opener


def assert_equal(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        if isinstance(values[0], float):
            assert found[name] == pytest.approx(values, abs=1e-6, rel=1e-6), name
        else:
            assert found[name] == values, name


@pytest.mark.parametrize("name", REAL)
def test_real_files(opener: Opener, name: str) -> None:
    real = Real(name)

    scored = opener.score(real.path, real.imported(), real.rows(), batch=64)

    assert_equal(scored, real.expected["predictions"])


def test_features_by_the_models_order(opener: Opener) -> None:
    real = Real("onnx_logistic")
    rows = real.rows()

    found = opener.score(real.path, real.imported(), rows.select(list(reversed(rows.schema.names))))

    assert_equal(found, real.expected["predictions"])


def test_the_positive_class(opener: Opener) -> None:
    real = Real("onnx_zipmap")
    expected = real.expected["predictions"]

    found = opener.score(real.path, real.imported(positive="0"), real.rows())

    opposite = [1 - each for each in expected["late_probability"]]
    assert_equal(found, {"late": expected["late"], "late_probability": opposite})


def test_classes_instead_of_the_files(opener: Opener) -> None:
    real = Real("onnx_logistic")
    expected = real.expected["predictions"]

    found = opener.score(real.path, real.imported(classes=("on time", "late")), real.rows())

    assert_equal(found, expected | {"late": [("on time", "late")[each] for each in expected["late"]]})


def test_types_of_columns(opener: Opener) -> None:
    real = Real("onnx_logistic")
    rows = real.rows()
    types = {
        "distance": pa.int32(),
        "departure": pa.int16(),
        "wind": pa.decimal128(10, 2),
        "delay_before": pa.float32(),
    }
    for place, (name, kind) in enumerate(types.items()):
        rows = rows.set_column(place, name, rows[name].cast(kind))

    assert_equal(opener.score(real.path, real.imported(), rows), real.expected["predictions"])


def test_null_is_what_the_library_makes_of_it(opener: Opener) -> None:
    real = Real("onnx_logistic")
    rows = real.rows().slice(0, 3)
    rows = rows.set_column(2, "wind", pa.array([1.5, None, 2.5]))

    found = opener.score(real.path, real.imported(), rows, budget=1)

    assert [each is None for each in found["late_probability"]] == [False, True, False]
    assert found["__set_aside__"] == [None, "the prediction late_probability is NaN", None]
