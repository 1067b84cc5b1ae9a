"""The types in which code gets rows: those of the training, whatever the values of the others are."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from modelops.domain.errors import UserCodeError
from modelops.runtime.child.context import ModelContext, TaskContext
from modelops.runtime.outcome import OverBudget
from unit.runtime.scorers import columns, run, scorer

if TYPE_CHECKING:
    from pathlib import Path

    from unit.runtime.models import Model

SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "count": pa.int32(),
        "small": pa.int16(),
        "big": pa.int64(),
        "flag": pa.bool_(),
        "known": pa.bool_(),
        "ratio": pa.float32(),
        "share": pa.float64(),
        "name": pa.string(),
        "day": pa.date32(),
        "at": pa.timestamp("us", tz="UTC"),
        "local": pa.timestamp("us"),
        "raw": pa.binary(),
    }
)
FULL: dict[str, Any] = {
    "id": 1,
    "count": 2,
    "small": 3,
    "big": 2**60 + 1,
    "flag": True,
    "known": False,
    "ratio": 0.5,
    "share": 0.25,
    "name": "ada",
    "day": dt.date(2026, 1, 2),
    "at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    "local": dt.datetime(2026, 1, 2),  # noqa: DTZ001 - a time without a zone
    "raw": b"ada",
}
HAD_NULLS = dict.fromkeys(SCHEMA.names, True) | {"id": False, "big": False, "known": False}
EMPTY = FULL | dict.fromkeys((name for name, had_null in HAD_NULLS.items() if had_null))
IN_PANDAS = {
    "id": "int64",
    "count": "float64",
    "small": "float64",
    "big": "int64",
    "flag": "object",
    "known": "bool",
    "ratio": "float32",
    "share": "float64",
    "name": "str",
    "day": "object",
    "at": "datetime64[us, UTC]",
    "local": "datetime64[us]",
    "raw": "object",
}
BATCHES = [[FULL], [FULL, EMPTY], [EMPTY, EMPTY]]
TYPES = "print({name: str(kind) for name, kind in data.dtypes.items()})"


def batch_of(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def test_predict_gets_the_types_of_the_training(model: Model) -> None:
    scorer(model, f"{TYPES}\n    return data['count'].astype(str) + data['flag'].astype(str)")
    answers = columns(*run(model, *map(batch_of, BATCHES), had_nulls=HAD_NULLS, budget=3))
    assert model.lines == [str(IN_PANDAS)] * 3
    assert answers["late"] == ["2.0True", "2.0True", None, None, None]


@pytest.mark.parametrize("rows", [*BATCHES, []])
def test_read_pandas_gives_the_types_of_the_training(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    frame = context(tmp_path, rows, had_nulls=HAD_NULLS).read_pandas()
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == IN_PANDAS
    assert frame["big"].tolist() == [2**60 + 1] * len(rows)


@pytest.mark.parametrize("rows", [*BATCHES, []])
def test_a_task_gets_types_that_know_null(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    write(tmp_path, rows)
    frame = task_context(tmp_path, nullable_types=True).read_pandas()
    nullable = {
        "id": "Int64",
        "count": "Int32",
        "small": "Int16",
        "big": "Int64",
        "flag": "boolean",
        "known": "boolean",
    }
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == IN_PANDAS | nullable
    assert frame["big"].tolist() == [2**60 + 1] * len(rows)


def test_a_version_from_before_gets_types_as_it_did(tmp_path: Path) -> None:
    for rows, types in (([FULL], ["int32", "bool"]), ([FULL, EMPTY], ["float64", "object"])):
        for each in (context(tmp_path, rows, had_nulls=None), task_context(tmp_path, nullable_types=False)):
            frame = each.read_pandas()
            assert [str(frame[name].dtype) for name in ("count", "flag")] == types


@pytest.mark.parametrize("frame", ["polars", "arrow"])
def test_polars_and_arrow_know_null_in_every_type(model: Model, frame: str) -> None:
    print_types = "print([str(kind) for kind in (data.schema.types if hasattr(data.schema, 'types') else data.dtypes)])"
    scorer(model, f"{print_types}\n    return data['big']", attributes=f"frame = {frame!r}")
    nulls = dict.fromkeys(SCHEMA.names) | {"big": 1}
    run(model, *map(batch_of, [*BATCHES, [FULL, nulls], [nulls, nulls]]), had_nulls=HAD_NULLS)
    assert len(model.lines) == 5
    assert len(set(model.lines)) == 1


def test_a_null_that_training_had_not_sets_its_row_aside(model: Model) -> None:
    rows = [FULL | {"big": 0}, FULL | {"known": None}, FULL | {"big": None}, FULL | {"big": 3}, FULL | {"big": 4}]
    scorer(model, "assert 3 not in data['big'].tolist() or len(data) == 1\n    return data['big'] / (data['big'] != 4)")
    before = batch_of([FULL])
    answers = columns(*run(model, before, batch_of(rows), had_nulls=HAD_NULLS, budget=3))
    assert answers == {
        "late": [float(2**60 + 1), 0.0, None, None, 3.0, None],
        "__set_aside__": [
            None,
            None,
            "known is null; in training it never was",
            "big is null; in training it never was",
            None,
            "the prediction late is infinite",
        ],
    }


def test_the_first_row_that_is_set_aside_is_named(model: Model) -> None:
    rows = [FULL, FULL | {"big": None}, FULL | {"big": 3}]
    scorer(model, "if 3 in data['big'].tolist(): raise ValueError('three')\n    return data['big']")
    with pytest.raises(OverBudget, match="the first is at 1: big is null; in training it never was"):
        run(model, batch_of(rows), had_nulls=HAD_NULLS, budget=1)


def test_read_pandas_refuses_a_null_that_training_had_not(model: Model) -> None:
    write(model.tmp_path, [FULL, FULL | {"big": None}])
    model.write("def train(context):\n    print(context.read_polars().shape)\n    context.read_pandas()\n")
    with pytest.raises(UserCodeError) as refused:
        model.run(dataset=replace(model.assignment().dataset, had_nulls=HAD_NULLS))
    assert model.lines == ["(2, 13)"]
    assert refused.value.what == "big is null in 1 of 2 rows; in training it never was, so it is int64"
    assert refused.value.where == "model_modules/training.py:3"
    assert refused.value.expected is not None
    assert refused.value.expected.startswith("rows in which big is not null; or a new version, with big::float8")


def context(folder: Path, rows: list[dict[str, Any]], *, had_nulls: dict[str, bool] | None) -> ModelContext:
    names = ("artifact_input", "artifact_output", "project_id", "model_id", "model_version", "job_id")
    given = {"rows": str(write(folder, rows)), "hyperparameters": {}, "dataset": {}, "had_nulls": had_nulls}
    return ModelContext(given | dict.fromkeys(names, "7"))


def task_context(folder: Path, *, nullable_types: bool) -> TaskContext:
    """With the rows that were written last."""
    names = ("project_id", "task_id", "task_version", "job_id")
    inputs = {"rows": str(folder / "rows.arrow")}
    given = {"inputs": inputs, "interval": None, "properties": {}, "nullable_types": nullable_types}
    return TaskContext(given | dict.fromkeys(names, "7"))


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "rows.arrow"
    with pa.ipc.new_file(path, SCHEMA) as file:
        file.write_batch(batch_of(rows))
    return path
