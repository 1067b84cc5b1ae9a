"""The references of a model's version: statistics in whose bins later batches are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened
from modelops.domain.errors import ScoringError
from modelops.domain.parameters import MOST_SET_ASIDE
from modelops.kinds.model.sample import outputs_of
from modelops.plain_files import create_plain
from modelops.statistics.reference import Rows, reference_records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.kinds.model.code import ModelFiles
    from modelops.kinds.model.workbench import Workbench
    from modelops.runtime.environment import Environment

Records = list[dict[str, Any]]


def of_rows(path: Path, dataset: Dataset) -> Mapping[str, Records]:
    """The references of the features and of the targets, by role, from a file of labelled rows."""
    roles = dict.fromkeys(dataset.feature_names, "feature") | dict.fromkeys(dataset.target_names, "target")
    records = _records(path, key=dataset.entity_key, columns=list(roles))
    return {role: [record for record in records if roles[record["variable"]] == role] for role in ("feature", "target")}


def of_predictions(
    bench: Workbench, environment: Environment, dataset: Dataset, rows: Snapshot, *, files: ModelFiles
) -> Records:
    """The reference of a version's predictions, from rows that its ModelScorer scores now.

    Raises:
        ScoringError: no row can be scored, or more than 100,000 can't.
        UserCodeError: the ModelScorer doesn't give what it gave after the training.
    """
    path, outputs = bench.folder / "predictions.arrow", outputs_of(files.sample)
    with _PredictionsFile(path) as predictions:
        scored = bench.score(
            _StoredRows(rows.path),
            predictions,
            environment,
            dataset,
            model=files.model,
            outputs=outputs,
            budget=MOST_SET_ASIDE,
        )
    if not scored.rows:
        first = scored.set_aside[0]
        raise ScoringError(
            f"the ModelScorer can't score any of the {rows.rows:,} rows; the first, {first.named}: {first.reason}",
            where=f"dataset {dataset.label}",
            expected="rows that the model can score",
        )
    records = _records(path, key=predictions.key, columns=list(outputs))
    bench.step("predictions_counted", rows=scored.rows, set_aside=len(scored.set_aside))
    return records


def _records(path: Path, *, key: Sequence[str], columns: Sequence[str]) -> Records:
    with opened(path) as reader:
        rows = Rows.of(lambda: batches(reader, path), reader.schema, key=key)
        return reference_records(rows, columns=columns)


class _StoredRows:
    """The rows of a file, as a source of scoring."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def run(self, consume: Callable[[pa.RecordBatchReader], Any]) -> None:
        import pyarrow as pa

        with opened(self._path) as reader:
            consume(pa.RecordBatchReader.from_batches(reader.schema, batches(reader, self._path)))

    def cancel(self) -> None:
        """There is nothing to wait for."""


class _PredictionsFile:
    """A sink of scoring that writes entity keys and predictions to a file; `key` has the names of its key columns."""

    def __init__(self, path: Path) -> None:
        self.key: list[str] = []
        self._file = create_plain(path)
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def __enter__(self) -> _PredictionsFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        self._file.close()

    def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        import pyarrow as pa

        # A prediction may have the name of a key.
        self.key = [f"key {number}" for number in range(keys.num_columns)]
        names = [*self.key, *predictions.schema.names]
        batch = pa.RecordBatch.from_arrays([*keys.columns, *predictions.columns], names)
        if self._writer is None:
            self._writer = pa.ipc.new_file(self._file, batch.schema)
        self._writer.write_batch(batch)

    def cancel(self) -> None:
        """There is nothing to wait for."""
