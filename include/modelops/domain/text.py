"""Text that PostgreSQL can hold, in `text` as in `jsonb`: without NUL characters and halves of surrogate pairs."""

from __future__ import annotations

from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def is_storable(text: str) -> bool:
    """Whether a text can be stored as it is."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def storable(value: Any) -> Any:
    """The same text, or JSON value, with a replacement character for what can't be stored."""
    match value:
        case str() if not is_storable(value):
            return value.encode("utf-8", "replace").decode().replace("\0", REPLACEMENT)
        case dict():
            return {storable(name): storable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [storable(inner) for inner in value]
    return value
