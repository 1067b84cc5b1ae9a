"""The base class of column statistics, and the statistics of columns that are neither numbers, categories nor times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


class ColumnStatistics(ABC):
    """Statistics of one column, updated with each array of it."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.rows = 0
        self.nulls = 0

    @abstractmethod
    def update(self, array: pa.Array) -> None:
        """Add the column's next rows."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Add the rows of the other statistics, which are not changed."""

    @abstractmethod
    def as_values(self) -> dict[str, Any]:
        """The statistics as JSON values; undefined ones are None."""

    @classmethod
    @abstractmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Restore the statistics from the result of `as_values`."""


class OtherStatistics(ColumnStatistics):
    """Counts of rows and nulls, for types without further statistics: bytes, lists, decimals."""

    kind = "other"

    def update(self, array: pa.Array) -> None:
        self.rows += len(array)
        self.nulls += array.null_count

    def merge(self, other: Self) -> None:
        self.rows += other.rows
        self.nulls += other.nulls

    def as_values(self) -> dict[str, Any]:
        return {"rows": self.rows, "nulls": self.nulls}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        statistics = cls()
        statistics.rows, statistics.nulls = values["rows"], values["nulls"]
        return statistics
