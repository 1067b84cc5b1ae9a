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

from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from psycopg import Connection

USERS = ("modelops_sql", "modelops_features")
"""The logins that run users' SQL."""
LIMITS = {"statement_timeout": "1h", "temp_file_limit": "20GB"}
"""Of users' logins, unless an administrator has set another value for the login. Only a superuser sets the second."""
KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""Of all logins, unless an administrator has set another value: the seconds and the number of probes after which the
server ends the session of a machine that has vanished. By its system's default that takes two hours, in which a COPY
holds its locks. `tcp_user_timeout` would also end the sessions of readers that take rows slowly."""
OPEN_FUNCTIONS = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
  AND (proname IN ('pg_terminate_backend', 'pg_cancel_backend', 'pg_notify', 'pg_logical_emit_message', 'loread',
                   'lowrite')
       OR proname ~ '^(pg_advisory_|pg_try_advisory_|lo_)')
  AND has_function_privilege('modelops_sql', oid, 'EXECUTE')
"""
OTHER_LOGINS = """
SELECT rolname FROM pg_roles
WHERE NOT rolsuper AND rolname <> ALL(%s) AND (rolname = 'pg_signal_backend' OR rolname !~ '^pg_')
"""
OURS = ("modelops_owner", "modelops_jobs", "modelops_reader", "modelops_sql", "modelops_features")
LOGINS = (*OURS, "airflow")


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
    from psycopg.sql import SQL, Identifier, Literal

    found = connection.execute(
        "SELECT split_part(unnest(setconfig), '=', 1) FROM pg_db_role_setting"
        " WHERE setrole = %s::regrole AND setdatabase = 0",
        (login,),
    )
    known = {name for (name,) in found}
    for name, value in settings.items():
        if name not in known:
            setting = SQL("ALTER ROLE {} SET {} = {}").format(Identifier(login), Identifier(name), Literal(value))
            connection.execute(setting)


def _ensure_database(connection: Connection[Any], name: str, *, owner: str) -> None:
    from psycopg.sql import SQL, Identifier

    if connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(owner)))
        connection.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(Identifier(name)))


def grant_database(connection: Connection[Any], database: str) -> None:
    """Let each login connect to the database, and the owner create schemas in it; repeatable.

    The connection may be to any database of the server.
    """
    from psycopg.sql import SQL, Identifier

    name = Identifier(database)
    logins = SQL(", ").join(Identifier(login) for login in OURS)
    connection.execute(SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, logins))
    connection.execute(SQL("GRANT CREATE ON DATABASE {} TO modelops_owner").format(name))


def open_to_logins(connection: Connection[Any], database: str) -> None:
    """Make the schemas of the database that the connection is to, and give each login its rights; repeatable."""
    from psycopg.sql import SQL, Identifier

    grant_database(connection, database)
    connection.execute("CREATE SCHEMA IF NOT EXISTS modelops AUTHORIZATION modelops_owner")
    connection.execute("CREATE SCHEMA IF NOT EXISTS staging AUTHORIZATION modelops_owner")
    connection.execute("GRANT USAGE, CREATE ON SCHEMA staging TO modelops_jobs")
    connection.execute("REVOKE CREATE ON SCHEMA staging FROM modelops_features")
    connection.execute("GRANT USAGE ON SCHEMA staging TO modelops_features")
    for schema in (Identifier("predictions"), Identifier("features")):
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION modelops_owner").format(schema))
        connection.execute(SQL("GRANT USAGE, CREATE ON SCHEMA {} TO modelops_jobs").format(schema))
        connection.execute(SQL("GRANT USAGE ON SCHEMA {} TO modelops_reader, modelops_sql").format(schema))
    # What may be read is granted to the one, and so to the other.
    connection.execute("GRANT modelops_sql TO modelops_features")
    connection.execute("ALTER ROLE modelops_sql SET default_transaction_read_only = on")
    # The query of a job that was killed ends with it.
    connection.execute("ALTER ROLE modelops_sql SET client_connection_check_interval = '2s'")
    connection.execute("ALTER ROLE modelops_features SET client_connection_check_interval = '2s'")
    # Whatever the server's default is: guards that have waited for a lock have to see what was committed meanwhile.
    connection.execute("ALTER ROLE modelops_jobs SET default_transaction_isolation = 'read committed'")
    # A worker whose machine has gone would hold its job's row, and with it the next attempt and the observer.
    connection.execute("ALTER ROLE modelops_jobs SET idle_in_transaction_session_timeout = '15s'")
    limit_users(connection)


def limit_users(connection: Connection[Any]) -> None:
    """Limit users' SQL in time and temporary files, and revoke functions that could stop others; repeatable.

    PostgreSQL lets any login call these functions, and only a superuser can revoke them. All other logins keep them.
    Without a superuser, run the statements of docs/how-to/use-your-own-postgresql.md.
    """
    from psycopg.sql import SQL, Identifier

    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    is_superuser = row is not None and row[0]
    limits = {name: value for name, value in LIMITS.items() if is_superuser or name != "temp_file_limit"}
    for login in USERS:
        _set_unless_set(connection, login, limits)
    functions = [name for (name,) in connection.execute(OPEN_FUNCTIONS)] if is_superuser else []
    if functions:
        named = SQL(", ").join(SQL("pg_catalog.{}").format(SQL(name)) for name in functions)
        others = [Identifier(name) for (name,) in connection.execute(OTHER_LOGINS, (list(USERS),))]
        with connection.transaction():
            connection.execute(SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(named, SQL(", ").join(others)))
            connection.execute(SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(named))
