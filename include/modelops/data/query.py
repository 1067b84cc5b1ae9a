"""A dataset's query before it runs: does it parse, which columns has it, can they travel as Arrow?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import DatasetError, Unavailable

if TYPE_CHECKING:
    import psycopg
    from psycopg import Connection

    from modelops.domain.datasets import Dataset

ARROW_TYPES = frozenset(
    {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "date", "timestamp", "timestamptz", "bytea"}
)
"""PostgreSQL types that arrive in Arrow as what they are. `numeric` is read as float8 (as text where it is part of the
entity key, which must not lose a digit), anything else as text."""
PLATFORM = re.compile("|".join(("08(?!P01)", "53", "57P", "58", "XX")))
"""SQLSTATEs that are the platform's trouble; all others are the query's own making."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a query's result, with the name of its PostgreSQL type."""

    name: str
    type: str


def describe(connection: Connection[Any], dataset: Dataset, *, where: str, labelled: bool = True) -> tuple[Column, ...]:
    """The columns that the query would give, found without reading rows; with `labelled`, the targets among them.

    Raises:
        DatasetError: it doesn't parse, isn't one SELECT, names what isn't there or may not be read.
        Unavailable: the database can't be reached.
    """
    import psycopg
    from psycopg.sql import SQL

    sql = SQL("SELECT * FROM (\n{}\n) AS dataset LIMIT 0").format(SQL(_bare(dataset.sql)))
    try:
        # Prepared: the protocol then takes one statement only, whatever the text says.
        cursor = connection.execute(sql, prepare=True)
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).strip()
        if error.sqlstate is None or PLATFORM.match(error.sqlstate):
            raise Unavailable(f"the data database can't be asked: {said}") from error
        hint = error.diag.message_hint
        raise refused(said, where=f"{where}{_line(error, sql.as_string())}", hint=hint) from error
    columns = tuple(Column(name=c.name, type=_type_name(connection, c.type_code)) for c in cursor.description or ())
    _check_names([column.name for column in columns], dataset, where=where, labelled=labelled)
    return columns


def travelling(dataset: Dataset, columns: tuple[Column, ...]) -> str:
    """The query as it is run: each column cast to a type that Arrow has."""
    from psycopg.sql import SQL, Identifier

    def cast(column: Column) -> str:
        return "float8" if column.type == "numeric" and column.name not in dataset.entity_key else "text"

    selected = SQL(", ").join(
        Identifier(c.name)
        if c.type in ARROW_TYPES
        else SQL("{}::{} AS {}").format(Identifier(c.name), SQL(cast(c)), Identifier(c.name))
        for c in columns
    )
    return SQL("SELECT {} FROM (\n{}\n) AS dataset").format(selected, SQL(_bare(dataset.sql))).as_string()


def refused(said: str, *, where: str, hint: str | None = None) -> DatasetError:
    """What the database said of a query, as the requester's error."""
    return DatasetError(
        f"PostgreSQL refuses the dataset's SQL: {said}",
        where=where,
        expected=hint or "one SELECT statement that the login modelops_sql may run, READ ONLY",
    )


def _line(error: psycopg.Error, sql: str) -> str:
    """Which line of the user's SQL is meant; ours adds one line before it."""
    position = error.diag.statement_position
    return f", line {sql[: int(position)].count(chr(10))} of its SQL" if position else ""


def _bare(sql: str) -> str:
    return sql.strip().rstrip("; \t\r\n")


def _type_name(connection: Connection[Any], oid: int) -> str:
    known = connection.adapters.types.get(oid)
    # psycopg finds an array's entry by the oid of the array and by that of its elements.
    return known.name if known and known.oid == oid else "unknown"


def _check_names(names: list[str], dataset: Dataset, *, where: str, labelled: bool) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DatasetError(
            f"the dataset has more than one column named {', '.join(repeated)}",
            where=where,
            expected="a name of its own for each column: SELECT … AS …",
        )
    roles = (
        ("entity key", dataset.entity_key),
        ("feature", dataset.feature_names),
        ("target", dataset.target_names if labelled else ()),
    )
    for role, wanted in roles:
        missing = [name for name in wanted if name not in names]
        if missing:
            raise DatasetError(
                f"the dataset lacks the {role} column {', '.join(missing)}",
                where=where,
                expected=f"a SELECT that gives it; it gives {', '.join(names) or 'no columns'}",
            )
