"""Creates the table and the view of features at the first deployment, and adds the columns of later versions."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from modelops.data.relations import drop_released, lock, owned_relation
from modelops.data.target import COLUMNS, rows_table, target_errors
from modelops.domain.errors import TargetError
from modelops.domain.targets import RUN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection
    from psycopg.sql import Composable

    from modelops.domain.targets import Target, TargetColumn

RUN_COLUMNS = {"task_version": "model_version", "job_id": "job_id", "published_at": "published_at"}
"""Columns that the view adds to the features, with their names in `modelops.published_run`."""
MOMENT_OF = {
    "timestamp with time zone": "{value}",
    "timestamp without time zone": "{value} AT TIME ZONE {zone}",
    "date": "({value} + 1)::timestamp AT TIME ZONE {zone} - interval '1 microsecond'",
}
"""The timestamp of an incremental column's value, by type. A date belongs to the interval in which its day ends."""


def ensure_feature_table(
    connection: Connection[Any],
    target: Target,
    columns: Sequence[TargetColumn],
    *,
    key: Sequence[str],
    incremental: str | None,
    time_zone: str = "UTC",
) -> None:
    """Create the rows table and its view if they don't exist, and add new columns.

    Dates and times without a time zone in the incremental column are in `time_zone`.

    Columns that are no longer declared stay in the rows table and are dropped from the view. In the caller's
    transaction, an error undoes all changes, and the lock on the target is held until the transaction ends.

    Raises:
        TargetError: the existing relation has another owner, another key or a column of another type; an object
            depends on a dropped column; the schema is missing, or the login may not use it.
        Unavailable: the database can't be reached.
    """
    with target_errors(target), connection.transaction():
        lock(connection, target)
        drop_released(connection, target)
        rows, view = _existing(connection, target)
        if rows is None:
            make_rows_table(connection, target, columns, key=key)
        else:
            _add_columns(connection, rows, target, columns, key=key)
        _ensure_view(connection, view, target, columns, incremental=incremental, time_zone=time_zone)


def check_feature_table(
    connection: Connection[Any], target: Target, columns: Sequence[TargetColumn], *, key: Sequence[str]
) -> None:
    """Check that the rows table can be created or extended with these columns; changes nothing.

    Raises:
        TargetError: the existing relation has another owner, another key or a column of another type; the schema is
            missing, or the login may not use it.
        Unavailable: the database can't be reached.
    """
    with target_errors(target), connection.transaction(force_rollback=True):
        lock(connection, target)
        drop_released(connection, target)
        rows, view = _existing(connection, target)
        if rows is None:
            make_rows_table(connection, target, columns, key=key)
            _ensure_view(connection, view, target, columns, incremental=None, time_zone="UTC")
        else:
            _compare(connection, rows, target, columns, key=key)


def make_rows_table(
    connection: Connection[Any], target: Target, columns: Sequence[TargetColumn], *, key: Sequence[str]
) -> None:
    """Create the table that holds the rows of all runs, with the run and the entity key as primary key."""
    for statement in rows_table(
        target, columns, key=key, comment=f"Features of all runs. {target} shows what is published."
    ):
        connection.execute(statement)


@contextmanager
def staged_table(
    connection: Connection[Any], target: Target, columns: Sequence[TargetColumn], *, key: Sequence[str]
) -> Iterator[None]:
    """Create a temporary rows table for one run that is never published, and drop it at the end."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    with target_errors(target), connection.transaction():
        make_rows_table(connection, target, columns, key=key)
    try:
        yield
    finally:
        rows = Identifier(target.rows.schema, target.rows.name)
        with suppress(psycopg.Error):  # keep an earlier error; the next attempt sweeps
            connection.execute(SQL("DROP TABLE IF EXISTS {} CASCADE").format(rows))


def _existing(connection: Connection[Any], target: Target) -> tuple[int | None, int | None]:
    """The oids of the rows table and the view, None for each that does not exist.

    Raises:
        TargetError: one of them has another owner, or the view exists without its table.
    """
    rows, view = owned_relation(connection, target.rows, "r"), owned_relation(connection, target, "v")
    if rows is None and view is not None:
        raise TargetError(
            f"{target} is a view that was not made for features", where=str(target), expected="another output"
        )
    return rows, view


def _compare(
    connection: Connection[Any], oid: int, target: Target, columns: Sequence[TargetColumn], *, key: Sequence[str]
) -> list[Any]:
    """Return the columns of the rows table, after checking that `columns` can be added to it.

    Raises:
        TargetError: the table has another key or a column of another type.
    """
    found = connection.execute(COLUMNS, (oid,)).fetchall()
    types = {name: type_ for name, type_, _, _ in found}
    differing = [
        f"has the column {column.name} of type {types[column.name]}; this version gives {column.type}"
        for column in columns
        if types.get(column.name, column.type) != column.type
    ]
    in_key = [name for name, _, _, keyed in found if keyed]
    if set(in_key) != {RUN_ID, *key}:
        differing.append(f"has the primary key ({', '.join(in_key)}); this version needs ({', '.join((RUN_ID, *key))})")
    if differing:
        raise TargetError(
            f"{target.rows} {', and '.join(differing)}",
            where=str(target.rows),
            expected="another output in task.yaml, or the types and the key that the table has",
        )
    return found


def _add_columns(
    connection: Connection[Any], oid: int, target: Target, columns: Sequence[TargetColumn], *, key: Sequence[str]
) -> None:
    from psycopg.sql import SQL, Identifier

    found = _compare(connection, oid, target, columns, key=key)
    types = {name for name, *_ in found}
    filled = {name for name, _, required, _ in found if required}
    table = Identifier(target.rows.schema, target.rows.name)
    declared = {column.name for column in columns}
    for column in columns:
        if column.name not in types:
            connection.execute(SQL("ALTER TABLE {} ADD {} {}").format(table, Identifier(column.name), SQL(column.type)))
    for name in filled - declared - {RUN_ID}:
        connection.execute(SQL("ALTER TABLE {} ALTER {} DROP NOT NULL").format(table, Identifier(name)))


def _ensure_view(
    connection: Connection[Any],
    oid: int | None,
    target: Target,
    columns: Sequence[TargetColumn],
    *,
    incremental: str | None,
    time_zone: str,
) -> None:
    """Create or replace the view with these columns. Existing ones keep their order: PostgreSQL then needs no DROP."""
    from psycopg.sql import SQL, Identifier

    wanted = [*(column.name for column in columns), *RUN_COLUMNS]
    shown = [] if oid is None else [name for name, *_ in connection.execute(COLUMNS, (oid,))]
    view = Identifier(target.schema, target.name)
    if not set(shown) <= set(wanted):
        connection.execute(SQL("DROP VIEW {}").format(view))
        shown = []
    ordered = [*shown, *(name for name in wanted if name not in shown)]
    types = {column.name: column.type for column in columns}
    connection.execute(
        SQL(
            "CREATE OR REPLACE VIEW {} AS SELECT {} FROM {} AS made JOIN modelops.published_run AS run USING (run_id)"
            " WHERE run.target = {}{}"
        ).format(
            view,
            SQL(", ").join(_view_column(name) for name in ordered),
            Identifier(target.rows.schema, target.rows.name),
            str(target),
            SQL("") if incremental is None else _interval_condition(incremental, types[incremental], time_zone),
        )
    )
    connection.execute(SQL("COMMENT ON VIEW {} IS {}").format(view, "Features of the published runs, one row per key."))
    connection.execute(SQL("GRANT SELECT ON {} TO modelops_reader, modelops_sql").format(view))


def _view_column(name: str) -> Composable:
    from psycopg.sql import SQL, Identifier

    if name in RUN_COLUMNS:
        return SQL("{} AS {}").format(Identifier("run", RUN_COLUMNS[name]), Identifier(name))
    return Identifier("made", name)


def _interval_condition(incremental: str, type_: str, time_zone: str) -> Composable:
    from psycopg.sql import SQL, Identifier, Literal

    moment = SQL(MOMENT_OF[type_]).format(value=Identifier("made", incremental), zone=Literal(time_zone))
    return SQL(" AND ({}) <@ run.shows").format(moment)
