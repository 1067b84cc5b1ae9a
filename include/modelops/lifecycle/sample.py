"""Some rows of a training and how the model scored them then: what every deployment is compared with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from modelops.data.arrow_files import opened, write_table
from modelops.domain.errors import ScoringError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.lifecycle.workbench import Workbench
    from modelops.runtime.environment import Environment

ROWS = 100
RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How far a number may be from what it was: other processors and numbers of threads add up in another order."""
WHERE = "model_modules/scoring.py"


def take_sample(
    bench: Workbench, environment: Environment, dataset: Dataset, rows: Snapshot, *, model: Path, path: Path
) -> None:
    """Score the first rows of a training with the model that it left, and write both to `path`.

    The file has two columns of structs, `rows` (entity key and features) and `predictions`.

    Raises:
        ScoringError, UserCodeError: the ModelScorer can't score them.
    """
    import pyarrow as pa

    first = _first(rows.path, (*dataset.entity_key, *dataset.feature_names))
    predictions, kept = _score(bench, environment, dataset, first, model=model, budget=first.num_rows)
    if not predictions.num_rows:
        raise ScoringError(
            f"the ModelScorer can't score any of the first {first.num_rows} rows of its own training",
            where=WHERE,
            expected="a ModelScorer that scores the rows that the model was trained on",
        )
    table = pa.table(
        {
            "rows": first.take(kept).to_struct_array(),
            "predictions": predictions.combine_chunks().to_struct_array(),
        }
    )
    write_table(table, path)


def outputs_of(path: Path) -> dict[str, str]:
    """What the model gave for a sample: column → its Arrow type."""
    return {field.name: str(field.type) for field in _read(path).schema.field("predictions").type}


def predictions_of(path: Path) -> pa.RecordBatch:
    """What the model gave for a sample."""
    return _struct(_read(path), "predictions")


def compare_with_sample(
    bench: Workbench, environment: Environment, dataset: Dataset, *, model: Path, path: Path
) -> int:
    """Score a sample again; returns the number of rows if all is as it was after the training.

    Raises:
        ScoringError: a prediction is another than it was then.
        UserCodeError: the ModelScorer doesn't give the columns that it gave then.
    """
    sample = _read(path)
    then = _struct(sample, "predictions")
    now, kept = _score(
        bench, environment, dataset, _struct(sample, "rows"), model=model, budget=0, outputs=outputs_of(path)
    )
    assert len(kept) == then.num_rows
    for name in then.schema.names:
        for row, (was, is_now) in enumerate(zip(then[name].to_pylist(), now[name].to_pylist(), strict=True)):
            if not _same(was, is_now):
                raise ScoringError(
                    f"row {row} of the sample isn't scored as after the training: {name} was {was}, now it is {is_now}",
                    where=WHERE,
                    expected="the same predictions for the same rows, whatever the machine, the time or the order",
                )
    return len(kept)


def _score(
    bench: Workbench,
    environment: Environment,
    dataset: Dataset,
    rows: pa.RecordBatch,
    *,
    model: Path,
    budget: int,
    outputs: Mapping[str, str] | None = None,
) -> tuple[pa.Table, list[int]]:
    """The predictions, and the positions of the rows that they are of."""
    import pyarrow as pa

    kept = _Kept()
    scored = bench.score(_OneBatch(rows), kept, environment, dataset, model=model, outputs=outputs, budget=budget)
    left_out = {row.position for row in scored.set_aside}
    table = pa.Table.from_batches(kept.batches) if kept.batches else pa.table({})
    return table, [position for position in range(rows.num_rows) if position not in left_out]


class _OneBatch:
    """Rows that are in memory, as a source of scoring."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def run(self, consume: Callable[[pa.RecordBatchReader], Any]) -> None:
        import pyarrow as pa

        consume(pa.RecordBatchReader.from_batches(self._batch.schema, [self._batch]))

    def cancel(self) -> None:
        """There is nothing to wait for."""


class _Kept:
    """A sink of scoring that keeps the predictions in memory."""

    def __init__(self) -> None:
        self.batches: list[pa.RecordBatch] = []

    def write(self, _keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        self.batches.append(predictions)

    def cancel(self) -> None:
        """There is nothing to wait for."""


def _first(path: Path, columns: tuple[str, ...]) -> pa.RecordBatch:
    import pyarrow as pa

    with opened(path) as reader:
        batches: list[pa.RecordBatch] = []
        for number in range(reader.num_record_batches):
            if sum(batch.num_rows for batch in batches) >= ROWS:
                break
            batches.append(reader.get_batch(number))
        table = pa.Table.from_batches(batches, reader.schema).select(list(columns)).slice(0, ROWS)
        [batch] = table.combine_chunks().to_batches()
        return batch


def _read(path: Path) -> pa.Table:
    with opened(path) as reader:
        return reader.read_all()


def _struct(sample: pa.Table, name: str) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_struct_array(sample[name].combine_chunks())


def _same(was: object, is_now: object) -> bool:
    if isinstance(was, float) and isinstance(is_now, float):
        return math.isclose(was, is_now, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return was == is_now
