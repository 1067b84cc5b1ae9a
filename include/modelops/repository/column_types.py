"""The types that the columns of a feature table may have."""

from __future__ import annotations

_SPELLINGS = {
    "smallint": ("int2",),
    "integer": ("int", "int4"),
    "bigint": ("int8",),
    "real": ("float4",),
    "double precision": ("float8", "double"),
    "numeric": (),
    "boolean": ("bool",),
    "text": (),
    "character varying": ("varchar",),
    "date": (),
    "timestamp without time zone": ("timestamp",),
    "timestamp with time zone": ("timestamptz",),
    "bytea": (),
    "uuid": (),
}
"""PostgreSQL's own names, as its function format_type prints them, and common aliases."""
_NAMES = {spelling: name for name, others in _SPELLINGS.items() for spelling in (name, *others)}

TYPES = tuple(_SPELLINGS)
TIMES = ("timestamp with time zone", "timestamp without time zone", "date")
"""By a column of such a type, rows can belong to a data interval."""
NOT_IN_KEYS = ("real", "double precision", "bytea")
"""A key must compare exactly, wherever it was computed and whoever prints it."""


def column_type(text: str) -> str:
    """PostgreSQL's own name of the type.

    Raises:
        ValueError: a feature table can't have columns of such a type; the message continues "<key> …".
    """
    name = _NAMES.get(" ".join(text.casefold().split()))
    if name is None:
        raise ValueError(f"has the type {text!r}")
    return name
