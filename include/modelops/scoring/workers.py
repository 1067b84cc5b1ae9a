"""Runs threads whose work is cancelled repeatedly until it ends."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CANCEL_AGAIN_SECONDS = 0.1


class Worker:
    """A thread that other threads can wait for and end.

    Its end is an event, because Thread.join is not reliable: before Python 3.13, if a signal handler interrupts it with
    an exception, the thread counts as ended, and its files would be closed while in use.

    Args:
        name: the thread's name.
        work: the function that the thread runs. It must not raise.
        cancel: makes `work` end soon. A single call may come too early or too late to have an effect.

    Attributes:
        error: the exception to raise. Once it is set, the thread ends by itself.
    """

    def __init__(self, name: str, work: Callable[[], None], cancel: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._work, self._cancel = work, cancel
        self._begun, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread. If this raises an exception, the thread may still have started."""
        self._thread.start()
        self._begun.wait()

    def wait(self) -> None:
        """Wait until the thread has ended, if it has started."""
        if self._begun.is_set():
            self._ended.wait()
            self._thread.join()

    def end(self) -> None:
        """Cancel the work repeatedly until it ends or fails. Errors of `cancel` are ignored.

        Several threads may call this at once.
        """
        while self._begun.is_set() and not self._ended.is_set() and self.error is None:
            with contextlib.suppress(Exception):
                self._cancel()
            self._ended.wait(_CANCEL_AGAIN_SECONDS)

    def _run(self) -> None:
        self._begun.set()
        try:
            self._work()
        finally:
            self._ended.set()
