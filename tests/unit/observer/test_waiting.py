"""What makes jobs wait, from what Airflow's REST API says; and how rarely it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from modelops.observer.airflow import AirflowReader
from modelops.observer.waiting import AGAIN_AFTER, AT_ONCE, PATIENCE, Reasons, Waits

if TYPE_CHECKING:
    from collections.abc import Mapping

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAG = {"is_paused": False, "max_active_runs": 16, "max_active_tasks": 4}
RUN = {"dag_id": "life", "state": "running", "run_type": "manual"}
TASKS = {
    "tasks": [{"task_id": "train", "downstream_task_ids": ["deploy"]}, {"task_id": "deploy", "downstream_task_ids": []}]
}


def instance(task: str = "train", state: str | None = None, *, number: int = 1) -> dict[str, Any]:
    return {
        "id": f"{task}-{number}",
        "dag_id": "life",
        "dag_run_id": "monday",
        "task_id": task,
        "map_index": -1,
        "state": state,
        "try_number": 0,
        "pool": "default_pool",
        "pool_slots": 1,
        "dag_version": {"version_number": 1},
    }


def reason(
    waiting: Mapping[str, Any],
    *,
    live: tuple[Mapping[str, Any], ...] = (),
    dag: Mapping[str, Any] = DAG,
    run: Mapping[str, Any] = RUN,
    open_slots: int = 8,
    active_runs: int = 1,
    busy: int = 0,
    busy_in_run: int = 0,
    train: str = "success",
) -> Mapping[str, Any]:
    """What is found out from an Airflow that answers so."""
    answers: Mapping[str, Any] = {
        "/auth/token": {"access_token": "x"},
        "/api/v2/dags/life/details": dag,
        "/api/v2/dags/life/tasks": TASKS,
        "/api/v2/dags/life/dagRuns/monday": run,
        "/api/v2/dags/life/dagRuns": {"total_entries": active_runs},
        "/api/v2/dags/life/dagRuns/monday/taskInstances": {"total_entries": busy_in_run},
        "/api/v2/dags/life/dagRuns/monday/taskInstances/train": {"state": train},
        "/api/v2/dags/~/dagRuns/~/taskInstances": {"total_entries": busy},
        "/api/v2/pools/default_pool": {"open_slots": open_slots},
    }
    airflow = AirflowReader("http://airflow", user="observer", password="x")
    airflow._client = httpx.Client(
        base_url="http://airflow",
        transport=httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path])),
    )
    return Reasons(airflow, [waiting, *live], lambda dag_id, task, _: airflow.upstream(dag_id, task)).of(waiting)


QUEUED = {**RUN, "state": "queued"}


@pytest.mark.parametrize(
    ("waiting", "answers", "cause", "words"),
    [
        (instance(), {"run": QUEUED, "active_runs": 16}, "active_runs", "16 runs of its DAG are active"),
        (instance(), {"run": QUEUED | {"run_type": "backfill"}}, "backfill", "other runs of its backfill"),
        (instance(), {"run": QUEUED, "dag": {**DAG, "is_paused": True}}, "paused", "its DAG is paused"),
        (instance(), {"run": QUEUED}, "scheduler", "have not picked it up yet"),
        (instance("deploy"), {"live": (instance(state="awaiting_input"),)}, "tasks", "it waits for train"),
        (instance("deploy"), {"train": "running"}, "tasks", "it waits for train"),
        (instance("deploy"), {"dag": {**DAG, "is_paused": True}}, "paused", "its DAG is paused"),
        (instance("deploy"), {}, "scheduler", "have not picked it up yet"),
        (instance(state="scheduled"), {"open_slots": 0}, "pool", "the pool default_pool has no free slot"),
        (instance(state="scheduled"), {"busy_in_run": 4}, "active_tasks", "4 tasks of its DAG run are running"),
        (instance(state="scheduled"), {"dag": {**DAG, "is_paused": True}}, "paused", "its DAG is paused"),
        (instance(state="scheduled"), {"busy": 1}, "workers", "no worker has picked it up yet"),
        (instance(state="scheduled"), {}, "scheduler", "have not picked it up yet"),
        (instance(state="queued"), {"busy": 2}, "workers", "no worker has picked it up yet"),
        (instance(state="queued"), {"busy": 1}, "scheduler", "have not picked it up yet"),
    ],
)
def test_a_reason(waiting: Mapping[str, Any], answers: dict[str, Any], cause: str, words: str) -> None:
    found = reason(waiting, **answers)
    assert found["cause"] == cause
    assert words in found["reason"]


def test_who_waits_is_asked_about_after_some_seconds_and_then_rarely() -> None:
    waits = Waits()
    waiting = instance()
    assert waits.due([waiting, instance("deploy", "awaiting_input"), instance("other", "running")], NOON) == []
    assert waits.due([waiting], NOON + PATIENCE) == [waiting]
    assert waits.due([waiting], NOON + PATIENCE + timedelta(seconds=2)) == []
    assert waits.due([waiting], NOON + PATIENCE + AGAIN_AFTER) == [waiting]
    scheduled = instance(state="scheduled")
    assert waits.due([scheduled], NOON + PATIENCE + AGAIN_AFTER) == []  # it waits for something else from now on
    assert waits.due([scheduled], NOON + 2 * PATIENCE + AGAIN_AFTER) == [scheduled]


def test_of_many_each_has_its_turn() -> None:
    waits = Waits()
    waiting = [instance(number=number) for number in range(3 * AT_ONCE)]
    waits.due(waiting, NOON)
    asked = [waits.due(waiting, NOON + PATIENCE + timedelta(seconds=look)) for look in range(4)]
    assert [len(some) for some in asked] == [AT_ONCE, AT_ONCE, AT_ONCE, 0]
    assert sorted(one["id"] for some in asked for one in some) == sorted(one["id"] for one in waiting)
