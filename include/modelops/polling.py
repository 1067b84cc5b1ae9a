"""Repeats a check until a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def poll(*, every: float, within: float) -> Iterator[float]:
    """Yield the remaining seconds: immediately, then every `every` seconds, and a last time after `within` seconds."""
    deadline = time.monotonic() + within
    while (left := deadline - time.monotonic()) > 0:
        yield left
        time.sleep(max(0.0, min(every, deadline - time.monotonic())))
    yield 0.0
