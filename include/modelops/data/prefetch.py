"""Prefetches a query's batches into memory before the consumer asks for them."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from modelops.data.reading import Reading

T = TypeVar("T")

AHEAD_BYTES = 128 * 2**20
"""Buffer size before the first batch is taken: about a million narrow rows, while the model's process starts."""
KEPT_BYTES = 16 * 2**20
"""Buffer size after the first batch is taken. It is small, so that reading does not slow down the consumer."""

_CANCEL_AGAIN_SECONDS = 0.1


class PrefetchingReader:
    """Runs a reading in a thread of its own and buffers its batches.

    Args:
        reading: a reading that has not started.
        most: size of the buffer in bytes until the first batch is taken; the last batch may exceed it.
        then: size of the buffer in bytes after that.
    """

    def __init__(self, reading: Reading, *, most: int = AHEAD_BYTES, then: int = KEPT_BYTES) -> None:
        self._reading, self._most, self._then = reading, most, then
        self._changed = threading.Condition()
        # The attributes below are only accessed while the condition is held.
        self._schema: pa.Schema | None = None
        self._waiting: deque[pa.RecordBatch] = deque()
        self._bytes = 0
        self._cancelled = False
        self._complete = False
        self._ended = False
        self._error: BaseException | None = None

    def run(self, consume: Callable[[pa.RecordBatchReader], T]) -> T:
        """Pass the batches to `consume` in this thread, and return its result.

        The reading has always ended when this returns or raises.

        Raises:
            DatasetError, Unavailable: as `Reading.run`, after `consume` has taken the batches before the error.
        """
        import pyarrow as pa

        reader = threading.Thread(target=self._read, name="reading ahead", daemon=True)
        reader.start()
        try:
            schema = self._wait_for_schema()
            return consume(pa.RecordBatchReader.from_batches(schema, self._batches()))
        finally:
            while reader.is_alive():
                # A single cancel may come too early to have an effect, so repeat it.
                self.cancel()
                reader.join(_CANCEL_AGAIN_SECONDS)

    def cancel(self) -> None:
        """Cancel the reading: `run` raises unless it has taken all rows. Callable from any thread at any time."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()
        self._reading.cancel()

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            self._reading.run(self._keep)
        except BaseException as raised:  # noqa: BLE001 - the other thread raises it
            error = raised
        with self._changed:
            self._error, self._ended = error, True
            self._changed.notify_all()

    def _keep(self, batches: pa.RecordBatchReader) -> None:
        with self._changed:
            self._schema = batches.schema
            self._changed.notify_all()
        for batch in batches:
            with self._changed:
                self._changed.wait_for(lambda: self._cancelled or self._bytes < self._most)
                if self._cancelled:
                    return
                self._waiting.append(batch)
                self._bytes += batch.nbytes
                self._changed.notify_all()
        with self._changed:
            self._complete = True

    def _wait_for_schema(self) -> pa.Schema:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._schema is not None)
            if self._schema is None:
                self._check_complete()
            return self._schema

    def _batches(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._next()) is not None:
            yield batch

    def _next(self) -> pa.RecordBatch | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended or self._cancelled)
            if self._waiting and not self._cancelled:
                batch = self._waiting.popleft()
                self._bytes -= batch.nbytes
                self._most = self._then
                self._changed.notify_all()
                return batch
            self._changed.wait_for(lambda: self._ended)
            self._check_complete()
            return None

    def _check_complete(self) -> None:
        """Check, after the last batch, that the reading reached its end and was not cancelled."""
        if self._error is not None:
            raise self._error
        if self._waiting or not self._complete:
            raise Unavailable("reading the dataset was cancelled")
