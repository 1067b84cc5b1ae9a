"""Suggests known names for a misspelt one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 3


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """A question that suggests up to three similar known names, to end a message with; empty if there are none."""
    close = get_close_matches(given, known, n=MOST)
    if not close:
        return ""
    return f": did you mean {', '.join(close[:-1])} or {close[-1]}?" if close[1:] else f": did you mean {close[0]}?"
