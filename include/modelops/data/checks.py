"""Checks that rows are what the model declares: present, one per entity key, labelled, typed as in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.data.query import asking, describe, travelling
from modelops.data.reading import read
from modelops.domain.errors import DatasetError
from modelops.domain.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.query import Column, Ends
    from modelops.domain.datasets import Dataset


FIRST_DAY = -2_440_588
"""4713 BC, where PostgreSQL's calendar begins, in days from 1970."""
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, kw_only=True)
class DatasetColumns:
    """The columns that a dataset gives: those of its entity key, and the Arrow type of each."""

    key: tuple[Column, ...]
    types: Mapping[str, str]


def check_dataset(
    url: str,
    dataset: Dataset,
    *,
    where: str,
    labelled: bool,
    like: Mapping[str, str] | None = None,
    interval: Ends | None = None,
) -> DatasetColumns:
    """Have PostgreSQL parse and plan the dataset's query, and check the columns that it would give; reads no row.

    `url` is that of the login for users' SQL; the query can ask for `interval`. With `labelled` the targets must be
    among the columns; with `like` the features, and the targets, must have the Arrow types named there.

    Raises:
        DatasetError: PostgreSQL refuses it, a column is missing, or a column has another type.
        Unavailable: the database can't be reached.
    """
    from psycopg.sql import SQL

    with asking(url) as connection:
        columns = describe(connection, dataset, where=where, labelled=labelled, interval=interval)
    nothing = SQL("{} LIMIT 0").format(SQL(travelling(dataset.sql, columns, exact=dataset.entity_key))).as_string()
    schema = read(url, nothing, lambda batches: batches.schema, where=where, interval=interval)
    if like is not None:
        check_types(schema, dataset, like, labelled=labelled, where=where)
    named = {column.name: column for column in columns}
    return DatasetColumns(
        key=tuple(named[name] for name in dataset.entity_key),
        types={field.name: str(field.type) for field in schema},
    )


def check_rows(path: Path, dataset: Dataset, *, where: str, labelled: bool, like: Mapping[str, str] | None) -> None:
    """Check an Arrow file. The file is memory-mapped; memory grows with the number of entity keys only.

    Raises:
        DatasetError: the first thing that is wrong, with a row that shows it.
    """
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
        if table.num_rows == 0:
            raise DatasetError("the dataset has no rows", where=where, expected="a SELECT that gives at least one row")
        if like is not None:
            check_types(table.schema, dataset, like, labelled=labelled, where=where)
        _check_key(table.select(list(dataset.entity_key)), where=where)
        check_times(table, where=where)
        if labelled:
            _check_targets(table, dataset, where=where)


def check_types(schema: pa.Schema, dataset: Dataset, like: Mapping[str, str], *, labelled: bool, where: str) -> None:
    """Check that what the model works with has the Arrow types of `like`, before any row is read.

    Raises:
        DatasetError: a feature, or with `labelled` a target, has another type; SeveralErrors, where several have.
    """
    findings = Findings()
    meant = (*dataset.feature_names, *(dataset.target_names if labelled else ()))
    for name in meant:
        now, then = str(schema.field(name).type), like.get(name)
        if now != then:
            findings.errors.append(
                DatasetError(
                    f"column {name} is {now}; in training it was {then}",
                    where=where,
                    expected=f"cast it in the SELECT so that it arrives as {then}",
                )
            )
    findings.refuse()


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
            f"{repeated.num_rows} entity keys appear in more than one row; {shown} stands in {times}",
            where=where,
            expected="one row per entity key",
        )


def check_times(table: pa.Table | pa.RecordBatch, *, where: str) -> None:
    """Check that dates and timestamps are what PostgreSQL had; of a stream, batch by batch.

    PostgreSQL's infinities, and years that Arrow can't hold, arrive as moments before any that PostgreSQL has.

    Raises:
        DatasetError: a column holds one of them.
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
                f"column {field.name} holds infinity, or a time that is too far away",
                where=where,
                expected=f"a time in every row, or null: nullif({field.name}, 'infinity')",
            )


def _check_targets(table: pa.Table, dataset: Dataset, *, where: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in dataset.target_names:
        column = table[name]
        unlabelled = column.null_count
        if pa.types.is_floating(column.type):
            unlabelled += pc.sum(pc.is_nan(column)).as_py() or 0
        if unlabelled:
            raise DatasetError(
                f"the target {name} is null or NaN in {unlabelled} of {table.num_rows} rows",
                where=where,
                expected=f"leave out rows without a label: … WHERE {name} IS NOT NULL",
            )
