"""Why a job waits, according to Airflow's scheduler. A job that waits for a person has a status of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import TaskKey, WaitsFor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from modelops.observer.airflow import AirflowReader

    Instance = Mapping[str, Any]

STATES = (None, "scheduled", "queued")
"""States of task instances that wait for their turn or for a worker."""
OVER = ("success", "failed", "skipped", "upstream_failed", "removed")
PATIENCE = timedelta(seconds=10)
"""How long a job waits before the observer determines the reason."""
AGAIN_AFTER = timedelta(seconds=60)
"""How long until the reason is determined again, as it may have changed."""
AT_ONCE = 10
"""Maximum jobs whose reason is determined in one look; those checked longest ago come first."""
NEVER = datetime.min.replace(tzinfo=UTC)


class Waits:
    """Tracks from look to look how long tasks have waited."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str | None], datetime] = {}
        self._asked: dict[tuple[str, str | None], datetime] = {}

    def due(self, live: Iterable[Instance], at: datetime) -> list[Instance]:
        """The live task instances whose reason for waiting is to be determined now."""
        waiting = {(one["id"], one["state"]): one for one in live if one["state"] in STATES}
        self._since = {key: self._since.get(key, at) for key in waiting}
        self._asked = {key: self._asked[key] for key in waiting if key in self._asked}
        due = [
            key
            for key in waiting
            if at - self._since[key] >= PATIENCE and at - self._asked.get(key, NEVER) >= AGAIN_AFTER
        ]
        due = sorted(due, key=lambda key: self._asked.get(key, NEVER))[:AT_ONCE]
        self._asked |= dict.fromkeys(due, at)
        return [waiting[key] for key in due]


class Reasons:
    """Determines why tasks wait, during one look. What several tasks have in common is read from Airflow once.

    Args:
        airflow: the reader of Airflow.
        live: all task instances of unfinished jobs.
        upstream: returns the tasks directly upstream of a task.
    """

    def __init__(
        self,
        airflow: AirflowReader,
        live: Iterable[Instance],
        upstream: Callable[[str, str, int | None], Iterable[str]],
    ) -> None:
        self._airflow = airflow
        self._upstream = upstream
        self._live = {(one["dag_id"], one["dag_run_id"], one["task_id"]) for one in live}
        self._dag = cache(lambda dag_id: airflow.dag(dag_id) or {})
        self._run = cache(lambda dag_id, run_id: airflow.dag_run(dag_id, run_id) or {})
        self._active_runs = cache(airflow.active_runs)
        self._pool = cache(lambda name: airflow.pool(name) or {})
        self._busy = cache(airflow.busy)

    def of(self, instance: Instance) -> Mapping[str, Any]:
        """Why a task waits: `cause`, `reason` in words, and the values that the words have."""
        dag_id, run_id = instance["dag_id"], instance["dag_run_id"]
        if instance["state"] is None and (before := self._before(instance)):
            return _cause(WaitsFor.TASKS, f"it waits for {', '.join(before)}", tasks=before)
        dag = self._dag(dag_id)
        if instance["state"] != "queued" and dag.get("is_paused"):
            return _cause(WaitsFor.UNPAUSING, "its DAG is paused")
        if instance["state"] is None:
            return self._why_not_begun(dag, self._run(dag_id, run_id))
        if instance["state"] == "scheduled":
            pool, limit = instance["pool"], dag.get("max_active_tasks")
            if self._pool(pool).get("open_slots", 1) < (instance["pool_slots"] or 1):
                return _cause(WaitsFor.POOL, f"the pool {pool} has no free slot", pool=pool)
            if limit and self._busy(dag_id, run_id) >= limit:
                words = f"{limit} tasks of its DAG run are running, the limit that max_active_tasks sets"
                return _cause(WaitsFor.ACTIVE_TASKS, words, limit=limit)
        itself = 1 if instance["state"] == "queued" else 0
        if self._busy("~", "~") > itself:
            return _cause(WaitsFor.WORKERS, "no worker has picked it up yet; other tasks are queued or running")
        return _unknown()

    def _why_not_begun(self, dag: Mapping[str, Any], run: Mapping[str, Any]) -> Mapping[str, Any]:
        if run.get("state") != "queued":
            return _unknown()
        if run.get("run_type") == "backfill":
            return _cause(WaitsFor.BACKFILL, "other runs of its backfill run first")
        limit = dag.get("max_active_runs")
        if limit and self._active_runs(run["dag_id"]) >= limit:
            words = f"{limit} runs of its DAG are active, the limit that max_active_runs sets"
            return _cause(WaitsFor.ACTIVE_RUNS, words, limit=limit)
        return _unknown()

    def _before(self, instance: Instance) -> list[str]:
        """The tasks directly upstream of this one that have not ended."""
        dag_id, run_id = instance["dag_id"], instance["dag_run_id"]
        number = (instance.get("dag_version") or {}).get("version_number")
        return [
            task
            for task in self._upstream(dag_id, instance["task_id"], number)
            if self._is_unfinished(dag_id, run_id, task)
        ]

    def _is_unfinished(self, dag_id: str, run_id: str, task: str) -> bool:
        if (dag_id, run_id, task) in self._live:
            return True
        found = self._airflow.task_instance(TaskKey(dag_id=dag_id, run_id=run_id, task_id=task))
        return found is not None and found["state"] not in OVER


def _cause(waits_for: WaitsFor, words: str, **values: Any) -> Mapping[str, Any]:
    return {"cause": str(waits_for), **values, "reason": words}


def _unknown() -> Mapping[str, Any]:
    return _cause(WaitsFor.SCHEDULER, "Airflow's scheduler or its workers have not picked it up yet")
