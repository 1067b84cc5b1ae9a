"""What the statistics of all kinds of columns share, and the kind without more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


class ColumnStatistics(ABC):
    """Statistics of one column; they grow with each array of it."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.rows = 0
        self.nulls = 0

    @abstractmethod
    def update(self, array: pa.Array) -> None:
        """Take in the column's next rows."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take in what the other has seen. The other stays as it is."""

    @abstractmethod
    def as_values(self) -> dict[str, Any]:
        """As values for JSON; undefined ones are None."""

    @classmethod
    @abstractmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The same that `as_values` was called on."""


class OtherStatistics(ColumnStatistics):
    """Rows and nulls, of a column whose type has no order and no categories for us: bytes, lists, decimals."""

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
