"""One installation: its folders, databases, port and accounts."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.configuration import Account, accounts, airflow_environment
from modelops.runner.databases import VARIABLE, Databases, external_databases, passwords_from
from modelops.runner.layout import Layout, Secrets, claim_port, free_port, read_port, write_private
from modelops.runner.postgres import PostgresServer
from modelops.settings import MachineSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

METADATA_VARIABLE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
PORT = "AIRFLOW__API__PORT"
DEFAULT_PORT = 8080


class Installation:
    """An installation, as its home and the user's environment define it.

    Args:
        home: the folder of all state, which is created when the installation is started.
        environ: the user's environment. Its AIRFLOW__* variables take precedence over the runner's settings.
    """

    def __init__(self, home: Path, *, environ: Mapping[str, str] = os.environ) -> None:
        self.layout = Layout(home=home.resolve())
        self.environ = dict(environ) | {"MODELOPS_HOME": str(self.layout.home)}
        self.settings = Settings.from_environment(self.environ)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Installation:
        """The installation in the folder that MODELOPS_HOME names, by default .modelops in the project."""
        return cls(MachineSettings.from_environment(environ).home, environ=environ)

    @property
    def embedded(self) -> bool:
        """Whether the runner starts a PostgreSQL server."""
        return not self.environ.get(VARIABLE)

    @cached_property
    def server(self) -> PostgresServer | None:
        """The embedded PostgreSQL; None if the user named an external server."""
        return PostgresServer(self.layout.postgres, self.layout.log("postgres")) if self.embedded else None

    @property
    def databases(self) -> Databases:
        """The databases. The embedded server must have been started once.

        Raises:
            BadInput: MODELOPS_DATABASE_URL is invalid, or a login's password is missing.
        """
        elsewhere = METADATA_VARIABLE in self.environ
        secrets = Secrets.load(self.layout.secrets, passwords_from(self.environ, airflow_elsewhere=elsewhere))
        if self.server is None:
            return external_databases(self.environ[VARIABLE], secrets=secrets, airflow_elsewhere=elsewhere)
        return Databases(
            admin_url=self.server.admin_url,
            data_database="modelops",
            airflow_database=None if elsewhere else "airflow",
            secrets=secrets,
        )

    @property
    def port(self) -> int:
        """The port of the web UI and the REST API: the user's choice, or the port of the last start."""
        return self._chosen_port or read_port(self.layout.run / "api.port") or DEFAULT_PORT

    @property
    def url(self) -> str:
        """The address of the web UI and the REST API."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def port_claimed(self) -> Iterator[None]:
        """Select a port for a start, and reserve it until the end of the `with` block.

        This is the port that the user chose, otherwise the first free one of: that of the last start, 8080, any other.

        Raises:
            Unavailable: the port that the user chose is not free.
        """
        file, chosen = self.layout.run / "api.port", self._chosen_port
        ports = [chosen] if chosen is not None else chain([read_port(file), DEFAULT_PORT], iter(free_port, None))
        claim = next(filter(None, (claim_port(port) for port in ports if port is not None)), None)
        if claim is None:
            raise Unavailable(f"port {chosen} ({PORT}) is in use; choose another one, or unset the variable")
        with claim:
            if chosen is None:
                write_private(file, str(claim.port))
            yield

    @property
    def _chosen_port(self) -> int | None:
        chosen = self.environ.get(PORT)
        if not chosen:
            return None
        if not chosen.isdecimal():
            raise BadInput(f"{chosen!r} is not a port", where=PORT, expected="a number from 1 to 65535")
        return int(chosen)

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts by name: admin, trainer, reviewer, observer, and those that the user added."""
        return accounts(self.layout, self.environ)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of Airflow's components, and of commands with the same settings."""
        return airflow_environment(self.layout, self.databases, port=self.port, environ=self.environ)

    @property
    def dags(self) -> Path:
        """The folder of the DAG files."""
        return Path(self.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or self.layout.root / "dags")

    def api(self, account: str = "admin") -> httpx.Client:
        """A client of Airflow's REST API with the token of an account, which is valid for a day.

        Raises:
            Unavailable: Airflow doesn't answer, or rejects the account.
        """
        import httpx

        credentials = {"username": account, "password": self.accounts[account].password}
        try:
            # trust_env=False: no proxy for the local address.
            answer = httpx.post(f"{self.url}/auth/token", json=credentials, trust_env=False, timeout=30)
            answer.raise_for_status()
            token = answer.json()["access_token"]
        except httpx.HTTPError as error:
            raise Unavailable(f"{account} can't sign in to Airflow at {self.url}: {error}") from error
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)
