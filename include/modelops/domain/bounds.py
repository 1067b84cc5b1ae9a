"""Bounds on the depth, length and size of values that users' code, repositories and requests bring.

Such a value goes through JSON, jsonb, msgpack and pydantic, none of which holds all that another one holds: msgpack has
no integers beyond 64 bits, jsonb gives 1e20 back as one, pydantic ends at some depth, PostgreSQL has no NUL. These
bounds are within all of them, and are checked where a value enters. The database has them too, in the function
`modelops.is_bounded`.
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
"""Lists and mappings within each other."""
ENTRIES = 10_000
"""Values in all, however deep."""
NAME = 200
"""Characters of a key."""
TEXT = 100_000
"""Characters of a text: SQL is the longest that a person writes."""
SIZE = 2**20
"""Characters of all texts and names together."""
LEAST, MOST = -(2**63), 2**63 - 1
"""Of numbers, whole or not: a float beyond them comes back from jsonb as an integer beyond them."""
COMMENT = 10_000
"""Characters of a comment, a reason, and of the message of an error."""
EXPECTED = (
    f"at most {ENTRIES:,} values, not more than {DEPTH} levels deep; names of 1 to {NAME} characters that can be"
    f" printed and seen; texts of at most {TEXT:,} characters, together {SIZE:,}, without NUL and halves of surrogate"
    f" pairs; numbers from {LEAST} to {MOST}"
)
UNSTORABLE = "which PostgreSQL can't store"
"""How what is said of a text ends that can't be stored."""
AROUND = 4
"""Levels that a record or an answer adds around such a value."""
LEFT_OUT = "\N{HORIZONTAL ELLIPSIS}"


class OutOfBounds(BadInput):
    """A value is larger, deeper or longer than may be, or holds what can't be stored."""


def check(value: Any, *, where: str, root: str = "") -> None:
    """Refuse a JSON value that is out of bounds; `root` names it in the message.

    Raises:
        OutOfBounds: names the first value that is, and the bound.
    """
    for wrong in violations(value, root):
        raise OutOfBounds(wrong, where=where, expected=EXPECTED)


def violations(value: Any, root: str = "", *, shape_only: bool = False) -> Iterator[str]:
    """Find what is out of bounds; `shape_only`: only depth, size, and texts that can't be stored.

    Values that stand at several places, as YAML's aliases do, count at each.
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
        elif (wrong := _of_text(found) if shape_only else _of_scalar(found)) is not None:
            yield f"{_short(place) or 'the value'} {wrong}"


def bounded(value: Any) -> Any:
    """The value without what can't be sent or stored: for pages that must not fail for what somebody once stored."""
    return _Cut(math.inf).cut(value, 0)


def brief(value: Any, entries: int) -> Any:
    """Likewise, and of all its values only the first ones: for lists, and for records of what was refused."""
    return _Cut(entries).cut(value, 0)


def shortened(text: str, most: int = COMMENT) -> str:
    """The text, or its start and how much follows."""
    rest = len(text) - most
    return text if rest <= 0 else f"{text[:most]}{LEFT_OUT} ({rest:,} characters more)"


def schema() -> dict[str, Any]:
    """The bounds as JSON Schema says them, for values of an object; how many there are in all it can't say."""
    text = {"type": "string", "maxLength": TEXT, "pattern": STORABLE}
    # NaN compares with nothing, so it is neither below the minimum nor above the maximum.
    number = {"type": "number", "minimum": LEAST, "maximum": MOST, "not": {"minimum": 1, "maximum": 0}}
    scalars = [{"type": ["null", "boolean"]}, text, number]
    levels: dict[str, Any] = {f"level{DEPTH}": {"anyOf": scalars}}
    for level in range(1, DEPTH):
        inner = {"$ref": f"#/$defs/level{level + 1}"}
        lists = {"type": "array", "maxItems": ENTRIES, "items": inner}
        levels[f"level{level}"] = {"anyOf": [*scalars, lists, {"type": "object", **_object(inner)}]}
    return {**_object({"$ref": "#/$defs/level1"}), "$defs": levels}


STORABLE = r"^[^\u0000\ud800-\udfff]*$"
"""A regular expression of the texts that PostgreSQL can hold."""


def _object(inner: Mapping[str, Any]) -> dict[str, Any]:
    names = {"minLength": 1, "maxLength": NAME, "pattern": STORABLE}
    return {"maxProperties": ENTRIES, "propertyNames": names, "additionalProperties": inner}


def _names(found: Any, place: str, *, shape_only: bool) -> Iterator[str]:
    of = f" in {_short(place)}" if place else ""
    for name in found if isinstance(found, dict) else ():
        if not isinstance(name, str):
            continue  # in YAML; who reads it says which names may be
        if not is_storable(name):
            yield f"a name{of} {_of_text(name)}"
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


def _of_scalar(found: Any) -> str | None:
    match found:
        case None | bool():
            return None
        case float() if not math.isfinite(found):
            return "is not a finite number"
        case int() | float() if not LEAST <= found <= MOST:
            return f"is {_number(found)}, which is out of range"
        case str() if len(found) > TEXT:
            return f"has {len(found):,} characters"
    return _of_text(found)


def _of_text(found: Any) -> str | None:
    if isinstance(found, str) and not is_storable(found):
        character = next(one for one in found if not is_storable(one))
        return f"holds the character U+{ord(character):04X}, {UNSTORABLE}"
    return None


def _number(found: float) -> str:
    """An integer may have more digits than Python writes."""
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
    """Takes values as long as there is room for them; a text takes as much as its length says."""

    def __init__(self, room: float) -> None:
        self._room = room

    def cut(self, value: Any, depth: int) -> Any:
        """The value, or what stands for it."""
        self._room -= 1
        match value:
            case dict() | list() | tuple() if depth >= DEPTH + AROUND:
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
        return value if _of_scalar(value) is None else _number(value)

    def _fit(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if self._room <= 0:
                return
            yield value


def read_json(text: str | bytes, *, finite: bool = True) -> Any:
    """The value that a JSON text has; each name must stand in it once, and with `finite` only finite numbers.

    Raises:
        ValueError: it isn't JSON, or has what it must not; also where it is too deep to be read.
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
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{_short(digits)} is too large a number")
    return number
