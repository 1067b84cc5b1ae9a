"""Computes the statistics of each column of a stream of record batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from modelops.statistics.categorical import CategoricalStatistics
from modelops.statistics.columns import ColumnStatistics, OtherStatistics
from modelops.statistics.continuous import ContinuousStatistics
from modelops.statistics.temporal import TemporalStatistics

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_KINDS: dict[str, type[ColumnStatistics]] = {
    statistics.kind: statistics
    for statistics in (ContinuousStatistics, CategoricalStatistics, TemporalStatistics, OtherStatistics)
}


class TableStatistics:
    """Statistics of the columns of one query, by column name.

    Args:
        schema: the schema of the batches; by default, that of the first batch.
        columns: the columns to include, in this order; by default, all.
        edges: the histogram edges of continuous columns, by name. Names that are not included are ignored.
        bins: the edges of a reference's bins of continuous columns, by name. Names that are not included are ignored.
        known: the training's categories of categorical columns, by name. Names that are not included are ignored.

    Raises:
        ValueError: a column is missing, appears twice, or is of another kind than its `edges`, `bins` or `known` need.
    """

    def __init__(
        self,
        schema: pa.Schema | None = None,
        *,
        columns: Sequence[str] | None = None,
        edges: Mapping[str, Sequence[float]] | None = None,
        bins: Mapping[str, Sequence[float]] | None = None,
        known: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._chosen = columns
        self._edges = edges or {}
        self._bins = bins or {}
        self._known = known or {}
        self.columns: dict[str, ColumnStatistics] = {}
        if schema is not None:
            self._begin(schema)

    @classmethod
    def with_bins_of(
        cls,
        records: Iterable[Mapping[str, Any]],
        *,
        schema: pa.Schema | None = None,
        columns: Sequence[str] | None = None,
    ) -> TableStatistics:
        """Create empty statistics with the bins and categories of existing ones, so that the two can be compared.

        Args:
            records: the existing statistics, as `as_records` returns them. Columns that are not included are ignored,
                and with `schema` also those that are now of another kind.
            schema, columns: as for the class.
        """
        edges, bins, known = {}, {}, {}
        kinds = None if schema is None else {field.name: kind_of(field.type) for field in schema}
        for record in records:
            name, values = record["variable"], record["values"]
            if kinds is not None and kinds.get(name) != record["kind"]:
                continue
            if record["kind"] == ContinuousStatistics.kind and values["histogram"]:
                edges[name] = values["histogram"]["edges"]
            reference = values.get("reference")
            if reference is not None and record["kind"] == ContinuousStatistics.kind:
                bins[name] = reference["edges"]
            if record["kind"] == CategoricalStatistics.kind:
                if reference is not None:
                    known[name] = reference["categories"]
                elif not values["other"]:
                    known[name] = list(values["frequencies"])
        return cls(schema, columns=columns, edges=edges, bins=bins, known=known)

    @property
    def edges(self) -> dict[str, list[float]]:
        """The histogram edges of the continuous columns, for other workers, so that the results can be merged."""
        return {
            name: column.histogram.edges
            for name, column in self.columns.items()
            if isinstance(column, ContinuousStatistics) and column.histogram is not None
        }

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the next rows.

        Raises:
            ValueError: a column is missing, appears twice, or is now of another kind.
        """
        if not self.columns:
            self._begin(batch.schema)
        arrays = {}
        for name, column in self.columns.items():
            field = _field(batch.schema, name)
            if kind_of(field.type) != column.kind:
                raise ValueError(f"column {name} was {column.kind}; it is now {field.type}")
            arrays[name] = batch.column(name)
        for name, array in arrays.items():
            self.columns[name].update(array)

    def merge(self, other: TableStatistics) -> None:
        """Add the statistics of other rows of the same query. The other is not changed.

        Raises:
            ValueError: the columns, their kinds, edges or known categories differ.
        """
        if not other.columns:
            return
        if not self.columns:
            self.columns = TableStatistics.from_records(other.as_records()).columns
            return
        mine, theirs = ({name: column.kind for name, column in s.columns.items()} for s in (self, other))
        if mine != theirs:
            differing = ", ".join(sorted({name for name, _ in mine.items() ^ theirs.items()}))
            raise ValueError(f"statistics of different columns can't be merged: {differing}")
        for name, column in self.columns.items():
            try:
                column.merge(other.columns[name])
            except ValueError as error:
                raise ValueError(f"column {name}: {error}") from error

    def as_records(self) -> list[dict[str, Any]]:
        """One record per column: `variable`, `kind`, and `values` for JSON; undefined values are None."""
        return [
            {"variable": name, "kind": column.kind, "values": column.as_values()}
            for name, column in self.columns.items()
        ]

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]]) -> TableStatistics:
        """Restore the statistics from the result of `as_records`; they can be updated and merged."""
        statistics = cls()
        statistics.columns = {record["variable"]: from_record(record) for record in records}
        return statistics

    def _begin(self, schema: pa.Schema) -> None:
        names = schema.names if self._chosen is None else self._chosen
        self.columns = {name: self._column(_field(schema, name)) for name in names}

    def _column(self, field: pa.Field) -> ColumnStatistics:
        kind = kind_of(field.type)
        for given, what, needed in (
            (self._edges, "edges", "continuous"),
            (self._bins, "bins", "continuous"),
            (self._known, "known categories", "categorical"),
        ):
            if field.name in given and kind != needed:
                raise ValueError(f"column {field.name} is {field.type}, which is {kind}: it has no {what}")
        if kind == ContinuousStatistics.kind:
            return ContinuousStatistics(edges=self._edges.get(field.name), bins=self._bins.get(field.name))
        if kind == CategoricalStatistics.kind:
            return CategoricalStatistics(known=self._known.get(field.name))
        return _KINDS[kind]()


def from_record(record: Mapping[str, Any]) -> ColumnStatistics:
    """The statistics of one column, from its record in the result of `as_records` or in the database."""
    return _KINDS[record["kind"]].from_values(record["values"])


def kind_of(type_: pa.DataType) -> str:
    """The kind of statistics for a column of that type: `continuous`, `categorical`, `temporal` or `other`."""
    is_a = pa.types
    if is_a.is_integer(type_) or is_a.is_floating(type_):
        return ContinuousStatistics.kind
    if is_a.is_date(type_) or is_a.is_timestamp(type_):
        return TemporalStatistics.kind
    if _names_categories(type_) or is_a.is_string_view(type_):
        return CategoricalStatistics.kind
    if is_a.is_dictionary(type_):
        value = type_.value_type
        plain = _names_categories(value) or is_a.is_integer(value) or is_a.is_floating(value)
        return CategoricalStatistics.kind if plain else OtherStatistics.kind
    return OtherStatistics.kind


def _names_categories(type_: pa.DataType) -> bool:
    is_a = pa.types
    return bool(is_a.is_string(type_) or is_a.is_large_string(type_) or is_a.is_boolean(type_))


def _field(schema: pa.Schema, name: str) -> pa.Field:
    times = len(schema.get_all_field_indices(name))
    if times != 1:
        raise ValueError(f"column {name} {'appears twice' if times else 'is missing'} among {', '.join(schema.names)}")
    return schema.field(name)
