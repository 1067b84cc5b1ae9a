"""The services of docker-compose.yaml as hosts without Docker; two of them are workers."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

from cluster.models import GATES, HERE, write_models
from e2e.waiting import eventually
from modelops.runner.containers.secrets_file import write_env
from modelops.runner.hosts.cluster import FILE, Cluster
from modelops.runner.hosts.interpolation import read_env_file
from modelops.runner.layout import free_port, tail
from modelops.runner.steps import Steps
from modelops.settings import PROJECT_ROOT, MachineSettings
from signed_in import SignedIn, account_passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOME = "MODELOPS_CLUSTER_TEST_HOME"
"""For those who write these tests: a folder whose cluster is used if it is up, and left up."""
UP_WITHIN = 600
"""Seconds after which the start of the cluster hangs."""
LOOK_EVERY = 0.5
DATA_PORT = "MODELOPS_TEST_DATA_PORT"
DATA = '    volumes: ["data:/var/lib/postgresql"]\n'
PUBLISHED = f'{DATA}    ports: ["127.0.0.1:${{{DATA_PORT}}}:5432"]\n'
"""The data database is reached from outside, so that tests can ask it without starting a program in its host."""
SHARED = "/var/lib/modelops/repositories"
"""A folder that the image's user may write, and all hosts share."""
TOLD = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}
"""Those whose heartbeats the api-server tells."""
BEATING = ("observer", "w1", "w2")
"""Those that touch a file while they work."""


@dataclass(frozen=True, kw_only=True)
class Running(SignedIn):
    """The cluster, its REST API, and its data database (as the superuser)."""

    cluster: Cluster
    data_url: str

    def ask(self, do: str, host: str, **more: Any) -> dict[str, Any]:
        return self.cluster.ask({"do": do, "host": host, **more})

    def run(self, host: str, *command: str) -> tuple[int, str]:
        answer = self.ask("run", host, command=list(command))
        return answer["code"], answer["said"]

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.data_url, autocommit=True)

    def told(self, host: str) -> dict[str, Any]:
        return next(one for one in self.cluster.hosts() if one["name"] == host)

    def eventually(self, what: str, look: Callable[[], Any]) -> Any:
        return eventually(what, look, story=self.story, every=LOOK_EVERY)

    def story(self) -> str:
        hosts = self.cluster.hosts()
        states = "\n".join(f"{host['name']}: {host['state']} {host['health']} {host['why']}" for host in hosts)
        logs = "\n".join(f"— {host['name']}\n{tail(Path(host['log']), lines=8)}" for host in hosts)
        return f"{states}\n{logs}"

    def heartbeats(self) -> dict[str, str]:
        """The latest heartbeat of each component that the api-server tells of."""
        answer = self.request("GET", f"{self.url}/api/v2/monitor/health", timeout=10).raise_for_status().json()
        return {host: answer[part][f"latest_{part}_heartbeat"] or "" for host, part in TOLD.items()}

    def is_at_work(self, host: str, *, since: str) -> bool:
        """Whether a host that was started again works: sooner told than by its health check.

        Args:
            since: an ISO 8601 time at its start or later.
        """
        with suppress(httpx.HTTPError):
            if host in TOLD:
                return self.heartbeats()[host] > since
            if host in BEATING:
                return self.run(host, "sh", "-c", 'test -e "$MODELOPS_HEARTBEAT"')[0] == 0
            if host == "api-server":
                return self.heartbeats() is not None
            if host == "broker":
                return self.run(host, "redis-cli", "ping")[1].strip() == "PONG"
            return self.run(host, "pg_isready", "--quiet", "--host=127.0.0.1")[0] == 0
        return False


@contextmanager
def running(home: Path, *, keep: bool = False) -> Iterator[Running]:
    """Start the cluster of a folder unless it is up; `keep` leaves it up at the end."""
    home.mkdir(parents=True, exist_ok=True)
    env = home / ".env"
    if not env.exists():
        _write_files(home)
    text = (PROJECT_ROOT / FILE).read_text(encoding="utf-8")
    assert text.count(DATA) == 1
    (home / FILE).write_text(text.replace(DATA, PUBLISHED), encoding="utf-8")
    variables = read_env_file(env, {})
    cluster = Cluster(
        home / "state",
        file=home / FILE,
        env_file=env,
        environment=MachineSettings.from_environment().home / "cluster" / "environment",
        environ={},
    )
    if cluster.keeper() is None:
        cluster.up(workers=2, steps=Steps(), timeout=UP_WITHIN)
    password, port = variables["MODELOPS_DATABASE_PASSWORD_ADMIN"], variables[DATA_PORT]
    # A client for each request would read the certificates each time. A connection would end with the api-server.
    limits = httpx.Limits(max_keepalive_connections=0)
    try:
        with httpx.Client(limits=limits) as client:
            made = Running(
                cluster=cluster,
                url=f"http://{variables['MODELOPS_ADDRESS']}",
                passwords=account_passwords(variables),
                request=client.request,
                data_url=f"postgresql://modelops_admin:{password}@127.0.0.1:{port}/modelops",
            )
            with made.connect() as connection:
                connection.execute(GATES.encode())
            yield made
    finally:
        if not keep:
            cluster.down(at_once=True)
            assert cluster.keeper() is None


def write_repositories(home: Path, **more: Mapping[str, str]) -> None:
    """The file that all hosts read, with the folder of models and with `more`; in place, as it is mounted."""
    repositories = {"repositories": {HERE: {"path": f"{SHARED}/{HERE}"}, **more}}
    (home / "repositories.yaml").write_text(json.dumps(repositories))


def _write_files(home: Path) -> None:
    """The secrets and the settings of the test, and the models."""
    shutil.copy(PROJECT_ROOT / ".env.example", home)
    write_env(home)
    write_repositories(home)
    web = free_port()
    data = next(port for port in iter(free_port, None) if port != web)
    with (home / ".env").open("a") as file:
        file.write(
            f"\nMODELOPS_ADDRESS=127.0.0.1:{web}\n{DATA_PORT}={data}\n"
            f"MODELOPS_REPOSITORIES={home / 'repositories.yaml'}\n"
        )
    write_models(home / "state" / "volumes" / "repositories" / HERE)
