"""Statistics of a column of dates or timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelops.statistics.columns import ColumnStatistics

if TYPE_CHECKING:
    from collections.abc import Mapping


class TemporalStatistics(ColumnStatistics):
    """The earliest and latest time, in ISO 8601; timestamps with time zone are in UTC, with the suffix Z."""

    kind = "temporal"

    def __init__(self) -> None:
        super().__init__()
        self._moments: list[np.datetime64] = []
        """The earliest and the latest, as numpy's type, because Python's datetime ends at the year 9999."""
        self._zone = ""

    def update(self, array: pa.Array) -> None:
        self.rows += len(array)
        self.nulls += array.null_count
        if array.null_count == len(array):
            return
        if pa.types.is_timestamp(array.type):
            unit, self._zone = array.type.unit, "Z" if array.type.tz else ""
        else:
            array, unit = array.cast(pa.date32()), "D"
        extremes = pc.min_max(array)
        self._widen(*(np.datetime64(extremes[name].value, unit) for name in ("min", "max")))

    def _widen(self, *moments: np.datetime64) -> None:
        both = [*self._moments, *moments]
        self._moments = [min(both), max(both)] if both else []

    def merge(self, other: Self) -> None:
        self.rows += other.rows
        self.nulls += other.nulls
        self._zone = self._zone or other._zone
        self._widen(*other._moments)

    def as_values(self) -> dict[str, Any]:
        first, last = (f"{moment}{self._zone}" for moment in self._moments) if self._moments else (None, None)
        return {"rows": self.rows, "nulls": self.nulls, "min": first, "max": last}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        statistics = cls()
        statistics.rows, statistics.nulls = values["rows"], values["nulls"]
        texts = [text for text in (values["min"], values["max"]) if text is not None]
        statistics._zone = "Z" if any(text.endswith("Z") for text in texts) else ""
        statistics._widen(*(np.datetime64(text.removesuffix("Z")) for text in texts))
        return statistics
