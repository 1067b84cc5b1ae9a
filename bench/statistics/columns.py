"""Times of COPY, of reading alone, of reading with statistics, and of pandas in memory, for twenty columns."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.timing import Times
from modelops.data.prefetch import PrefetchingReader
from modelops.data.reading import Reading
from modelops.scoring.batches import BYTES
from modelops.statistics.reference import Rows, reference_records
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from bench.installation import Installation

TABLE = "wide"
NAMES = [f"x{number}" for number in range(20)]
QUERY = f"SELECT {', '.join(NAMES)} FROM {TABLE}"  # noqa: S608
REFERENCE_ROWS = 100_000
"""Number of rows from which the reference is computed."""


class Columns:
    """The measurements of one table of twenty float8 columns."""

    def __init__(self, installation: Installation, *, rows: int) -> None:
        self._installation = installation
        values = ", ".join("sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())" for _ in NAMES)
        columns = ", ".join(f"{name} float8 NOT NULL" for name in NAMES)
        with installation.admin() as admin:
            admin.execute(f"CREATE TABLE {TABLE} ({columns}) WITH (autovacuum_enabled = off)")
            admin.execute("SELECT setseed(0.5)")
            admin.execute(f"INSERT INTO {TABLE} SELECT {values} FROM generate_series(1, {rows})")  # noqa: S608
            admin.execute(f"GRANT SELECT ON {TABLE} TO modelops_sql")
            admin.execute(f"VACUUM (ANALYZE) {TABLE}")
        self._reference = self._reference_records()
        self.pandas = Times()
        self.reset()

    def reset(self) -> None:
        """Discard the measurements made so far."""
        self.copy, self.reading, self.counted = Times(), Times(), Times()
        self.reading_cpu, self.counted_cpu = Times(), Times()

    def measure(self) -> None:
        """Measure COPY, reading, and reading with statistics, once each."""
        with self.copy.measured():
            self._installation.psql(f"COPY ({QUERY}) TO STDOUT (FORMAT binary)")
        self._read(_discard, self.reading, self.reading_cpu)
        self._read(self._count, self.counted, self.counted_cpu)

    def measure_pandas(self) -> None:
        """Measure a script with the rows in memory: describe them, and count each column in both kinds of bins."""
        kept: list[pa.Table] = []
        self._reading().run(lambda rows: kept.append(rows.read_all()))
        frame = kept[0].to_pandas()
        edges = {record["variable"]: _both_edges(record) for record in self._reference}
        with self.pandas.measured():
            frame.describe()
            for name in NAMES:
                for one in edges[name]:
                    np.histogram(frame[name], one)

    def _reference_records(self) -> list[dict[str, Any]]:
        rows: list[pa.Table] = []
        query = f"{QUERY} LIMIT {REFERENCE_ROWS}"
        Reading(self._installation.url("modelops_sql"), query, where=TABLE).run(
            lambda read: rows.append(read.read_all())
        )
        batches = rows[0].to_batches()
        return reference_records(Rows.of(lambda: iter(batches), rows[0].schema, key=NAMES[:1]), columns=NAMES)

    def _reading(self) -> PrefetchingReader:
        url = self._installation.url("modelops_sql")
        return PrefetchingReader(Reading(url, QUERY, where=TABLE, batch_bytes=BYTES))

    def _read(self, consume: Callable[[pa.RecordBatchReader], None], seconds: Times, cpu: Times) -> None:
        reading, used = self._reading(), time.process_time()
        with seconds.measured():
            reading.run(consume)
        cpu.add(time.process_time() - used)

    def _count(self, rows: pa.RecordBatchReader) -> None:
        statistics = TableStatistics.with_bins_of(self._reference, schema=rows.schema, columns=NAMES)
        for batch in rows:
            statistics.update(batch)


def _discard(rows: pa.RecordBatchReader) -> None:
    for _ in rows:
        pass


def _both_edges(record: dict[str, Any]) -> tuple[list[float], list[float]]:
    return record["values"]["histogram"]["edges"], record["values"]["reference"]["edges"]
