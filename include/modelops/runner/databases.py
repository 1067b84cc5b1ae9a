"""The addresses of the databases, one per login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from modelops.runner.layout import Secrets

VARIABLE = "MODELOPS_DATABASE_URL"
ROLES = ("owner", "jobs", "reader", "sql", "features")


@dataclass(frozen=True, kw_only=True)
class Databases:
    """Where the data is and, unless Airflow's metadata was put elsewhere by the user, where that is.

    `admin_url` may make logins and databases. `airflow_database` is None for metadata elsewhere.
    """

    admin_url: str
    data_database: str
    airflow_database: str | None
    secrets: Secrets

    def url(self, role: str) -> str:
        """The data database as one of `ROLES`."""
        return _as(self.admin_url, f"modelops_{role}", getattr(self.secrets, role), self.data_database)

    @property
    def airflow_url(self) -> str | None:
        """Airflow's metadata database as its owner."""
        if self.airflow_database is None:
            return None
        return _as(self.admin_url, "airflow", self.secrets.airflow, self.airflow_database)


def own_server(url: str, *, secrets: Secrets, airflow_elsewhere: bool) -> Databases:
    """The databases on a server of the user's, given as the URL of an administration login.

    Raises:
        BadInput: the URL isn't one that can be used.
    """
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    try:
        missing = not (parts.hostname and parts.username and name) or (parts.port is not None and parts.port < 1)
    except ValueError:  # a port that is no number
        missing = True
    if parts.scheme not in ("postgresql", "postgres") or missing:
        raise BadInput(
            "The address of the PostgreSQL server can't be used",
            where=VARIABLE,
            expected="postgresql://login:password@host:5432/database, with a login that may create roles and databases",
        )
    return Databases(
        admin_url=urlunsplit(parts._replace(scheme="postgresql")),
        data_database=name,
        airflow_database=None if airflow_elsewhere else f"{name}_airflow",
        secrets=secrets,
    )


def _as(url: str, login: str, password: str, database: str) -> str:
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}:{quote(password, safe='')}@{where}", path=f"/{database}"))
