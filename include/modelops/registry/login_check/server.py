"""What server a login reaches, how, and with which settings."""

from __future__ import annotations

import select
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from modelops.registry.privileges import (
    EXTENSION,
    HOME_OF_EXTENSIONS,
    JOBS,
    KEEPALIVES,
    LIMITS,
    SETTINGS,
    USERS,
    set_role,
)
from modelops.registry.queries import Queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from modelops.registry.login_check.report import Place

_QUERIES = Queries("login_check")
OLDEST, NEWEST = 15, 18
"""The versions of PostgreSQL that are supported, with those between."""
VERSIONS = f"PostgreSQL {OLDEST} to {NEWEST}"
UNLIMITED = {"statement_timeout": "0", "temp_file_limit": "-1"}
MAX_SECONDS = 600
"""The most after which the server may notice that a client's machine has vanished. By Linux's default it is hours."""
POOLER_ROUNDS = 5
POOLER_SECONDS = 5


def check_server(connection: Connection[Any], place: Place) -> bool:
    """Check the server's version and that it can write; false if nothing more can be tried."""
    [found] = _QUERIES.execute(connection, "server").fetchall()
    place.report.server = f"PostgreSQL {found['version']}, {place_of(connection)}"
    version = found["number"] // 10_000
    if version < OLDEST:
        place.find(f"the server is PostgreSQL {found['version']}", otherwise=VERSIONS)
    elif version > NEWEST:
        place.report.remark(f"PostgreSQL {found['version']} is newer than what is tried: {VERSIONS}.")
    if found["is_standby"]:
        place.find("the server is a standby, which can't write", otherwise="the address of the primary server")
    if connection.info.user != place.login:
        place.find(
            f"the connection that is meant for {place.login} signs in as {connection.info.user}",
            otherwise=f"the login {place.login} in the connection",
        )
    _look_at_tls(connection, place)
    return not found["is_standby"]


def check_extension(connection: Connection[Any], place: Place) -> None:
    """Check that what the schema needs is installed."""
    from psycopg.sql import SQL, Identifier

    [row] = _QUERIES.execute(connection, "extensions", name=EXTENSION).fetchall()
    if not row["is_installed"]:
        create = SQL("CREATE EXTENSION {} SCHEMA {}").format(Identifier(EXTENSION), Identifier(HOME_OF_EXTENSIONS))
        place.find(f"the extension {EXTENSION} isn't installed", create)


def check_settings(connection: Connection[Any], place: Place) -> None:
    """Check that a login's sessions have the settings that `provision` gives it."""
    fixed = SETTINGS.get(place.login, {})
    for name, value in _values(connection, fixed).items():
        if value != fixed[name]:
            place.find(f"{name} is {value}", set_role(place.login, name, fixed[name]))
    if place.login in USERS:
        for name, value in _values(connection, LIMITS).items():
            if value == UNLIMITED[name]:
                place.find(f"{name} is {value}, which is no limit", set_role(place.login, name, LIMITS[name]))
    [found] = _QUERIES.execute(connection, "server").fetchall()
    if not found["over_a_socket"]:
        found = {name: int(value) for name, value in _values(connection, KEEPALIVES).items()}
        idle, interval, count = (found[name] for name in KEEPALIVES)
        if idle + interval * count > MAX_SECONDS:
            place.find(
                f"a machine that vanishes holds its locks for {idle + interval * count:,} s (TCP keep-alives)",
                *(set_role(place.login, name, value) for name, value in KEEPALIVES.items()),
            )


def check_pooler(connection: Connection[Any], other: Connection[Any], place: Place) -> None:
    """Check that no pooler gives each transaction another session of the server.

    Args:
        connection, other: two connections of the same login, in autocommit mode.
    """
    if not is_pooled(connection):
        return
    if pools_transactions(connection, other):
        place.find(
            f"{place_of(connection)} is a pooler (PgBouncer) in transaction mode: prepared statements, settings of a"
            " session and the lock of migrations don't work through it",
            otherwise="the server's own address, or a pooler with pool_mode = session (docs/reference/postgresql.md)",
        )
    else:
        place.report.remark(f"{place_of(connection)} is a pooler (PgBouncer) in session mode, through which all works.")


def is_pooled(connection: Connection[Any]) -> bool:
    """Whether a pooler answers for the server: the process ID for cancelling isn't that of the server's process."""
    [found] = _QUERIES.execute(connection, "server").fetchall()
    return bool(found["pid"] != connection.info.backend_pid)


def pools_transactions(connection: Connection[Any], other: Connection[Any]) -> bool:
    """Whether a session of the server that has served one connection serves the other while the first stays open.

    In a pooler's session mode it can't. While `other` is within a transaction, its session is taken, and `connection`
    gets another one.
    """
    seen = set()
    for _ in range(POOLER_ROUNDS):
        seen.add(_pid(connection))
        taken = None
        other.pgconn.send_query(b"BEGIN; SELECT pg_backend_pid()")
        other.pgconn.flush()
        if not select.select([other.pgconn.socket], [], [], POOLER_SECONDS)[0]:
            other.close()  # it waits for a session that the first one has for itself
            return False
        while (result := other.pgconn.get_result()) is not None:
            if result.ntuples:
                taken = int(result.get_value(0, 0) or b"0")
        seen.add(_pid(connection))
        other.execute("ROLLBACK")
        if taken in seen or len(seen) > 1:
            return True
    return False


def place_of(connection: Connection[Any]) -> str:
    """Host, port and database of a connection."""
    info = connection.info
    return f"{info.host}:{info.port}/{info.dbname}"


def _pid(connection: Connection[Any]) -> int:
    [found] = _QUERIES.execute(connection, "server").fetchall()
    return int(found["pid"])


def _values(connection: Connection[Any], names: Mapping[str, str]) -> dict[str, str]:
    return {row["name"]: row["value"] for row in _QUERIES.execute(connection, "settings", names=list(names))}


def _look_at_tls(connection: Connection[Any], place: Place) -> None:
    host = connection.info.hostaddr or connection.info.host
    try:
        is_local = ip_address(host).is_loopback
    except ValueError:
        is_local = host.startswith(("/", "@"))  # a socket
    if not connection.pgconn.ssl_in_use and not is_local:
        login = "" if place.login == JOBS else f" as {place.login}"
        place.report.remark(
            f"The connection to {connection.info.host}{login} isn't encrypted, and the server isn't this machine:"
            " add ?sslmode=verify-full to its address, or set PGSSLMODE."
        )
