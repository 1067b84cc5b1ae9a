"""One installation: its folder, its addresses, its accounts."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.configuration import Account, accounts, airflow_environment
from modelops.runner.databases import VARIABLE, Databases, own_server, passwords_in
from modelops.runner.layout import Layout, Secrets, claim_port, free_port, kept_port, write_private
from modelops.runner.postgres import PostgresServer
from modelops.settings import MachineSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

METADATA = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
PORT = "AIRFLOW__API__PORT"
USUAL_PORT = 8080


class Installation:
    """What the runner runs, from a home and the user's environment.

    Args:
        home: the folder of all state; made when something is started.
        environ: the user's environment. AIRFLOW__* settings in it win over the runner's.
    """

    def __init__(self, home: Path, *, environ: Mapping[str, str] = os.environ) -> None:
        self.layout = Layout(home=home.resolve())
        self.environ = dict(environ) | {"MODELOPS_HOME": str(self.layout.home)}
        self.settings = Settings.from_environment(self.environ)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Installation:
        """The installation that MODELOPS_HOME names, or the project's own."""
        return cls(MachineSettings.from_environment(environ).home, environ=environ)

    @property
    def embedded(self) -> bool:
        """Whether PostgreSQL is the runner's own."""
        return not self.environ.get(VARIABLE)

    @cached_property
    def server(self) -> PostgresServer | None:
        """The embedded PostgreSQL; None when the user named a server."""
        return PostgresServer(self.layout.postgres, self.layout.log("postgres")) if self.embedded else None

    @property
    def databases(self) -> Databases:
        """The databases' addresses; the embedded server must have been started once.

        Raises:
            BadInput: MODELOPS_DATABASE_URL can't be used, or a login's password is missing.
        """
        elsewhere = METADATA in self.environ
        given = passwords_in(self.environ, airflow_elsewhere=elsewhere)
        secrets = Secrets.of(self.layout.secrets, given)
        if self.server is None:
            return own_server(self.environ[VARIABLE], secrets=secrets, airflow_elsewhere=elsewhere)
        return Databases(
            admin_url=self.server.admin_url,
            data_database="modelops",
            airflow_database=None if elsewhere else "airflow",
            secrets=secrets,
        )

    @property
    def port(self) -> int:
        """The port of the web UI and the REST API: chosen by the user, or as `port_claimed` did."""
        return self._chosen_port or kept_port(self.layout.run / "api.port") or USUAL_PORT

    @property
    def url(self) -> str:
        """Where the web UI and the REST API are."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def port_claimed(self) -> Iterator[None]:
        """Choose the port for a start, and keep other installations off it inside.

        The user's choice; without one, last time's port if it is free, else 8080, else any.

        Raises:
            Unavailable: the user chose one, and it is taken.
        """
        kept = self.layout.run / "api.port"
        any_other = iter(free_port, None)
        wanted = chain([kept_port(kept), USUAL_PORT], any_other) if self._chosen_port is None else [self._chosen_port]
        claim = next(filter(None, (claim_port(port) for port in wanted if port is not None)), None)
        if claim is None:
            raise Unavailable(f"Port {self._chosen_port} ({PORT}) is taken; name another, or none for a free one")
        with claim:
            if self._chosen_port is None:
                write_private(kept, str(claim.port))
            yield

    @property
    def _chosen_port(self) -> int | None:
        chosen = self.environ.get(PORT)
        if not chosen:
            return None
        if not chosen.isdecimal():
            raise BadInput(f"{chosen!r} is no port", where=PORT, expected="a number from 1 to 65535")
        return int(chosen)

    @property
    def accounts(self) -> dict[str, Account]:
        """Who may sign in, by name: admin, trainer, reviewer, the observer, and whom the user has added."""
        return accounts(self.layout, self.environ)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of Airflow's components, of the user's commands too if they are to see the same."""
        return airflow_environment(self.layout, self.databases, port=self.port, environ=self.environ)

    @property
    def dags(self) -> Path:
        """The folder of the DAG files."""
        return Path(self.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or self.layout.root / "dags")

    def api(self, account: str = "admin") -> httpx.Client:
        """A client of Airflow's REST API, signed in for a day; its addresses begin with `/api/v2`.

        Raises:
            Unavailable: Airflow doesn't answer, or doesn't know the account.
        """
        import httpx

        who = self.accounts[account]
        # A proxy that the user's environment names has no business with this machine's own address: trust_env.
        signing = {"username": who.name, "password": who.password}
        try:
            answer = httpx.post(f"{self.url}/auth/token", json=signing, trust_env=False, timeout=30)
            answer.raise_for_status()
            token = answer.json()["access_token"]
        except httpx.HTTPError as error:
            raise Unavailable(f"{account} can't sign in to Airflow at {self.url}: {error}") from error
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)
