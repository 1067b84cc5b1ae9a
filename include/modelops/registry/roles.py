"""The logins of the installation: who may do what is settled here and by the grants of `registry/schema/`.

| login | may |
| --- | --- |
| modelops_owner | own the schemas `modelops`, `staging`, `predictions` and `features`: migrations |
| modelops_jobs | write the registry, the ledger and the other three; no UPDATE or DELETE on what is append-only |
| modelops_reader | read the registry, the ledger and the views of `predictions` and `features` |
| modelops_sql | run users' dataset queries, READ ONLY; read those views too, with no right on schema `modelops` |
| modelops_features | run users' feature tasks: read the same; add rows through views in `staging`, and nothing else |
| airflow | own Airflow's metadata database |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.registry.privileges import (
    GRANTS,
    KEEPALIVES,
    LIMITS,
    LOGINS,
    MEMBERSHIPS,
    OPEN_FUNCTIONS,
    OTHER_LOGINS,
    OURS,
    OWNER,
    SCHEMAS,
    SETTINGS,
    SQL_LOGIN,
    USERS,
    close_functions,
    set_role,
)
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from psycopg import Connection


def provision(
    admin_url: str, *, passwords: Mapping[str, str], data_database: str, airflow_database: str | None
) -> None:
    """Make the logins and the databases that are missing, and set the logins' passwords; repeatable.

    `passwords` has one for each of `LOGINS`. `airflow_database` is None where Airflow's metadata lives elsewhere; no
    login `airflow` is made then.

    Raises:
        Unavailable: the server can't be reached.
    """
    import psycopg

    with translated(), psycopg.connect(admin_url, autocommit=True) as connection:
        for login in LOGINS if airflow_database else OURS:
            _ensure_login(connection, login, passwords[login])
        # Who isn't a superuser may only give things to a role that it could become.
        connection.execute("GRANT modelops_owner TO CURRENT_USER")
        _ensure_database(connection, data_database, owner="modelops_owner")
        if airflow_database:
            connection.execute("GRANT airflow TO CURRENT_USER")
            _ensure_database(connection, airflow_database, owner="airflow")
    with translated(), psycopg.connect(admin_url, dbname=data_database, autocommit=True) as connection:
        open_to_logins(connection, data_database)


def _ensure_login(connection: Connection[Any], login: str, password: str) -> None:
    from psycopg.sql import SQL, Identifier, Literal

    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (login,)).fetchone() is not None
    verb = SQL("ALTER") if known else SQL("CREATE")
    # Hashed here: a server writes statements into its log, those that fail or all of them.
    hashed = connection.pgconn.encrypt_password(password.encode(), login.encode()).decode()
    connection.execute(SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, Identifier(login), Literal(hashed)))
    _set_unless_set(connection, login, KEEPALIVES)


def _set_unless_set(connection: Connection[Any], login: str, settings: Mapping[str, str]) -> None:
    """Set what the login has no value of: an administrator may have chosen another one."""
    found = connection.execute(
        "SELECT split_part(unnest(setconfig), '=', 1) FROM pg_db_role_setting"
        " WHERE setrole = %s::regrole AND setdatabase = 0",
        (login,),
    )
    known = {name for (name,) in found}
    for name, value in settings.items():
        if name not in known:
            connection.execute(set_role(login, name, value))


def _ensure_database(connection: Connection[Any], name: str, *, owner: str) -> None:
    from psycopg.sql import SQL, Identifier

    if connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(owner)))
        connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))


def grant_database(connection: Connection[Any], database: str) -> None:
    """Give each login its privileges on the database itself; repeatable.

    The connection may be to any database of the server.
    """
    for grant in GRANTS:
        if grant.on == "DATABASE":
            connection.execute(grant.statement(database))


def open_to_logins(connection: Connection[Any], database: str) -> None:
    """Make the schemas of the database that the connection is to, and give each login its privileges; repeatable."""
    from psycopg.sql import SQL, Identifier

    for schema in SCHEMAS:
        create = SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}")
        connection.execute(create.format(Identifier(schema), Identifier(OWNER)))
    for grant in GRANTS:
        connection.execute(grant.statement(database))
    for member, role in MEMBERSHIPS.items():
        connection.execute(SQL("GRANT {} TO {}").format(Identifier(role), Identifier(member)))
    for login, settings in SETTINGS.items():
        for name, value in settings.items():
            connection.execute(set_role(login, name, value))
    limit_users(connection)


def limit_users(connection: Connection[Any]) -> None:
    """Limit users' SQL in time and temporary files, and revoke functions that could stop others; repeatable.

    PostgreSQL lets any login call these functions, and only a superuser can revoke them. All other logins keep them.
    Without a superuser, run the statements of docs/how-to/use-your-own-postgresql.md.
    """
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    is_superuser = row is not None and row[0]
    limits = {name: value for name, value in LIMITS.items() if is_superuser or name != "temp_file_limit"}
    for login in USERS:
        _set_unless_set(connection, login, limits)
    functions = [name for (name,) in connection.execute(OPEN_FUNCTIONS, (SQL_LOGIN,))] if is_superuser else []
    if functions:
        others = [name for (name,) in connection.execute(OTHER_LOGINS, (list(USERS),))]
        with connection.transaction():
            for statement in close_functions(functions, others):
                connection.execute(statement)
