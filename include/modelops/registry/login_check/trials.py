"""Tries statements as a login, each in a transaction that is rolled back: what it must be able to do, and must not."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops.registry.login_check.catalogue import OPEN
from modelops.registry.privileges import (
    GRANTS,
    JOBS,
    OWNER,
    READER,
    SCHEMAS,
    SQL_LOGIN,
    USERS,
    Grant,
    Right,
    registry_grants,
    rights_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg import Connection
    from psycopg.sql import SQL, Composed

    from modelops.registry.login_check.report import Place

OF_THE_SERVER = ("40", "53", "55P03", "57", "58", "XX", "25006")
"""SQLSTATEs, or their classes, of errors that have nothing to do with a privilege: deadlock, resources, locks, time,
I/O, and a server that takes no writes."""
PATIENCE = "10s"
"""How long a trial may wait for a lock, or take."""
BOUND = "SELECT set_config(name, %s, true) FROM unnest(ARRAY['lock_timeout', 'statement_timeout']) AS name"
FROM_CLIENT, TO_CLIENT = "FROM STDIN", "TO STDOUT"
COPIED = b"1\n2\n"
HARMLESS = {
    "take an advisory lock": "SELECT pg_try_advisory_xact_lock(hashtextextended('modelops connection check', 0))",
    "end other sessions": "SELECT pg_terminate_backend(0)",
    "cancel statements of others": "SELECT pg_cancel_backend(0)",
    "make large objects": "SELECT lo_create(0)",
    "send notifications": "SELECT pg_notify('modelops_login_check', '')",
}
"""What users' logins must not do; where one may, nothing stays of it. There is no process 0."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Statements that a login must, or must not (`may` is false), be able to execute one after the other.

    Args:
        does: what they do, after "may not" or "may".
        right: the privilege that they need, if a check of the catalogue reports it too.
        mends: the statements that mend it.
        otherwise: what mends it, where no statement is known beforehand.
    """

    does: str
    statements: tuple[SQL | Composed, ...]
    may: bool
    right: Right | None = None
    mends: tuple[Composed, ...] = field(default=())
    otherwise: str = ""


def run_trials(connection: Connection[Any], place: Place, trials: Iterable[Trial]) -> None:
    """Try a login's statements, in one transaction that is rolled back. The connection is in autocommit mode.

    Raises:
        psycopg.OperationalError: the connection broke, or a statement waited longer than `PATIENCE`.
    """
    with connection.transaction(force_rollback=True):
        connection.execute("SET TRANSACTION READ WRITE")  # which any login may say, whatever its default
        connection.execute(BOUND, (PATIENCE,))
        for trial in trials:
            place.report.trials += 1
            why = _refusal(connection, trial)
            if trial.right in place.known or (why is None) == trial.may:
                continue
            if trial.may:
                place.find(f"{place.login} can't {trial.does}: {why}", *trial.mends, otherwise=trial.otherwise)
            else:
                place.find(f"{place.login} can {trial.does}, and must not", *trial.mends, otherwise=trial.otherwise)


def _refusal(connection: Connection[Any], trial: Trial) -> str | None:
    """Execute a trial's statements and undo them; returns why the server refused one."""
    import psycopg

    try:
        with connection.transaction(force_rollback=True):
            for statement in trial.statements:
                _execute(connection, statement)
    except psycopg.Error as error:
        if connection.closed or (error.sqlstate or "").startswith(OF_THE_SERVER):
            raise
        return error.diag.message_primary or str(error)
    return None


def _execute(connection: Connection[Any], statement: SQL | Composed) -> None:
    text = statement.as_string(connection)
    if not text.endswith((FROM_CLIENT, TO_CLIENT)):
        connection.execute(statement)
        return
    with connection.cursor().copy(statement) as copy:
        if text.endswith(FROM_CLIENT):
            copy.write(COPIED)
        else:
            list(copy)


def trials_of(login: str, database: str) -> Iterator[Trial]:
    """What is tried as a login."""
    yield from _reads_and_deletions(login, database)
    yield from _writes(login, database)
    yield from _creations(login, database)
    yield _copies_to_a_program(login)
    if login in USERS:
        yield _lifts_its_limit(login)
        for does, statement in HARMLESS.items():
            yield Trial(
                does=does,
                statements=(_sql(statement),),
                may=False,
                right=OPEN,
                otherwise="the statements of docs/how-to/use-your-own-postgresql.md that only a superuser can execute",
            )


def _lifts_its_limit(login: str) -> Trial:
    from psycopg.sql import SQL, Identifier

    return Trial(
        does="lift its limit of temporary files",
        statements=(_sql("SELECT set_config('temp_file_limit', '-1', true)"),),
        may=False,
        mends=(SQL("REVOKE SET ON PARAMETER temp_file_limit FROM PUBLIC, {}").format(Identifier(login)),),
    )


def _reads_and_deletions(login: str, database: str) -> Iterator[Trial]:
    from psycopg.sql import SQL, Identifier

    grants = registry_grants()
    own = set(rights_of(login, grants))
    for name in dict.fromkeys(name for grant in grants if grant.on == "TABLE" for name in grant.names):
        table = Identifier(*name.split("."))
        read = Right("TABLE", name, "SELECT")
        if read in own:
            statement = SQL("SELECT * FROM {} LIMIT 0").format(table)
            yield Trial(
                does=f"read {name}",
                statements=(statement,),
                may=True,
                right=read,
                otherwise="./modelops migrate, which makes what is missing",
            )
        elif login != OWNER:
            grant = Grant(on="TABLE", names=(name,), privileges=("SELECT",), logins=(login,), given=False)
            statement = SQL("SELECT FROM {} LIMIT 0").format(table)
            yield Trial(does=f"read {name}", statements=(statement,), may=False, mends=(grant.statement(database),))
        if login != OWNER:
            grant = Grant(on="TABLE", names=(name,), privileges=("DELETE",), logins=(login,), given=False)
            statement = SQL("DELETE FROM {} WHERE false").format(table)
            yield Trial(
                does=f"delete rows of {name}", statements=(statement,), may=False, mends=(grant.statement(database),)
            )


def _writes(login: str, database: str) -> Iterator[Trial]:
    """Statements that change no row: the server checks privileges first."""
    from psycopg.sql import SQL, Identifier

    for grant in registry_grants():
        (verb,) = grant.privileges
        if not grant.columns or login not in grant.logins or verb not in ("INSERT", "UPDATE"):
            continue
        (name,) = grant.names
        table = Identifier(*name.split("."))
        columns = SQL(", ").join([Identifier(column) for column in grant.columns])
        same = SQL(", ").join([SQL("{0} = {0}").format(Identifier(column)) for column in grant.columns])
        insert = SQL("INSERT INTO {} ({}) SELECT {} FROM {} WHERE false").format(table, columns, columns, table)
        update = SQL("UPDATE {} SET {} WHERE false").format(table, same)
        yield Trial(
            does=f"{verb.lower()} {'into ' if verb == 'INSERT' else ''}{name}",
            statements=(insert if verb == "INSERT" else update,),
            may=True,
            right=Right("TABLE", name, verb),
            mends=(grant.statement(database),),
        )


def table_trial(login: str, schema: str, database: str) -> Trial:
    """A table and a view in a schema, whose rows travel by COPY in both directions."""
    from psycopg.sql import SQL, Identifier

    table, view = Identifier(schema, _name()), Identifier(schema, _name())
    grant = Grant(on="SCHEMA", names=(schema,), privileges=("USAGE", "CREATE"), logins=(login,))
    return Trial(
        does=f"make, fill, read and show a table in the schema {schema}",
        statements=(
            SQL("CREATE TABLE {} (x int PRIMARY KEY)").format(table),
            SQL("COPY {} FROM STDIN").format(table),
            SQL("COPY (SELECT * FROM {}) TO STDOUT").format(table),
            SQL("CREATE VIEW {} AS SELECT * FROM {}").format(view, table),
            SQL("GRANT SELECT ON {} TO {}, {}").format(view, Identifier(READER), Identifier(SQL_LOGIN)),
        ),
        may=True,
        right=Right("SCHEMA", schema, "CREATE"),
        mends=(grant.statement(database),),
    )


def _name() -> str:
    """A name for each check: two that create the same name would wait for each other."""
    return f"login_check_{secrets.token_hex(8)}"


def _creations(login: str, database: str) -> Iterator[Trial]:
    """Where the login makes tables, and that it can't elsewhere."""
    from psycopg.sql import SQL, Identifier

    own = set(rights_of(login, GRANTS))
    for schema in SCHEMAS:
        if login == OWNER or Right("SCHEMA", schema, "CREATE") in own:
            yield table_trial(login, schema, database)
        else:
            grant = Grant(on="SCHEMA", names=(schema,), privileges=("CREATE",), logins=(login,), given=False)
            yield Trial(
                does=f"make tables in the schema {schema}",
                statements=(SQL("CREATE TABLE {} (x int)").format(Identifier(schema, _name())),),
                may=False,
                mends=(grant.statement(database),),
            )
    if login == OWNER:
        grant = Grant(on="DATABASE", privileges=("CREATE",), logins=(login,))
        yield Trial(
            does="make schemas",
            statements=(SQL("CREATE SCHEMA {}").format(Identifier(_name())),),
            may=True,
            right=Right("DATABASE", "", "CREATE"),
            mends=(grant.statement(database),),
        )
    if login not in (JOBS, OWNER):
        yield Trial(
            does="read rows by COPY",
            statements=(SQL("COPY (SELECT 1) TO STDOUT").format(),),
            may=True,
            otherwise="a connection that passes COPY on",
        )


def _copies_to_a_program(login: str) -> Trial:
    from psycopg.sql import SQL, Identifier

    return Trial(
        does="start programs on the server by COPY … TO PROGRAM",
        statements=(_sql("COPY (SELECT 1) TO PROGRAM 'true'"),),
        may=False,
        mends=(SQL("REVOKE pg_execute_server_program FROM {}").format(Identifier(login)),),
    )


def _sql(text: str) -> SQL:
    from psycopg import sql

    return sql.SQL(text)
