"""Assigns the tasks of the shared DAGs to the queue and the pool that their model or feature task requests.

Airflow determines the queue and the pool of a task when it parses the DAG file. A shared DAG has the model as a
parameter, so Airflow's hook for task instances sets the queue and the pool: when the web server or the scheduler
creates the task instances of a run, and when a person clears them. The DAG of a deployment sets them in its DAG file.

The hook runs in Airflow's transaction. It opens no session of Airflow, waits for the registry for only a few seconds,
and keeps the default queue and pool if it can't determine the request.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from modelops.domain.declaration import Stage
from modelops.domain.job_types import OPERATORS
from modelops.domain.resources import ResourceRequest
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from modelops.settings import Settings

VERSION_MAKING_DAGS = ("model_lifecycle", "byom_lifecycle", "feature_pipeline")
"""The DAGs whose runs create a version."""
MAKING = (Stage.TRAINING, Stage.IMPORT)
PLACED = (*MAKING, Stage.EVALUATION, Stage.DEPLOYMENT, Stage.BATCH, Stage.STATISTICS, Stage.DRIFT)
"""The stages whose jobs run the code of a version or read its rows."""
SUBJECTS = frozenset({"model", "task", "deployment"})
"""The parameters of a DAG run that name the model, feature task or deployment."""
READER = "modelops_reader"
PATIENCE = 2
"""Maximum seconds to connect to the registry, and for a query."""
PAUSE_SECONDS = 30.0
"""Seconds without queries after the registry has not answered."""
FRESH_SECONDS = 2.0
"""Seconds for which the request of a DAG run is cached for its other task instances."""

log = logging.getLogger(__name__)


class Placement:
    """Looks up requests, and caches them for `FRESH_SECONDS`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, bool], tuple[float, ResourceRequest]] = {}
        self._asked_again_at = 0.0

    def place(self, task_instance: Any, dag_run: Any) -> None:
        """Set the queue and the pool of a task instance, if its DAG run names a model that requests some."""
        job_type = OPERATORS.get(task_instance.operator)
        if job_type is None or job_type.stage not in PLACED:
            return
        if dag_run is None or not SUBJECTS & set(dag_run.conf or {}):
            return
        try:
            request, allowed = self._of(dag_run, makes=job_type.stage in MAKING)
        except Exception as error:  # noqa: BLE001 - Airflow's scheduler and web server must continue
            log.warning("the queue and the pool of %s are the default ones: %s", task_instance.task_id, error)
            return
        # If the queue or the pool is not allowed, the job fails with a message that lists the allowed ones.
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
            # The connection must not be read from Airflow's database.
            raise LookupError(f"there is no variable for the connection {READER}")
        if time.monotonic() < self._asked_again_at:
            raise LookupError(f"the registry did not answer in the last {PAUSE_SECONDS:.0f} s")
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
    from modelops.repository.kinds import OF_VERSIONS

    found = (requested_resources(each, reference, settings, ref=conf.get("ref") or None) for each in OF_VERSIONS[kind])
    return next((request for request in found if request is not None), None)


_PLACEMENT = Placement()


def place_task_instance(task_instance: Any, dag_run: Any) -> None:
    """Airflow's `task_instance_mutation_hook`."""
    _PLACEMENT.place(task_instance, dag_run)
