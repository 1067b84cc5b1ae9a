"""Suggests names for a misspelt one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 3


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """The end of a message: a question that names up to three known names that are close; empty if none is."""
    close = get_close_matches(given, known, n=MOST)
    if not close:
        return ""
    return f": did you mean {', '.join(close[:-1])} or {close[-1]}?" if close[1:] else f": did you mean {close[0]}?"
