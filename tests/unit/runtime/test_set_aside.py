"""Rows that a ModelScorer can't score are set aside, under a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from modelops.runtime.outcome import OverBudget
from modelops.runtime.scoring import SET_ASIDE
from unit.runtime.scorers import columns, features, run, scorer, types

if TYPE_CHECKING:
    from unit.runtime.models import Model

CAREFUL = """
print(len(data))
    if (data["x"] < 0).any():
        raise ValueError(f"{(data['x'] < 0).sum()} are\\n negative")
    return data["x"] * 2
"""


def test_an_error_is_narrowed_down_to_its_row(model: Model) -> None:
    values = [float(number) for number in range(10_000)]
    values[6_789] = -1.0
    (answer,) = run(scorer(model, CAREFUL), features(*values), budget=1)
    assert answer.num_rows == 10_000
    aside = {row: reason for row, reason in enumerate(answer.column(SET_ASIDE).to_pylist()) if reason}
    assert aside == {6_789: "ValueError: 1 are negative"}
    predictions = answer.column("late").to_pylist()
    assert predictions[6_789] is None
    assert [2 * value for row, value in enumerate(values) if row != 6_789] == [p for p in predictions if p is not None]
    assert len(model.lines) <= 29, "two halves at each of 14 levels, and the whole"


def test_a_broken_scorer_is_found_out_quickly(model: Model) -> None:
    scorer(model, "print(len(data))\n    raise ValueError('broken')")
    with pytest.raises(OverBudget) as over:
        run(model, features(*[1.0] * 65_536))
    assert (over.value.position, over.value.reason) == (0, "ValueError: broken")
    assert over.value.where == "model_modules/scoring.py:8"
    assert [line for line in model.lines if line.isdigit()] == [str(2**power) for power in range(16, -1, -1)]
    told = "\n".join(model.lines)
    assert told.endswith("ValueError: broken")
    assert told.count("Traceback") == 1
    assert "child" not in told


def test_the_first_of_too_many_is_told(model: Model) -> None:
    with pytest.raises(OverBudget) as over:
        run(
            scorer(model, "return data['x'] if data['x'].min() >= 0 else [][0]"),
            features(1.0, float("nan"), 2.0),
            features(-1.0, 1.0, 2.0),
            budget=1,
        )
    assert (over.value.position, over.value.reason) == (1, "the prediction late is NaN")
    assert over.value.where == "model_modules/scoring.py"
    assert model.lines == []


def test_a_prediction_that_is_none_sets_the_whole_row_aside(model: Model) -> None:
    scorer(model, "return {'a': ['u', 'v', 'w'], 'b': data['x']}")
    (answer,) = run(model, features(1.0, float("nan"), float("inf")), budget=2)
    assert columns(answer) == {
        "a": ["u", None, None],
        "b": [1.0, None, None],
        SET_ASIDE: [None, "the prediction b is NaN", "the prediction b is infinite"],
    }


def test_the_budget_is_for_the_whole_stream(model: Model) -> None:
    bad = [features(1.0, float("nan"))] * 3
    scorer(model, "return data['x']")
    assert sum(filter(None, columns(*run(model, *bad, budget=3))["late"])) == 3.0
    with pytest.raises(OverBudget, match="the first is at 1: the prediction late is NaN"):
        run(model, *bad, budget=2)


def test_a_reason_is_short_and_can_be_stored(model: Model) -> None:
    scorer(model, "raise ValueError('a\\0b \\udcff' + 'x' * 1000)")
    (answer,) = run(model, features(1.0), budget=1)
    (reason,) = answer.column(SET_ASIDE).to_pylist()
    assert reason.startswith("ValueError: ab ?xxx")
    assert len(reason) == 500


def test_the_columns_may_become_known_late(model: Model) -> None:
    scorer(model, "return data['x'] if data['x'].min() > 0 else [None] if data['x'][0] == 0 else [][0]")
    answered = run(model, features(-1.0), features(0.0), features(1.0, 2.0), budget=2)
    assert [list(types(answer)) for answer in answered] == [[], [], ["late"]]
    assert [answer.num_rows for answer in answered] == [1, 1, 2]
    assert answered[0].column(SET_ASIDE).to_pylist() == ["IndexError: list index out of range"]
    assert answered[1].column(SET_ASIDE).to_pylist() == ["the prediction late is null"]


def test_declared_columns_are_there_where_no_row_is_scored(model: Model) -> None:
    scorer(model, "return [][0]")
    (answer,) = run(model, features(1.0), budget=1, outputs={"late": "int32"})
    assert types(answer) == {"late": "int32"}


def test_batches_without_rows_do_not_reach_predict(model: Model) -> None:
    scorer(model, "print(len(data))\n    return data['x']")
    empty = features(1.0).slice(0, 0)
    answered = run(model, empty, features(1.0), empty)
    assert [answer.num_rows for answer in answered] == [0, 1, 0]
    assert model.lines == ["1"]


@pytest.mark.parametrize("declared", [None, {"late": "int32"}])
def test_a_stream_without_batches_has_an_answer(model: Model, declared: dict[str, str] | None) -> None:
    scorer(model, "return data['x']")
    assert run(model, schema=features(1.0).schema, outputs=declared) == []
    with pa.ipc.open_stream(model.tmp_path / "received") as stream:
        assert stream.schema.names == [*(declared or {}), SET_ASIDE]
