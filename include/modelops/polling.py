"""Looks at something again and again, until a time is up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def looks(*, every: float, within: float) -> Iterator[float]:
    """Yield the seconds that are left: at once, after each `every` seconds, and a last time after `within` seconds."""
    deadline = time.monotonic() + within
    while (left := deadline - time.monotonic()) > 0:
        yield left
        time.sleep(max(0.0, min(every, deadline - time.monotonic())))
    yield 0.0
