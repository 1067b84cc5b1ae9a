"""Statistics of a categorical column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from modelops.statistics.columns import ColumnStatistics

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_CATEGORIES = 1000


class CategoricalStatistics(ColumnStatistics):
    """The frequency of each category, as text. Booleans are the categories `true` and `false`.

    A category gets a count of its own when it first appears, up to `MAX_CATEGORIES`. Rows of further categories are
    counted together in `other`; the number of those categories is not known. The result for a stream of rows does not
    depend on how the stream is divided into arrays. The result of a merge does not depend on the order while all
    statistics together have at most `MAX_CATEGORIES`. Beyond that, the categories of the first stay, the most frequent
    ones of the next take the free places, and a category's count may lack rows that are in `other`.

    Args:
        known: the categories that a reference names, which are its most frequent ones. Each gets a count, which may be
            0. Rows of others are counted in `unseen`, per category up to the limit above; the rest in `other`.
    """

    kind = "categorical"

    def __init__(self, *, known: Collection[str] | None = None) -> None:
        super().__init__()
        self.frequencies: dict[str, int] = {} if known is None else dict.fromkeys(known, 0)
        self.unseen: dict[str, int] | None = None if known is None else {}
        self.other = 0
        self._counted = self._names()

    def update(self, array: pa.Array) -> None:
        self.rows += len(array)
        categories, counts = value_counts(array)
        valid = counts.filter(categories.is_valid())
        self.nulls += len(array) - _sum(valid)
        categories = categories.drop_null()
        # An array may have a category for each row, so only those that get a count are converted to Python objects.
        is_counted = pc.is_in(categories, value_set=self._counted)
        self._count(categories.filter(is_counted), valid.filter(is_counted))
        is_new = pc.invert(is_counted)
        room = self._room
        self._count(categories.filter(is_new)[:room], valid.filter(is_new)[:room])
        self.other += _sum(valid.filter(is_new)[room:])
        if self._room < room:
            self._counted = self._names()

    @property
    def _growing(self) -> dict[str, int]:
        return self.frequencies if self.unseen is None else self.unseen

    @property
    def _room(self) -> int:
        return MAX_CATEGORIES - len(self._growing)

    def _names(self) -> pa.Array:
        return pa.array([*self.frequencies, *(self.unseen or ())], pa.large_string())

    def _count(self, categories: pa.Array, counts: pa.Array) -> None:
        for category, count in zip(categories.to_pylist(), counts.to_pylist(), strict=True):
            into = self.frequencies if category in self.frequencies else self._growing
            into[category] = into.get(category, 0) + count

    def merge(self, other: Self) -> None:
        """Add the counts of the other statistics to these.

        Raises:
            ValueError: the two have different known categories.
        """
        known, theirs = (s.frequencies.keys() if s.unseen is not None else None for s in (self, other))
        if known != theirs:
            raise ValueError("categories can't be merged: the two have different known categories")
        self.rows += other.rows
        self.nulls += other.nulls
        self.other += other.other
        if self.unseen is not None:
            for category, count in other.frequencies.items():
                self.frequencies[category] += count
        growing = self._growing
        for category, count in sorted(other._growing.items(), key=lambda item: (-item[1], item[0])):
            if category in growing or self._room > 0:
                growing[category] = growing.get(category, 0) + count
            else:
                self.other += count
        self._counted = self._names()

    def as_values(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "nulls": self.nulls,
            "frequencies": dict(self.frequencies),
            "unseen": None if self.unseen is None else dict(self.unseen),
            "other": self.other,
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        statistics = cls()
        statistics.rows, statistics.nulls, statistics.other = values["rows"], values["nulls"], values["other"]
        statistics.frequencies = dict(values["frequencies"])
        statistics.unseen = None if values["unseen"] is None else dict(values["unseen"])
        statistics._counted = statistics._names()
        return statistics


def value_counts(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The distinct values as text, null included, in order of first appearance, and the number of rows of each."""
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())  # value_counts reads a null in a string view as an empty string
    counted = array.value_counts()
    values, counts = counted.field("values"), counted.field("counts")
    if not pa.types.is_dictionary(values.type):
        return values.cast(pa.large_string()), counts
    # A dictionary may contain a value twice.
    table = pa.table({"value": values.dictionary_decode().cast(pa.large_string()), "count": counts})
    distinct = table.group_by("value", use_threads=False).aggregate([("count", "sum")]).combine_chunks()
    if not len(distinct):
        return pa.array([], pa.large_string()), pa.array([], pa.int64())
    return distinct["value"].chunk(0), distinct["count_sum"].chunk(0)


def _sum(counts: pa.Array) -> int:
    return pc.sum(counts).as_py() or 0
