"""Describes a table as the login for users' SQL sees it: its columns, its key, and the values of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.data.query import translate_error
from modelops.domain.errors import DatasetError
from modelops.domain.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

FIRST_ROWS = 10_000
"""Maximum number of rows in which the values of a column are counted."""
TABLES = """
SELECT pg_class.oid, nspname || '.' || relname, quote_ident(nspname) || '.' || quote_ident(relname),
       has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'SELECT')
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
  AND nspname NOT IN ('modelops', 'staging', 'information_schema') AND nspname NOT LIKE 'pg\\_%'
ORDER BY 2
"""
COLUMNS = """
SELECT attname, quote_ident(attname), typname, format_type(atttypid, atttypmod), typtype = 'e', attnotnull
FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""
# The primary key, or a unique index of columns that are never null.
KEYS = """
SELECT array_agg(attname ORDER BY place)
FROM pg_index
CROSS JOIN unnest(indkey) WITH ORDINALITY AS part (number, place)
JOIN pg_attribute ON attrelid = indrelid AND attnum = number
WHERE indrelid = %s AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL AND place <= indnkeyatts
GROUP BY indexrelid, indisprimary
HAVING bool_and(attnotnull)
ORDER BY indisprimary DESC, count(*), indexrelid
"""
NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric")
WHOLE = NUMBERS[:3]
TEXTS = ("text", "varchar", "bpchar")


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column; `quoted` is its name quoted for SQL, and `may_be_null` is false if it is declared NOT NULL.

    `kind` is `whole`, `number`, `bool`, `text`, or empty for other types.
    """

    name: str
    quoted: str
    type: str
    kind: str
    may_be_null: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table or view; `quoted` is its name quoted for SQL. `key` is empty if no unique index identifies a row."""

    name: str
    quoted: str
    columns: Sequence[TableColumn]
    key: tuple[str, ...]

    def column(self, name: str, *, where: str) -> TableColumn:
        """The column of this name.

        Raises:
            DatasetError: the table has no such column.
        """
        names = [column.name for column in self.columns]
        if name not in names:
            raise DatasetError(
                f"{self.name} has no column {name!r}{did_you_mean(name, names)}",
                where=where,
                expected=f"one of {', '.join(names)}",
            )
        return self.columns[names.index(name)]


def find_table(connection: Connection[Any], name: str, *, where: str) -> Table:
    """The table or view `schema.name`.

    Raises:
        DatasetError: the table does not exist, or the login may not read it.
    """
    known = {shown: (oid, quoted, readable) for oid, shown, quoted, readable in connection.execute(TABLES)}
    if name not in known:
        readable_ones = [shown for shown, (_, _, readable) in known.items() if readable]
        alike = [
            shown
            for shown in readable_ones
            if name.casefold() in (shown.casefold(), shown.partition(".")[2].casefold())
        ]
        question = f": did you mean {alike[0]}?" if alike else did_you_mean(name, readable_ones)
        raise DatasetError(
            f"there is no table {name!r}{question}",
            where=where,
            expected="schema.table, a table or view that the login modelops_sql may read"
            + (f"; there are {', '.join(readable_ones[:5])}" if readable_ones and not question else ""),
        )
    oid, quoted, readable = known[name]
    if not readable:
        schema = quoted.partition(".")[0]
        raise DatasetError(
            f"the login modelops_sql may not read {name}",
            where=where,
            expected=f"run: GRANT USAGE ON SCHEMA {schema} TO modelops_sql; GRANT SELECT ON {quoted} TO modelops_sql",
        )
    columns = [
        TableColumn(name=name, quoted=quoted, type=shown, kind=_kind(type_, is_enum), may_be_null=not never_null)
        for name, quoted, type_, shown, is_enum, never_null in connection.execute(COLUMNS, (oid,))
    ]
    first = connection.execute(KEYS, (oid,)).fetchone()
    return Table(name=name, quoted=quoted, columns=columns, key=() if first is None else tuple(first[0]))


def values_of(connection: Connection[Any], table: Table, column: TableColumn, *, where: str) -> tuple[int, int]:
    """Count rows with a value in this column, up to FIRST_ROWS, and the distinct values in them.

    Raises:
        DatasetError: the table can't be read, such as a view whose query fails.
        Unavailable: the database can't be reached.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    schema, _, name = table.name.partition(".")
    first = SQL("SELECT {0} FROM {1} WHERE {0} IS NOT NULL LIMIT {2}").format(
        Identifier(column.name), Identifier(schema, name), FIRST_ROWS
    )
    query = SQL("SELECT count(*), count(DISTINCT {}) FROM ({}) AS first").format(Identifier(column.name), first)
    try:
        row = connection.execute(query).fetchone()
    except psycopg.Error as error:
        raise translate_error(error, where=where, sql="", interval=None) from error
    assert row is not None
    return row[0], row[1]


def _kind(type_: str, is_enum: bool) -> str:
    if type_ in WHOLE:
        return "whole"
    if type_ in NUMBERS:
        return "number"
    return "bool" if type_ == "bool" else "text" if is_enum or type_ in TEXTS else ""
