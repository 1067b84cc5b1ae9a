"""An installation with all services, as `./modelops up` starts them, and measurements of these services."""

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
    from collections.abc import Callable, Iterator

HEALTH_INTERVAL = 1.0
"""Seconds between two requests of the health."""
DAG_INTERVAL = 0.1
"""Seconds between two requests of a DAG."""
TIMEOUT = 900.0
"""Maximum seconds to wait for Airflow."""
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
def running_installation(repository: Path) -> Iterator[tuple[Services, Population]]:
    """Start a new installation in a temporary folder, with one deployment; stop and remove it at the end."""
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="modelops-bench-") as name:
        folder = Path(name)
        add_repository(folder, repository)
        settings = {
            "MODELOPS_ARTIFACTS": (folder / "artifacts").as_uri(),
            "MODELOPS_REPOSITORIES": str(folder / "repositories.yaml"),
            "AIRFLOW__API__PORT": str(free_port()),
        }
        product = Product(folder / "home", environ={**os.environ, **settings})
        with with_database(product, steps=steps, command="bench"):
            migrate_registry(product, steps=steps)
            population = Population(_as_installation(product, folder))
        with running(product, steps=steps, command="bench", with_demo=False):
            yield Services(product), population


def _as_installation(product: Product, folder: Path) -> Installation:
    """The installation as the functions of the other benchmarks take it. Its database must be running."""
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
    """The health of the dag-processor in Airflow's responses; `heartbeat_age` is the maximum age, in seconds."""

    responses: int = 0
    healthy: int = 0
    heartbeat_age: float = 0.0

    def check(self, client: httpx.Client) -> None:
        """Request the health once. If the api-server doesn't answer, nothing is counted."""
        try:
            health = client.get("/api/v2/monitor/health").json()["dag_processor"]
            beat = datetime.fromisoformat(health["latest_dag_processor_heartbeat"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return
        self.responses += 1
        self.healthy += health["status"] == "healthy"
        self.heartbeat_age = max(self.heartbeat_age, (datetime.now(UTC) - beat).total_seconds())


class Services:
    """The running services: their health, the processor time of the dag-processor, and the DAGs that Airflow has."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._client = product.api()

    @contextmanager
    def watched(self) -> Iterator[Health]:
        """Request the health every second, in a thread."""
        health, ended = Health(), threading.Event()

        def watch() -> None:
            with httpx.Client(base_url=self._product.url, trust_env=False, timeout=10) as client:
                while not ended.wait(HEALTH_INTERVAL):
                    health.check(client)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield health
        finally:
            ended.set()
            thread.join()

    def processor_seconds(self) -> float:
        """The processor time of the dag-processor and of the processes that it has started."""
        runner = state.current(self._product.layout)
        assert runner is not None
        times = psutil.Process(int(runner.components["dag-processor"]["pid"])).cpu_times()
        return times.user + times.system + times.children_user + times.children_system

    def log_bytes(self) -> int:
        """The length of the dag-processor's log."""
        return self._product.layout.log("dag-processor").stat().st_size

    def await_dag(self, number: int) -> None:
        """Wait until Airflow's REST API has the DAG of a deployment."""
        with _deadline(f"the DAG of deployment {number}") as pause:
            while self._client.get(f"/api/v2/dags/deployment_{number}").status_code != httpx.codes.OK:
                pause(DAG_INTERVAL)

    def await_written(self, numbers: list[int]) -> None:
        """Wait until Airflow's database has the serialized DAGs of these deployments."""
        with _deadline(f"the DAGs of {len(numbers)} deployments") as pause:
            while self._count(WRITTEN, _dags(numbers)) < len(numbers):
                pause(1)

    def await_due(self, numbers: list[int], times: list[datetime]) -> None:
        """Wait until the next run of each of these deployments is at one of these times."""
        with _deadline(f"the schedules of {len(numbers)} deployments") as pause:
            while self._count(DUE, _dags(numbers), times) < len(numbers):
                pause(1)

    def starts(self, numbers: list[int], times: list[datetime]) -> list[tuple[float, float | None]]:
        """The delays, in seconds, of the runs that were due at these times and have started, and of their first tasks.

        The delay of a task that has not started is None.
        """
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
def _deadline(what: str) -> Iterator[Callable[[float], None]]:
    """A function that pauses for some seconds, or raises TimeoutError after the deadline."""
    deadline = time.monotonic() + TIMEOUT

    def pause(seconds: float) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Airflow doesn't have {what} after {TIMEOUT:.0f} s")
        time.sleep(seconds)

    yield pause
