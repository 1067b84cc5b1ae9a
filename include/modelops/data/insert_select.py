"""Runs a feature task's SELECT as INSERT … SELECT, with a login that can only add rows.

The login has the read privileges of users' SQL. For the time of one statement it can insert through a view in the
schema `staging`, which accepts rows of one run only. Readers see the rows when the run is published.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from modelops.data.query import ALL_ROWS, line_in, set_interval, translate_error
from modelops.data.target import names_of
from modelops.domain.errors import FeatureError, ModelOpsError, Unavailable
from modelops.domain.statements import embeddable
from modelops.domain.targets import RUN_ID, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    import psycopg
    from psycopg import Connection

    from modelops.data.query import IntervalBounds
    from modelops.domain.datasets import ReadBounds

STAGING = "staging"


@contextmanager
def insert_view(
    connection: Connection[Any], target: Target, run_id: int, columns: Sequence[str], *, tag: str
) -> Iterator[Target]:
    """Create a view through which modelops_features can insert rows of this run, and drop it at the end.

    `tag` is the attempt's tag (`job-7-2`). A view left by a killed attempt is harmless; `sweep_staging` drops it.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    view = Target(schema=STAGING, name=f"{staging_name(tag)}_insert")
    named, rows = Identifier(view.schema, view.name), Identifier(target.rows.schema, target.rows.name)
    with connection.transaction():
        connection.execute(SQL("DROP VIEW IF EXISTS {}").format(named))
        connection.execute(
            SQL("CREATE VIEW {} AS SELECT {} FROM {} WHERE run_id = {} WITH CHECK OPTION").format(
                named, names_of((RUN_ID, *columns)), rows, run_id
            )
        )
        connection.execute(SQL("ALTER VIEW {} ALTER run_id SET DEFAULT {}").format(named, run_id))
        connection.execute(SQL("GRANT INSERT ({}) ON {} TO modelops_features").format(names_of(columns), named))
    try:
        yield view
    finally:
        with suppress(psycopg.Error):  # keep an earlier error; the next attempt sweeps
            connection.execute(SQL("DROP VIEW IF EXISTS {}").format(named))


def insert_from_select(
    url: str,
    view: Target,
    sql: str,
    *,
    columns: Sequence[str],
    key: Sequence[str],
    where: str,
    interval: IntervalBounds | None,
    bounds: ReadBounds,
) -> int:
    """Insert the rows of the SELECT in one statement; returns the number of rows.

    `url` has the login modelops_features. If the call is interrupted, the statement ends on the server too.

    Raises:
        FeatureError: a key is null or appears twice, or a required column is null.
        DatasetError: the database rejects the SELECT, or it gives more rows than `bounds`.
        Unavailable: the database can't be reached, or the connection breaks.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    names = names_of(columns)
    statement = (
        SQL("INSERT INTO {} ({}) SELECT {} FROM (\n{}\n) AS task LIMIT {}")
        .format(Identifier(view.schema, view.name), names, names, SQL(embeddable(sql)), bounds.rows + 1)
        .as_string()
    )
    try:
        with psycopg.connect(url, application_name="modelops feature task") as connection:
            connection.execute(ALL_ROWS)
            set_interval(connection, interval)
            try:
                rows = connection.execute(statement, prepare=True).rowcount
            except psycopg.errors.UniqueViolation as error:
                connection.rollback()
                raise FeatureError(
                    f"the key isn't unique{_find_repeated_key(connection, sql, key, interval)}",
                    where=where,
                    expected=f"one row per {', '.join(key)}",
                ) from error
            except psycopg.Error:
                raise
            except BaseException:
                connection.cancel_safe(timeout=3)
                raise
            bounds.check(rows=rows, where=where)
            return rows
    except psycopg.Error as error:
        raise _translated(error, statement, where=where, interval=interval) from error


def _find_repeated_key(
    connection: Connection[Any], sql: str, key: Sequence[str], interval: IntervalBounds | None
) -> str:
    """Find a key that appears more than once. PostgreSQL's error names it only to logins that may read the table."""
    from psycopg.sql import SQL

    names = names_of(key)
    set_interval(connection, interval)
    found = connection.execute(
        SQL("SELECT {} FROM (\n{}\n) AS task GROUP BY {} HAVING count(*) > 1 ORDER BY {} LIMIT 1").format(
            names,
            SQL(embeddable(sql)),
            names,
            names,
        )
    ).fetchone()
    if found is None:
        return ""
    return f"; {', '.join(f'{name} = {value}' for name, value in zip(key, found, strict=True))} appears more than once"


def _translated(error: psycopg.Error, statement: str, *, where: str, interval: IntervalBounds | None) -> ModelOpsError:
    import psycopg

    match error:
        case psycopg.errors.NotNullViolation():
            column = error.diag.column_name
            return FeatureError(
                f"the column {column} is null in a row", where=where, expected=f"a value of {column} in every row"
            )
        case psycopg.OperationalError() if error.sqlstate is None:
            return Unavailable(f"the data database can't be reached: {str(error).strip()}")
    return translate_error(error, where=f"{where}{line_in(error, statement)}", sql=statement, interval=interval)


def staging_name(tag: str) -> str:
    """The name prefix of an attempt's tables and views in the schema `staging`: `job_7_2`."""
    return tag.replace("-", "_")


def sweep_staging(connection: Connection[Any], over: Callable[[Sequence[int]], Collection[int]]) -> None:
    """Drop the tables and views that killed attempts left in the schema `staging`.

    Objects that an attempt still uses (it has lost its job and has not noticed yet) are left for the next call.

    Args:
        over: which of these jobs have no other attempt at work.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    found = connection.execute(
        "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'v')"
        " AND relowner = current_user::regrole ORDER BY relkind DESC",
        (STAGING,),
    ).fetchall()
    jobs = {name: int(of_job[1]) for name, _ in found if (of_job := re.match(r"job_(\d+)_\d+_", name))}
    gone = over(list(jobs.values()))
    for name, kind in found:
        if jobs.get(name) in gone:
            statement = SQL("DROP VIEW IF EXISTS {}") if kind == "v" else SQL("DROP TABLE IF EXISTS {} CASCADE")
            with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '1s'")
                connection.execute(statement.format(Identifier(STAGING, name)))
