"""The URLs of the databases for each login."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.runner.layout import Secrets

VARIABLE = "MODELOPS_DATABASE_URL"
PASSWORD = "MODELOPS_DATABASE_PASSWORD_"  # noqa: S105 - the name of a variable
"""Prefix of the variables with the logins' passwords: `MODELOPS_DATABASE_PASSWORD_JOBS`. A variable with the suffix
`_FILE` names a file that contains the password."""
ROLES = ("owner", "jobs", "reader", "sql", "features")


@dataclass(frozen=True, kw_only=True)
class Databases:
    """The data database, and the database of Airflow's metadata on the same server.

    `admin_url` is the URL of a login that may create roles and databases. `airflow_database` is None if the user
    configured another database for the metadata.
    """

    admin_url: str
    data_database: str
    airflow_database: str | None
    secrets: Secrets

    def url(self, role: str) -> str:
        """The data database as one of `ROLES`."""
        return _with_login(self.admin_url, f"modelops_{role}", getattr(self.secrets, role), self.data_database)

    @property
    def airflow_url(self) -> str | None:
        """Airflow's metadata database as its owner."""
        if self.airflow_database is None:
            return None
        return _with_login(self.admin_url, "airflow", self.secrets.airflow, self.airflow_database)


def external_databases(url: str, *, secrets: Secrets, airflow_elsewhere: bool) -> Databases:
    """The databases on an external server.

    Args:
        url: the URL of an administration login.
        airflow_elsewhere: the user configured another database for Airflow's metadata.

    Raises:
        BadInput: the URL is invalid or incomplete.
    """
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    try:
        is_invalid = not (parts.hostname and parts.username and name) or (parts.port is not None and parts.port < 1)
    except ValueError:  # the port is not a number
        is_invalid = True
    if parts.scheme not in ("postgresql", "postgres") or is_invalid:
        raise BadInput(
            "the URL of the PostgreSQL server is invalid",
            where=VARIABLE,
            expected="postgresql://login:password@host:5432/database, with a login that may create roles and databases",
        )
    return Databases(
        admin_url=urlunsplit(parts._replace(scheme="postgresql")),
        data_database=name,
        airflow_database=None if airflow_elsewhere else f"{name}_airflow",
        secrets=secrets,
    )


def passwords_from(environ: Mapping[str, str], *, airflow_elsewhere: bool) -> dict[str, str]:
    """The logins' passwords in the environment, by role: all of them, or none.

    All machines must use the same passwords: a machine without one of them would generate another one and set it.

    Raises:
        BadInput: the environment has some of the passwords but not all, or a file can't be read.
    """
    roles = ROLES if airflow_elsewhere else (*ROLES, "airflow")
    found = {role: password_from(environ, f"{PASSWORD}{role.upper()}") for role in roles}
    passwords = {role: password for role, password in found.items() if password is not None}
    missing = [f"{PASSWORD}{role.upper()}" for role in roles if role not in passwords]
    if passwords and missing:
        raise BadInput(
            f"only some of the logins' passwords are set; missing: {', '.join(missing)}",
            where="the environment",
            expected="all of them, each in its variable or in the file that the variable with the suffix _FILE names;"
            " or none of them",
        )
    return passwords


def password_from(environ: Mapping[str, str], variable: str) -> str | None:
    """The password from a variable, or from the file that `<variable>_FILE` names; None if neither is set.

    Raises:
        BadInput: both are set, or the file can't be read or is empty.
    """
    file = environ.get(f"{variable}_FILE")
    if not file:
        return environ.get(variable) or None
    if environ.get(variable):
        raise BadInput(f"both {variable} and {variable}_FILE are set", where="the environment", expected="one of them")
    try:
        password = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} can't be read: {error}", where=f"{variable}_FILE", expected="a text file") from None
    if not password:
        raise BadInput(f"{file} is empty", where=f"{variable}_FILE", expected="a file that holds the password")
    return password


def _with_login(url: str, login: str, password: str, database: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}:{quote(password, safe='')}@{host}", path=f"/{database}"))
