"""The sample of a training: it is scored alike in every batch, and at every deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pytest

from modelops.data.snapshot import Snapshot
from modelops.domain.errors import ScoringError
from modelops.kinds.model.sample import compare_with_sample, outputs_of, predictions_of, take_sample
from unit.runtime.models import HERE, Model
from unit.scoring.streams import DATASET, run, scorer

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.kinds.model.workbench import Workbench

ROWS = pa.table(
    {"carrier": ["A"] * 5, "flight": range(5), "x": [4.0, 1.0, 3.0, 0.0, 2.0], "y": pa.array([1] * 5, pa.int32())}
)
RIGHT = (
    "predictions in the order of data, each of which depends on its row alone; values that are learned from many rows,"
)


@dataclass(frozen=True)
class Bench:
    """Scores with a model that is written for a test, in a process of its own."""

    model: Model

    def score(self, source: Any, sink: Any, *_: Any, model: Path, **values: Any) -> Any:
        return run(self.model, source, sink, **values)

    @property
    def sample(self) -> Path:
        return self.model.tmp_path / "sample.arrow"

    def take(self, rows: pa.Table = ROWS) -> None:
        path = self.model.tmp_path / "rows.arrow"
        with pa.ipc.new_file(path, rows.schema) as file:
            file.write_table(rows)
        columns = {field.name: str(field.type) for field in rows.schema}
        had_nulls = dict.fromkeys(columns, False)
        snapshot = Snapshot(path=path, sha256="", rows=rows.num_rows, columns=columns, had_nulls=had_nulls)
        take_sample(cast("Workbench", self), HERE, DATASET, snapshot, model=self.model.tmp_path, path=self.sample)

    def compare(self) -> int:
        return compare_with_sample(cast("Workbench", self), HERE, DATASET, model=self.model.tmp_path, path=self.sample)


def bench(tmp_path: Path, body: str) -> Bench:
    return Bench(scorer(Model(tmp_path), body))


def test_a_sample_that_is_scored_alike(tmp_path: Path) -> None:
    body = "if 3 in data['x'].to_pylist(): raise ValueError('three')\nreturn pc.multiply(data['x'], 2)"
    taken = bench(tmp_path, body)
    taken.take()
    assert predictions_of(taken.sample).to_pydict() == {"late": [8.0, 2.0, 0.0, 4.0]}
    assert taken.compare() == 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            "return pc.subtract(data['x'], pc.mean(data['x']))",
            r"row 0 of the sample \(carrier = A, flight = 0\) has different predictions in different batches:"
            " late is 2.0 in a batch of all 5 rows, and 1.3333333333333335 in a batch of 3; 5 of 5 rows differ",
            id="the mean of the batch",
        ),
        pytest.param(
            "return data['x'].take(pc.array_sort_indices(data['x'].combine_chunks()))",
            "late is 0.0 in a batch of all 5 rows, and 4.0 in the same batch in reverse order; 4 of 5 rows differ",
            id="sorted",
        ),
        pytest.param(
            "return pc.multiply(data['x'], 2 if len(data) == 1 else 1)",
            "late is 4.0 in a batch of all 5 rows, and 8.0 in a batch of its own; 4 of 5 rows differ",
            id="otherwise alone",
        ),
        pytest.param(
            "if len(data) == 1: raise ValueError('too few')\nreturn data['x']",
            "it can't be scored in a batch of its own: ValueError: too few; 5 of 5 rows differ",
            id="fails alone",
        ),
        pytest.param(
            "self.calls = getattr(self, 'calls', 0) + 1\nreturn pc.multiply(data['x'], self.calls)",
            "late is 4.0 in a batch of all 5 rows, and 8.0 in the same batch in reverse order; 4 of 5 rows differ",
            id="by what it was called before",
        ),
    ],
)
def test_predictions_that_depend_on_their_batch(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(ScoringError, match=said) as refused:
        bench(tmp_path, body).take()
    assert refused.value.where == "model_modules/scoring.py"
    assert refused.value.expected is not None
    assert refused.value.expected.startswith(RIGHT)


def test_a_deployment_finds_what_the_training_did_not(tmp_path: Path) -> None:
    """A version whose sample was taken before there were other batches, or that is scored otherwise now."""
    taken = bench(tmp_path, "return data['x']")
    taken.take()
    scorer(taken.model, "return pc.multiply(data['x'], 2 if len(data) == 1 else 1)")
    with pytest.raises(ScoringError, match="has different predictions in different batches"):
        taken.compare()
    scorer(taken.model, "return pc.multiply(data['x'], 2)")
    with pytest.raises(
        ScoringError, match=r"row 0 .* has another prediction than after the training: late was 4.0, now it is 8.0"
    ):
        taken.compare()
    scorer(taken.model, "raise ValueError('no')")
    with pytest.raises(ScoringError, match=r"row 0 .* after the training: it can't be scored .*: ValueError: no"):
        taken.compare()


@pytest.mark.parametrize(
    ("then", "now"),
    [
        pytest.param([123456.0, 7.0, 12.0, 3.0, 5.0], [123450.0, 7.0, 12.0, 3.0, 5.0], id="whole numbers"),
        pytest.param([1e12, 5.5, 0.25, 0.5, 0.75], [1e12, 700.1, 0.25, 0.5, 0.75], id="a single large one"),
    ],
)
def test_how_large_some_numbers_are_excuses_no_other(tmp_path: Path, then: list[float], now: list[float]) -> None:
    """Also where float32 could hold all of them."""
    body = "import pyarrow as pa\nreturn pa.array([{}[round(x)] for x in data['x'].to_pylist()])"
    taken = bench(tmp_path, body.format(then))
    taken.take()
    scorer(taken.model, body.format(now))
    with pytest.raises(ScoringError, match="has another prediction than after the training"):
        taken.compare()


@pytest.mark.parametrize(
    ("type_", "factor", "fine"),
    [
        ("float32", 1 + 5e-5, True),
        ("float32", 1 + 5e-4, False),
        ("float64", 1 + 5e-7, True),
        ("float64", 1 + 5e-5, False),
        ("int32", 2, False),
    ],
)
def test_numbers_may_differ_by_what_their_type_can_tell(tmp_path: Path, type_: str, factor: float, fine: bool) -> None:
    """As BLAS in other batches, and other processors, make them."""
    third = "pc.add(data['x'], 0.1)" if type_.startswith("float") else "data['x']"
    alone = f"{third} if len(data) > 1 else pc.multiply({third}, {factor})"
    taken = bench(tmp_path, f"return ({alone}).cast('{type_}')")
    if fine:
        taken.take()
        assert outputs_of(taken.sample) == {"late": "float" if type_ == "float32" else "double"}
    else:
        with pytest.raises(ScoringError, match="has different predictions"):
            taken.take()
