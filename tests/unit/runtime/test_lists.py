"""What a predict() returns as lists of numbers, such as embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from modelops.runtime.child.predictions import fault_in, unusable
from unit.runtime.test_predictions import INFINITE, NAN, expecting, refused, taken


@pytest.mark.parametrize(
    ("returned", "type_"),
    [
        pytest.param({"e": np.array([[1.0, 2.0], [3.0, 4.0]])}, "double", id="numpy of two dimensions"),
        pytest.param({"e": np.array([[1, 2], [3, 4]], "float32")}, "float", id="numpy of float32"),
        pytest.param({"e": [[1, 2], [3, 4]]}, "int64", id="lists"),
        pytest.param(pd.DataFrame({"e": [np.array([1.0, 2.0]), np.array([3.0, 4.0])]}), "double", id="pandas"),
        pytest.param(pl.DataFrame({"e": [[1.0, 2.0], [3.0, 4.0]]}), "double", id="polars list"),
        pytest.param(
            pl.DataFrame({"e": [[1.0, 2.0], [3.0, 4.0]]}, schema={"e": pl.Array(pl.Float32, 2)}), "float", id="polars"
        ),
        pytest.param(pa.table({"e": pa.array([[1, 2], [3, 4]], pa.list_(pa.int16(), 2))}), "int16", id="Arrow"),
    ],
)
def test_lists_of_numbers(returned: Any, type_: str) -> None:
    predictions = expecting()
    batch = taken(predictions, returned)
    assert str(batch.schema.field("e").type) == f"list<item: {type_}>"
    assert batch.column("e").to_pylist() == [[1, 2], [3, 4]]
    assert taken(expecting(outputs={"e": f"list<item: {type_}>"}), returned) == batch


def test_lists_may_be_of_any_length_and_narrower_than_before() -> None:
    predictions = expecting(outputs={"e": "list<item: double>"})
    assert taken(predictions, {"e": [[], [1, 2]]}).column("e").to_pylist() == [[], [1.0, 2.0]]
    assert taken(predictions, {"e": [[], []]}).column("e").to_pylist() == [[], []]
    assert "where it was list<item: double>" in refused(predictions, {"e": [1.0, 2.0]})
    undetermined = expecting()
    assert undetermined.fitted(undetermined.named({"e": [[], []]}, None, rows=2)) is None


def test_a_list_with_an_element_that_no_number_is_can_not_be_used() -> None:
    values = [[1.0, 2.0], [], [0.0, NAN], [INFINITE], [1.0, None], None, [5.0]]
    columns = expecting().named({"e": pa.array(values)}, None, rows=len(values))
    found = unusable(columns)
    assert found is not None
    assert found.to_pylist() == [False, False, True, True, True, True, False]
    assert [fault_in(columns, row) for row in range(2, 6)] == [
        "the prediction e[1] is NaN",
        "the prediction e[0] is infinite",
        "the prediction e[1] is null",
        "the prediction e is null",
    ]
    assert unusable(expecting().named({"e": [[1], []]}, None, rows=2)) is None


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(pa.array([[1, 2], None, [NAN, 3], [4, 5]], pa.list_(pa.float64(), 2)), id="of a fixed size"),
        pytest.param(
            pa.ListArray.from_arrays(
                pa.array([0, 2, 4, 6, 8], pa.int32()),
                pa.array([1.0, 2.0, 8.0, 9.0, NAN, 3.0, 4.0, 5.0]),
                mask=pa.array([False, True, False, False]),
            ),
            id="with a mask",
        ),
        pytest.param(pa.array([[9], [1, 2], None, [NAN, 3], [4]], pa.list_(pa.float64()))[1:], id="a slice"),
    ],
)
def test_elements_below_a_null_list_do_not_count(values: pa.Array) -> None:
    columns = expecting().named({"e": values}, None, rows=4)
    found = unusable(columns)
    assert found is not None
    assert found.to_pylist() == [False, True, True, False]
    assert [fault_in(columns, row) for row in (1, 2)] == [
        "the prediction e is null",
        "the prediction e[0] is NaN",
    ]


def test_an_array_of_rows_that_is_too_wide_or_of_no_numbers_is_refused_with_its_column() -> None:
    wide = np.broadcast_to(np.float64(1), (2, 2**30))
    assert refused(expecting(), {"e": wide}) == "predict() returned a list of 1,073,741,824 elements in the column 'e'"
    mixed = np.array([["a", 1.0], [2.0, 3.0]], dtype=object)
    assert refused(expecting(), {"e": mixed}).startswith("the column 'e' that predict() returned can't become Arrow: ")
