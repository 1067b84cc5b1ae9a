"""Looks at Airflow again and again, and writes what it sees into the ledger. Catches up with what it missed."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx

from modelops.domain.errors import Busy, ModelOpsError, Unavailable
from modelops.domain.job_types import OPERATORS, JobType
from modelops.domain.jobs import AIRFLOW, JobStatus, TaskKey
from modelops.observer.clearing import BY_HAND, EVENTS, Reach, reach, sets_a_state
from modelops.observer.waiting import Reasons, Waits
from modelops.registry.write import observation
from modelops.registry.write.jobs import SILENT
from modelops.registry.write.observation import Clearing, Ending, Queueing, Renewal, Request, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

    from modelops.observer.airflow import AirflowReader

log = logging.getLogger(__name__)

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


class Watch:
    """Brings what Airflow knows of our jobs into the ledger.

    Each look reads what is live, then asks after every job that the ledger believes to be under way and that wasn't
    among it. Every ten seconds it also reads the runs that ended since or wait for a person, each once, for what began
    and ended between two looks or while the observer was down.
    """

    def __init__(self, airflow: AirflowReader, connection: Connection[Any], waits: Waits | None = None) -> None:
        self._airflow = airflow
        self._connection = connection
        self._caught_up: datetime | None = None
        self._told = set[tuple[str, str, str]]()
        self._request = lru_cache(maxsize=1000)(self._read_request)
        self._task = lru_cache(maxsize=1000)(self._read_task)
        self._waits = waits or Waits()
        self._upstream = lru_cache(maxsize=1000)(self._read_upstream)
        self._tell_clearing = lru_cache(maxsize=1000)(self._read_clearing)

    def look(self) -> None:
        """Look once.

        Raises:
            httpx.HTTPError: Airflow doesn't answer; nothing is lost, the next look catches up.
            Unavailable: the ledger can't be reached.
        """
        began = datetime.now(UTC)
        live, waiting = set[TaskKey](), set[tuple[str, str, str]]()
        instances = list(self._airflow.task_instances(operators=OPERATORS, states=LIVE))
        for instance in instances:
            live.add(key_of(instance))
            if instance["state"] == "awaiting_input":
                waiting.add((instance["dag_id"], instance["dag_run_id"], f"try {instance['try_number']}"))
            with _alone(key_of(instance)):
                self._tell(instance, OPERATORS[instance["operator"]])
        for job in observation.open_jobs(self._connection):
            if job.key not in live:
                with _alone(job.key):
                    self._ask_after(job)
        if self._caught_up is None or began - self._caught_up > CATCH_UP_EVERY:
            self._catch_up(waiting)
            self._caught_up = began
        observation.note(self._connection, began)
        self._tell_waits(instances, began)

    def _tell_waits(self, live: list[Mapping[str, Any]], at: datetime) -> None:
        """What makes those wait that have waited for some seconds."""
        reasons = Reasons(self._airflow, live, self._upstream)
        for instance in self._waits.due(live, at):
            key = key_of(instance)
            with _alone(key):
                detail = reasons.of(instance)
                observation.note_waiting(self._connection, key, attempt=instance["try_number"], at=at, detail=detail)

    def _catch_up(self, waiting: set[tuple[str, str, str]]) -> None:
        """Read all of the runs that ended, and of those that wait: nothing happens in them before a person answers."""
        since = observation.last_seen(self._connection)
        if since is None:
            return
        runs = self._airflow.runs_ended_since((since - OVERLAP).isoformat())
        still = waiting | {(run["dag_id"], run["dag_run_id"], run["end_date"]) for run in runs}
        self._told &= still
        for run in still - self._told:
            odd = set[TaskKey]()
            for instance in self._airflow.task_instances_of(run[0], run[1], OPERATORS):
                with _alone(key_of(instance), odd):
                    self._tell(instance, OPERATORS[instance["operator"]])
                    if instance["try_number"] > 1:
                        self._tell_tries(key_of(instance), OPERATORS[instance["operator"]])
            if not odd:
                self._told.add(run)

    def _tell(self, instance: Mapping[str, Any], type_: JobType) -> None:
        key = key_of(instance)
        task = self._task(key.dag_id, key.task_id, _version(instance))
        if task["is_mapped"] and key.map_index < 0:
            return  # it stands for tasks that there will be
        sighting = self._sighting(key, instance, type_, ending=self._ending(key, instance))
        if not observation.record(self._connection, sighting):
            observation.introduce(self._connection, key, type_, self._request(key.dag_id, key.run_id))
            observation.record(self._connection, sighting)
        if sighting.attempt > 1:
            for renewal in observation.renewals(self._connection, key, first=sighting.first):
                self._tell_clearing(key, renewal)

    def _tell_tries(self, key: TaskKey, type_: JobType) -> None:
        """When each attempt was scheduled and queued; how those before the last ended, their workers have told."""
        for instance in self._airflow.tries(key):
            observation.record(self._connection, self._sighting(key, instance, type_, ending=None))

    def _ask_after(self, job: observation.OpenJob) -> None:
        instance = self._airflow.task_instance(job.key)
        if instance is not None:
            self._tell(instance, job.type)
            return
        gone = Ending(
            status=JobStatus.FAILED,
            at=datetime.now(UTC),
            by=AIRFLOW,
            reason="Airflow has no record of this task any more; how it ended isn't known",
        )
        observation.give_up(self._connection, job, gone)

    def _sighting(
        self, key: TaskKey, instance: Mapping[str, Any], type_: JobType, *, ending: Ending | None
    ) -> Sighting:
        task = self._task(key.dag_id, key.task_id, _version(instance))
        return Sighting(
            key=key,
            type=type_,
            # Clearing a task raises max_tries; a retry doesn't.
            first=instance["max_tries"] - int(task["retries"] or 0) + 1,
            max_tries=instance["max_tries"],
            queueing=Queueing.read(
                instance["try_number"], _time(instance["scheduled_when"]), _time(instance["queued_when"])
            ),
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
        for entry in self._airflow.audit_log(key.dag_id, key.run_id, events={*BY_HAND, "running"}):
            about_it = entry["task_id"] in {None, key.task_id} and entry["map_index"] in {None, -1, key.map_index}
            if entry["event"] == "running" and about_it:
                break  # what comes now is older than the attempt
            if entry["event"] in BY_HAND and about_it and entry["owner"] and sets_a_state(entry):
                return str(entry["owner"])
        return None

    def _read_clearing(self, key: TaskKey, renewal: Renewal) -> None:
        """Say who made a task run anew, or may have: all of them have asked for its work too."""
        clearings = list[Clearing]()
        # The bounds are exact: an entry outside of them would speak for another attempt.
        for entry in self._airflow.audit_log_between(renewal.since, renewal.until, events=EVENTS):
            at, found = _time(entry["when"]), reach(entry, key)
            if entry["owner"] and at is not None and found is not None:
                surely = found is Reach.SURE
                clearings.append(Clearing(at=at, by=str(entry["owner"]), surely=surely, entry=str(entry["event"])))
        observation.note_clearings(self._connection, key, renewal, clearings)

    def _read_request(self, dag_id: str, run_id: str) -> Request:
        run = self._airflow.dag_run(dag_id, run_id)
        if run is None:
            raise LookupError(f"Airflow has no run {run_id} of {dag_id} any more")
        dag = self._airflow.dag(dag_id) or {}
        given = run["conf"] or {}
        defaults = {name: (param or {}).get("value") for name, param in (dag.get("params") or {}).items()}
        owners = dag.get("owners") or [AIRFLOW]
        return Request(
            at=_time(run["queued_at"]) or _time(run["run_after"]) or datetime.now(UTC),
            by=run["triggering_user_name"] or owners[0],
            subject=str({**defaults, **given}.get("model") or {**defaults, **given}.get("task") or dag_id),
            parameters=given,
        )

    def _read_upstream(self, dag_id: str, task_id: str, _version: int | None) -> list[str]:
        return self._airflow.upstream(dag_id, task_id)

    def _read_task(self, dag_id: str, task_id: str, _version: int | None) -> Mapping[str, Any]:
        """Properties of a task, read again for each version of its DAG: `retries`, `is_mapped`."""
        task = self._airflow.task(dag_id, task_id)
        if task is None:
            raise LookupError(f"Airflow has no task {task_id} of {dag_id} any more")
        return task


@contextmanager
def _alone(key: TaskKey, odd: set[TaskKey] | None = None) -> Iterator[None]:
    """What is odd about one task, which is noted, must not keep the news of all others from the ledger.

    Nor must a job that somebody has locked: it is looked at again.
    """
    try:
        yield
    except Busy as error:
        log.warning("%s waits for the next look: %s", key, error)
        if odd is not None:
            odd.add(key)
    except Unavailable:
        raise
    except (ModelOpsError, LookupError, httpx.HTTPStatusError) as error:
        log.warning("%s: %s", key, error)
        if odd is not None:
            odd.add(key)


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


def _version(instance: Mapping[str, Any]) -> int | None:
    """The version of the DAG that a task instance belongs to."""
    number: int | None = (instance.get("dag_version") or {}).get("version_number")
    return number
