"""Runs a model's ModelScorer as a filter in a process of its own: features in through one pipe, predictions out."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import select
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.runtime.outcome import OverBudget
from modelops.runtime.process import Subject, run_assignment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelops.domain.resources import Allowance
    from modelops.runtime.environment import Environment
    from modelops.settings import LogBounds

__all__ = ["SET_ASIDE", "CancelSignal", "Incoming", "Outgoing", "OverBudget", "ScoringAssignment", "pipe", "run_scorer"]

SET_ASIDE = "__set_aside__"
"""The last column of the output: why a row has no predictions, or null."""

_PIPE_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class ScoringAssignment(Subject):
    """The assignment of a child process: score a stream of batches.

    `outputs` maps the expected columns of predictions to the names of their Arrow types; None: the first batch
    determines them. `budget` is the number of rows that may be rejected because they can't be scored.
    """

    outputs: Mapping[str, str] | None = None
    budget: int = 0

    def to_json(self) -> dict[str, Any]:
        """The assignment as JSON for child/main.py, without the pipes."""
        return super().to_json() | {
            "verb": "score",
            "rows": None,
            "artifact_output": None,
            "outputs": None if self.outputs is None else dict(self.outputs),
            "budget": self.budget,
        }


def run_scorer(
    assignment: ScoringAssignment,
    *,
    environment: Environment,
    workdir: Path,
    allowance: Allowance,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
    source_fd: int,
    sink_fd: int,
) -> None:
    """Run the model's ModelScorer until it has scored the whole stream of features.

    The child reads an Arrow IPC stream from `source_fd`. For each batch it writes a batch with as many rows to
    `sink_fd`: the predictions and SET_ASIDE. The output is one IPC stream or two: the first of two has only SET_ASIDE,
    for batches of which no row could be scored before the columns of predictions were known. The child ends when the
    reader has gone.

    The caller must close its copies of both descriptors afterwards, so that the other side sees the end of the streams.
    `environment`, `workdir`, `allowance`, `log_bounds` and `on_line` are as for `run_child`.

    Raises:
        UserCodeError: the code raised an error outside of predict(), crashed, ran out of its memory, has no
            ModelScorer, or predict() returned a wrong result.
        OverBudget: more rows than the budget can't be scored.
        ChildLost: it was killed from outside.
        Unavailable: the environment doesn't exist.
    """
    run_assignment(
        assignment.to_json() | {"source_fd": source_fd, "sink_fd": sink_fd},
        environment=environment,
        workdir=workdir,
        allowance=allowance,
        log_bounds=log_bounds,
        on_line=on_line,
        keep_open=(source_fd, sink_fd),
    )


def pipe() -> tuple[int, int]:
    """A pipe as (read end, write end), with a buffer of 1 MiB if the system allows it."""
    reader, writer = os.pipe()
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the system limits the total buffer size of a user's pipes
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer


class Interrupted(Exception):
    """The wait was cancelled."""


class CancelSignal:
    """Cancels waits for pipes. It can't be reset."""

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._reader, self._writer = os.pipe()

    @property
    def is_set(self) -> bool:
        """Whether waits are cancelled."""
        return self._is_set.is_set()

    def fileno(self) -> int:
        """A descriptor that is readable once the signal is set."""
        return self._reader

    def set(self) -> None:
        """Cancel all present and future waits."""
        if not self._is_set.is_set():
            self._is_set.set()
            os.write(self._writer, b"!")

    def close(self) -> None:
        """Close its descriptors, when no thread waits any more."""
        os.close(self._reader)
        os.close(self._writer)


class _End(io.RawIOBase):
    """An end of a pipe whose reads and writes a signal can cancel.

    Attributes:
        broken: whether the other end is closed: a read reached the end, or a write failed.
    """

    def __init__(self, fd: int, signal: CancelSignal, *, events: int) -> None:
        self._fd, self._signal = fd, signal
        self._poll = select.poll()
        self._poll.register(fd, events)
        self._poll.register(signal, select.POLLIN)
        self.broken = False

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._fd)

    def _wait(self) -> None:
        self._poll.poll()
        if self._signal.is_set:
            self.broken = True
            raise Interrupted


class Incoming(_End):
    """The read end of a pipe, for an io.BufferedReader."""

    def __init__(self, fd: int, signal: CancelSignal) -> None:
        super().__init__(fd, signal, events=select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._wait()
        count = os.readv(self._fd, [buffer])
        self.broken = not count
        return count


class Outgoing(_End):
    """The write end of a pipe. A write blocks until all data is written."""

    def __init__(self, fd: int, signal: CancelSignal) -> None:
        os.set_blocking(fd, False)
        super().__init__(fd, signal, events=select.POLLOUT)

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        left = memoryview(data).cast("B")
        count = len(left)
        while left:
            self._wait()
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                continue  # there is room, but less than what the kernel would take in one piece
            except OSError:
                self.broken = True
                raise
        return count
