"""Inspects a user's query before it runs: whether it parses, its columns, and whether Arrow can represent them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import DatasetError, Unavailable
from modelops.domain.findings import Findings
from modelops.domain.statements import embeddable, names_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    import psycopg
    from psycopg import Connection, Cursor
    from psycopg.sql import Composable

    from modelops.domain.datasets import Dataset
    from modelops.domain.parts import Part

ARROW_TYPES = frozenset(
    {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "date", "timestamp", "timestamptz", "bytea"}
)
"""PostgreSQL types that have an Arrow type. `numeric` is read as float8, or as text within the entity key, where no
digit may be lost. For arrays, see `arrays.ELEMENTS`. Every other type is read as text."""
PLATFORM = re.compile("|".join(("08(?!P01)", "40", "53", "55P03", "57014", "57P", "58", "XX")))
"""SQLSTATEs of platform errors, such as deadlocks and timeouts. All others are errors of the query."""
INTERVAL_START, INTERVAL_END = "modelops.interval_start", "modelops.interval_end"
"""Settings that hold the data interval for the queries of a transaction.

With the suffix `_date` they hold the local date, and with `_local` the local time without a zone, both in the time zone
of the interval's ends.
"""
_INTERVAL = "modelops.interval_"
SET_SETTING = "SELECT set_config(%s, %s, true)"
LONGEST = 60
"""Seconds that PostgreSQL may take to parse and plan a query."""
SET_TIMEOUT = "SELECT set_config('statement_timeout', %s, false)"
ALL_ROWS = "SET row_security = off"
"""Makes PostgreSQL reject a query from which a row-level security policy would filter rows."""
# The type itself if it is built in and has a btree operator class (varchar and cidr use those of text and inet), else
# text. The modifier -1 distinguishes bpchar, which has any length, from character, which has a fixed one.
STORED_AS = """
SELECT oid, CASE WHEN typtype = 'b' AND typnamespace = 'pg_catalog'::regnamespace AND EXISTS (
         SELECT FROM pg_opclass JOIN pg_am ON pg_am.oid = opcmethod AND amname = 'btree'
         WHERE opcdefault AND (opcintype = pg_type.oid OR typcategory IN ('S', 'I') AND opcintype IN (
           SELECT casttarget FROM pg_cast WHERE castsource = pg_type.oid AND castmethod = 'b' AND castcontext = 'i'))
       ) THEN format_type(oid, -1) ELSE 'text' END
FROM pg_type WHERE oid = ANY(%s)
"""
# Tables and views that the statement may refer to and that the login may not read. System tables are never granted.
UNREADABLE = """
SELECT nspname, relname, has_schema_privilege(pg_namespace.oid, 'USAGE')
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relname = ANY(%(names)s)
  AND (nspname = ANY(%(names)s) OR nspname = ANY(current_schemas(false)))
  AND nspname NOT IN ('modelops', 'staging', 'information_schema') AND nspname NOT LIKE 'pg\\_%%'
  AND NOT (has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'SELECT'))
ORDER BY nspname, relname
"""
NO_PRIVILEGE = "42501"
ONE_SELECT = "one SELECT statement that the login modelops_sql may run, READ ONLY"
EXPECTED_BY_STATE = {
    "42601": "one SELECT statement as PostgreSQL parses it; `./modelops psql --role sql` tries it",
    "42P01": "an existing table or view, with its schema: schema.table",
    "42703": "a column that the tables of its FROM have",
    "22": "a SELECT that runs to its end over all of its rows",
}
"""The `expected` text of an error, by SQLSTATE or SQLSTATE class."""

IntervalBounds = tuple["datetime | None", "datetime | None"]
"""A data interval: start (included), end (excluded), in the time zone of its calendar values. None: unbounded."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a query's result.

    `type` is the name of its PostgreSQL type. `sql_type` is the type of a table column that can hold it and be part of
    a primary key: text if the type is not built into PostgreSQL.
    """

    name: str
    type: str
    sql_type: str


def reads_interval(sql: str) -> bool:
    """Whether SQL reads the data interval of its batch."""
    return _INTERVAL in sql


@contextmanager
def inspection_connection(url: str) -> Iterator[Connection[Any]]:
    """A READ ONLY connection for inspecting queries, with a statement timeout of LONGEST seconds.

    Raises:
        Unavailable: the database can't be reached.
    """
    import psycopg

    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SET_TIMEOUT, (f"{LONGEST}s",))
            connection.execute(ALL_ROWS)
            connection.autocommit = False
            connection.read_only = True
            yield connection
    except psycopg.OperationalError as error:
        raise Unavailable(f"the data database can't be reached: {str(error).strip()}") from error


def describe(
    connection: Connection[Any],
    dataset: Dataset,
    *,
    where: str,
    labelled: bool = True,
    interval: IntervalBounds | None = None,
) -> tuple[Column, ...]:
    """The columns that the dataset's query would return, as `columns_of`; with `labelled`, they include the targets.

    Raises:
        DatasetError: as `columns_of`; or a column that the model declares is missing.
        Unavailable: the database can't be reached.
    """
    columns = columns_of(connection, dataset.sql, where=where, interval=interval)
    _check_names([column.name for column in columns], dataset, where=where, labelled=labelled)
    return columns


def columns_of(
    connection: Connection[Any], sql: str, *, where: str, interval: IntervalBounds | None = None
) -> tuple[Column, ...]:
    """The columns that a query would return, found without reading rows. The query can read the interval.

    Raises:
        DatasetError: the query doesn't parse, isn't a single SELECT, names a relation that doesn't exist or may not be
            read, returns two columns of one name, or reads an interval when there is none.
        Unavailable: the database can't be reached.
    """
    import psycopg
    from psycopg.sql import SQL

    statement = SQL("SELECT * FROM (\n{}\n) AS dataset LIMIT 0").format(SQL(embeddable(sql))).as_string()
    try:
        with connection.transaction():
            found = _run(connection, statement, interval).description or ()
            stored_as = dict(connection.execute(STORED_AS, ([column.type_code for column in found],)).fetchall())
    except psycopg.Error as error:
        grants = _missing_grants(connection, sql) if error.sqlstate == NO_PRIVILEGE else None
        place = f"{where}{line_in(error, statement)}"
        raise translate_error(error, where=place, sql=statement, interval=interval, right=grants) from error
    names = [column.name for column in found]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DatasetError(
            f"the dataset has more than one column named {', '.join(repeated)}",
            where=where,
            expected="a name of its own for each column: SELECT … AS …",
        )
    return tuple(
        Column(name=c.name, type=_type_name(connection, c.type_code), sql_type=stored_as[c.type_code]) for c in found
    )


def translate_error(
    error: psycopg.Error, *, where: str, sql: str, interval: IntervalBounds | None, right: str | None = None
) -> DatasetError | Unavailable:
    """Translate the driver's error on a user's query into an error of the query or of the platform.

    `right` is the error's `expected` text; by default it is the server's hint or depends on the SQLSTATE.
    """
    message = error.diag.message_primary or str(error).strip()
    if error.sqlstate is None or PLATFORM.match(error.sqlstate):
        return Unavailable(f"the data database can't be queried: {message}")
    if error.diag.source_function == "check_enable_rls":  # the message depends on the server's language
        return _row_security_error(message, where=where)
    right = right or error.diag.message_hint
    return query_error(message, where=where, sql=sql, interval=interval, right=right, state=error.sqlstate)


def _missing_grants(connection: Connection[Any], sql: str) -> str | None:
    """The GRANT statements that the query needs; None if they can't be determined."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    try:
        with connection.transaction():
            found = connection.execute(UNREADABLE, {"names": names_in(sql)}).fetchall()
    except psycopg.Error:
        return None
    grants: dict[str, None] = {}
    for schema, table, usable in found:
        if not usable:
            grants[SQL("GRANT USAGE ON SCHEMA {} TO modelops_sql").format(Identifier(schema)).as_string()] = None
        grants[SQL("GRANT SELECT ON {} TO modelops_sql").format(Identifier(schema, table)).as_string()] = None
    return f"run: {'; '.join(grants)}" if grants else None


def estimate_rows(connection: Connection[Any], sql: str, *, interval: IntervalBounds | None = None) -> int | None:
    """The planner's estimate of the number of rows; None if it has none."""
    import psycopg
    from psycopg.sql import SQL

    statement = SQL("EXPLAIN (FORMAT JSON) SELECT * FROM (\n{}\n) AS dataset").format(SQL(embeddable(sql))).as_string()
    try:
        with connection.transaction():
            match _run(connection, statement, interval).fetchone():
                case ([{"Plan": {"Plan Rows": int() | float() as rows}}],):
                    return int(rows)
    except psycopg.Error:
        pass
    return None


def cast_for_arrow(
    sql: str, columns: tuple[Column, ...], *, exact: Collection[str] = (), lists: Collection[str] = ()
) -> str:
    """The query with each column cast to a type that Arrow has.

    Columns in `exact` keep every digit; those in `lists`, which are arrays of numbers, become lists.
    """
    from psycopg.sql import SQL, Identifier

    selected = SQL(", ").join(
        SQL("{} AS {}").format(
            in_arrow(c, Identifier(c.name), exact=c.name in exact, as_list=c.name in lists), Identifier(c.name)
        )
        for c in columns
    )
    return SQL("SELECT {} FROM (\n{}\n) AS dataset").format(selected, SQL(embeddable(sql))).as_string()


def in_arrow(column: Column, value: Composable, *, exact: bool = False, as_list: bool = False) -> Composable:
    """The value of a column, cast to a type that Arrow has; if `exact`, with every digit."""
    from psycopg.sql import SQL

    if as_list and not exact:
        return SQL("{}::float8[]").format(value) if column.type == "numeric[]" else value
    if column.type in ARROW_TYPES:
        return value
    return SQL("{}::float8" if column.type == "numeric" and not exact else "{}::text").format(value)


def restrict_to_part(sql: str, key: Sequence[str], part: Part) -> str:
    """The query restricted to one partition. A hash of the entity key puts each row into exactly one partition."""
    from psycopg.sql import SQL, Identifier

    # The query starts on the first line, so that errors have its own line numbers.
    return (
        SQL("SELECT * FROM ({}\n) AS whole WHERE abs(hashtextextended(ROW({})::text, 0) % {}) = {}")
        .format(SQL(embeddable(sql)), SQL(", ").join(map(Identifier, key)), part.of, part.number)
        .as_string()
    )


def query_error(
    message: str,
    *,
    where: str,
    sql: str,
    interval: IntervalBounds | None,
    right: str | None = None,
    state: str | None = None,
) -> DatasetError:
    """The error for a query that the database has rejected; `state` is the SQLSTATE."""
    if "row-level security policy" in message:
        return _row_security_error(message, where=where)
    # Once set in a session, the setting stays defined there, as an empty string.
    unset = reads_interval(message) or (reads_interval(sql) and message.endswith('""'))
    if interval is None and unset:
        return DatasetError(
            "the dataset's SQL reads the data interval, but this job has none",
            where=where,
            expected=f"give interval_start and interval_end, or a SELECT without {INTERVAL_START}",
        )
    return DatasetError(
        f"PostgreSQL refuses the dataset's SQL: {message}",
        where=where,
        expected=right or EXPECTED_BY_STATE.get(state or "") or EXPECTED_BY_STATE.get((state or "")[:2]) or ONE_SELECT,
    )


def _row_security_error(message: str, *, where: str) -> DatasetError:
    return DatasetError(
        f"row-level security may hide rows from this login, and a dataset must be complete: {message}",
        where=where,
        expected="a login that bypasses row-level security: ALTER ROLE modelops_sql BYPASSRLS, and for tasks in SQL"
        " ALTER ROLE modelops_features BYPASSRLS; or a view that the table's owner makes, with GRANT SELECT on it",
    )


def set_interval(connection: Connection[Any], interval: IntervalBounds | None) -> None:
    """Set the data interval for the statements of this transaction."""
    for setting in settings_of(interval).items():
        connection.execute(SET_SETTING, setting)


def settings_of(interval: IntervalBounds | None) -> dict[str, str]:
    """The settings that hold the data interval for a query; empty without an interval."""
    if interval is None:
        return {}
    settings = {}
    for name, moment, ever in zip((INTERVAL_START, INTERVAL_END), interval, ("-infinity", "infinity"), strict=True):
        settings[name] = ever if moment is None else moment.isoformat()
        settings[f"{name}_date"] = ever if moment is None else moment.date().isoformat()
        settings[f"{name}_local"] = ever if moment is None else moment.replace(tzinfo=None).isoformat(" ")
    return settings


def _run(connection: Connection[Any], sql: str, interval: IntervalBounds | None) -> Cursor[Any]:
    set_interval(connection, interval)
    # A prepared statement: the protocol then accepts a single statement only.
    return connection.execute(sql, prepare=True)


def line_in(error: psycopg.Error, sql: str) -> str:
    """The line of the user's SQL at which the error is; the wrapping query adds one line before it."""
    position = error.diag.statement_position
    return f", line {sql[: int(position)].count(chr(10))} of its SQL" if position else ""


def _type_name(connection: Connection[Any], oid: int) -> str:
    known = connection.adapters.types.get(oid)
    # psycopg finds an array's entry by the oid of the array and by that of its elements.
    if known is None:
        return "unknown"
    return known.name if known.oid == oid else f"{known.name}[]"


def _check_names(names: list[str], dataset: Dataset, *, where: str, labelled: bool) -> None:
    roles = (
        ("entity key", dataset.entity_key),
        ("feature", dataset.feature_names),
        ("target", dataset.target_names if labelled else ()),
    )
    findings = Findings()
    for role, wanted in roles:
        missing = [name for name in wanted if name not in names]
        if missing:
            findings.errors.append(
                DatasetError(
                    f"the dataset lacks the {role} column {', '.join(missing)}",
                    where=where,
                    expected=f"a SELECT that gives it; it gives {', '.join(names) or 'no columns'}",
                )
            )
    findings.raise_if_any()
