"""The schema `modelops`, written to be read: one SQL file for each noun.

| folder | holds | runs |
| --- | --- | --- |
| `tables/` | types, tables and indexes as they are now, with comments and grants | at first |
| `functions/` | functions with their grants, and the triggers that call them | at first, and after a change |
| `views/` | views with their grants | after the functions |

How to change it:

- A function, trigger or view: change its script. It is repeatable: `CREATE OR REPLACE`, or `DROP … IF EXISTS` and
  `CREATE` where PostgreSQL can't replace.
- A table, type or index: change its file, and add a migration that makes the same change in a database that exists. A
  new column stands last in both.
- A parameter or result of a function, a column of a view, or one of these as a whole that goes: change the script, and
  add a migration that drops the old one. `published_run` and `run_history` keep their columns: the views of predictions
  and features depend on them.
- A migration finds the functions and views as the release before left them; the scripts run after the last migration.
- A job type, its stage and its transitions: `modelops.domain.job_types` alone, see `modelops.registry.declarations`.
- A new value of another enum: in its file, and in a migration with `ALTER TYPE … ADD VALUE IF NOT EXISTS` within
  `op.get_context().autocommit_block()`, because PostgreSQL wants it committed before it is used.

`tests/integration/registry/test_upgrade.py` compares a new database with one that was migrated.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable
from modelops.registry import declarations
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from typing import Any

    from psycopg import Connection

_QUERIES = Queries("schema")
HOME = Path(__file__).parent
TABLES = (
    "schema",
    "lock",
    "job",
    "observation",
    "version",
    "evaluation",
    "artifact",
    "decision",
    "deployment",
    "schedule",
    "batch_run",
    "work_list",
    "reference",
    "statistics",
    "drift",
    "performance",
    "alert",
)
"""The files of `tables/`, each after those that it depends on."""


def create_tables(connection: Connection[Any]) -> None:
    """Create the types and tables of a new database; within the caller's transaction."""
    for noun in TABLES:
        if noun == "job":
            declarations.create_job_types(connection)
        connection.execute((HOME / "tables" / f"{noun}.sql").read_bytes())


def apply_scripts(connection: Connection[Any], *, migrated: bool) -> None:
    """Apply the scripts of functions, triggers and views; within the caller's transaction.

    All scripts run if a file of the schema has changed since they were last applied to this database, or if the tables
    have (`migrated`): a migration may have dropped what a script makes.
    """
    connection.execute((HOME / "script.sql").read_bytes())
    if not migrated and _applied(connection) == _files():
        return
    # Functions call each other, whatever the order of the files; their bodies are checked when all are there.
    connection.execute("SET LOCAL check_function_bodies = off")
    for path in _scripts():
        connection.execute(path.read_bytes())
    connection.execute("SET LOCAL check_function_bodies = on")
    _QUERIES.execute(connection, "check_functions")
    _QUERIES.execute(connection, "forget_files")
    for name, digest in _files().items():
        _QUERIES.execute(connection, "record_file", name=name, sha256=digest)


def check_schema(connection: Connection[Any]) -> None:
    """Check that the database has the schema of this code.

    Raises:
        Unavailable: other code has migrated it, or it has not been migrated yet.
    """
    import psycopg

    with translated():
        try:
            applied = _applied(connection)
        except psycopg.errors.UndefinedTable:  # not migrated, or migrated by a release that did not record files
            applied = {}
    differing = sorted(name for name, digest in {*applied.items()} ^ {*loaded_files().items()})
    if differing:
        raise Unavailable(
            f"the database schema differs from this code ({differing[0]}): if the code is newer, run `./modelops down`"
            " and `./modelops up`; if the database is newer, update the code"
        )


@cache
def loaded_files() -> dict[str, str]:
    """The SHA-256 of each file of the schema, as it was at the first call in this process or its parent."""
    return _files()


def _files() -> dict[str, str]:
    paths = [*sorted((HOME / "tables").glob("*.sql")), *_scripts()]
    return {f"{path.parent.name}/{path.name}": sha256(path.read_bytes()).hexdigest() for path in paths}


def _applied(connection: Connection[Any]) -> dict[str, str]:
    return {row["name"]: row["sha256"] for row in _QUERIES.execute(connection, "applied_files")}


def _scripts() -> list[Path]:
    return [*sorted((HOME / "functions").glob("*.sql")), *sorted((HOME / "views").glob("*.sql"))]
