"""Reads the predictions of a published batch with the labels that are known now."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from modelops.data.checks import check_dataset
from modelops.data.query import columns_of, in_arrow, inspection_connection, set_interval
from modelops.data.reading import read
from modelops.domain.errors import LabelsError, Unavailable
from modelops.domain.statements import embeddable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa
    from psycopg.sql import Composable

    from modelops.data.query import Column, IntervalBounds
    from modelops.domain.datasets import Dataset
    from modelops.domain.labels import Truth
    from modelops.domain.targets import Target

GROUPS = 20
"""Groups of rows for confidence intervals; a hash of the entity key puts each row into exactly one."""
MAX_VALUES = 50_000_000
"""Maximum values of a batch's labelled rows, labels and predictions together: all of them are in memory."""
PREDICTED = "SELECT * FROM {} WHERE job_id = {} AND scored_at = {}"
"""A run's rows: its job publishes one run at a time."""


@dataclass(frozen=True, kw_only=True)
class PublishedBatch:
    """The predictions of a published run: the view of all predictions, and what identifies those of the run in it.

    The SQL of the labels can read `interval`.
    """

    target: Target
    job_id: int
    published_at: datetime
    rows: int
    key: Sequence[str]
    interval: IntervalBounds | None


@dataclass(frozen=True, kw_only=True)
class LabelledPredictions:
    """The predictions of a batch whose targets are all known, as arrays of shape (labelled,).

    `rows` counts all predictions of the batch. `group` is the number of each row's group, `predicted` has predictions
    by name, `labels` has labels by target.
    """

    rows: int
    group: pa.ChunkedArray
    predicted: Mapping[str, pa.ChunkedArray]
    labels: Mapping[str, pa.ChunkedArray]

    @property
    def labelled(self) -> int:
        """The number of predictions with labels."""
        return len(self.group)


def check_truth(
    url: str,
    dataset: Dataset,
    *,
    key: Mapping[str, str],
    training_types: Mapping[str, str] | None,
    where: str,
    interval: IntervalBounds,
) -> dict[str, str]:
    """Check that a dataset has the labels of predictions; reads no row. Returns the Arrow types of its columns.

    Args:
        dataset: its SQL with the entity key and the targets; it has no features.
        key: the PostgreSQL types of the predictions' entity key, by column; empty: not known yet.
        training_types: the Arrow types of the training's columns; None: not known yet.
        interval: an arbitrary interval, for SQL that reads one.

    Raises:
        DatasetError: PostgreSQL rejects the query, a column is missing, or a target has another type.
        LabelsError: the entity keys can't be compared.
        Unavailable: the database can't be reached.
    """
    import psycopg
    from psycopg.sql import SQL

    found = check_dataset(url, dataset, where=where, labelled=True, training_types=training_types, interval=interval)
    with inspection_connection(url) as connection:
        for column in (column for column in found.key if column.name in key):
            types = SQL(key[column.name]), SQL(column.sql_type)
            try:
                connection.execute(SQL("SELECT NULL::{} = NULL::{}").format(*types))
            except psycopg.errors.UndefinedFunction:
                raise LabelsError(
                    f"the entity key column {column.name} of the labels is {column.sql_type}, and that of the"
                    f" predictions {key[column.name]}",
                    where=where,
                    expected=f"cast it in the SELECT: {column.name}::{key[column.name]}",
                ) from None
    return dict(found.types)


def read_labelled(
    url: str, truth: Truth, batch: PublishedBatch, outputs: Sequence[str], *, where: str
) -> LabelledPredictions:
    """Join a batch's predictions with their labels, in one consistent READ ONLY snapshot, and keep the labelled ones.

    `url` has the login for users' SQL. A label is missing if there is no row, or if a target is null or NaN.

    Raises:
        DatasetError: the server refuses the query.
        LabelsError: an entity key has more than one row of labels, there are too many, a column is missing, or
            predictions were removed.
        Unavailable: the connection can't be made, or breaks.
    """
    import pyarrow as pa

    most = MAX_VALUES // (len(outputs) + len(truth.targets))

    def kept(batches: pa.RecordBatchReader) -> tuple[int, pa.Table]:
        rows, labelled, found = 0, 0, []
        for each in batches:
            found.append(each.filter(_is_labelled(each, len(truth.targets))))
            rows, labelled = rows + each.num_rows, labelled + found[-1].num_rows
            if rows > batch.rows or labelled > most:
                break
        return rows, pa.Table.from_batches(found, schema=batches.schema)

    with inspection_connection(url) as connection:
        columns = columns_of(connection, truth.sql, where=where, interval=batch.interval)
        named = {column.name: column for column in columns}
        if missing := [name for name in (*batch.key, *truth.targets) if name not in named]:
            raise LabelsError(
                f"the SQL of the labels doesn't give {', '.join(missing)} any more",
                where=where,
                expected="the entity key and the targets, as at the deployment",
            )
    sql = _joined(truth, batch, outputs, named)
    rows, table = read(url, sql, kept, where=where, interval=batch.interval)
    if rows > batch.rows:
        raise _repeated_key_error(url, truth, batch, named, where)
    if table.num_rows > most:
        raise LabelsError(
            f"more than {most:,} predictions have labels",
            where=where,
            expected=f"at most {most:,} labelled rows: select a sample by a hash of the entity key",
        )
    if rows < batch.rows:
        raise LabelsError(
            f"only {rows:,} of the batch's {batch.rows:,} predictions are in {batch.target.history}",
            where=str(batch.target.rows),
            expected="a batch whose rows were not removed",
        )
    return LabelledPredictions(
        rows=rows,
        group=table["group"],
        predicted={name: table[f"p{number}"] for number, name in enumerate(outputs)},
        labels={name: table[f"t{number}"] for number, name in enumerate(truth.targets)},
    )


def _joined(truth: Truth, batch: PublishedBatch, outputs: Sequence[str], columns: Mapping[str, Column]) -> str:
    """The predictions as `p0`, `p1`, …, the labels as `t0`, `t1`, …, and the group."""
    from psycopg.sql import SQL, Identifier

    predicted = [
        SQL("{} AS {}").format(Identifier("predicted", name), Identifier(f"p{number}"))
        for number, name in enumerate(outputs)
    ]
    labels = [
        SQL("{} AS {}").format(in_arrow(columns[name], Identifier("labels", name)), Identifier(f"t{number}"))
        for number, name in enumerate(truth.targets)
    ]
    key = SQL(", ").join(Identifier("predicted", name) for name in batch.key)
    group = SQL("abs(hashtextextended(ROW({})::text, 0) % {})::int2 AS {}").format(key, GROUPS, Identifier("group"))
    return (
        SQL("SELECT {} FROM {}")
        .format(
            SQL(", ").join([group, *predicted, *labels]),
            _labelled_rows(truth, batch, columns, kind="LEFT JOIN"),
        )
        .as_string()
    )


def _labelled_rows(
    truth: Truth, batch: PublishedBatch, columns: Mapping[str, Column], *, kind: LiteralString
) -> Composable:
    """The join of the relations `predicted` and `labels`."""
    from psycopg.sql import SQL, Identifier, Literal

    history = Identifier(batch.target.history.schema, batch.target.history.name)
    predicted = SQL(PREDICTED).format(history, Literal(batch.job_id), Literal(batch.published_at))
    # Types that aren't built in become text, as in the table of the predictions.
    on = [
        SQL("{} = {}::{}").format(
            Identifier("predicted", name),
            Identifier("labels", name),
            SQL(columns[name].sql_type),
        )
        for name in batch.key
    ]
    return SQL("({}) AS predicted {} (\n{}\n) AS labels ON {}").format(
        predicted, SQL(kind), SQL(embeddable(truth.sql)), SQL(" AND ").join(on)
    )


def _is_labelled(batch: pa.RecordBatch, targets: int) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array([True] * batch.num_rows)
    for number in range(targets):
        known = pc.and_not(known, pc.is_null(batch[f"t{number}"], nan_is_null=True))
    return known


def _repeated_key_error(
    url: str, truth: Truth, batch: PublishedBatch, columns: Mapping[str, Column], where: str
) -> LabelsError:
    """The error for entity keys with several rows of labels; it names one key if a search finds one in time."""
    from psycopg.sql import SQL, Identifier

    keys = SQL(", ").join(Identifier("predicted", name) for name in batch.key)
    search = SQL("SELECT {0}, count(*) FROM {1} GROUP BY {0} HAVING count(*) > 1 LIMIT 1").format(
        keys, _labelled_rows(truth, batch, columns, kind="JOIN")
    )
    shown = ""
    with suppress(Unavailable), inspection_connection(url) as connection:
        set_interval(connection, batch.interval)
        row = connection.execute(search).fetchone()
        if row is not None:
            named = ", ".join(f"{name} = {value}" for name, value in zip(batch.key, row, strict=False))
            shown = f"; {named} has {row[-1]}"
    return LabelsError(
        f"an entity key has more than one row of labels{shown}",
        where=where,
        expected="one row for each entity key, or none",
    )
