"""Scores rows in a stream: one thread reads rows and sends features, another receives predictions and writes them.

The calling thread supervises the process that runs the model. Any failure ends all threads and the process, and the
first cause is raised, not a broken pipe that followed from it. Only a few batches are in flight at any time.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from modelops.domain.errors import DatasetError, ScoringError, Unavailable, UserCodeError
from modelops.runtime.outcome import ENTRY_FILES
from modelops.runtime.scoring import (
    SET_ASIDE,
    CancelSignal,
    Incoming,
    Interrupted,
    Outgoing,
    OverBudget,
    pipe,
    run_scorer,
)
from modelops.scoring.batches import resliced
from modelops.scoring.workers import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from modelops.domain.resources import Allowance
    from modelops.runtime.environment import Environment
    from modelops.runtime.scoring import ScoringAssignment
    from modelops.settings import LogBounds

BATCHES_UNDER_WAY = 8
"""Maximum number of batches that have been read and whose predictions have not been written."""

_LOOK_UP_SECONDS = 0.05
_BUFFER_BYTES = 64 * 1024


class Source(Protocol):
    """Where the rows come from."""

    def run(self, consume: Callable[[pa.RecordBatchReader], None], /) -> object:
        """Call `consume` once, in this thread, and propagate its exceptions."""

    def cancel(self) -> None:
        """Make `run` end soon. Other threads call this, possibly repeatedly, and possibly before or after `run`."""


class Sink(Protocol):
    """Where the predictions go."""

    def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch, /) -> None:
        """Write rows. It is called in a single thread, in the order of the source, and never without rows."""

    def cancel(self) -> None:
        """Make `write` end soon. Other threads call this, possibly repeatedly, and possibly outside of `write`."""


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """A rejected row: its position in the source from 0, its entity key, and why it can't be scored."""

    position: int
    key: Mapping[str, Any]
    reason: str

    @property
    def named(self) -> str:
        """The entity key as text."""
        return ", ".join(f"{name} = {value}" for name, value in self.key.items())


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The number of rows written, the rejected rows, and the columns written with their Arrow types.

    `outputs` is empty if no outputs were declared and no row was scored.
    """

    rows: int
    set_aside: Sequence[RejectedRow]
    outputs: Mapping[str, str]


def score(
    source: Source,
    sink: Sink,
    *,
    assignment: ScoringAssignment,
    environment: Environment,
    workdir: Path,
    allowance: Allowance,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
    as_given: bool = False,
    on_features: Callable[[pa.RecordBatch], None] | None = None,
    on_scored: Callable[[pa.RecordBatch], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Scored:
    """Score all rows of the source. When this returns, the sink has received every row that is not rejected.

    The entity key and the features are those of the assignment's dataset; other columns are dropped. The model's
    process does not get the entity key. No process and no thread is left at the end, even if a signal handler raises
    an exception in the calling thread.

    Args:
        source: read in a thread of its own.
        sink: written to in a thread of its own.
        assignment: the scorer, and how many rows may be rejected.
        environment, workdir, allowance, log_bounds, on_line: as for `run_child`.
        as_given: score the source's batches unchanged; by default they are re-sliced to a size that suits scoring.
        on_features: called with each batch of features, in the source's thread.
        on_scored: called with each batch of predictions just before it is written, in the sink's thread.
        on_progress: called with the number of rows written or rejected so far, in the sink's thread.

    Raises:
        ScoringError: more rows are rejected than the budget allows.
        DatasetError: the source lacks a column.
        UserCodeError, ChildLost, Unavailable: as `run_scorer`.
        BaseException: any exception of the source, the sink or a callable; the source's error takes precedence, then
            the sink's.
    """
    flow = _Flow(
        source,
        sink,
        assignment,
        as_given=as_given,
        on_features=on_features or _nothing,
        on_scored=on_scored or _nothing,
        on_progress=on_progress or _nothing,
    )
    return flow.run(
        lambda source_fd, sink_fd: run_scorer(
            assignment,
            environment=environment,
            workdir=workdir,
            allowance=allowance,
            log_bounds=log_bounds,
            on_line=on_line,
            source_fd=source_fd,
            sink_fd=sink_fd,
        )
    )


class _Flow:
    """One scoring run, with its three threads."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        assignment: ScoringAssignment,
        *,
        as_given: bool,
        on_features: Callable[[pa.RecordBatch], None],
        on_scored: Callable[[pa.RecordBatch], None],
        on_progress: Callable[[int], None],
    ) -> None:
        self._source, self._sink, self._assignment, self._as_given = source, sink, assignment, as_given
        self._on_features, self._on_scored, self._on_progress = on_features, on_scored, on_progress
        self._cancel_signal = CancelSignal()
        self._free = threading.Semaphore(BATCHES_UNDER_WAY)
        # The keys of the batches that are not written yet, each with the position of its first row.
        self._in_flight: deque[tuple[int, pa.RecordBatch]] = deque()
        self._read = 0
        self._read_all = False
        self._written = 0
        self._set_aside: list[RejectedRow] = []
        self._outputs: dict[str, str] = dict(assignment.outputs or {})

    def run(self, run_child: Callable[[int, int], None]) -> Scored:
        """Score all rows with the child that `run_child` runs on two file descriptors, its source and its sink."""
        failure: Exception | None = None
        with contextlib.closing(self._cancel_signal), contextlib.ExitStack() as ends:
            childs_ends = ends.enter_context(contextlib.ExitStack())
            childs_source, to_child = pipe()
            childs_ends.callback(os.close, childs_source)
            outgoing = ends.enter_context(Outgoing(to_child, self._cancel_signal))
            from_child, childs_sink = pipe()
            childs_ends.callback(os.close, childs_sink)
            incoming = ends.enter_context(Incoming(from_child, self._cancel_signal))
            reading = Worker(
                "scoring: source", lambda: self._run_source(outgoing, reading, writing), self._source.cancel
            )
            writing = Worker("scoring: sink", lambda: self._run_sink(incoming, writing, reading), self._sink.cancel)
            for _ in range(2):  # twice, in case a signal handler interrupts the first
                ends.callback(self._end, reading, writing)
            try:
                reading.start()
                writing.start()
                with childs_ends:
                    run_child(childs_source, childs_sink)
                writing.wait()
                if self._read_all:
                    reading.wait()  # otherwise it may wait forever for a batch to be written
            except Exception as error:  # noqa: BLE001 - raised below, unless it is a symptom
                failure = error
        cause = reading.error or writing.error or self._translated(failure)
        if cause is not None:
            raise cause
        self._check_complete()
        return Scored(rows=self._written, set_aside=tuple(self._set_aside), outputs=self._outputs)

    def _end(self, reading: Worker, writing: Worker) -> None:
        self._cancel_signal.set()
        reading.end()
        writing.end()
        reading.wait()
        writing.wait()

    def _run_source(self, outgoing: Outgoing, me: Worker, other: Worker) -> None:
        # The error is recorded before the pipe is closed, so that it is known as the cause of the errors that follow.
        with outgoing:
            try:
                self._read_rows(outgoing)
            except BaseException as error:  # noqa: BLE001 - the calling thread raises it
                if not self._cancel_signal.is_set and not outgoing.broken:
                    me.error = error
                    self._cancel_signal.set()
        if me.error is not None:
            other.end()

    def _read_rows(self, outgoing: Outgoing) -> None:
        self._source.run(lambda batches: self._send(batches, outgoing))
        if not self._read_all:
            raise Unavailable("reading the rows ended in the middle, without an error")

    def _send(self, batches: pa.RecordBatchReader, outgoing: Outgoing) -> None:
        dataset = self._assignment.dataset
        key = self._schema(batches.schema, dataset.entity_key)
        features = self._schema(batches.schema, dataset.feature_names)
        names = [*key.names, *features.names]
        writer = pa.ipc.new_stream(outgoing, features)
        selected = (each.select(names) for each in batches)
        for batch in selected if self._as_given else resliced(selected):
            while not self._free.acquire(timeout=_LOOK_UP_SECONDS):
                if self._cancel_signal.is_set:
                    raise Interrupted
            # The keys are queued before the features are sent, so that they are available when the predictions arrive.
            self._in_flight.append((self._read, _select(batch, key)))
            self._read += batch.num_rows
            sent = _select(batch, features)
            self._on_features(sent)  # for the first batch, this runs while the model's process starts
            writer.write_batch(sent)
        self._read_all = True  # set before the stream ends, which the other thread can see
        writer.close()

    def _schema(self, schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
        """The schema of these columns only, without the driver's metadata."""
        missing = [name for name in names if schema.get_field_index(name) < 0]
        if missing:
            raise DatasetError(
                f"the rows have no column {missing[0]!r}",
                where=f"dataset {self._assignment.dataset.label}",
                expected="a query that gives the columns of the entity key and the features, each once",
            )
        return pa.schema([pa.field(name, schema.field(name).type, schema.field(name).nullable) for name in names])

    def _run_sink(self, incoming: Incoming, me: Worker, other: Worker) -> None:
        with incoming:
            try:
                for answer in _answers(incoming):
                    self._write(answer)
            except BaseException as error:  # noqa: BLE001 - the calling thread raises it
                if not self._cancel_signal.is_set:
                    me.error = error
                    self._cancel_signal.set()
        if me.error is not None:
            other.end()

    def _write(self, answer: pa.RecordBatch) -> None:
        """Write the rows that have predictions, and note those that are rejected."""
        start, keys = self._in_flight.popleft() if self._in_flight else (self._read, None)
        if keys is None or keys.num_rows != answer.num_rows:
            raise _invalid_output(
                f"{answer.num_rows} rows were returned where {keys.num_rows if keys else 0} were sent"
            )
        *names, _ = answer.schema.names
        reasons, predictions = answer.column(SET_ASIDE), answer.select(names)
        if names:
            self._outputs = {field.name: str(field.type) for field in predictions.schema}
        if reasons.null_count < len(reasons):
            rows = pc.indices_nonzero(reasons.is_valid())
            rejected = zip(rows.to_pylist(), keys.take(rows).to_pylist(), reasons.take(rows).to_pylist(), strict=True)
            self._set_aside += [
                RejectedRow(position=start + row, key=key, reason=reason) for row, key, reason in rejected
            ]
            keys, predictions = keys.filter(reasons.is_null()), predictions.filter(reasons.is_null())
        if keys.num_rows:
            self._on_scored(predictions)
            self._sink.write(keys, predictions)
        self._written += keys.num_rows
        self._free.release()
        self._on_progress(start + answer.num_rows)

    def _translated(self, failure: Exception | None) -> Exception | None:
        """Translate the child's failure: an exceeded budget becomes a ScoringError."""
        if not isinstance(failure, OverBudget):
            return failure
        budget = self._assignment.budget
        return ScoringError(
            f"more than {budget:,} row{'' if budget == 1 else 's'} can't be scored;"
            f" the first is {self._key_of(failure.position)}: {failure.reason}",
            where=failure.where,
            expected="a ModelScorer that scores every row, a dataset without such rows, or a higher maximum of rejected"
            " rows (set_aside_budget)",
        )

    def _key_of(self, position: int) -> str:
        """The entity key of a row that is already rejected or still in flight, as text."""
        key = next((each.key for each in self._set_aside if each.position == position), None)
        for start, keys in self._in_flight:
            if start <= position < start + keys.num_rows:
                (key,) = keys.slice(position - start, 1).to_pylist()
        return ", ".join(f"{name} = {value}" for name, value in (key or {"row": position + 1}).items())

    def _check_complete(self) -> None:
        done = self._written + len(self._set_aside)
        if done != self._read or not self._read_all:
            raise _invalid_output(
                f"{done:,} rows were returned of {self._read:,}" + ("" if self._read_all else " and more")
            )


def _answers(incoming: Incoming) -> Iterator[pa.RecordBatch]:
    """Yield the batches that the child returns. A truncated stream ends early; `_check_complete` detects that.

    Raises:
        UserCodeError: the child's output is not an Arrow stream.
    """
    buffered = io.BufferedReader(incoming, _BUFFER_BYTES)
    try:
        while buffered.peek(1):
            yield from pa.ipc.open_stream(buffered)
    except (Interrupted, pa.ArrowException, OSError, ValueError) as error:
        if not incoming.broken:
            raise _invalid_output(f"the stream can't be read: {error}") from error


def _invalid_output(what: str) -> UserCodeError:
    return UserCodeError(
        f"the process of ModelScorer returned invalid data: {what}",
        where=ENTRY_FILES["score"],
        expected="code and packages that don't use file descriptors that they haven't opened themselves",
    )


def _select(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([batch.column(name) for name in schema.names], schema=schema)


def _nothing(_: object) -> None: ...
