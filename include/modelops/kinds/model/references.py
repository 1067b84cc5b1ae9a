"""The references of a model's version: statistics in whose bins later batches are counted."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened
from modelops.domain.errors import ScoringError
from modelops.domain.parameters import MOST_SET_ASIDE
from modelops.kinds.model.sample import outputs_of
from modelops.registry.write import statistics
from modelops.statistics.reference import Rows, reference_records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun
    from modelops.kinds.model.code import ModelFiles
    from modelops.kinds.model.workbench import Workbench
    from modelops.runtime.environment import Environment
    from modelops.scoring.engine import Scored

Records = list[dict[str, Any]]


def of_rows(path: Path, dataset: Dataset) -> Mapping[str, Records]:
    """The references of the features and of the targets, by role, from a file of labelled rows."""
    roles = dict.fromkeys(dataset.feature_names, "feature") | dict.fromkeys(dataset.target_names, "target")
    with opened(path) as reader:
        rows = Rows.of(lambda: batches(reader, path), reader.schema, key=dataset.entity_key)
        records = reference_records(rows, columns=list(roles))
    return {role: [record for record in records if roles[record["variable"]] == role] for role in ("feature", "target")}


def of_predictions(
    bench: Workbench, environment: Environment, dataset: Dataset, rows: Snapshot, *, files: ModelFiles
) -> Records:
    """The reference of a version's predictions, from rows that its ModelScorer scores now.

    Raises:
        ScoringError: no row can be scored, or more than 100,000 can't.
        UserCodeError: the ModelScorer does not return the columns that it returned after the training.
    """
    outputs = outputs_of(files.sample)
    # A file without a name, which user code can't change.
    with TemporaryFile(dir=bench.folder) as file:
        predictions = _PredictionsFile(file)
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
            raise _none_scored(scored, rows, dataset)
        records = predictions.records(columns=list(outputs))
    bench.step("predictions_counted", rows=scored.rows, set_aside=len(scored.set_aside))
    return records


def _none_scored(scored: Scored, rows: Snapshot, dataset: Dataset) -> ScoringError:
    first = scored.set_aside[0]
    return ScoringError(
        f"the ModelScorer can't score any of the {rows.rows:,} rows; the first, {first.named}: {first.reason}",
        where=f"dataset {dataset.label}",
        expected="rows that the model can score",
    )


def record(version: Version, dataset: Dataset, rows: Snapshot, records: Mapping[str, Records], run: JobRun) -> None:
    """Record a reference that was computed from these rows; within the transaction of `run.fenced`."""
    statistics.add_reference(
        run.ledger,
        version,
        run.attempt,
        dataset=dataset,
        data_sha256=rows.sha256,
        data_rows=rows.rows,
        records=records,
    )


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
        self._key: list[str] = []
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        import pyarrow as pa

        # A prediction may have the name of a key.
        self._key = [f"key {number}" for number in range(keys.num_columns)]
        names = [*self._key, *predictions.schema.names]
        batch = pa.RecordBatch.from_arrays([*keys.columns, *predictions.columns], names)
        if self._writer is None:
            self._writer = pa.ipc.new_file(pa.PythonFile(self._file, mode="w"), batch.schema)
        self._writer.write_batch(batch)

    def cancel(self) -> None:
        """Do nothing, because no method blocks."""

    def records(self, *, columns: Sequence[str]) -> Records:
        """The reference of the written predictions. After this call, nothing can be written."""
        import pyarrow as pa

        assert self._writer is not None
        self._writer.close()
        self._file.flush()
        with pa.ipc.open_file(pa.PythonFile(self._file, mode="r")) as reader:
            each = lambda: (reader.get_batch(number) for number in range(reader.num_record_batches))  # noqa: E731
            return reference_records(Rows.of(each, reader.schema, key=self._key), columns=columns)
