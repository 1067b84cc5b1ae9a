"""Statistics of a column of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from modelops.statistics.columns import ColumnStatistics

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MOST_CATEGORIES = 1000


class CategoricalStatistics(ColumnStatistics):
    """The frequency of each category, as text; true and false are `true` and `false`.

    A category gets a count of its own when it first appears, up to `MOST_CATEGORIES`; rows of later ones are counted
    together in `other`, and how many categories those are isn't known. So one stream of rows gives the same however it
    is cut into arrays. A merge gives the same in any order as long as all parts together have no more categories than
    that; beyond, the first part's keep their place, the most frequent of the next one fill what is left, and the count
    of a category may lack rows that a part had put into `other`.

    Args:
        known: the categories of the training, all of which get a count, 0 too. Rows of any others are counted in
            `unseen`, per category with the limit above; those beyond it in `other`.
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
        categories, counts = _value_counts(array)
        there = categories.is_valid()
        valid = counts.filter(there)
        self.nulls += len(array) - _sum(valid)
        categories = categories.drop_null()
        # An array may have a category for each row: only those that get a count become Python's.
        ours = pc.is_in(categories, value_set=self._counted)
        self._count(categories.filter(ours), valid.filter(ours))
        foreign = pc.invert(ours)
        room = self._room
        self._count(categories.filter(foreign)[:room], valid.filter(foreign)[:room])
        self.other += _sum(valid.filter(foreign)[room:])
        if self._room < room:
            self._counted = self._names()

    @property
    def _growing(self) -> dict[str, int]:
        return self.frequencies if self.unseen is None else self.unseen

    @property
    def _room(self) -> int:
        return MOST_CATEGORIES - len(self._growing)

    def _names(self) -> pa.Array:
        return pa.array([*self.frequencies, *(self.unseen or ())], pa.large_string())

    def _count(self, categories: pa.Array, counts: pa.Array) -> None:
        for category, count in zip(categories.to_pylist(), counts.to_pylist(), strict=True):
            into = self.frequencies if category in self.frequencies else self._growing
            into[category] = into.get(category, 0) + count

    def merge(self, other: Self) -> None:
        """Take in what the other has seen.

        Raises:
            ValueError: the parts know different categories.
        """
        known, theirs = (s.frequencies.keys() if s.unseen is not None else None for s in (self, other))
        if known != theirs:
            raise ValueError("categories can't be merged: the parts were told different known ones")
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


def _value_counts(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Distinct values as text, in the order of their appearance, null among them; and how often each is there."""
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())  # value_counts takes the null of a view for an empty text
    counted = array.value_counts()
    values, counts = counted.field("values"), counted.field("counts")
    if not pa.types.is_dictionary(values.type):
        return values.cast(pa.large_string()), counts
    # A dictionary may name a value twice.
    table = pa.table({"value": values.dictionary_decode().cast(pa.large_string()), "count": counts})
    distinct = table.group_by("value", use_threads=False).aggregate([("count", "sum")]).combine_chunks()
    if not len(distinct):
        return pa.array([], pa.large_string()), pa.array([], pa.int64())
    return distinct["value"].chunk(0), distinct["count_sum"].chunk(0)


def _sum(counts: pa.Array) -> int:
    return pc.sum(counts).as_py() or 0
