"""The source, the statistics and the progress of a batch of predictions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.data.arrays import check_arrays, lists_of
from modelops.data.checks import check_times, check_types
from modelops.data.prefetch import PrefetchingReader
from modelops.data.query import cast_for_arrow, describe, estimate_rows, inspection_connection, restrict_to_part
from modelops.data.reading import Reading
from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import DatasetError
from modelops.scoring.batches import BYTES
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from modelops.domain.datasets import Dataset, ReadBounds
    from modelops.domain.deployments import Deployment, Interval
    from modelops.domain.parts import Part

PROGRESS_SECONDS = 5.0
"""Seconds between two progress lines in the log."""


@dataclass(frozen=True, kw_only=True)
class BatchSource:
    """A dataset's rows for scoring, in the types of the training; `expected_rows` is the planner's estimate."""

    reading: PrefetchingReader
    dataset: Dataset
    training_types: Mapping[str, str]
    where: str
    expected_rows: int | None

    @classmethod
    def of(
        cls,
        url: str,
        dataset: Dataset,
        *,
        where: str,
        training_types: Mapping[str, str],
        interval: Interval | None,
        part: Part | None = None,
        bounds: ReadBounds | None = None,
    ) -> BatchSource:
        """Find the columns of the query without reading a row.

        With `part`, `run` reads only the rows of that partition. `bounds` limits the rows and bytes that it reads.

        Raises:
            DatasetError: the query doesn't return the columns that the model declares.
            Unavailable: the database can't be reached.
        """
        ends = None if interval is None else (interval.start, interval.end)
        with inspection_connection(url) as connection:
            columns = describe(connection, dataset, where=where, labelled=False, interval=ends)
            expected = estimate_rows(connection, dataset.sql, interval=ends)
        # Batches have the size that scoring uses, so that they need not be re-sliced.
        rows = dataset.sql
        if part is not None:
            rows, expected = restrict_to_part(rows, dataset.entity_key, part), expected and expected // part.of
        sql = cast_for_arrow(rows, columns, exact=dataset.entity_key, lists=lists_of(columns, training_types))
        reading = Reading(url, sql, where=where, interval=ends, batch_bytes=BYTES, bounds=bounds)
        return cls(
            reading=PrefetchingReader(reading),
            dataset=dataset,
            training_types=training_types,
            where=where,
            expected_rows=expected,
        )

    def run(self, consume: Callable[[pa.RecordBatchReader], None]) -> None:
        """Pass the rows to `consume`, from one consistent READ ONLY snapshot.

        Raises:
            DatasetError: the rows have other types than in training, a time that Arrow can't represent or an array that
                is too long, or there are too many of them.
            Unavailable: the connection breaks.
        """
        import pyarrow as pa

        def checked(batches: pa.RecordBatchReader) -> None:
            check_types(batches.schema, self.dataset, self.training_types, labelled=False, where=self.where)
            timed = [field.name for field in batches.schema if pa.types.is_temporal(field.type)]
            lists = [field.name for field in batches.schema if pa.types.is_list(field.type)]

            def each() -> Iterator[pa.RecordBatch]:
                for batch in batches:
                    if timed:
                        check_times(batch.select(timed), where=self.where)
                    if lists:
                        # Scoring rejects a row whose array has a null element.
                        check_arrays(batch.select(lists), where=self.where, nulls_allowed=True)
                    yield batch

            consume(pa.RecordBatchReader.from_batches(batches.schema, each()))

        self.reading.run(checked)

    def cancel(self) -> None:
        """End `run` soon; another thread may call this."""
        self.reading.cancel()


def check_not_empty(deployment: Deployment, interval: Interval | None, rows: int, *, where: str) -> None:
    """Check that a batch has rows, unless the deployment allows an empty one; `rows` includes rejected rows.

    Raises:
        DatasetError: the batch has no rows.
    """
    whole = interval is None
    if not rows and not deployment.empty.allows(whole=whole):
        raise DatasetError(
            "the dataset has no rows",
            where=where,
            expected=f"a SELECT that gives at least one row; or a deployment with {Emptiness.needed(whole=whole)}",
        )


class BatchStatistics:
    """Statistics of a batch's features and predictions, counted in the bins of the version's reference.

    Args:
        reference: the records of the version's current statistics, possibly without predictions.
        dataset: the dataset that is scored.
        sample: predictions that determine the edges of the histograms if the reference has none, so that the statistics
            of partitions can be merged.
    """

    def __init__(
        self, reference: Sequence[Mapping[str, Any]], dataset: Dataset, *, sample: pa.RecordBatch | None = None
    ) -> None:
        features, predictions = (
            [record for record in reference if record["role"] == role] for role in ("feature", "prediction")
        )
        self.features = TableStatistics.with_bins_of(features, columns=list(dataset.feature_names))
        self.predictions = TableStatistics.with_bins_of(predictions)
        if not predictions and sample is not None:
            self.predictions.update(sample)
            self.predictions = TableStatistics.with_bins_of(self.predictions.as_records())


class Progress:
    """Logs the progress of a batch: rows, rows per second, and the estimated time left.

    Args:
        log: gets a line every five seconds.
        expected: the estimated number of rows, or None.
    """

    def __init__(self, log: Callable[[str], None], *, expected: int | None) -> None:
        self._log, self._expected = log, expected
        self._began = self._reported_at = time.monotonic()
        self.rows_per_second = 0

    def report(self, rows: int) -> None:
        """Log the number of rows done so far, at most once in PROGRESS_SECONDS."""
        now = time.monotonic()
        if now - self._reported_at < PROGRESS_SECONDS:
            return
        self._reported_at = now
        speed = rows / (now - self._began)
        left = ""
        if self._expected and self._expected > rows:
            left = f", about {(self._expected - rows) / speed:,.0f} s left of about {self._expected:,} rows"
        self._log(f"{rows:,} rows, {speed:,.0f} rows/s{left}")

    def end(self, rows: int, *, set_aside: int) -> None:
        """Log the number of rows and the speed of the whole batch."""
        seconds = time.monotonic() - self._began
        self.rows_per_second = round((rows + set_aside) / seconds)
        left_out = f"; {set_aside:,} rejected" if set_aside else ""
        self._log(f"{rows:,} rows in {seconds:,.1f} s, {self.rows_per_second:,} rows/s{left_out}")
