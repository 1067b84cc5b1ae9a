"""Types of fields that several of the users' files have. Each error message continues "<key> …"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator

from modelops.domain.labels import LONGEST_MATURITY

Several = TypeVar("Several", bound=Sized)
MAX_INDEX = 100
"""An upper bound: even if none of 100,000,000 rows stays in its bin, the population stability index is below 40."""


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank")
    return value


def _label(value: str) -> str:
    if not value.isprintable() or len(value) > 200:
        raise ValueError("is longer than 200 characters or has characters that can't be printed")
    return _text(value)


def _column(value: str) -> str:
    if len(value.encode()) > 63:
        raise ValueError("is longer than the 63 bytes that PostgreSQL allows")
    return _text(value)


def _distinct(columns: list[str]) -> list[str]:
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise ValueError(f"has {twice[0]!r} more than once")
    return columns


def at_least_one(columns: Several) -> Several:
    """Refuse a list or a mapping of columns that is empty."""
    if not columns:
        raise ValueError("has no columns")
    return columns


def _identifier(value: str) -> str:
    if not (value.isascii() and value.isidentifier()):
        raise ValueError("is no name")
    return value


def _index(value: float) -> float:
    if not 0 <= value <= MAX_INDEX:
        raise ValueError(f"is not between 0 and {MAX_INDEX}")
    return value


def _days(value: float) -> float:
    if not 0 <= value <= LONGEST_MATURITY.days:
        raise ValueError(f"is not between 0 and {LONGEST_MATURITY.days}")
    return value


Text = Annotated[str, AfterValidator(_text)]
Label = Annotated[str, AfterValidator(_label)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Column = Annotated[str, AfterValidator(_column)]
Columns = Annotated[list[Column], AfterValidator(_distinct)]
SomeColumns = Annotated[Columns, AfterValidator(at_least_one)]
KeyColumns = Annotated[SomeColumns, BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
Index = Annotated[float, AfterValidator(_index)]
Days = Annotated[float, AfterValidator(_days)]
Queries = dict[Identifier, Text]
