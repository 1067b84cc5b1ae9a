"""What a predict() may return and what it must not, as the child's side takes it. No process is started here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from modelops.runtime.child.predictions import SET_ASIDE, Predictions, WrongResultError, fault_in, unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

NAN, INFINITE = float("nan"), float("inf")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Classes:
    """A scorer that names its classes."""

    def __init__(self, **classes: Any) -> None:
        vars(self).update(classes)


def expecting(
    *, scorer: object = None, targets: tuple[str, ...] = ("late",), outputs: Mapping[str, str] | None = None
) -> Predictions:
    return Predictions(scorer, targets=list(targets), key=["id"], outputs=outputs)


def taken(predictions: Predictions, returned: Any, *, rows: int = 2, probabilities: Any = None) -> pa.RecordBatch:
    """What becomes of it, without the reasons."""
    fitted = predictions.fitted(predictions.named(returned, probabilities, rows=rows))
    assert fitted is not None
    *columns, aside = predictions.answer_schema
    assert aside.name == SET_ASIDE
    return pa.RecordBatch.from_arrays(fitted, schema=pa.schema(columns))


def refused(predictions: Predictions, returned: Any, *, rows: int = 2, probabilities: Any = None) -> str:
    with pytest.raises(WrongResultError) as error:
        taken(predictions, returned, rows=rows, probabilities=probabilities)
    return str(error.value)


@pytest.mark.parametrize(
    ("returned", "type_", "values"),
    [
        pytest.param(pd.Series([1, 2], dtype="int32"), "int32", [1, 2], id="pandas series"),
        pytest.param(pd.Series(["u", "v"]), "string", ["u", "v"], id="pandas strings"),
        pytest.param(pd.Series(["u", "v"], dtype=object), "string", ["u", "v"], id="pandas objects"),
        pytest.param(pd.Series(["u", "v"], dtype="category"), "string", ["u", "v"], id="pandas categories"),
        pytest.param(pd.Categorical(["u", "v"]), "string", ["u", "v"], id="pandas array of categories"),
        pytest.param(pd.Index([1.5, 2.5]), "double", [1.5, 2.5], id="pandas index"),
        pytest.param(pd.array([1, 2], dtype="Int64"), "int64", [1, 2], id="pandas integers that may be null"),
        pytest.param(pd.Series([True, False]), "bool", [True, False], id="pandas bool"),
        pytest.param(
            pd.Series([EPOCH, EPOCH]).dt.as_unit("ms"), "timestamp[ms, tz=UTC]", [EPOCH, EPOCH], id="pandas timestamps"
        ),
        pytest.param(np.array([1.5, 2.5]), "double", [1.5, 2.5], id="numpy"),
        pytest.param(np.array([1.5, 2.5], dtype="float32"), "float", [1.5, 2.5], id="numpy float32"),
        pytest.param(np.array([[1], [2]], dtype="int8"), "int8", [1, 2], id="numpy, one column"),
        pytest.param(np.arange(8)[::4], "int64", [0, 4], id="numpy, every fourth"),
        pytest.param(np.array(["u", "v"]), "string", ["u", "v"], id="numpy strings"),
        pytest.param(np.array(["u", "v"], dtype=object), "string", ["u", "v"], id="numpy objects"),
        pytest.param(pl.Series("a", ["u", "v"]), "string", ["u", "v"], id="polars series"),
        pytest.param(pl.Series(["u", "v"], dtype=pl.Categorical), "string", ["u", "v"], id="polars categories"),
        pytest.param(pa.array([1, 2], pa.uint32()), "uint32", [1, 2], id="Arrow array"),
        pytest.param(pa.chunked_array([[1], [2]]), "int64", [1, 2], id="Arrow array in chunks"),
        pytest.param(pa.array(["u", "v"], pa.large_string()), "string", ["u", "v"], id="Arrow large strings"),
        pytest.param(pa.array(["u", "v"], pa.string_view()), "string", ["u", "v"], id="Arrow string view"),
        pytest.param(pa.array(["u", "v"]).dictionary_encode(), "string", ["u", "v"], id="Arrow dictionary"),
        pytest.param([0.5, 1.5], "double", [0.5, 1.5], id="list"),
        pytest.param((np.int64(1), np.int64(2)), "int64", [1, 2], id="tuple of numpy integers"),
        pytest.param([dt.date(2026, 1, 2)] * 2, "date32[day]", [dt.date(2026, 1, 2)] * 2, id="dates"),
    ],
)
def test_a_single_column_is_named_after_the_target(returned: Any, type_: str, values: list[Any]) -> None:
    batch = taken(expecting(), returned)
    assert [(field.name, str(field.type)) for field in batch.schema] == [("late", type_)]
    assert batch.to_pydict() == {"late": values}


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(pd.DataFrame({"b": [1, 2], "a": ["u", "v"]}), id="pandas"),
        pytest.param(pl.DataFrame({"b": [1, 2], "a": ["u", "v"]}), id="polars"),
        pytest.param(pa.table({"b": pa.chunked_array([[1], [2]]), "a": ["u", "v"]}), id="Arrow table"),
        pytest.param(pa.record_batch({"b": [1, 2], "a": ["u", "v"]}), id="Arrow record batch"),
        pytest.param({"b": np.array([1, 2]), "a": pd.Series(["u", "v"])}, id="dict"),
    ],
)
def test_columns_with_names_keep_them_and_their_order(returned: Any) -> None:
    batch = taken(expecting(), returned)
    assert batch.schema == pa.schema({"b": pa.int64(), "a": pa.string()})
    assert batch.to_pydict() == {"b": [1, 2], "a": ["u", "v"]}


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(pd.Series([30, 10, 20], index=[2, 0, 1]), id="series"),
        pytest.param(pd.DataFrame({"late": [30, 10, 20]}, index=[2, 0, 1]), id="data frame"),
        pytest.param({"late": pd.Series([30, 10, 20], index=[2, 0, 1])}, id="series in a dict"),
        pytest.param(pd.Series([10, 20, 30], index=[0.0, 1.0, 2.0]), id="its own index, as floats"),
        pytest.param(pd.Series([10, 20, 30], index=pd.Index([0, 1, 2], name="row")), id="its own index, with a name"),
        pytest.param(pd.Index([10, 20, 30]), id="an index alone has none"),
    ],
)
def test_what_has_the_index_of_the_rows_is_put_into_their_order(returned: Any) -> None:
    assert taken(expecting(), returned, rows=3).to_pydict() == {"late": [10, 20, 30]}


def test_probabilities_are_put_into_the_order_of_the_rows() -> None:
    probabilities = pd.DataFrame({0: [0.75, 0.25], 1: [0.25, 0.75]}, index=[1, 0])
    batch = taken(expecting(), [0, 1], probabilities=probabilities)
    assert batch.to_pydict() == {"late": [0, 1], "late_probability": [0.75, 0.25]}
    probabilities.index = pd.Index(["u", "v"])
    assert "predict_proba() returned a DataFrame whose index isn't that of data" in refused(
        expecting(), [0, 1], probabilities=probabilities
    )


@pytest.mark.parametrize(
    "index",
    [
        pytest.param([0, 0, 1], id="one twice"),
        pytest.param([1, 2, 3], id="numbered from 1"),
        pytest.param(["a", "b", "c"], id="a key"),
        pytest.param([0.5, 1.5, 2.5], id="floats"),
        pytest.param(pd.interval_range(-1, 2), id="intervals that hold the numbers"),
        pytest.param(pd.MultiIndex.from_tuples([(0, 1), (1, 1), (2, 1)]), id="several levels"),
    ],
)
def test_an_index_that_is_not_that_of_the_rows_is_refused(index: Any) -> None:
    with pytest.raises(WrongResultError) as error:
        taken(expecting(), pd.Series([1, 2, 3], index=index), rows=3)
    assert str(error.value).startswith("predict() returned a Series whose index isn't that of data: it begins with ")
    assert str(error.value).endswith(", where the rows of data are numbered from 0 to 2")
    assert error.value.name.startswith("the index of data, in any order; or .reset_index(drop=True) or .to_numpy(), ")


def test_without_a_target_a_single_column_is_the_prediction() -> None:
    assert taken(expecting(targets=()), [1.0], rows=1).to_pydict() == {"prediction": [1.0]}
    assert taken(expecting(targets=()), np.ones((1, 2)), rows=1).schema.names == [
        "prediction_probability_0",
        "prediction_probability_1",
    ]


def test_as_many_columns_as_targets_have_their_names() -> None:
    batch = taken(expecting(targets=("low", "high")), np.array([[1, 2], [3, 4]]))
    assert batch.to_pydict() == {"low": [1, 3], "high": [2, 4]}


@pytest.mark.parametrize(
    ("scorer", "names"),
    [
        pytest.param(Classes(classes_=np.array(["no", "so so", "yes"])), ["no", "so so", "yes"], id="classes_"),
        pytest.param(Classes(classes=[1.5, 2.5, 3.5]), ["1.5", "2.5", "3.5"], id="classes"),
        pytest.param(Classes(classes_=np.array([7, 8, 9])), ["7", "8", "9"], id="integers"),
        pytest.param(Classes(classes_=["no", "yes"]), ["0", "1", "2"], id="of something else"),
        pytest.param(None, ["0", "1", "2"], id="none"),
    ],
)
def test_probabilities_are_named_after_the_classes(scorer: object, names: list[str]) -> None:
    batch = taken(expecting(scorer=scorer), np.array([[0.5, 0.125, 0.375]]), rows=1)
    assert batch.schema.names == [f"late_probability_{name}" for name in names]
    assert [column.to_pylist() for column in batch.columns] == [[0.5], [0.125], [0.375]]


@pytest.mark.parametrize(
    "probabilities",
    [
        pytest.param(np.array([[0.75, 0.25], [0.5, 0.5]]), id="of both"),
        pytest.param(pd.DataFrame({"no": [0.75, 0.5], "yes": [0.25, 0.5]}), id="pandas"),
        pytest.param(np.array([0.25, 0.5]), id="of the second"),
    ],
)
def test_a_label_of_two_classes_comes_with_the_probability_of_the_second(probabilities: Any) -> None:
    batch = taken(expecting(), ["no", "yes"], probabilities=probabilities)
    assert batch.to_pydict() == {"late": ["no", "yes"], "late_probability": [0.25, 0.5]}


def test_a_label_of_three_classes_comes_with_the_probability_of_each() -> None:
    batch = taken(
        expecting(scorer=Classes(classes_=["a", "b", "c"])),
        ["a"],
        rows=1,
        probabilities=np.array([[0.5, 0.125, 0.375]]),
    )
    assert batch.to_pydict() == {
        "late": ["a"],
        "late_probability_a": [0.5],
        "late_probability_b": [0.125],
        "late_probability_c": [0.375],
    }


def test_probabilities_must_be_numbers_for_each_row() -> None:
    assert refused(expecting(), [0, 1], probabilities=[0.5, 0.5]) == "predict_proba() returned a list"
    assert refused(expecting(), [0, 1], probabilities=np.ones((3, 2))) == (
        "predict() returned 3 predictions in the column 'late_probability' for 2 rows of data"
    )


@pytest.mark.parametrize(
    ("returned", "what"),
    [
        pytest.param(None, "predict() returned None", id="None"),
        pytest.param(7, "predict() returned a int", id="a number"),
        pytest.param("no", "predict() returned a str", id="text"),
        pytest.param((each for each in (1, 2)), "predict() returned a generator", id="a generator"),
        pytest.param({}, "predict() returned no columns", id="no columns"),
        pytest.param(
            [1], "predict() returned 1 prediction in the column 'late' for 2 rows of data", id="too few predictions"
        ),
        pytest.param(
            [1, 2, 3], "predict() returned 3 predictions in the column 'late' for 2 rows of data", id="too many"
        ),
        pytest.param({"a": [1, 2], "b": [1]}, "predict() returned 1 prediction in the column 'b'", id="one is short"),
        pytest.param({"a": 1.0}, "the column 'a' that predict() returned is a float", id="a scalar"),
        pytest.param(np.array(1.0), "predict() returned a numpy array of shape ()", id="numpy without a dimension"),
        pytest.param(np.ones((2, 2, 2)), "predict() returned a numpy array of shape (2, 2, 2)", id="a cube"),
        pytest.param([1, "u"], "the column 'late' that predict() returned can't become Arrow: ", id="of everything"),
        pytest.param(["u", NAN], "the column 'late' that predict() returned can't become Arrow: ", id="text and NaN"),
        pytest.param([["a"], ["b"]], "the column 'late' that predict() returned is of the type list<", id="texts"),
        pytest.param([[[1]], [[2]]], "the column 'late' that predict() returned is of the type list<", id="nested"),
        pytest.param({"e": np.ones((2, 65_537))}, "predict() returned a list of 65,537 elements", id="long lists"),
        pytest.param(
            {"e": np.ones((3, 4))}, "predict() returned 3 predictions in the column 'e' for 2 rows", id="rows of lists"
        ),
        pytest.param([{"a": 1}] * 2, "the column 'late' that predict() returned is of the type struct<", id="dicts"),
        pytest.param(
            np.ones(2, "uint64"), "the column 'late' that predict() returned is of the type uint64", id="uint64"
        ),
        pytest.param(
            np.ones(2, "float16"), "the column 'late' that predict() returned is of the type halffloat", id="float16"
        ),
        pytest.param(
            pd.DataFrame(np.ones((2, 1))), "the name 0 of a column that predict() returned is a int", id="name of int"
        ),
        pytest.param({" ": [1, 2]}, "the name ' ' of a column that predict() returned is blank", id="blank name"),
        pytest.param({"a\n": [1, 2]}, "the name 'a\\n' of a column that predict() returned is blank or", id="line end"),
        pytest.param(
            {"é" * 32: [1, 2]}, f"the name '{'é' * 32}' of a column that predict() returned is longer", id="long name"
        ),
        pytest.param(
            pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
            "the name 'a' of a column that predict() returned appears twice",
            id="a name twice",
        ),
        pytest.param(
            {"id": [1, 2]}, "the name 'id' of a column that predict() returned is already taken by the entity key"
        ),
        pytest.param(
            {SET_ASIDE: [1, 2]}, f"the name '{SET_ASIDE}' of a column that predict() returned is already taken by Mod"
        ),
    ],
)
def test_what_predict_must_not_return(returned: Any, what: str) -> None:
    assert refused(expecting(), returned).startswith(what)


def test_a_name_of_63_bytes_is_short_enough() -> None:
    assert taken(expecting(), {"é" * 31 + "e": [1]}, rows=1).schema.names == ["é" * 31 + "e"]


@pytest.mark.parametrize(
    ("first", "second", "trouble"),
    [
        pytest.param({"a": [1]}, {"b": [1]}, "the columns b, where they were a", id="another column"),
        pytest.param({"a": [1]}, {"a": [1], "b": [1]}, "the columns a, b, where they were a", id="one more"),
        pytest.param({"a": [1], "b": [1]}, {"a": [1]}, "the columns a, where they were a, b", id="one less"),
        pytest.param({"a": [1]}, {"a": [1.5]}, "the column 'a' as double, where it was int64", id="double"),
        pytest.param({"a": [1]}, {"a": ["1"]}, "the column 'a' as string, where it was int64", id="string"),
        pytest.param({"a": [1]}, {"a": [True]}, "the column 'a' as bool, where it was int64", id="bool"),
        pytest.param(
            {"a": [1.5]}, {"a": [2**53 + 1]}, "the column 'a' as int64, where it was double: Int", id="digits"
        ),
        pytest.param(
            {"a": [EPOCH]}, {"a": [dt.date(2013, 8, 1)]}, "the column 'a' as date32[day], where it was", id="date"
        ),
    ],
)
def test_all_batches_have_the_columns_of_the_first(first: Any, second: Any, trouble: str) -> None:
    predictions = expecting()
    taken(predictions, first, rows=1)
    assert refused(predictions, second, rows=1).startswith(f"predict() returned {trouble}")


def test_what_fits_into_the_columns_of_the_first_batch_is_taken() -> None:
    predictions = expecting()
    first = taken(predictions, {"b": [1], "a": [1.5]}, rows=1)
    second = taken(predictions, {"a": [2], "b": pa.array([7], pa.int8())}, rows=1)
    assert second.schema == first.schema
    assert second.to_pydict() == {"b": [7], "a": [2.0]}


INTEGER_TYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


@pytest.mark.parametrize("old", INTEGER_TYPES)
@pytest.mark.parametrize("new", INTEGER_TYPES)
def test_integers_fit_where_all_of_their_type_do(old: str, new: str) -> None:
    ends = [np.iinfo(old).min, np.iinfo(old).max]
    predictions = expecting(outputs={"late": new})
    if np.iinfo(new).min <= ends[0] and ends[1] <= np.iinfo(new).max:
        assert taken(predictions, np.array(ends, old)).to_pydict() == {"late": ends}
    else:
        assert refused(predictions, np.zeros(2, old)).startswith("predict() returned the column 'late' as")


def test_declared_columns_are_what_comes_out() -> None:
    declared = {"late": "int64", "p": "double", "when": "timestamp[us, tz=UTC]", "day": "date32[day]", "t": "string"}
    returned = {
        "when": pa.array([0], pa.timestamp("s", "UTC")),
        "p": np.ones(1, "float32"),
        "late": pa.array([1], pa.int32()),
        "t": ["u"],
        "day": [EPOCH.date()],
    }
    batch = taken(expecting(outputs=declared), returned, rows=1)
    assert {field.name: str(field.type) for field in batch.schema} == declared
    assert batch.schema.names == list(declared)
    assert batch.to_pydict() == {"late": [1], "p": [1.0], "when": [EPOCH], "day": [EPOCH.date()], "t": ["u"]}


@pytest.mark.parametrize(
    ("returned", "declared", "trouble"),
    [
        ({"late": [1.0]}, {"late": "int32"}, "the column 'late' as double, where it was int32"),
        ({"late": [1]}, {"late": "int32"}, "the column 'late' as int64, where it was int32"),
        ({"late": ["1"]}, {"late": "bool"}, "the column 'late' as string, where it was bool"),
        ({"late": [EPOCH]}, {"late": "timestamp[s, tz=UTC]"}, "the column 'late' as timestamp[us, tz=UTC], where it"),
        ({"late": [1]}, {"late": "int64", "p": "double"}, "the columns late, where they were late, p"),
        ({0: [1]}, {"late": "int64"}, "the columns 0, where they were late"),
    ],
)
def test_other_than_what_is_declared(returned: Any, declared: dict[str, str], trouble: str) -> None:
    assert refused(expecting(outputs=declared), returned, rows=1).startswith(f"predict() returned {trouble}")


def test_a_column_of_nulls_alone_decides_nothing() -> None:
    predictions = expecting()
    assert predictions.fitted(predictions.named({"a": [1], "b": [None]}, None, rows=1)) is None
    assert predictions.answer_schema.names == [SET_ASIDE]
    assert taken(predictions, {"a": [1.5], "b": ["u"]}, rows=1).schema == pa.schema(
        {"a": pa.float64(), "b": pa.string()}
    )
    assert taken(predictions, {"a": [None], "b": [None]}, rows=1).to_pydict() == {"a": [None], "b": [None]}


@pytest.mark.parametrize(
    ("returned", "reasons"),
    [
        pytest.param([1.0, 2.0, 3.0], {}, id="nothing"),
        pytest.param(np.array([NAN, INFINITE, 3.0]), {0: "late is NaN", 1: "late is infinite"}, id="numpy"),
        pytest.param(pd.Series([1.0, NAN, -INFINITE]), {1: "late is NaN", 2: "late is infinite"}, id="pandas"),
        pytest.param([1.0, None, NAN], {1: "late is null", 2: "late is NaN"}, id="list"),
        pytest.param(np.array(["u", None, NAN], object), {1: "late is null", 2: "late is null"}, id="objects"),
        pytest.param(pd.array([1, None, 3], dtype="Int64"), {1: "late is null"}, id="integers"),
        pytest.param(pl.Series([1.0, None, NAN]), {1: "late is null", 2: "late is NaN"}, id="polars"),
        pytest.param(np.ma.array([1.0, 2.0, 3.0], mask=[1, 0, 0]), {0: "late is null"}, id="masked"),
        pytest.param(pd.Series([EPOCH, pd.NaT, EPOCH]), {1: "late is null"}, id="timestamps"),
        pytest.param(
            np.array(["1970-01-01T00:00:00.000000001", "NaT", "1970"], "datetime64[ns]"), {1: "late is null"}, id="ns"
        ),
        pytest.param({"a": ["u", "v", None], "b": [1.0, NAN, NAN]}, {1: "b is NaN", 2: "a is null"}, id="two columns"),
    ],
)
def test_a_prediction_that_is_none_is_found(returned: Any, reasons: dict[int, str]) -> None:
    columns = expecting().named(returned, None, rows=3)
    found = unusable(columns)
    rows = [] if found is None else [row for row, bad in enumerate(found.to_pylist()) if bad]
    assert {row: fault_in(columns, row) for row in rows} == {
        row: f"the prediction {why}" for row, why in reasons.items()
    }
