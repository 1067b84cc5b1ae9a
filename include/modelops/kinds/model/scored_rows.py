"""The rows of an evaluation with their predictions, as the ModelScorer makes them, and the artifact that keeps them.

The process of the job writes them, not the model's code: first to a file without a name, which user code can't change.
"""

from __future__ import annotations

import hashlib
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened
from modelops.domain.errors import RowsChanged, ScoringError
from modelops.plain_files import create_plain, open_plain
from modelops.repository.definition import EVALUATION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.kinds.model.workbench import Workbench
    from modelops.runtime.environment import Environment
    from modelops.scoring.engine import Scored

FILE = "scored_rows.parquet"
MAX_ROWS = 20_000_000
"""More rows than this are not kept as an artifact."""
ROWS_AT_ONCE = 2**16
CHUNK = 2**20
EVERY_ROW = f"predictions for all rows of the dataset, or an evaluate(context) in {EVALUATION}"
LONGEST_NAME = 63
"""Maximum bytes of the name of a prediction."""
KEY, TARGET, PREDICTION = "key", "target", "prediction"
"""The columns of the artifact, which are structs: a prediction may have the name of a target or of a key."""


@dataclass(frozen=True, kw_only=True)
class ScoredRows:
    """Rows that were scored, in the order of the dataset.

    `key` are the names of the columns of the entity key in the batches; the others are predictions. `scored` has the
    rejected rows, which `batches` leaves out.
    """

    rows: Snapshot
    dataset: Dataset
    scored: Scored
    key: tuple[str, ...]
    reader: pa.ipc.RecordBatchFileReader

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the keys and predictions of the rows, from the first."""
        for number in range(self.reader.num_record_batches):
            yield self.reader.get_batch(number)

    def write(self, path: Path) -> None:
        """Write a Parquet file of the rows with the structs `key`, `target` and `prediction`, in bounded memory.

        `target` has the values of the dataset, also null ones; it is left out if the model has no targets.

        Raises:
            RowsChanged: the model's code has changed the file of the dataset's rows.
        """
        import pyarrow as pa
        from pyarrow import parquet

        names = [name for name in self.reader.schema.names if name not in self.key]
        with opened(self.rows.path) as labels, create_plain(path) as file:
            _check_unchanged(self.rows)
            columns = list(self.dataset.target_names)
            schema = _schema(self.reader.schema, labels.schema, self.key, self.dataset)
            remaining = _Remaining(
                (batch.select(columns) for batch in batches(labels, self.rows.path)),
                {one.position for one in self.scored.set_aside},
            )
            with parquet.ParquetWriter(pa.PythonFile(file, mode="w"), schema, compression="zstd") as writer:
                for batch in self.batches():
                    structs = [_struct(batch.select(list(self.key)), schema.field(KEY).type)]
                    if columns:
                        structs.append(_struct(remaining.take(batch.num_rows), schema.field(TARGET).type))
                    structs.append(_struct(batch.select(names), schema.field(PREDICTION).type))
                    writer.write_batch(pa.RecordBatch.from_arrays(structs, schema=schema), row_group_size=ROWS_AT_ONCE)


@contextmanager
def score_rows(
    bench: Workbench,
    environment: Environment,
    dataset: Dataset,
    rows: Snapshot,
    *,
    model: Path,
    outputs: Mapping[str, str] | None,
    budget: int | None,
) -> Iterator[ScoredRows]:
    """Score the rows of a dataset with the ModelScorer, in a stream of bounded memory.

    Args:
        model: the folder with the files of the training.
        outputs: the columns that the predictions must have; None: any columns.
        budget: so many rows may be rejected because they can't be scored; None: none, for the standard evaluation.

    Raises:
        ScoringError: no row can be scored, or more than the budget can't.
        UserCodeError: the ModelScorer fails, or does not return these columns.
    """
    import pyarrow as pa

    with TemporaryFile(dir=bench.folder) as file:
        predictions = _PredictionsFile(file)
        try:
            scored = bench.score(
                _StoredRows(rows.path),
                predictions,
                environment,
                dataset,
                model=model,
                outputs=outputs,
                budget=budget or 0,
            )
        except ScoringError as error:
            if budget is not None:
                raise
            raise ScoringError(error.what, where=error.where, expected=EVERY_ROW) from error
        if not scored.rows:
            raise _none_scored(scored, rows, dataset)
        predictions.close()
        with pa.ipc.open_file(pa.PythonFile(file, mode="r")) as reader:
            yield ScoredRows(
                rows=rows, dataset=dataset, scored=scored, key=_keys(len(dataset.entity_key)), reader=reader
            )


def _none_scored(scored: Scored, rows: Snapshot, dataset: Dataset) -> ScoringError:
    first = scored.set_aside[0]
    return ScoringError(
        f"the ModelScorer can't score any of the {rows.rows:,} rows; the first, {first.named}: {first.reason}",
        where=f"dataset {dataset.label}",
        expected="rows that the model can score",
    )


def _keys(count: int) -> tuple[str, ...]:
    # Longer than the name of any prediction, which may be that of a key.
    return tuple(f"key {number:>{LONGEST_NAME}}" for number in range(count))


def _check_unchanged(rows: Snapshot) -> None:
    with open_plain(rows.path) as file:
        found = hashlib.sha256()
        for chunk in iter(lambda: file.read(CHUNK), b""):
            found.update(chunk)
    if found.hexdigest() != rows.sha256:
        raise RowsChanged(
            f"{rows.path.name} was changed after it was read from the database",
            where=rows.path.name,
            expected="code that leaves the files of its job alone",
        )


def _schema(predictions: pa.Schema, labels: pa.Schema, key: tuple[str, ...], dataset: Dataset) -> pa.Schema:
    import pyarrow as pa

    keys = [pa.field(name, predictions.field(of).type) for name, of in zip(dataset.entity_key, key, strict=True)]
    structs = {
        KEY: keys,
        TARGET: [pa.field(name, labels.field(name).type) for name in dataset.target_names],
        PREDICTION: [pa.field(field.name, field.type) for field in predictions if field.name not in key],
    }
    return pa.schema([pa.field(name, pa.struct(fields)) for name, fields in structs.items() if fields])


def _struct(batch: pa.RecordBatch, wanted: pa.StructType) -> pa.StructArray:
    import pyarrow as pa

    return pa.StructArray.from_arrays(batch.columns, fields=list(wanted))


class _Remaining:
    """The rows of a stream of batches that are not rejected, taken as many at once as are wanted."""

    def __init__(self, found: Iterator[pa.RecordBatch], rejected: Collection[int]) -> None:
        self._found, self._rejected = found, deque(sorted(rejected))
        self._position = 0
        self._left: pa.RecordBatch | None = None

    def take(self, rows: int) -> pa.RecordBatch:
        """The next rows, of which there must be as many."""
        import pyarrow as pa

        parts: list[pa.RecordBatch] = []
        while rows:
            if self._left is None or not self._left.num_rows:
                self._left = self._kept(next(self._found))
            part = self._left.slice(0, rows)
            self._left = self._left.slice(part.num_rows)
            rows -= part.num_rows
            parts.append(part)
        [batch] = pa.Table.from_batches(parts).combine_chunks().to_batches()
        return batch

    def _kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa

        end = self._position + batch.num_rows
        mask = [True] * batch.num_rows if self._rejected and self._rejected[0] < end else None
        while mask is not None and self._rejected and self._rejected[0] < end:
            mask[self._rejected.popleft() - self._position] = False
        self._position = end
        return batch if mask is None else batch.filter(pa.array(mask))


class _StoredRows:
    """The rows of a file, as a source of scoring."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def run(self, consume: Callable[[pa.RecordBatchReader], Any]) -> None:
        import pyarrow as pa

        with opened(self._path, mapped=False) as reader:
            consume(pa.RecordBatchReader.from_batches(reader.schema, batches(reader, self._path)))

    def cancel(self) -> None:
        """Do nothing, because no method blocks."""


class _PredictionsFile:
    """A sink of scoring that writes entity keys and predictions to an open file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        import pyarrow as pa

        names = [*_keys(keys.num_columns), *predictions.schema.names]
        batch = pa.RecordBatch.from_arrays([*keys.columns, *predictions.columns], names)
        if self._writer is None:
            self._writer = pa.ipc.new_file(pa.PythonFile(self._file, mode="w"), batch.schema)
        self._writer.write_batch(batch)

    def cancel(self) -> None:
        """Do nothing, because no method blocks."""

    def close(self) -> None:
        """End the file, to which at least one batch was written."""
        assert self._writer is not None
        self._writer.close()
        self._file.flush()
