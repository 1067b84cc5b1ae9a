"""An installation with all of its services, as the product starts them, and what is seen of them from outside."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import psycopg

from bench.deployments.population import Population
from bench.installation import Installation, add_repository
from modelops.runner import state
from modelops.runner.bootstrap import migrate_registry
from modelops.runner.databases import ROLES
from modelops.runner.installation import Installation as Product
from modelops.runner.layout import free_port
from modelops.runner.steps import Steps
from modelops.runner.up import running, with_database

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_EVERY = 1.0
"""Seconds between two looks at the health."""
ASK_EVERY = 0.1
"""Seconds between two questions whether a DAG is there."""
HUNG_AFTER = 900.0
WRITTEN = """
SELECT count(*) FROM dag
WHERE NOT is_stale AND dag_id = ANY (%s)
  AND EXISTS (SELECT FROM serialized_dag AS written WHERE written.dag_id = dag.dag_id)
"""
DUE = "SELECT count(*) FROM dag WHERE NOT is_stale AND dag_id = ANY (%s) AND next_dagrun_create_after = ANY (%s)"
STARTED = """
SELECT extract(epoch FROM run.start_date - run.run_after)::float8 AS run,
       extract(epoch FROM min(task.start_date) - run.run_after)::float8 AS task
FROM dag_run AS run LEFT JOIN task_instance AS task USING (dag_id, run_id)
WHERE run.run_type = 'scheduled' AND run.dag_id = ANY (%s) AND run.run_after = ANY (%s) AND run.start_date IS NOT NULL
GROUP BY run.id
"""


@contextmanager
def installed(repository: Path) -> Iterator[tuple[Services, Population]]:
    """A new installation in a temporary folder with one deployment, up; it is stopped and removed at the end."""
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="modelops-bench-") as made:
        folder = Path(made)
        add_repository(folder, repository)
        chosen = {
            "MODELOPS_ARTIFACTS": (folder / "artifacts").as_uri(),
            "MODELOPS_REPOSITORIES": str(folder / "repositories.yaml"),
            "AIRFLOW__API__PORT": str(free_port()),
        }
        product = Product(folder / "home", environ={**os.environ, **chosen})
        with with_database(product, steps=steps, command="bench"):
            migrate_registry(product, steps=steps)
            population = Population(_as_installation(product, folder))
        with running(product, steps=steps, command="bench", with_demo=False):
            yield Services(product), population


def _as_installation(product: Product, folder: Path) -> Installation:
    """The same installation as other benchmarks see one; its database is up."""
    assert product.server is not None
    databases = product.databases
    return Installation(
        folder=folder,
        port=product.server.port,
        bin=product.server.bin,
        admin_url=databases.admin_url.rsplit("/", 1)[0] + f"/{databases.data_database}",
        passwords={f"modelops_{role}": getattr(databases.secrets, role) for role in ROLES},
    )


@dataclass
class Health:
    """How often Airflow was asked how its dag-processor is, and what it said.

    `silence` is the longest time in seconds that a heartbeat was old.
    """

    looks: int = 0
    healthy: int = 0
    silence: float = 0.0

    def look(self, client: httpx.Client) -> None:
        """Ask once; an api-server that is too busy to answer says nothing of the dag-processor."""
        try:
            said = client.get("/api/v2/monitor/health").json()["dag_processor"]
            beat = datetime.fromisoformat(said["latest_dag_processor_heartbeat"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return
        self.looks += 1
        self.healthy += said["status"] == "healthy"
        self.silence = max(self.silence, (datetime.now(UTC) - beat).total_seconds())


class Services:
    """The running services: their health, the processor time of the dag-processor, what Airflow has of deployments."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._client = product.api()

    @contextmanager
    def watched(self) -> Iterator[Health]:
        """The health, asked every second inside."""
        health, ended = Health(), threading.Event()

        def watch() -> None:
            with httpx.Client(base_url=self._product.url, trust_env=False, timeout=10) as client:
                while not ended.wait(LOOK_EVERY):
                    health.look(client)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield health
        finally:
            ended.set()
            thread.join()

    def processor_seconds(self) -> float:
        """The processor time that the dag-processor, and the processes that it has started, have used so far."""
        runner = state.current(self._product.layout)
        assert runner is not None
        times = psutil.Process(int(runner.components["dag-processor"]["pid"])).cpu_times()
        return times.user + times.system + times.children_user + times.children_system

    def log_bytes(self) -> int:
        """The length of the dag-processor's log."""
        return self._product.layout.log("dag-processor").stat().st_size

    def await_dag(self, number: int) -> None:
        """Wait until Airflow's REST API has the DAG of a deployment."""
        with _patience(f"the DAG of deployment {number}") as go_on:
            while self._client.get(f"/api/v2/dags/deployment_{number}").status_code != httpx.codes.OK:
                go_on(ASK_EVERY)

    def await_written(self, numbers: list[int]) -> None:
        """Wait until Airflow's database has the serialized DAGs of these deployments."""
        with _patience(f"the DAGs of {len(numbers)} deployments") as go_on:
            while self._count(WRITTEN, _dags(numbers)) < len(numbers):
                go_on(1)

    def await_due(self, numbers: list[int], times: list[datetime]) -> None:
        """Wait until Airflow would start each of these deployments next at one of these times."""
        with _patience(f"the schedules of {len(numbers)} deployments") as go_on:
            while self._count(DUE, _dags(numbers), times) < len(numbers):
                go_on(1)

    def starts(self, numbers: list[int], times: list[datetime]) -> list[tuple[float, float | None]]:
        """The runs that were due at these times and have started: by how many seconds they, and their first tasks,
        started after that; None: the task hasn't started."""
        with self._airflow() as connection:
            return [(run, task) for run, task in connection.execute(STARTED, (_dags(numbers), times))]

    def _count(self, query: str, *arguments: Any) -> int:
        with self._airflow() as connection:
            row = connection.execute(query.encode(), arguments).fetchone()
        return int(row[0]) if row else 0

    def _airflow(self) -> psycopg.Connection[Any]:
        url = self._product.databases.airflow_url
        assert url is not None
        return psycopg.connect(url, autocommit=True)


def _dags(numbers: list[int]) -> list[str]:
    return [f"deployment_{number}" for number in numbers]


@contextmanager
def _patience(what: str) -> Iterator[Any]:
    """A pause for a loop that waits, which ends in an error once it has waited for too long."""
    deadline = time.monotonic() + HUNG_AFTER

    def go_on(seconds: float) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Airflow doesn't have {what} after {HUNG_AFTER:.0f} s")
        time.sleep(seconds)

    yield go_on
