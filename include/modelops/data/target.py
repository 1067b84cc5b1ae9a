"""Creates the table and the view of predictions, which all versions of a model share."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelops.data.query import PLATFORM
from modelops.data.relations import drop_released, lock, owned_relation
from modelops.domain.errors import TargetError, Unavailable
from modelops.domain.targets import RUN_COLUMNS, RUN_ID, TargetColumn, check_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection
    from psycopg.sql import Composed

    from modelops.data.query import Column
    from modelops.domain.targets import Target

OUTPUTS = {
    "bool": "boolean",
    "int8": "smallint",
    "int16": "smallint",
    "uint8": "smallint",
    "int32": "integer",
    "uint16": "integer",
    "int64": "bigint",
    "uint32": "bigint",
    "halffloat": "real",
    "float": "real",
    "double": "double precision",
    "string": "text",
    "large_string": "text",
    "date32[day]": "date",
    "list<item: int8>": "smallint[]",
    "list<item: int16>": "smallint[]",
    "list<item: uint8>": "smallint[]",
    "list<item: int32>": "integer[]",
    "list<item: uint16>": "integer[]",
    "list<item: int64>": "bigint[]",
    "list<item: uint32>": "bigint[]",
    "list<item: float>": "real[]",
    "list<item: double>": "double precision[]",
}
"""The PostgreSQL type for each Arrow type of a prediction, wide enough for every value. See also `TIMESTAMP`."""
TIMESTAMP = re.compile(r"timestamp\[(?:s|ms|us|ns)(?P<zone>, tz=.+)?\]")

COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attnum = ANY (coalesce(indkey, ''))
FROM pg_attribute LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


def columns_for(
    key: Sequence[Column], outputs: Mapping[str, str]
) -> tuple[tuple[TargetColumn, ...], tuple[TargetColumn, ...]]:
    """The target's columns for the dataset's entity key, and for predictions (Arrow types by name).

    Raises:
        TargetError: a prediction has a type that the target doesn't support.
    """
    return (
        tuple(TargetColumn(name=column.name, type=column.sql_type) for column in key),
        tuple(TargetColumn(name=name, type=_type_of(name, arrow)) for name, arrow in outputs.items()),
    )


def ensure_target(
    connection: Connection[Any], target: Target, *, key: Sequence[TargetColumn], outputs: Sequence[TargetColumn]
) -> None:
    """Create the rows table and its view, or check that the existing ones fit this model.

    The order of the columns doesn't matter, as versions of one model share the target. Relations of an earlier model
    that never published into the target are dropped and created again. In the caller's transaction, an error undoes all
    changes, and the lock on the target is held until the transaction ends.

    Raises:
        TargetError: the existing relation has another owner or other columns; the schema is missing, or the login may
            not use it.
        Unavailable: the database can't be reached.
    """
    check_columns(target, key=key, outputs=outputs)
    with target_errors(target), connection.transaction():
        lock(connection, target)
        drop_released(connection, target)
        _ensure(connection, target, key, outputs)


def check_target(
    connection: Connection[Any],
    target: Target,
    *,
    key: Sequence[TargetColumn],
    outputs: Sequence[TargetColumn] | None = None,
) -> None:
    """Check that `ensure_target` would succeed, by running it and rolling it back.

    If `outputs` is None, the predictions aren't known yet, and those of an existing target are accepted.

    Raises:
        TargetError, Unavailable: as `ensure_target`.
    """
    with target_errors(target), connection.transaction(force_rollback=True):
        if outputs is None:
            rows = owned_relation(connection, target.rows, "r")
            taken = {RUN_ID, *(column.name for column in key)}
            found = [] if rows is None else connection.execute(COLUMNS, (rows,)).fetchall()
            outputs = [TargetColumn(name=name, type=type_) for name, type_, _, _ in found if name not in taken]
        ensure_target(connection, target, key=key, outputs=outputs)


@contextmanager
def target_errors(target: Target) -> Iterator[None]:
    """Translate the database's errors on creating a target.

    Raises:
        TargetError: the schema is missing, the login may not use it, or the server rejects a statement.
        Unavailable: the database can't be reached.
    """
    import psycopg

    try:
        yield
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege) as error:
        raise _no_privilege(target, missing=isinstance(error, psycopg.errors.InvalidSchemaName)) from error
    except psycopg.errors.DependentObjectsStillExist as error:
        raise TargetError(
            f"another object depends on a column of {target} that this version doesn't return:"
            f" {(error.diag.message_detail or '').splitlines()[0]}",
            where=str(target),
            expected="another output, a version that returns the column, or to drop the object that depends on it",
        ) from error
    except psycopg.Error as error:
        message = error.diag.message_primary or str(error).strip()
        if error.sqlstate is None or PLATFORM.match(error.sqlstate):
            raise Unavailable(f"the data database can't be queried about {target}: {message}") from error
        raise TargetError(
            f"PostgreSQL refuses to make {target}: {message}",
            where=str(target),
            expected="another target, or other columns",
        ) from error


def _ensure(
    connection: Connection[Any], target: Target, key: Sequence[TargetColumn], outputs: Sequence[TargetColumn]
) -> None:
    rows, view = owned_relation(connection, target.rows, "r"), owned_relation(connection, target, "v")
    if rows is None and view is not None:
        raise TargetError(
            f"{target} is a view that was not made for predictions", where=str(target), expected="another target"
        )
    if rows is None:
        comment = f"Predictions of all runs, written by jobs. The view {target} shows those of the published runs."
        for statement in rows_table(target, (*key, *outputs), key=[column.name for column in key], comment=comment):
            connection.execute(statement)
    else:
        _check_rows_table(connection, rows, target, key, outputs)
    if view is None:
        for statement in _view(target, key, outputs):
            connection.execute(statement)
    else:
        _check_view(connection, view, target, key, outputs)
    if owned_relation(connection, target.history, "v") is None:
        shown = [name for name, *_ in connection.execute(COLUMNS, (owned_relation(connection, target, "v"),))]
        for statement in _history(target, shown):
            connection.execute(statement)


def rows_table(
    target: Target, columns: Sequence[TargetColumn], *, key: Iterable[str], comment: str
) -> Iterator[Composed]:
    """The statements that create the table for the rows of all runs."""
    from psycopg.sql import SQL, Identifier, Literal

    rows = target.rows
    defined = (
        SQL("{} {}{}").format(Identifier(column.name), SQL(column.type), SQL(" NOT NULL" if column.required else ""))
        for column in (TargetColumn(name=RUN_ID, type="bigint"), *columns)
    )
    yield SQL("CREATE TABLE {} ({}, CONSTRAINT {} PRIMARY KEY ({}))").format(
        Identifier(rows.schema, rows.name),
        SQL(", ").join(defined),
        Identifier(f"{rows.name}_pkey"),
        names_of((RUN_ID, *key)),
    )
    yield SQL("COMMENT ON TABLE {} IS {}").format(Identifier(rows.schema, rows.name), Literal(comment))


def _view(target: Target, key: Sequence[TargetColumn], outputs: Sequence[TargetColumn]) -> Iterator[Composed]:
    from psycopg.sql import SQL, Identifier, Literal

    name, rows = Identifier(target.schema, target.name), target.rows
    yield SQL(
        "CREATE VIEW {} AS SELECT {}, run.model_version, run.job_id, run.published_at AS scored_at,"
        " run.interval_start, run.interval_end"
        " FROM {} AS predicted JOIN modelops.published_run AS run USING (run_id) WHERE run.target = {}"
    ).format(
        name,
        SQL(", ").join(Identifier("predicted", column.name) for column in (*key, *outputs)),
        Identifier(rows.schema, rows.name),
        Literal(str(target)),
    )
    yield SQL("COMMENT ON VIEW {} IS {}").format(
        name, Literal("Predictions of the published runs, one row per entity key and interval.")
    )
    yield SQL("GRANT SELECT ON {} TO modelops_reader, modelops_sql").format(name)


def _history(target: Target, shown: Sequence[str]) -> Iterator[Composed]:
    """A view of all rows that readers have ever seen, and a function that returns those visible at a given time."""
    from psycopg.sql import SQL, Identifier, Literal

    rows, history, as_of = (Identifier(one.schema, one.name) for one in (target.rows, target.history, target.as_of))
    of_run = {name: SQL("run.{}").format(Identifier(name)) for name in RUN_COLUMNS}
    of_run["scored_at"] = SQL("run.{} AS {}").format(Identifier("published_at"), Identifier("scored_at"))
    columns = SQL(", ").join(of_run.get(name, Identifier("predicted", name)) for name in shown)
    yield SQL(
        "CREATE VIEW {} AS SELECT {}, run.superseded_at FROM {} AS predicted JOIN modelops.run_history AS run"
        " USING (run_id) WHERE run.target = {}"
    ).format(history, columns, rows, Literal(str(target)))
    yield SQL("COMMENT ON VIEW {} IS {}").format(
        history, Literal(f"All predictions that {target} has ever shown, from scored_at to superseded_at.")
    )
    yield SQL("GRANT SELECT ON {} TO modelops_reader, modelops_sql").format(history)
    yield SQL(
        "CREATE FUNCTION {}(at timestamptz) RETURNS SETOF {} LANGUAGE sql STABLE"
        " BEGIN ATOMIC SELECT * FROM {} AS seen"
        " WHERE scored_at <= $1 AND (superseded_at IS NULL OR superseded_at > $1); END"
    ).format(as_of, history, history)
    yield SQL("COMMENT ON FUNCTION {}(timestamptz) IS {}").format(
        as_of, Literal(f"What {target} showed at that moment.")
    )


def names_of(names: Iterable[str]) -> Composed:
    """The column names as a comma-separated list of identifiers."""
    from psycopg.sql import SQL, Identifier

    return SQL(", ").join(Identifier(name) for name in names)


def repeated_key(detail: str, names: Sequence[str]) -> str:
    """The key in PostgreSQL's `Key (run_id, flight_id)=(12, 5) already exists.`; empty if `detail` has none."""
    found = re.search(r"\)=\(\d+, (.*)\)", detail)
    if not found:
        return ""
    values = found[1].split(", ")
    shown = f"({', '.join(names)}) = ({found[1]})"
    if len(values) == len(names):
        shown = ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
    return f"; {shown} appears more than once"


def _check_rows_table(
    connection: Connection[Any],
    oid: int,
    target: Target,
    key: Sequence[TargetColumn],
    outputs: Sequence[TargetColumn],
) -> None:
    found = connection.execute(COLUMNS, (oid,)).fetchall()
    types = {name: type_ for name, type_, _, _ in found}
    needed = {RUN_ID: "bigint"} | {column.name: column.type for column in (*key, *outputs)}
    differing = [
        f"lacks the column {name} of type {type_}"
        if name not in types
        else f"has the column {name} of type {types[name]}; this model gives {type_}"
        for name, type_ in needed.items()
        if types.get(name) != type_
    ]
    differing += [
        f"has the column {name} of type {type_}, which this model doesn't give"
        for name, type_ in types.items()
        if name not in needed
    ]
    differing += [f"has the column {name} without NOT NULL" for name, _, filled, _ in found if not filled]
    in_key = [name for name, _, _, keyed in found if keyed]
    wanted = [RUN_ID, *(column.name for column in key)]
    if not differing and set(in_key) != set(wanted):
        differing.append(f"has the primary key ({', '.join(in_key)}); this model needs ({', '.join(wanted)})")
    if differing:
        raise TargetError(
            f"{target.rows} {', and '.join(differing)}",
            where=str(target.rows),
            expected="another target, or the columns that the target has: the entity key's and each prediction's",
        )


def _check_view(
    connection: Connection[Any],
    oid: int,
    target: Target,
    key: Sequence[TargetColumn],
    outputs: Sequence[TargetColumn],
) -> None:
    found = {name: type_ for name, type_, _, _ in connection.execute(COLUMNS, (oid,))}
    rows = {column.name: column.type for column in (*key, *outputs)}
    if found.keys() != {*rows, *RUN_COLUMNS} or not rows.items() <= found.items():
        raise TargetError(
            f"the view {target} differs from the one that ModelOps made: it has the columns {', '.join(found)}",
            where=str(target),
            expected=f"another target; or DROP VIEW {target}, after which ModelOps makes it again",
        )


def _no_privilege(target: Target, *, missing: bool) -> TargetError:
    schema = target.schema
    grants = (
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO modelops_jobs; "
        f"GRANT USAGE ON SCHEMA {schema} TO modelops_reader, modelops_sql"
    )
    if missing:
        return TargetError(
            f"there is no schema {schema}", where=str(target), expected=f"run: CREATE SCHEMA {schema}; {grants}"
        )
    return TargetError(
        f"the login modelops_jobs may not make tables in the schema {schema}",
        where=str(target),
        expected=f"run: {grants}",
    )


def _type_of(name: str, arrow: str) -> str:
    if arrow in OUTPUTS:
        return OUTPUTS[arrow]
    if timestamp := TIMESTAMP.fullmatch(arrow):
        return f"timestamp {'with' if timestamp['zone'] else 'without'} time zone"
    raise TargetError(
        f"the prediction {name} has the type {arrow}, which a target does not support",
        where=f"the prediction {name}",
        expected="numbers of at most 64 bits with a sign, booleans, text, dates or timestamps",
    )
