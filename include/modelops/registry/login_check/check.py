"""Checks all logins whose addresses are known."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import Unavailable
from modelops.registry.login_check import catalogue, server
from modelops.registry.login_check.report import Place, Report
from modelops.registry.login_check.trials import run_trials, trials_of
from modelops.registry.privileges import AIRFLOW, LOGINS, OURS, OWNER, Grant
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

_QUERIES = Queries("login_check")
SECONDS = 10
"""How long a server may take to accept a connection."""


def check_logins(urls: Mapping[str, str]) -> Report:
    """Check logins of one data database, each by its address. Nothing of it stays in the database.

    The privileges of logins without an address are compared by the catalogue alone; a remark names these logins.

    Raises:
        Unavailable: no login reaches the database, or it went away.
    """
    import psycopg

    report = Report()
    failed: dict[str, str] = {}
    reached = None
    for login, url in urls.items():
        try:
            with connected(url) as connection, connected(url) as other, translated():
                reached = url
                report.tried.append(login)
                _check_login(connection, other, Place.of(login, connection, report))
        except psycopg.OperationalError as error:
            failed[login] = str(error).strip()
    if reached is None:
        raise Unavailable(f"no login reaches the data database: {'; '.join(failed.values()) or 'none has an address'}")
    with connected(reached) as connection, translated():
        for login, said in failed.items():
            _find_out_why(connection, Place.of(login, connection, report), said)
        _check_the_others(connection, report, urls)
    return report


@contextmanager
def connected(url: str) -> Iterator[Connection[Any]]:
    """A connection in autocommit mode that also works through a pooler.

    Raises:
        psycopg.OperationalError: the server can't be reached, or refuses the login.
    """
    import psycopg

    with psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=SECONDS,
        prepare_threshold=None,
        application_name="modelops connection check",
    ) as connection:
        yield connection


def _check_login(connection: Connection[Any], other: Connection[Any], place: Place) -> None:
    if not server.check_server(connection, place):
        return
    server.check_pooler(connection, other, place)
    server.check_settings(connection, place)
    if not catalogue.check_attributes(connection, place):
        return  # no REVOKE would matter
    if place.login == OWNER:
        server.check_extension(connection, place)
        catalogue.check_owners(connection, place)
    catalogue.check_rights(connection, place)
    catalogue.check_open_functions(connection, place)
    run_trials(connection, place, trials_of(place.login, place.database))


def _find_out_why(connection: Connection[Any], place: Place, said: str) -> None:
    """Report a login that doesn't get in, with what another login sees of it."""
    from psycopg.sql import SQL, Identifier

    login = Identifier(place.login)
    found = _QUERIES.execute(connection, "logins", logins=[place.login]).fetchone()
    connect = Grant(on="DATABASE", privileges=("CONNECT",), logins=(place.login,)).statement(place.database)
    if found is None:
        place.find(f"there is no login {place.login}", SQL("CREATE ROLE {} LOGIN").format(login))
    elif not found["rolcanlogin"]:
        place.find(f"{place.login} may not log in", SQL("ALTER ROLE {} LOGIN").format(login))
    elif not found["may_connect"]:
        place.find(f"{place.login} may not connect to {place.database}", connect)
    else:
        reset = SQL("ALTER ROLE {} PASSWORD '…'").format(login).as_string()
        how = f"the password and the host that the server knows: {reset}; or a line of pg_hba.conf"
        place.find(f"{place.login} can't connect: {said}", otherwise=how)


def _check_the_others(connection: Connection[Any], report: Report, urls: Mapping[str, str]) -> None:
    """Compare the privileges of logins whose addresses aren't known here."""
    known = {row["rolname"] for row in _QUERIES.execute(connection, "logins", logins=list(LOGINS))}
    others = [login for login in LOGINS if login not in urls]
    for login in others:
        place = Place.of(login, connection, report)
        if login in known and catalogue.check_attributes(connection, place):
            catalogue.check_rights(connection, place)
            catalogue.check_open_functions(connection, place)
        elif login in OURS and login not in known:
            _find_out_why(connection, place, "")
    shown = [login for login in others if login in known and login != AIRFLOW]
    if shown:
        report.remark(
            f"Nothing was tried as {', '.join(shown)}: there is no connection of that login here. Their privileges were"
            " compared by the catalogue; `./modelops check-connections` tries all logins."
        )
