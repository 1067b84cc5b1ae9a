"""Loads the named queries of `sql/`, one file per noun."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from psycopg.rows import DictRow


@cache
def _named(noun: str) -> Mapping[str, LiteralString]:
    import aiosql

    queries = aiosql.from_path(Path(__file__).with_name("sql") / f"{noun}.sql", "psycopg", mandatory_parameters=False)
    return {name: getattr(queries, name).sql for name in queries.available_queries}


class Queries:
    """The queries of one noun, by name.

    In the files of `sql/`, each query has a name and a description. Parameters are bound.
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun

    def execute(
        self, connection: psycopg.Connection[Any], name: str, /, **parameters: object
    ) -> psycopg.Cursor[DictRow]:
        """Run a query; its rows are dictionaries."""
        from psycopg.rows import dict_row

        cursor = connection.cursor(row_factory=dict_row)
        return cursor.execute(_named(self.noun)[name], parameters)
