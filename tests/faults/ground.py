"""What the kills happen on: a durable PostgreSQL of its own, and a deployment made by the product's own use cases."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

from faults.supervisor import Executor
from faults.task import resources_of, settings_in
from faults.works import WORKS
from modelops.registry.migrate import migrate
from modelops.registry.privileges import LOGINS
from modelops.registry.roles import provision
from modelops.runner.postgres import PostgresServer
from workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faults.works import Work

DATABASE = "modelops"


@dataclass(kw_only=True)
class Ground:
    """The server, the folder of everything else, the kind of batch, and the deployment that it is of.

    `installation` and `connect` are what the helpers of the end-to-end tests know of an installation.
    """

    server: PostgresServer
    home: Path
    kind: str
    executor: Executor = field(default_factory=Executor)
    deployment: int = 0

    @property
    def work(self) -> Work:
        return WORKS[self.kind]

    @property
    def file(self) -> Path:
        return self.home / "ground.json"

    @property
    def installation(self) -> Any:
        return SimpleNamespace(settings=settings_in(self.home))

    def connect(self, role: str = "modelops_reader") -> psycopg.Connection[Any]:
        url = self.server.admin_url.rsplit("/", 1)[0] + f"/{DATABASE}" if role == "admin" else self.urls[role]
        return psycopg.connect(url, autocommit=True)

    @property
    def urls(self) -> dict[str, str]:
        return {login: f"postgresql://{login}:x@127.0.0.1:{self.server.port}/{DATABASE}" for login in LOGINS}

    def start(self) -> None:
        """Start the server, again if it was killed, and tell the tasks where it is."""
        self.server.start()
        self.file.write_text(json.dumps({"home": str(self.home), "urls": self.urls, "kind": self.kind}))

    def kill_postgres(self) -> bool:
        """`kill -9` of the server and all its processes; whether it was alive."""
        pid = self.server.pid
        if pid is None:
            return False
        server = psutil.Process(pid)
        processes = [server, *server.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # it has ended with the first one
                process.kill()
        psutil.wait_procs(processes[1:], timeout=10)
        return True


@contextmanager
def ground(folder: Path, kind: str = "prediction") -> Iterator[Ground]:
    """A server with a deployment of this kind; all of it is gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Ground(
        server=PostgresServer(folder / "postgres", folder / "postgres.log", durable=True),
        home=folder / "home",
        kind=kind,
    )
    (made.home / "work").mkdir(parents=True)
    try:
        made.start()
        provision(
            made.server.admin_url, passwords=dict.fromkeys(LOGINS, "x"), data_database=DATABASE, airflow_database=None
        )
        migrate(made.urls["modelops_owner"])
        sources = {"repositories": {"here": {"path": str(folder / "repository")}}}
        (made.home / "repositories.yaml").write_text(json.dumps(sources))
        with made.connect("modelops_jobs") as connection:
            resources = resources_of(json.loads(made.file.read_text()))
            workplace = Workplace(connection=connection, resources=resources, log=lambda _line: None)
            made.deployment = made.work.deploy(folder / "repository", workplace)
        yield made
    finally:
        made.executor.close()
        made.server.stop(immediately=True)
