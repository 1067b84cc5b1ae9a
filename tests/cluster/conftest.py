"""The services of docker-compose.yaml as hosts without Docker, for all tests of this folder; two are workers."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from e2e.waiting import eventually
from factories import SCORING, model_folder
from modelops.domain.errors import Unavailable
from modelops.runner.containers.secrets_file import write_env
from modelops.runner.hosts.cluster import Cluster
from modelops.runner.hosts.interpolation import read_env_file
from modelops.runner.hosts.namespaces import namespaces
from modelops.runner.layout import free_port, tail
from modelops.runner.steps import Steps
from modelops.settings import PROJECT_ROOT, MachineSettings
from signed_in import SignedIn, account_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = "MODELOPS_CLUSTER_TEST_HOME"
"""For those who write these tests: a folder whose cluster is used if it is up, and left up."""
ROWS = 4_000
COLUMNS = "i AS id, i / 10.0::float8 AS x, (100 - i)::float8 AS y"
SERIES = f"generate_series(1, {ROWS}) AS i"
DATASETS = f"""
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: SELECT {COLUMNS}, i % 2 AS late FROM {SERIES}
  evaluate: SELECT {COLUMNS}, i % 2 AS late FROM {SERIES}
  predict: >-
    WITH nap AS MATERIALIZED (SELECT pg_sleep(30))
    SELECT {COLUMNS} FROM (SELECT count(*) FROM nap) AS awake, {SERIES}
"""
"""Predictions take long enough for a worker to be killed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Running(SignedIn):
    """The cluster, and its REST API."""

    cluster: Cluster

    def ask(self, do: str, host: str, **more: Any) -> dict[str, Any]:
        return self.cluster.ask({"do": do, "host": host, **more})

    def run(self, host: str, *command: str) -> tuple[int, str]:
        answer = self.ask("run", host, command=list(command))
        return answer["code"], answer["said"]

    def sql(self, query: str) -> str:
        """What psql prints, one row a line, on the host of the data database."""
        code, said = self.run("data", "psql", "-U", "modelops_admin", "-d", "modelops", "-AtX", "-c", query)
        assert code == 0, said
        return said.strip()

    def told(self, host: str) -> dict[str, Any]:
        return next(one for one in self.cluster.hosts() if one["name"] == host)

    def eventually(self, what: str, look: Any) -> Any:
        return eventually(what, look, story=self.story, every=0.5)

    def story(self) -> str:
        hosts = self.cluster.hosts()
        states = "\n".join(f"{host['name']}: {host['state']} {host['health']} {host['why']}" for host in hosts)
        logs = "\n".join(f"— {host['name']}\n{tail(Path(host['log']), lines=8)}" for host in hosts)
        return f"{states}\n{logs}"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    try:
        namespaces()
    except Unavailable as error:
        pytest.skip(str(error))
    kept = os.environ.get(HOME)
    home = Path(kept) if kept else tmp_path_factory.mktemp("cluster")
    home.mkdir(parents=True, exist_ok=True)
    env = home / ".env"
    if not env.exists():
        shutil.copy(PROJECT_ROOT / ".env.example", home)
        write_env(home)
        repositories = {"repositories": {"here": {"path": "/var/lib/modelops/repositories/here"}}}
        (home / "repositories.yaml").write_text(json.dumps(repositories))
        with env.open("a") as file:
            file.write(
                f"\nMODELOPS_ADDRESS=127.0.0.1:{free_port()}\nMODELOPS_REPOSITORIES={home / 'repositories.yaml'}\n"
            )
        # The one folder that the image's user may write and all hosts share.
        model_folder(home / "state" / "volumes" / "repositories" / "here", "slow", datasets=DATASETS, scoring=SCORING)
    variables = read_env_file(env, {})
    cluster = Cluster(
        home / "state",
        env_file=env,
        environment=MachineSettings.from_environment().home / "cluster" / "environment",
        environ={},
    )
    if cluster.keeper() is None:
        cluster.up(workers=2, steps=Steps(), timeout=600)
    yield Running(
        cluster=cluster, url=f"http://{variables['MODELOPS_ADDRESS']}", passwords=account_passwords(variables)
    )
    if not kept:
        cluster.down(at_once=True)
        assert cluster.keeper() is None
