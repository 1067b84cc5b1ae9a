"""Waits for what another process or thread does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.polling import poll

if TYPE_CHECKING:
    from collections.abc import Callable


def until(condition: Callable[[], bool], story: str, *, within: float = 60) -> None:
    """Wait until the condition holds; it is an error if it doesn't within so many seconds."""
    assert any(condition() for _ in poll(every=0.02, within=within)), f"waited {within} s in vain until {story}"
