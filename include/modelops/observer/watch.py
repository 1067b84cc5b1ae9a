"""One look after the other at Airflow, each written into the ledger. What was missed is caught up with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import OPERATORS, JobStatus, TaskKey
from modelops.registry import observation
from modelops.registry.jobs import SILENT
from modelops.registry.observation import AIRFLOW, Ending, Request, Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from modelops.observer.airflow import AirflowReader

LIVE = (
    "none",
    "scheduled",
    "queued",
    "running",
    "restarting",
    "up_for_retry",
    "up_for_reschedule",
    "deferred",
    "awaiting_input",
)
CATCH_UP_EVERY = timedelta(seconds=10)
OVERLAP = timedelta(minutes=2)
"""Airflow's clock and ours may differ, and a transaction may become visible later than its time says."""

BY_HAND = {"patch_task_instance", "patch_dag_run", "bulk_task_instances"}
"""Entries of the audit log by which a person ends a task."""


class Watch:
    """Brings what Airflow knows of our jobs into the ledger.

    Each look reads what is live, then asks after every job that the ledger believes to be under way and that wasn't
    among it. Every ten seconds it also reads the runs that ended since, each once, for what began and ended between two
    looks or while the observer was down.
    """

    def __init__(self, airflow: AirflowReader, connection: Connection[Any]) -> None:
        self._airflow = airflow
        self._connection = connection
        self._caught_up: datetime | None = None
        self._told = set[tuple[str, str, str]]()
        self._request = lru_cache(maxsize=1000)(self._read_request)
        self._retries = lru_cache(maxsize=1000)(self._read_retries)

    def look(self) -> None:
        """Look once.

        Raises:
            httpx.HTTPError: Airflow doesn't answer; nothing is lost, the next look catches up.
            Unavailable: the ledger can't be reached.
        """
        began = datetime.now(UTC)
        live = set[TaskKey]()
        for instance in self._airflow.task_instances(operators=OPERATORS, states=LIVE):
            live.add(key_of(instance))
            self._tell(instance)
        for job in observation.open_jobs(self._connection):
            if job.key not in live:
                self._ask_after(job)
        if self._caught_up is None or began - self._caught_up > CATCH_UP_EVERY:
            self._catch_up()
            self._caught_up = began
        observation.note(self._connection, began)

    def _catch_up(self) -> None:
        since = observation.last_seen(self._connection)
        if since is None:
            return
        runs = self._airflow.runs_ended_since((since - OVERLAP).isoformat())
        ended = {(run["dag_id"], run["dag_run_id"], run["end_date"]) for run in runs}
        for dag_id, run_id, _ in ended - self._told:
            for instance in self._airflow.task_instances_of(dag_id, run_id, OPERATORS):
                self._tell(instance)
                if instance["try_number"] > 1:
                    self._tell_tries(key_of(instance))
        self._told = ended

    def _tell(self, instance: Mapping[str, Any]) -> None:
        key = key_of(instance)
        sighting = self._sighting(key, instance, ending=self._ending(key, instance))
        if not observation.record(self._connection, sighting):
            request = self._request(key.dag_id, key.run_id)
            if request is not None:
                observation.introduce(self._connection, key, sighting.type, request)
                observation.record(self._connection, sighting)

    def _tell_tries(self, key: TaskKey) -> None:
        """When each attempt was scheduled and queued; how those before the last ended, their workers have told."""
        for instance in self._airflow.tries(key):
            observation.record(self._connection, self._sighting(key, instance, ending=None))

    def _ask_after(self, job: observation.OpenJob) -> None:
        instance = self._airflow.task_instance(job.key)
        if instance is not None:
            self._tell(instance)
            return
        gone = Ending(
            status=JobStatus.FAILED,
            at=datetime.now(UTC),
            by=AIRFLOW,
            reason="Airflow has no record of this task any more; how it ended isn't known",
        )
        observation.give_up(self._connection, job, gone)

    def _sighting(self, key: TaskKey, instance: Mapping[str, Any], *, ending: Ending | None) -> Sighting:
        version = (instance.get("dag_version") or {}).get("version_number")
        return Sighting(
            key=key,
            type=OPERATORS[instance["operator"]],
            attempt=instance["try_number"],
            # Clearing a task raises max_tries; a retry doesn't.
            first=instance["max_tries"] - self._retries(key.dag_id, key.task_id, version) + 1,
            scheduled_at=_time(instance["scheduled_when"]),
            queued_at=_time(instance["queued_when"]),
            ending=ending,
        )

    def _ending(self, key: TaskKey, instance: Mapping[str, Any]) -> Ending | None:
        at = _time(instance["end_date"]) or datetime.now(UTC)

        def ended(status: JobStatus, reason: str, by: str = AIRFLOW) -> Ending:
            return Ending(status=status, at=at, by=by, reason=reason)

        match instance["state"]:
            case "up_for_retry":
                return ended(JobStatus.RETRYING, f"{SILENT}; another one follows")
            case "upstream_failed":
                return ended(JobStatus.SKIPPED, "a task before it failed")
            case "skipped" | "removed" as state:
                return ended(JobStatus.SKIPPED, f"Airflow says {state}")
            case "success":
                by = self._person(key)
                return ended(JobStatus.SKIPPED, "marked as success by hand; the job did nothing", by or AIRFLOW)
            case "failed":
                if by := self._person(key):
                    return ended(JobStatus.CANCELLED, "stopped by hand", by)
                return ended(JobStatus.FAILED, f"{SILENT}; its log may tell why")
        return None

    def _person(self, key: TaskKey) -> str | None:
        """Who ended a task by hand, if its ledger entry is still open and the audit log tells."""
        if not observation.is_open(self._connection, key):
            return None
        for entry in self._airflow.audit_log(key.dag_id, key.run_id):
            if entry["event"] == "running" and entry["task_id"] == key.task_id:
                break  # what comes now is older than the attempt
            if entry["event"] in BY_HAND and entry["task_id"] in {None, key.task_id} and entry["owner"]:
                return str(entry["owner"])
        return None

    def _read_request(self, dag_id: str, run_id: str) -> Request | None:
        run = self._airflow.dag_run(dag_id, run_id)
        if run is None:
            return None
        dag = self._airflow.dag(dag_id) or {}
        given = run["conf"] or {}
        defaults = {name: (param or {}).get("value") for name, param in (dag.get("params") or {}).items()}
        owners = dag.get("owners") or [AIRFLOW]
        return Request(
            at=_time(run["queued_at"]) or _time(run["run_after"]) or datetime.now(UTC),
            by=run["triggering_user_name"] or owners[0],
            subject=str({**defaults, **given}.get("model") or dag_id),
            parameters=given,
        )

    def _read_retries(self, dag_id: str, task_id: str, _version: int | None) -> int:
        """How often a task is retried; read again for each version of its DAG."""
        task = self._airflow.task(dag_id, task_id)
        return int((task or {}).get("retries") or 0)


def key_of(instance: Mapping[str, Any]) -> TaskKey:
    """Which task an answer of Airflow is about."""
    return TaskKey(
        dag_id=instance["dag_id"],
        run_id=instance["dag_run_id"],
        task_id=instance["task_id"],
        map_index=instance["map_index"],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
