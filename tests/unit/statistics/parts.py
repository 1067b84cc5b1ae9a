"""Cuts a stream into batches and joins their statistics in any order."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from modelops.statistics.columns import ColumnStatistics

S = TypeVar("S", bound="ColumnStatistics")

some = settings(max_examples=60, deadline=None)
"""Enough to find a mistake over a few runs; on a busy machine a single example may take long."""


@st.composite
def cuts(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Where to cut, and which parts to join next. Both are taken modulo what there is."""
    numbers = st.lists(st.integers(0, 10**6), max_size=7)
    return draw(numbers), draw(numbers)


def cut(array: pa.Array, places: Sequence[int]) -> Iterator[pa.Array]:
    """Slices, which share the array's buffers at offsets; some may be empty."""
    edges = sorted({0, len(array), *(place % (len(array) + 1) for place in places)})
    yield array.slice(0, 0)
    for start, end in itertools.pairwise(edges):
        yield array.slice(start, end - start)


def joined(
    make: Callable[[], S], array: pa.Array, where: tuple[list[int], list[int]], *, through_json: bool = False
) -> S:
    """One statistic for each slice, merged two by two in an order of hypothesis's choice."""
    places, order = where
    choices = iter(order)
    parts = []
    for piece in cut(array, places):
        part = make()
        part.update(piece)
        parts.append(type(part).from_values(as_jsonb(part.as_values())) if through_json else part)
    while len(parts) > 1:
        choice = next(choices, 0)
        one = parts.pop(choice % len(parts))
        parts[choice % len(parts)].merge(one)
    return parts[0]


def streamed(make: Callable[[], S], array: pa.Array, places: Sequence[int]) -> S:
    """One statistic, updated with each slice in turn."""
    statistics = make()
    for piece in cut(array, places):
        statistics.update(piece)
    return statistics


def as_jsonb(values: Any) -> Any:
    """What PostgreSQL gives back: strict JSON, objects in another order, and whole numbers without an exponent."""

    def whole(text: str) -> int | float:
        number = Decimal(text)
        return int(number) if "e" in text and number == number.to_integral_value() else float(text)

    return json.loads(json.dumps(values, allow_nan=False, sort_keys=True), parse_float=whole)
