"""Prefetches a query's batches into memory, before the consumer is ready for them."""

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
"""How much may wait at first. A process that takes seconds to start finds the first million narrow rows there."""
KEPT_BYTES = 16 * 2**20
"""How much may wait once the first batch was taken: reading on must not hold up what is done with the rows."""

_CANCEL_AGAIN_SECONDS = 0.1


class PrefetchingReader:
    """A reading in a thread of its own.

    Args:
        reading: not begun.
        most: bytes that may wait, but for the last batch, until the first one is taken.
        then: bytes that may wait after that.
    """

    def __init__(self, reading: Reading, *, most: int = AHEAD_BYTES, then: int = KEPT_BYTES) -> None:
        self._reading, self._most, self._then = reading, most, then
        self._changed = threading.Condition()
        # All that follows is read and written with the condition held.
        self._schema: pa.Schema | None = None
        self._waiting: deque[pa.RecordBatch] = deque()
        self._bytes = 0
        self._unwanted = False
        self._whole = False
        self._over = False
        self._error: BaseException | None = None

    def run(self, consume: Callable[[pa.RecordBatchReader], T]) -> T:
        """Give the batches to `consume`, in this thread, and return what that returns.

        However this ends, the reading has ended when it does.

        Raises:
            DatasetError, Unavailable: as `Reading.run`, when `consume` has taken the batches before that.
        """
        import pyarrow as pa

        reader = threading.Thread(target=self._read, name="reading ahead", daemon=True)
        reader.start()
        try:
            schema = self._wait_for_schema()
            return consume(pa.RecordBatchReader.from_batches(schema, self._batches()))
        finally:
            while reader.is_alive():
                # It may be where that doesn't reach it yet, so it's told again.
                self.cancel()
                reader.join(_CANCEL_AGAIN_SECONDS)

    def cancel(self) -> None:
        """End the reading; `run` raises, unless all was taken already. From any thread, at any time."""
        with self._changed:
            self._unwanted = True
            self._changed.notify_all()
        self._reading.cancel()

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            self._reading.run(self._keep)
        except BaseException as raised:  # noqa: BLE001 - the other thread raises it
            error = raised
        with self._changed:
            self._error, self._over = error, True
            self._changed.notify_all()

    def _keep(self, batches: pa.RecordBatchReader) -> None:
        with self._changed:
            self._schema = batches.schema
            self._changed.notify_all()
        for batch in batches:
            with self._changed:
                self._changed.wait_for(lambda: self._unwanted or self._bytes < self._most)
                if self._unwanted:
                    return
                self._waiting.append(batch)
                self._bytes += batch.nbytes
                self._changed.notify_all()
        with self._changed:
            self._whole = True

    def _wait_for_schema(self) -> pa.Schema:
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._schema is not None)
            if self._schema is None:
                self._check_whole()
            return self._schema

    def _batches(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._next()) is not None:
            yield batch

    def _next(self) -> pa.RecordBatch | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over or self._unwanted)
            if self._waiting and not self._unwanted:
                batch = self._waiting.popleft()
                self._bytes -= batch.nbytes
                self._most = self._then
                self._changed.notify_all()
                return batch
            self._changed.wait_for(lambda: self._over)
            self._check_whole()
            return None

    def _check_whole(self) -> None:
        """After the end: whether it was the end of all rows."""
        if self._error is not None:
            raise self._error
        if self._waiting or not self._whole:
            raise Unavailable("reading the dataset was cancelled")
