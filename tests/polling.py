"""Waits for what another process or thread does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def until(condition: Callable[[], bool], story: str, *, within: float = 60) -> None:
    """Wait until the condition holds; it is an error if it doesn't within so many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"waited {within} s in vain until {story}"
        time.sleep(0.02)
