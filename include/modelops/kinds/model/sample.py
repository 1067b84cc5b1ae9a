"""A sample of the training's rows with their predictions, with which every deployment is compared."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened, write_table
from modelops.domain.errors import ScoringError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.kinds.model.workbench import Workbench
    from modelops.runtime.environment import Environment
    from modelops.scoring.engine import RejectedRow

ROWS = 100
TOLERANCES = {"float": (1e-4, 1e-6), "double": (1e-6, 1e-9)}
"""The tolerance for a number, by the column's Arrow type: a relative one, and one as a share of the column's typical
magnitude, which is the median of its absolute values, but at least 1. Other processors, numbers of threads and batch
sizes add numbers in another order, and float32 has 7 digits. A column of whole numbers has no tolerance."""
ALWAYS_WHOLE = 2**23
"""From this magnitude on, every float32 is a whole number, so whole numbers do not imply counts or classes."""
WHERE = "model_modules/scoring.py"
THEN = "after the training"


def take_sample(
    bench: Workbench, environment: Environment, dataset: Dataset, rows: Snapshot, *, model: Path, path: Path
) -> Sequence[RejectedRow]:
    """Score the first rows of a training with the trained model, and write rows and predictions to `path`.

    Returns the rows that can't be scored, with their positions from 0. The file has two columns of structs, `rows`
    (entity key and features) and `predictions`.

    Raises:
        ScoringError: no row can be scored, or the prediction of a row depends on the other rows in its batch.
        UserCodeError: the ModelScorer fails, or its output is invalid.
    """
    import pyarrow as pa

    first = _first(rows.path, (*dataset.entity_key, *dataset.feature_names))
    whole, *others = _score(bench, environment, dataset, first, model=model)
    left_out = [whole.left_out[row] for row in sorted(whole.left_out)]
    kept = [row for row in range(first.num_rows) if row in whole.rows]
    if not kept:
        what, expected = (
            (f"the ModelScorer can't score any of the first {first.num_rows} rows of its own training", "a ModelScorer")
            if bench.imported is None
            else (f"none of the first {first.num_rows} rows of the dataset can be scored with this file", "a model")
        )
        raise ScoringError(
            f"{what}; the first, {left_out[0].named}: {left_out[0].reason}",
            where=WHERE if bench.imported is None else bench.imported.file,
            expected=f"{expected} that scores the rows that the model was trained on",
        )
    predictions = whole.table.take([whole.rows[row] for row in kept])
    table = pa.table(
        {
            "rows": first.take(kept).to_struct_array(),
            "predictions": predictions.combine_chunks().to_struct_array(),
        }
    )
    _check_alike(whole, others, first, dataset)
    write_table(table, path)
    return left_out


def outputs_of(path: Path) -> dict[str, str]:
    """The columns of a sample's predictions: name → Arrow type."""
    return {field.name: str(field.type) for field in _read(path).schema.field("predictions").type}


def predictions_of(path: Path) -> pa.RecordBatch:
    """The predictions of a sample."""
    return _struct(_read(path), "predictions")


def compare_with_sample(
    bench: Workbench, environment: Environment, dataset: Dataset, *, model: Path, path: Path
) -> int:
    """Score a sample again, and compare the predictions with those after the training; returns the number of rows.

    Raises:
        ScoringError: a prediction differs from that after the training, or depends on the other rows in its batch.
        UserCodeError: the ModelScorer does not return the columns that it returned after the training.
    """
    import pyarrow as pa

    sample = _read(path)
    rows, predictions = _struct(sample, "rows"), _struct(sample, "predictions")
    then = _Scored(arrangement=THEN, table=pa.Table.from_batches([predictions]), rows=_identity(rows))
    now, *others = _score(bench, environment, dataset, rows, model=model, outputs=outputs_of(path))
    differing = list(_differences(then, now, rows.num_rows))
    if differing:
        row, difference = differing[0]
        raise ScoringError(
            f"row {row} of the sample has another prediction than after the training: {difference}",
            where=WHERE,
            expected="the same predictions for the same rows, whatever the machine, the time or the order",
        )
    _check_alike(now, others, rows, dataset)
    return len(now.rows)


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """The rows of a sample, scored in one arrangement of batches.

    `rows` maps each scored row to its position in `table`; `left_out` has the other rows.
    """

    arrangement: str
    table: pa.Table
    rows: Mapping[int, int]
    left_out: Mapping[int, RejectedRow] = field(default_factory=dict)


def _arrangements(count: int) -> list[tuple[str, list[list[int]]]]:
    """The arrangements of `count` rows in batches, with descriptions. All must have the same prediction for a row."""
    rows, half = list(range(count)), (count + 1) // 2
    return [
        (f"in a batch of all {count} rows", [rows]),
        ("in the same batch in reverse order", [rows[::-1]]),
        (f"in a batch of {half}", [rows[:half], rows[half:]] if count > 1 else [rows]),
        ("in a batch of its own", [[row] for row in rows]),
    ]


def _score(
    bench: Workbench,
    environment: Environment,
    dataset: Dataset,
    rows: pa.RecordBatch,
    *,
    model: Path,
    outputs: Mapping[str, str] | None = None,
) -> list[_Scored]:
    """The predictions in each arrangement, all made by one process."""
    import pyarrow as pa

    arrangements = _arrangements(rows.num_rows)
    in_memory = [rows.take(batch) for _, each in arrangements for batch in each]
    kept = _CollectedPredictions()
    scored = bench.score(
        _Batches(rows.schema, in_memory),
        kept,
        environment,
        dataset,
        model=model,
        outputs=outputs,
        budget=len(arrangements) * rows.num_rows,
        as_given=True,
    )
    table = pa.Table.from_batches(kept.batches) if kept.batches else pa.table({})
    set_aside = {one.position: one for one in scored.set_aside}
    results, position, place = [], 0, 0
    for arrangement, each in arrangements:
        found: dict[int, int] = {}
        lacking: dict[int, RejectedRow] = {}
        for row in (row for batch in each for row in batch):
            if position in set_aside:
                lacking[row] = set_aside[position]
            else:
                found[row], place = place, place + 1
            position += 1
        results.append(_Scored(arrangement=arrangement, table=table, rows=found, left_out=lacking))
    return results


def _check_alike(whole: _Scored, others: list[_Scored], rows: pa.RecordBatch, dataset: Dataset) -> None:
    """Check that predictions do not depend on which rows are scored together.

    Raises:
        ScoringError: a row has different predictions in two arrangements; the message has the row and both predictions.
    """
    for other in others:
        differing = list(_differences(whole, other, rows.num_rows))
        if not differing:
            continue
        row, difference = differing[0]
        key = ", ".join(f"{name} = {rows.column(name)[row].as_py()}" for name in dataset.entity_key)
        raise ScoringError(
            f"row {row} of the sample ({key}) has different predictions in different batches: {difference}"
            + (f"; {len(differing):,} of {rows.num_rows:,} rows differ" if len(differing) > 1 else ""),
            where=WHERE,
            expected="predictions in the order of data, each of which depends on its row alone; values that are learned"
            " from many rows, such as a mean, are part of the model that train() saves",
        )


def _differences(was: _Scored, is_now: _Scored, count: int) -> Iterator[tuple[int, str]]:
    """Yield each row with different predictions, and the difference in words."""
    columns = []
    if was.rows and is_now.rows:
        columns = [
            (name, was.table[name], is_now.table[name], _tolerance(was.table[name])) for name in was.table.schema.names
        ]
    for row in range(count):
        if row in was.rows and row in is_now.rows:
            for name, then, now, tolerance in columns:
                one, another = then[was.rows[row]].as_py(), now[is_now.rows[row]].as_py()
                if not _same(one, another, *tolerance):
                    yield row, _describe_difference(name, one, another, was, is_now)
                    break
        elif row in was.rows:
            yield row, f"it can't be scored {is_now.arrangement}: {is_now.left_out[row].reason}"
        elif row in is_now.rows:
            yield row, f"it can be scored only {is_now.arrangement}; {was.arrangement}: {was.left_out[row].reason}"


def _describe_difference(name: str, one: object, another: object, was: _Scored, is_now: _Scored) -> str:
    if was.arrangement == THEN:
        return f"{name} was {one}, now it is {another}"
    return f"{name} is {one} {was.arrangement}, and {another} {is_now.arrangement}"


def _identity(rows: pa.RecordBatch) -> dict[int, int]:
    return {row: row for row in range(rows.num_rows)}


def _tolerance(column: pa.ChunkedArray) -> tuple[float, float]:
    """The relative and the absolute tolerance for the numbers of a column, or for the elements of its arrays."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(column.type):
        column = pc.list_flatten(column)
    kind = str(column.type)
    if kind not in TOLERANCES:
        return 0, 0
    usual = pc.quantile(pc.abs(column), q=0.5)[0].as_py() or 0  # None if there are no numbers
    if usual < ALWAYS_WHOLE and pc.all(pc.equal(pc.floor(column), column)).as_py():
        return 0, 0  # counts or classes
    if kind == "double" and pc.all(pc.equal(column.cast("float32", safe=False).cast("float64"), column)).as_py():
        kind = "float"  # made by a model of float32, and converted
    relative, of_usual = TOLERANCES[kind]
    return relative, of_usual * max(1, usual)


class _Batches:
    """Batches that are in memory, as a source of scoring."""

    def __init__(self, schema: pa.Schema, batches: list[pa.RecordBatch]) -> None:
        self._schema, self._batches = schema, batches

    def run(self, consume: Callable[[pa.RecordBatchReader], Any]) -> None:
        import pyarrow as pa

        consume(pa.RecordBatchReader.from_batches(self._schema, self._batches))

    def cancel(self) -> None:
        """Do nothing, because no method blocks."""


class _CollectedPredictions:
    """A sink of scoring that keeps the predictions in memory."""

    def __init__(self) -> None:
        self.batches: list[pa.RecordBatch] = []

    def write(self, _keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        self.batches.append(predictions)

    def cancel(self) -> None:
        """Do nothing, because no method blocks."""


def _first(path: Path, columns: tuple[str, ...]) -> pa.RecordBatch:
    import pyarrow as pa

    with opened(path) as reader:
        first: list[pa.RecordBatch] = []
        for batch in batches(reader, path):
            first.append(batch)
            if sum(each.num_rows for each in first) >= ROWS:
                break
        table = pa.Table.from_batches(first, reader.schema).select(list(columns)).slice(0, ROWS)
        [batch] = table.combine_chunks().to_batches()
        return batch


def _read(path: Path) -> pa.Table:
    with opened(path) as reader:
        return reader.read_all()


def _struct(sample: pa.Table, name: str) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_struct_array(sample[name].combine_chunks())


def _same(one: object, another: object, relative: float, absolute: float) -> bool:
    if isinstance(one, float) and isinstance(another, float):
        return math.isclose(one, another, rel_tol=relative, abs_tol=absolute)
    if isinstance(one, list) and isinstance(another, list):
        return len(one) == len(another) and all(
            _same(mine, other, relative, absolute) for mine, other in zip(one, another, strict=True)
        )
    return one == another
