"""Polls Airflow and records its facts in the ledger. After an outage it catches up."""

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
from modelops.observer.airflow import is_forbidden, no_permission
from modelops.observer.clearing import EVENTS, MANUAL_PLAN, Reach, reach, sets_a_state
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
"""Overlap of two catch-ups: clocks may differ, and a transaction may become visible later than its timestamp."""


class Watch:
    """Copies Airflow's facts about jobs into the ledger.

    Each look reads the live task instances, then each task that the ledger has as unfinished and that is not live.
    Every ten seconds it also reads, once each, the runs that have ended since or wait for a person, to find jobs that
    began and ended between two looks or while the observer was down.
    """

    def __init__(self, airflow: AirflowReader, connection: Connection[Any], waits: Waits | None = None) -> None:
        self._airflow = airflow
        self._connection = connection
        self._caught_up: datetime | None = None
        self._forbidden = set[str]()
        self._runs_read = set[tuple[str, str, str]]()
        self._request = lru_cache(maxsize=1000)(self._read_request)
        self._task = lru_cache(maxsize=1000)(self._read_task)
        self._waits = waits or Waits()
        self._upstream = lru_cache(maxsize=1000)(self._read_upstream)
        self._clearing_recorder = lru_cache(maxsize=1000)(self._read_clearing)

    def look(self) -> None:
        """Look once.

        Raises:
            httpx.HTTPError: Airflow doesn't respond. Nothing is lost: the next look catches up.
            Unavailable: the ledger can't be reached; or Airflow denies the observer's account a read, so that
                the ledger is not complete.
        """
        began = datetime.now(UTC)
        self._forbidden.clear()
        live, waiting = set[TaskKey](), set[tuple[str, str, str]]()
        instances = list(self._airflow.task_instances(operators=OPERATORS, states=LIVE))
        for instance in instances:
            live.add(key_of(instance))
            if instance["state"] == "awaiting_input":
                waiting.add((instance["dag_id"], instance["dag_run_id"], f"try {instance['try_number']}"))
            with self._isolated(key_of(instance)):
                self._record(instance, OPERATORS[instance["operator"]])
        for job in observation.open_jobs(self._connection):
            if job.key not in live:
                with self._isolated(job.key):
                    self._look_up(job)
        if self._caught_up is None or began - self._caught_up > CATCH_UP_EVERY:
            self._catch_up(waiting)
            self._caught_up = began
        self._check_all_read()
        observation.note(self._connection, began)
        self._record_waits(instances, began)

    def _check_all_read(self) -> None:
        """Check that no read was forbidden. What the observer may not read may be who has cleared a training."""
        if self._forbidden:
            raise Unavailable(no_permission(self._airflow.user, self._forbidden))

    def _record_waits(self, live: list[Mapping[str, Any]], at: datetime) -> None:
        """Record why jobs wait that have waited for some seconds."""
        reasons = Reasons(self._airflow, live, self._upstream)
        for instance in self._waits.due(live, at):
            key = key_of(instance)
            with self._isolated(key):
                detail = reasons.of(instance)
                observation.note_waiting(self._connection, key, attempt=instance["try_number"], at=at, detail=detail)

    def _catch_up(self, waiting: set[tuple[str, str, str]]) -> None:
        """Read the runs that have ended or wait for a person; nothing happens in the latter before the answer."""
        since = observation.last_seen(self._connection)
        if since is None:
            return
        runs = self._airflow.runs_ended_since((since - OVERLAP).isoformat())
        still = waiting | {(run["dag_id"], run["dag_run_id"], run["end_date"]) for run in runs}
        self._runs_read &= still
        for run in still - self._runs_read:
            odd = set[TaskKey]()
            for instance in self._airflow.task_instances_of(run[0], run[1], OPERATORS):
                with self._isolated(key_of(instance), odd):
                    self._record(instance, OPERATORS[instance["operator"]])
                    if instance["try_number"] > 1:
                        self._record_tries(key_of(instance), OPERATORS[instance["operator"]])
            if not odd:
                self._runs_read.add(run)

    def _record(self, instance: Mapping[str, Any], type_: JobType) -> None:
        key = key_of(instance)
        task = self._task(key.dag_id, key.task_id, _version(instance))
        if task["is_mapped"] and key.map_index < 0:
            return  # a placeholder for mapped tasks that do not exist yet
        sighting = self._sighting(key, instance, type_, ending=self._ending(key, instance))
        if not observation.record(self._connection, sighting):
            observation.introduce(self._connection, key, type_, self._request(key.dag_id, key.run_id))
            observation.record(self._connection, sighting)
        if sighting.attempt > 1:
            for renewal in observation.renewals(self._connection, key, first=sighting.first):
                self._clearing_recorder(key, renewal)

    def _record_tries(self, key: TaskKey, type_: JobType) -> None:
        """Record when each attempt was scheduled and queued. Workers record how earlier attempts ended."""
        for instance in self._airflow.tries(key):
            observation.record(self._connection, self._sighting(key, instance, type_, ending=None))

    def _look_up(self, job: observation.OpenJob) -> None:
        instance = self._airflow.task_instance(job.key)
        if instance is not None:
            self._record(instance, job.type)
            return
        gone = Ending(
            status=JobStatus.FAILED,
            at=datetime.now(UTC),
            by=AIRFLOW,
            reason="Airflow has no record of this task any more; how it ended is not known",
        )
        observation.give_up(self._connection, job, gone)

    def _sighting(
        self, key: TaskKey, instance: Mapping[str, Any], type_: JobType, *, ending: Ending | None
    ) -> Sighting:
        task = self._task(key.dag_id, key.task_id, _version(instance))
        return Sighting(
            key=key,
            type=type_,
            # A clear raises max_tries; a retry doesn't.
            first=instance["max_tries"] - int(task["retries"] or 0) + 1,
            max_tries=instance["max_tries"],
            queueing=Queueing.read(
                instance["try_number"], _time(instance["scheduled_when"]), _time(instance["queued_when"])
            ),
            ending=ending,
        )

    def _ending(self, key: TaskKey, instance: Mapping[str, Any]) -> Ending | None:
        ended_at = _time(instance["end_date"])
        at = ended_at or datetime.now(UTC)

        def ended(status: JobStatus, reason: str, by: str = AIRFLOW) -> Ending:
            return Ending(status=status, at=at, by=by, reason=reason)

        match instance["state"]:
            case "up_for_retry":
                return ended(JobStatus.RETRYING, f"{SILENT}; another one follows")
            case "upstream_failed":
                return ended(JobStatus.SKIPPED, "an upstream task failed")
            case "skipped" | "removed" as state:
                return ended(JobStatus.SKIPPED, f"its state in Airflow is {state}")
            case "success":
                by = self._person(key, ended_at)
                return ended(JobStatus.SKIPPED, "marked as success by hand; the job did nothing", by or AIRFLOW)
            case "failed":
                if by := self._person(key, ended_at):
                    return ended(JobStatus.CANCELLED, "stopped by hand", by)
                return ended(JobStatus.FAILED, f"{SILENT}; its log may show why")
        return None

    def _person(self, key: TaskKey, ended_at: datetime | None) -> str | None:
        """The person who ended a task by hand, if the job is unfinished in the ledger and the audit log names them.

        Setting the state of a DAG run ends its unfinished tasks only: a task that ended before has ended by itself.
        """
        if not observation.is_open(self._connection, key):
            return None
        for entry in self._airflow.audit_log(key.dag_id, key.run_id, events={*MANUAL_PLAN, "running"}):
            about_it = entry["task_id"] in {None, key.task_id} and entry["map_index"] in {None, -1, key.map_index}
            if entry["event"] == "running" and about_it:
                break  # the remaining entries are older than the attempt
            if entry["event"] == "patch_dag_run" and ended_at and ended_at < datetime.fromisoformat(entry["when"]):
                continue
            if entry["event"] in MANUAL_PLAN and about_it and entry["owner"] and sets_a_state(entry):
                return str(entry["owner"])
        return None

    def _read_clearing(self, key: TaskKey, renewal: Renewal) -> None:
        """Record who made, or may have made, a task run again: each of them counts as a requester."""
        clearings = list[Clearing]()
        # The bounds are exact: an entry outside of them belongs to another attempt.
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

    @contextmanager
    def _isolated(self, key: TaskKey, odd: set[TaskKey] | None = None) -> Iterator[None]:
        """Log an unexpected error about one task and record it in `odd`, so that it does not affect the other tasks.

        A job that is locked is skipped too; the next look reads it again. A forbidden read makes the look fail at its
        end.
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
            if isinstance(error, httpx.HTTPStatusError) and is_forbidden(error):
                self._forbidden.add(error.request.url.path)
            if odd is not None:
                odd.add(key)

    def _read_upstream(self, dag_id: str, task_id: str, _version: int | None) -> list[str]:
        return self._airflow.upstream(dag_id, task_id)

    def _read_task(self, dag_id: str, task_id: str, _version: int | None) -> Mapping[str, Any]:
        """Properties of a task, read again for each version of its DAG: `retries`, `is_mapped`."""
        task = self._airflow.task(dag_id, task_id)
        if task is None:
            raise LookupError(f"Airflow has no task {task_id} of {dag_id} any more")
        return task


def key_of(instance: Mapping[str, Any]) -> TaskKey:
    """The key of a task instance in a response of Airflow."""
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
