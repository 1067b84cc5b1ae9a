"""Sends the tasks of the shared DAGs into the queue and the pool that their model or feature task requests.

Airflow fixes the queue and the pool of a task when it parses the DAG file. In these DAGs the model is chosen when a run
is requested, so Airflow's hook for task instances sets them: when the web server or the scheduler creates the task
instances of a run, and when a person clears them. The DAG of a deployment has them in its file.

The hook runs within Airflow's transaction. It opens no session of Airflow, waits for the registry for few seconds, and
leaves the defaults if it can't find out.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from modelops.domain.declaration import Stage
from modelops.domain.job_types import of_stage
from modelops.domain.resources import ResourceRequest
from modelops.domain.versions import VersionKind
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from modelops.settings import Settings

VERSION_MAKING_DAGS = ("model_lifecycle", "feature_pipeline")
"""The DAGs whose runs make a version."""
MAKING = (Stage.TRAINING, Stage.IMPORT)
PLACED = (*MAKING, Stage.EVALUATION, Stage.DEPLOYMENT, Stage.BATCH, Stage.STATISTICS, Stage.DRIFT)
"""The stages whose jobs run the code of a version or read its rows."""
READER = "modelops_reader"
PATIENCE = 2
"""Seconds to connect to the registry, and for a query."""
PAUSE_SECONDS = 30.0
"""The registry is not asked again for so long after it did not answer."""
FRESH_SECONDS = 2.0
"""For so long, the other task instances of a run get what the first one got."""

log = logging.getLogger(__name__)


@cache
def shared_dags() -> frozenset[str]:
    """The product's own DAGs; each has a file of its name."""
    return frozenset(file.stem for file in (PROJECT_ROOT / "dags").glob("*.py"))


@cache
def _operators(*stages: Stage) -> frozenset[str]:
    return frozenset(name for job_type in of_stage(*stages) for name in job_type.declaration.operators)


class Placement:
    """Looks up requests, and keeps them for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, bool], tuple[float, ResourceRequest]] = {}
        self._asked_again_at = 0.0

    def place(self, task_instance: Any, dag_run: Any) -> None:
        """Set the queue and the pool of a task instance, if its DAG run names a model that requests some."""
        if dag_run is None or not dag_run.conf or task_instance.operator not in _operators(*PLACED):
            return
        if dag_run.dag_id not in shared_dags():
            return
        try:
            request, allowed = self._of(dag_run, makes=task_instance.operator in _operators(*MAKING))
        except Exception as error:  # noqa: BLE001 - Airflow's scheduler and web server go on
            log.warning("the queue and the pool of %s are the default ones: %s", task_instance.task_id, error)
            return
        # What is not allowed is refused by the job, which says what is.
        if request.queue in allowed.queues:
            task_instance.queue = request.queue
        if request.pool in allowed.pools:
            task_instance.pool = request.pool

    def _of(self, dag_run: Any, *, makes: bool) -> tuple[ResourceRequest, Any]:
        from modelops.settings import Settings

        settings = Settings.from_environment()
        if not (settings.installation.queues or settings.installation.pools):
            return ResourceRequest(), settings.ceilings
        key, now = (dag_run.dag_id, dag_run.run_id, makes), time.monotonic()
        with self._lock:
            self._kept = {each: kept for each, kept in self._kept.items() if now - kept[0] < FRESH_SECONDS}
            if key in self._kept:
                return self._kept[key][1], settings.ceilings
        found = self._look_up(dag_run, settings, makes=makes) or ResourceRequest()
        with self._lock:
            self._kept[key] = (time.monotonic(), found)
        return found, settings.ceilings

    def _look_up(self, dag_run: Any, settings: Settings, *, makes: bool) -> ResourceRequest | None:
        conf: Mapping[str, Any] = dag_run.conf
        kind = VersionKind.MODEL if "model" in conf else VersionKind.FEATURE_TASK
        reference = str(conf.get(kind.parameter, ""))
        makes_version = dag_run.dag_id in VERSION_MAKING_DAGS
        if makes:
            return _in_repository(kind, reference, conf, settings)
        with self._registry() as connection:
            from modelops.registry.write import placement

            if makes_version:
                pinned = placement.of_run(connection, dag_run.dag_id, dag_run.run_id)
                return pinned or _in_repository(kind, reference, conf, settings)
            if "deployment" in conf:
                return placement.of_deployment(connection, int(conf["deployment"]))
            number = conf.get("version")
            return placement.of_version(connection, reference, None if number is None else int(number), kind=kind)

    def _registry(self) -> Connection[Any]:
        import psycopg

        from modelops.airflow.connections import url_of

        if f"AIRFLOW_CONN_{READER.upper()}" not in os.environ:
            raise LookupError(
                f"there is no variable for the connection {READER}"
            )  # Airflow's database may not be asked
        if time.monotonic() < self._asked_again_at:
            raise LookupError("the registry did not answer a short while ago")
        try:
            connection = psycopg.connect(
                url_of(READER), autocommit=True, connect_timeout=PATIENCE, application_name="modelops placement"
            )
            connection.execute("SELECT set_config('statement_timeout', %s, false)", (f"{PATIENCE}s",))
        except psycopg.Error:
            self._asked_again_at = time.monotonic() + PAUSE_SECONDS
            raise
        return connection


def _in_repository(
    kind: VersionKind, reference: str, conf: Mapping[str, Any], settings: Settings
) -> ResourceRequest | None:
    from modelops.repository.catalogue import requested_resources
    from modelops.repository.kinds import MODELS, TASKS

    folders = MODELS if kind is VersionKind.MODEL else TASKS
    return requested_resources(folders, reference, settings, ref=conf.get("ref") or None)


_PLACEMENT = Placement()


def place_task_instance(task_instance: Any, dag_run: Any) -> None:
    """Airflow's `task_instance_mutation_hook`."""
    _PLACEMENT.place(task_instance, dag_run)
