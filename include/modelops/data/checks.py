"""Checks a dataset's rows against the model: not empty, one row per entity key, labelled, typed as in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.data.arrays import check_arrays, lists_of
from modelops.data.query import cast_for_arrow, describe, inspection_connection
from modelops.data.reading import read
from modelops.domain.errors import DatasetError
from modelops.domain.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.query import Column, IntervalBounds
    from modelops.domain.datasets import Dataset


FIRST_DAY = -2_440_588
"""The start of PostgreSQL's calendar, 4713 BC, in days from 1970."""
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, kw_only=True)
class DatasetColumns:
    """The columns that a dataset returns: those of its entity key, and the Arrow type of every column."""

    key: tuple[Column, ...]
    types: Mapping[str, str]


def check_dataset(
    url: str,
    dataset: Dataset,
    *,
    where: str,
    labelled: bool,
    training_types: Mapping[str, str] | None = None,
    interval: IntervalBounds | None = None,
) -> DatasetColumns:
    """Let PostgreSQL parse and plan the dataset's query, and check the columns that it would return; reads no row.

    `url` has the login for users' SQL. The query can read `interval`. With `labelled`, the targets must be among the
    columns. With `training_types`, the features and targets must have the Arrow types that it names.

    Raises:
        DatasetError: PostgreSQL rejects the query, a column is missing, or a column has another type.
        Unavailable: the database can't be reached.
    """
    from psycopg.sql import SQL

    with inspection_connection(url) as connection:
        columns = describe(connection, dataset, where=where, labelled=labelled, interval=interval)
    sql = cast_for_arrow(dataset.sql, columns, exact=dataset.entity_key, lists=lists_of(columns, training_types))
    nothing = SQL("{} LIMIT 0").format(SQL(sql)).as_string()
    schema = read(url, nothing, lambda batches: batches.schema, where=where, interval=interval)
    if training_types is not None:
        check_types(schema, dataset, training_types, labelled=labelled, where=where)
    named = {column.name: column for column in columns}
    return DatasetColumns(
        key=tuple(named[name] for name in dataset.entity_key),
        types={field.name: str(field.type) for field in schema},
    )


def check_rows(
    path: Path,
    dataset: Dataset,
    *,
    where: str,
    labelled: bool,
    every_label: bool = True,
    training_types: Mapping[str, str] | None,
) -> None:
    """Check an Arrow file. The file is memory-mapped; memory use grows only with the number of entity keys.

    With `labelled`, no row may lack a target; without `every_label`, not all rows may lack it.

    Raises:
        DatasetError: the first fault found, with a row that shows it.
    """
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
        if table.num_rows == 0:
            raise DatasetError("the dataset has no rows", where=where, expected="a SELECT that gives at least one row")
        if training_types is not None:
            check_types(table.schema, dataset, training_types, labelled=labelled, where=where)
        _check_key(table.select(list(dataset.entity_key)), where=where)
        check_times(table, where=where)
        check_arrays(table, where=where)
        if labelled:
            _check_targets(table, dataset, where=where, every=every_label)


def check_types(
    schema: pa.Schema, dataset: Dataset, training_types: Mapping[str, str], *, labelled: bool, where: str
) -> None:
    """Check, before any row is read, that the features and targets have the Arrow types in `training_types`.

    Raises:
        DatasetError: a feature, or with `labelled` a target, has another type; SeveralErrors if several have.
    """
    findings = Findings()
    checked = (*dataset.feature_names, *(dataset.target_names if labelled else ()))
    for name in checked:
        now, then = str(schema.field(name).type), training_types.get(name)
        if now != then:
            findings.errors.append(
                DatasetError(
                    f"column {name} is {now}; in training it was {then}",
                    where=where,
                    expected=f"a cast in the SELECT, so that its Arrow type is {then}",
                )
            )
    findings.raise_if_any()


def _check_key(keys: pa.Table, *, where: str) -> None:
    import pyarrow.compute as pc

    for name in keys.column_names:
        if keys[name].null_count:
            raise DatasetError(
                f"the entity key column {name} is null in {keys[name].null_count} of {keys.num_rows} rows",
                where=where,
                expected="a key in every row",
            )
    numbered = [str(number) for number in range(keys.num_columns)]
    counted = keys.rename_columns(numbered).group_by(numbered).aggregate([([], "count_all")])
    repeated = counted.filter(pc.greater(counted["count_all"], 1))
    if repeated.num_rows:
        first = repeated.slice(0, 1).to_pylist()[0]
        times = first["count_all"]
        shown = ", ".join(
            f"{name} = {first[number]!r}" for name, number in zip(keys.column_names, numbered, strict=True)
        )
        raise DatasetError(
            f"{repeated.num_rows} entity keys appear in more than one row; {shown} appears in {times}",
            where=where,
            expected="one row per entity key",
        )


def check_times(table: pa.Table | pa.RecordBatch, *, where: str) -> None:
    """Check that Arrow represents the dates and timestamps correctly. For a stream, call this for each batch.

    PostgreSQL's infinities, and years that Arrow can't hold, arrive as times outside PostgreSQL's range.

    Raises:
        DatasetError: a column holds such a value.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for field in table.schema:
        if pa.types.is_date32(field.type):
            first, numbers = FIRST_DAY, pa.int32()
        elif pa.types.is_timestamp(field.type):
            first, numbers = FIRST_DAY * MICROSECONDS_PER_DAY, pa.int64()
        else:
            continue
        lowest = pc.min(table[field.name].cast(numbers)).as_py()
        highest = pc.max(table[field.name].cast(numbers)).as_py()
        if lowest is not None and (lowest < first or highest >= 2 ** (numbers.bit_width - 1) - 1):
            raise DatasetError(
                f"column {field.name} has the value infinity, or a time that is out of range",
                where=where,
                expected=f"a time in every row, or null: nullif({field.name}, 'infinity')",
            )


def _check_targets(table: pa.Table, dataset: Dataset, *, where: str, every: bool) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in dataset.target_names:
        column = table[name]
        unlabelled = column.null_count
        if pa.types.is_floating(column.type):
            unlabelled += pc.sum(pc.is_nan(column)).as_py() or 0
        if unlabelled > (0 if every else table.num_rows - 1):
            raise DatasetError(
                f"the target {name} is null or NaN in {unlabelled} of {table.num_rows} rows",
                where=where,
                expected=f"leave out rows without a label: … WHERE {name} IS NOT NULL",
            )
