"""A task that is stopped while rows are scored: everything ends, and the signal's exception comes out."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from unit.runtime.models import Model, gone, marked
from unit.scoring.streams import (
    PLAIN,
    ROWS,
    SECONDS,
    STOP,
    TWO_BATCHES,
    Kept,
    Rows,
    Stuck,
    flights,
    in_pieces,
    run,
    scorer,
    threads,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

pytestmark = pytest.mark.timeout(30)  # most of what these tests look for shows as a hang


class Stopped(BaseException):
    """What the handler of a signal raises in the main thread when a task is stopped."""


def test_the_task_is_stopped(model: Model) -> None:
    """While the source waits for rows and the sink for its server."""

    def on_line(line: str) -> None:
        assert line == STOP
        assert sink.begun.wait(SECONDS)
        assert sorted(threads()) == ["scoring: sink", "scoring: source"]
        raise Stopped

    source, sink = Rows(in_pieces(3 * ROWS, [ROWS] * 3), waits=True), Stuck()
    with pytest.raises(Stopped):
        run(scorer(model, TWO_BATCHES), source, sink, on_line=on_line)
    assert source.cancelled.is_set()
    assert sink.cancelled.is_set()
    assert threads() == []
    assert marked(model.job_id) == []


def test_the_task_is_stopped_while_it_waits_for_the_end(model: Model) -> None:
    """The model is done, the sink not yet; a signal wakes the main thread."""

    class Slow(Stuck):
        def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
            assert gone(lambda: marked(model.job_id))
            time.sleep(0.2)  # until the main thread has seen that too
            os.kill(os.getpid(), signal.SIGUSR1)
            super().write(keys, predictions)

    sink = Slow()
    with handler_that_raises(), pytest.raises(Stopped):
        run(scorer(model, PLAIN), Rows([flights(1)]), sink)
    assert sink.cancelled.is_set()


def test_the_task_is_stopped_while_everything_ends(model: Model) -> None:
    """The model has failed, and the source takes its time: its thread must not outlive its pipes."""

    class Slow(Rows):
        def cancel(self) -> None:
            if self.told:
                super().cancel()
            self.told = True
            os.kill(os.getpid(), signal.SIGUSR1)

        told = False

    source = Slow([], waits=True)
    scorer(model, "").write("import no_such_package", file="model_modules/scoring.py")
    with handler_that_raises(), pytest.raises(Stopped):
        run(model, source, Kept())
    assert source.cancelled.is_set()


@contextlib.contextmanager
def handler_that_raises() -> Iterator[None]:
    def stop(*_: object) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # once
        raise Stopped

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)
