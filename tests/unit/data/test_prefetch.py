"""Reading ahead: all rows in order, no more of them in memory than allowed, and one end for both threads."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from modelops.data.prefetch import PrefetchingReader
from modelops.domain.errors import Unavailable
from modelops.polling import poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = pa.schema({"x": pa.int64()})
BATCH = 8 * 100
SECONDS = 10


class Broke(Exception):
    """What a reading or its consumer raises here."""


class Numbers:
    """A reading of batches of 100 numbers, which then breaks, or waits until it is cancelled."""

    def __init__(self, batches: int, *, breaks: bool = False, waits: bool = False) -> None:
        self.read = 0
        self.ended = False
        self._batches, self._breaks, self._waits = batches, breaks, waits
        self._cancelled = threading.Event()

    def run(self, consume: Callable[[pa.RecordBatchReader], Any]) -> None:
        try:
            consume(pa.RecordBatchReader.from_batches(SCHEMA, self._each()))
        finally:
            self.ended = True

    def cancel(self) -> None:
        self._cancelled.set()

    def _each(self) -> Iterator[pa.RecordBatch]:
        for number in range(self._batches):
            self.read += 1
            yield pa.record_batch([list(range(number * 100, number * 100 + 100))], schema=SCHEMA)
        if self._breaks:
            raise Broke("the reading")
        if self._waits:
            assert self._cancelled.wait(SECONDS)
            raise Unavailable("the reading was cancelled")


def taken(batches: pa.RecordBatchReader) -> list[int]:
    return [x for batch in batches for x in batch["x"].to_pylist()]


@pytest.mark.parametrize("batches", [0, 1, 50])
def test_all_rows_come_in_order(batches: int) -> None:
    assert PrefetchingReader(Numbers(batches), most=3 * BATCH).run(taken) == list(range(batches * 100))


def test_only_so_much_waits() -> None:
    reading, seen = Numbers(50), list[int]()

    def slow(batches: pa.RecordBatchReader) -> None:
        for _ in batches:
            for _ in poll(every=0.01, within=SECONDS):
                if len(seen) >= 2 or reading.read >= len(seen) + 5:
                    break
            time.sleep(0.1 if len(seen) < 2 else 0)  # for a reading that goes on
            seen.append(reading.read)

    PrefetchingReader(reading, most=3 * BATCH, then=3 * BATCH).run(slow)
    assert seen[:2] == [5, 6], "one is taken, three wait, one is in the hand"
    assert len(seen) == 50


def test_less_waits_once_something_was_taken() -> None:
    reading, seen = Numbers(50), list[int]()

    def slow(batches: pa.RecordBatchReader) -> None:
        for _ in poll(every=0.01, within=SECONDS):
            if reading.read >= 9:
                break
        for _ in batches:
            if len(seen) < 8:
                time.sleep(0.05)  # for a reading that goes on
            seen.append(reading.read)

    PrefetchingReader(reading, most=8 * BATCH, then=2 * BATCH).run(slow)
    assert seen[:8] == [9, 9, 9, 9, 9, 9, 10, 11], "eight wait and one is in the hand; then two wait"
    assert len(seen) == 50


def test_the_reading_fails_after_the_rows_before_that() -> None:
    seen: list[int] = []

    def take(batches: pa.RecordBatchReader) -> None:
        seen.extend(batch.num_rows for batch in batches)

    with pytest.raises(Broke, match="the reading"):
        PrefetchingReader(Numbers(3, breaks=True)).run(take)
    assert seen == [100, 100, 100]


def test_the_reading_fails_before_there_is_anything() -> None:
    class Nothing(Numbers):
        def run(self, consume: Callable[[pa.RecordBatchReader], Any]) -> None:
            raise Broke("no such table")

    with pytest.raises(Broke, match="no such table"):
        PrefetchingReader(Nothing(0)).run(taken)


@pytest.mark.parametrize("numbers", [Numbers(50), Numbers(0, waits=True)], ids=["full", "waiting"])
def test_what_consume_raises_ends_the_reading(numbers: Numbers) -> None:
    def fail(_: pa.RecordBatchReader) -> None:
        raise Broke("the consumer")

    with pytest.raises(Broke, match="the consumer"):
        PrefetchingReader(numbers, most=BATCH).run(fail)
    assert numbers.ended


def test_whoever_has_enough_ends_the_reading() -> None:
    reading = Numbers(50)
    assert (
        PrefetchingReader(reading, most=BATCH, then=BATCH).run(lambda batches: batches.read_next_batch().num_rows)
        == 100
    )
    assert reading.ended
    assert reading.read < 50


@pytest.mark.parametrize("numbers", [Numbers(3), Numbers(3, waits=True)], ids=["all read", "waiting"])
def test_what_is_cancelled_is_never_taken_for_whole(numbers: Numbers) -> None:
    """Though everything may have been read, and waits."""
    ahead, seen = PrefetchingReader(numbers), list[int]()

    def take(batches: pa.RecordBatchReader) -> None:
        for batch in batches:
            seen.append(batch.num_rows)
            ahead.cancel()

    with pytest.raises(Unavailable, match="cancelled"):
        ahead.run(take)
    assert seen == [100]
    assert numbers.ended


def test_what_was_cancelled_before_gives_nothing() -> None:
    ahead = PrefetchingReader(Numbers(3))
    ahead.cancel()
    with pytest.raises(Unavailable, match="cancelled"):
        ahead.run(taken)
