"""Parses options of the benchmarks' command lines."""

from __future__ import annotations

from argparse import ArgumentTypeError


def positive(text: str) -> int:
    """Parse a whole number of at least 1.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    raise ArgumentTypeError(f"{text!r} isn't a whole number of at least 1")
