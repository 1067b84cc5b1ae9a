"""Threads that are cancelled until they end."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CANCEL_AGAIN_SECONDS = 0.1


class Worker:
    """A thread at work that others wait for and end.

    Its end is an event, for Thread.join knows less: when the handler of a signal interrupts that with an exception, it
    takes the thread for ended (until Python 3.13), and whoever believes it closes files that are still in use.

    Args:
        name: the thread's.
        work: what it does. It raises nothing.
        cancel: has `work` end soon, if it is where that reaches it.

    Attributes:
        error: what went wrong in it and is to be raised. From then on it ends by itself.
    """

    def __init__(self, name: str, work: Callable[[], None], cancel: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._work, self._cancel = work, cancel
        self._begun, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin. If this raises an exception, the thread may have begun all the same."""
        self._thread.start()
        self._begun.wait()

    def wait(self) -> None:
        """Wait until it has ended, if it has begun."""
        if self._begun.is_set():
            self._ended.wait()
            self._thread.join()

    def end(self) -> None:
        """Cancel its work until it ends or fails: it may be where it isn't within reach yet. Errors of that are lost.

        Several threads may do that at once.
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
