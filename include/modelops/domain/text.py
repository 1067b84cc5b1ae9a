"""Text that PostgreSQL can store in `text` and `jsonb`: without NUL characters and lone surrogates."""

from __future__ import annotations

import re
from typing import Any

UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control characters, characters that change the direction of writing, and invisible characters.

The invisible ones have Unicode's property Default_Ignorable_Code_Point. Some of them, such as the Hangul fillers, are
letters, so Python accepts them in names.
"""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can store the text unchanged."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def storable(value: Any) -> Any:
    """The text or JSON value with each character that can't be stored replaced by U+FFFD."""
    match value:
        case str() if not is_storable(value):
            return value.encode("utf-8", "replace").decode().replace("\0", REPLACEMENT)
        case dict():
            return {storable(name): storable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [storable(inner) for inner in value]
    return value
