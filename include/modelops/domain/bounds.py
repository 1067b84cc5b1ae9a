"""Bounds on the depth, length and size of values from user code, repositories and requests.

Such a value passes through JSON, jsonb, msgpack and pydantic, whose limits differ: msgpack has no integers beyond 64
bits, jsonb returns 1e20 as an integer, pydantic limits the depth, and PostgreSQL can't store NUL. The bounds
are within all of those limits and are checked where a value enters the system. The database checks them too, in the
function `modelops.is_bounded`.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput
from modelops.domain.text import UNSEEN, is_storable, storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEPTH = 16
"""Maximum depth of nested lists and mappings."""
ENTRIES = 10_000
"""Maximum number of values, at all depths together."""
NAME = 200
"""Maximum characters of a key."""
TEXT = 100_000
"""Maximum characters of a text. The longest text that a person writes is SQL."""
SIZE = 2**20
"""Maximum characters of all texts and names together."""
LEAST, MOST = -(2**63), 2**63 - 1
"""Range of numbers, floats included: jsonb returns a float outside of it as an integer outside of it."""
COMMENT = 10_000
"""Maximum characters of a comment, a reason or an error message."""
RESULT = 64 * 1024
"""Maximum bytes of a job's result as JSON. Airflow keeps the result as an XCom, and the ledger keeps it too."""
EXPECTED = (
    f"at most {ENTRIES:,} values, nested at most {DEPTH} levels deep; names of 1 to {NAME} printable, visible"
    f" characters; texts of at most {TEXT:,} characters, together {SIZE:,}, without NUL and unpaired surrogates;"
    f" numbers from {LEAST} to {MOST}"
)
UNSTORABLE = "which PostgreSQL can't store"
"""The end of each violation that is about a text that can't be stored."""
WRAPPING_LEVELS = 4
"""Maximum number of levels that a record or a response adds around such a value."""
LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"


class OutOfBounds(BadInput):
    """A value is too large, too deep or too long, or has a character that can't be stored."""


def check(value: Any, *, where: str, root: str = "") -> None:
    """Check that a JSON value is within the bounds; `root` names it in the message.

    Raises:
        OutOfBounds: the message names the first value that is out of bounds, and the bound.
    """
    for wrong in violations(value, root):
        raise OutOfBounds(wrong, where=where, expected=EXPECTED)


def check_result(result: Mapping[str, Any], *, where: str) -> None:
    """Check that a job's result is not too large.

    Raises:
        OutOfBounds: names the largest of its values.
    """
    size = _json_size(result)
    if size > RESULT:
        largest = max(result, key=lambda name: _json_size(result[name]))
        raise OutOfBounds(
            f"{_short(largest)} has {_json_size(result[largest]):,} of the {size:,} bytes of the result, as JSON",
            where=where,
            expected=f"a result of at most {RESULT:,} bytes; write larger values to a file, which the job stores",
        )


def _json_size(value: Any) -> int:
    """The size as JSON; a value that JSON can't represent counts as its text."""
    return len(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace"))


def violations(value: Any, root: str = "", *, shape_only: bool = False) -> Iterator[str]:
    """Yield each violation of the bounds; with `shape_only`, only those of depth, size and storable text.

    A value that occurs in several places, such as a YAML alias, counts once per place.
    """
    left, values, size = [(root, value, 0)], 0, 0
    while left:
        place, found, depth = left.pop()
        values, size = values + 1, size + _size(found)
        if values > ENTRIES or size > SIZE:
            yield f"there are more than {ENTRIES:,} values" if values > ENTRIES else f"there are {size:,} characters"
            return
        if isinstance(found, dict | list | tuple):
            if depth >= DEPTH:
                yield f"{_short(place)} is {depth + 1} levels deep"
                return
            yield from _names(found, place, shape_only=shape_only)
            left += [(_within(place, name), inner, depth + 1) for name, inner in _entries(found)][::-1]
        elif (wrong := _text_violation(found) if shape_only else _scalar_violation(found)) is not None:
            yield f"{_short(place) or 'the value'} {wrong}"


def bounded(value: Any) -> Any:
    """The value reduced to the bounds, so that a page can show a stored value that exceeds them."""
    return _Cut(math.inf).cut(value, 0)


def brief(value: Any, entries: int) -> Any:
    """The value reduced to the bounds and to its first `entries` values, for lists and records of refused values."""
    return _Cut(entries).cut(value, 0)


def shortened(text: str, most: int = COMMENT) -> str:
    """The text if it is short enough, otherwise its start and the number of characters left out."""
    rest = len(text) - most
    return text if rest <= 0 else f"{text[:most]}{LEFT_OUT} ({rest:,} characters more)"


def schema() -> dict[str, Any]:
    """The bounds as JSON Schema for the values of an object. It can't express the total number of values.

    Airflow checks the schema itself whenever it checks a value, in every task: so what is common to all levels is
    written once.
    """
    # Each keyword applies to values of its own type only. NaN satisfies neither comparison, so `not` rejects it.
    common: dict[str, Any] = {
        "maxLength": TEXT,
        "pattern": STORABLE,
        "minimum": LEAST,
        "maximum": MOST,
        "not": {"type": "number", "minimum": 1, "maximum": 0},
        "maxItems": ENTRIES,
        **_OBJECT,
    }
    kept: dict[str, Any] = {"common": common, f"level{DEPTH}": {"$ref": "#/$defs/common", "type": SCALARS}}
    for level in range(1, DEPTH):
        inner = {"$ref": f"#/$defs/level{level + 1}"}
        kept[f"level{level}"] = {"$ref": "#/$defs/common", "items": inner, "additionalProperties": inner}
    return {**_OBJECT, "additionalProperties": {"$ref": "#/$defs/level1"}, "$defs": kept}


STORABLE = r"^[^\u0000\ud800-\udfff]*$"
"""A regular expression for texts that PostgreSQL can store."""
SCALARS = ["null", "boolean", "string", "number"]
_OBJECT = {
    "maxProperties": ENTRIES,
    "propertyNames": {"minLength": 1, "maxLength": NAME, "pattern": STORABLE},
}


def _names(found: Any, place: str, *, shape_only: bool) -> Iterator[str]:
    of = f" in {_short(place)}" if place else ""
    for name in found if isinstance(found, dict) else ():
        if not isinstance(name, str):
            continue  # YAML has such keys; the reader of the document checks them
        if not is_storable(name):
            yield f"a name{of} {_text_violation(name)}"
        elif shape_only:
            continue
        elif not name:
            yield f"a name{of} is empty"
        elif len(name) > NAME:
            yield f"the name {_short(name)!r}{of} has {len(name):,} characters"
        elif not name.isprintable() or UNSEEN.search(name):
            yield f"the name {name!a}{of} has characters that can't be printed or seen"


def _size(found: Any) -> int:
    if isinstance(found, dict):
        return sum(len(name) for name in found if isinstance(name, str))
    return len(found) if isinstance(found, str) else 0


def _scalar_violation(found: Any) -> str | None:
    match found:
        case None | bool():
            return None
        case float() if not math.isfinite(found):
            return "is not a finite number"
        case int() | float() if not LEAST <= found <= MOST:
            return f"is {_number(found)}, which is out of range"
        case str() if len(found) > TEXT:
            return f"has {len(found):,} characters"
    return _text_violation(found)


def _text_violation(found: Any) -> str | None:
    if isinstance(found, str) and not is_storable(found):
        character = next(one for one in found if not is_storable(one))
        return f"holds the character U+{ord(character):04X}, {UNSTORABLE}"
    return None


def _number(found: float) -> str:
    """The number as text. Python refuses to convert very long integers."""
    if isinstance(found, int) and found.bit_length() > 1_000:
        return f"an integer of {found.bit_length():,} bits"
    return str(found)


def _entries(found: Any) -> Iterator[tuple[Any, Any]]:
    return iter(found.items()) if isinstance(found, dict) else iter(enumerate(found))


def _within(place: str, name: Any) -> str:
    if isinstance(name, int):
        return f"{place}[{_number(name)}]"
    return f"{place}.{name}" if place else str(name)


def _short(place: str, most: int = 80) -> str:
    return place if len(place) <= most else f"{place[: most - 1]}{LEFT_OUT}"


class _Cut:
    """Copies values until the room is used up; a text takes as much room as its length."""

    def __init__(self, room: float) -> None:
        self._room = room

    def cut(self, value: Any, depth: int) -> Any:
        """The value, reduced to the remaining size."""
        self._room -= 1
        match value:
            case dict() | list() | tuple() if depth >= DEPTH + WRAPPING_LEVELS:
                return LEFT_OUT
            case dict():
                fitting = {
                    _short(storable(name), NAME): self.cut(of, depth + 1) for name, of in self._fit(value.items())
                }
                return fitting if len(fitting) == len(value) else {**fitting, LEFT_OUT: None}
            case list() | tuple():
                taken = [self.cut(inner, depth + 1) for inner in self._fit(value)]
                return taken if len(taken) == len(value) else [*taken, LEFT_OUT]
            case str():
                self._room -= len(value) // 100
                return shortened(storable(value), TEXT)
        return value if _scalar_violation(value) is None else _number(value)

    def _fit(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if self._room <= 0:
                return
            yield value


def read_json(text: str | bytes, *, finite: bool = True) -> Any:
    """Parse a JSON text in which no object has a name twice and, with `finite`, all numbers are finite.

    Raises:
        ValueError: the text isn't such JSON, or is too deep to be parsed.
    """
    numbers: dict[str, Any] = {"parse_constant": _refuse, "parse_float": _finite} if finite else {}
    try:
        return json.loads(text, object_pairs_hook=_unique, **numbers)
    except RecursionError:
        raise ValueError("it is too deep to be read") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {_short(name)!r} appears twice")
        found[name] = value
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{_short(digits)} is too large a number")
    return number
