"""Which entries of Airflow's audit log tell that a task was made to run anew."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelops.domain.jobs import TaskKey
from modelops.observer.clearing import Reach, reach

TRAIN = TaskKey(dag_id="model_lifecycle", run_id="monday", task_id="train")
CLEARED = {"dry_run": False, "dag_run_id": "monday"}
RUN, RUNS, TASKS = "clear_dag_run", "clear_dag_runs", "post_clear_task_instances"
PARTITIONS, BULK = "clear_dag_run_partitions", "bulk_dag_runs"
SURE, POSSIBLE = Reach.SURE, Reach.POSSIBLE
MONDAY, TUESDAY = {"dag_run_id": "monday"}, {"dag_run_id": "tuesday"}
ALIEN = {"dag_id": "batch_prediction", "dag_run_id": "monday"}


def entry(event: str, extra: dict[str, Any] | str | None, **columns: Any) -> dict[str, Any]:
    said = extra if extra is None or isinstance(extra, str) else json.dumps({**extra, "method": "POST"})
    whole = {"event": event, "dag_id": "model_lifecycle", "run_id": None, "task_id": None, "extra": said}
    return whole | columns


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({**CLEARED, "task_ids": ["train"]}, SURE),
        ({**CLEARED, "task_ids": [["train", 0]]}, SURE),
        ({**CLEARED, "task_ids": ["evaluate"]}, None),
        ({**CLEARED, "task_ids": ["trainer"]}, None),
        ({**CLEARED, "task_ids": ["evaluate"], "include_upstream": True}, SURE),
        ({**CLEARED, "task_ids": ["evaluate"], "include_downstream": True}, SURE),
        ({**CLEARED, "task_ids": ["train"], "dry_run": True}, None),
        (CLEARED, SURE),
        ({"dry_run": False, "dag_run_id": "tuesday", "task_ids": ["train"]}, None),
        ({"dry_run": False, "dag_run_id": "tuesday", "task_ids": ["train"], "include_past": True}, SURE),
        ({"dry_run": False, "dag_run_id": "sunday", "task_ids": ["train"], "include_future": True}, SURE),
        ({"dry_run": False, "task_ids": ["train"], "start_date": "2026-11-01"}, SURE),
        ({"dry_run": 0, "dag_run_id": "monday"}, SURE),
        ({}, POSSIBLE),
        (None, POSSIBLE),
        ("not JSON", POSSIBLE),
    ],
)
def test_tasks(asked: dict[str, Any] | str | None, told: Reach | None) -> None:
    """The column can name another run: the address's query may say anything."""
    for run_id in ("monday", "another", None):
        assert reach(entry(TASKS, asked, run_id=run_id), TRAIN) is told


@pytest.mark.parametrize(
    ("event", "asked", "columns", "told"),
    [
        (RUN, {"dry_run": False}, {"run_id": "monday"}, SURE),
        (RUN, {"dry_run": False}, {"run_id": "another"}, POSSIBLE),
        (RUN, {"dry_run": "true"}, {"run_id": "monday"}, SURE),  # from the query; the body said something else
        (RUN, {"dry_run": True}, {"run_id": "monday"}, None),
        (RUN, {"dry_run": False}, {"run_id": "monday", "dag_id": "batch_prediction"}, None),
        (RUNS, {"dag_runs": [MONDAY], "dry_run": False}, {}, SURE),
        (RUNS, {"dag_runs": [TUESDAY], "dry_run": False}, {}, None),
        (RUNS, {"dag_runs": [MONDAY], "dry_run": True}, {}, None),
        (RUNS, {"dag_runs": [ALIEN, TUESDAY], "dry_run": False}, {"dag_id": "~"}, None),
        (RUNS, {"dag_runs": [{**MONDAY, "dag_id": "model_lifecycle"}], "dry_run": False}, {"dag_id": "~"}, SURE),
        (RUNS, {"partition_key": "2026-11", "dry_run": False}, {}, SURE),
        (PARTITIONS, {"run_id": "monday", "clear_task_instances": True, "dry_run": False}, {"run_id": "monday"}, SURE),
        (PARTITIONS, {"run_id": "monday", "dry_run": False}, {"run_id": "monday"}, None),
        (PARTITIONS, {"run_id": "tuesday", "clear_task_instances": True, "dry_run": False}, {}, None),
        (PARTITIONS, {"partition_key": "a", "clear_task_instances": True, "dry_run": False}, {}, SURE),
        (PARTITIONS, {}, {}, POSSIBLE),
        (BULK, {"actions": [{"action": "update", "entities": [{**MONDAY, "state": "queued"}]}]}, {}, SURE),
        (BULK, {"actions": [{"action": "update", "entities": [{**MONDAY, "note": "good"}]}]}, {}, None),
        (BULK, {"actions": [{"action": "delete", "entities": ["monday"]}]}, {}, SURE),
        (BULK, {"actions": [{"action": "delete", "entities": ["tuesday"]}]}, {}, None),
        ("patch_dag_run", {"state": "queued"}, {"run_id": "monday"}, SURE),
        ("patch_dag_run", {"state": "queued"}, {"run_id": "tuesday"}, None),
        ("patch_dag_run", {"state": "failed"}, {"run_id": "monday"}, None),
        ("patch_task_instance", {"new_state": "success"}, {"run_id": "monday", "task_id": "extract"}, POSSIBLE),
        ("patch_task_instance", {"note": "good"}, {"run_id": "monday", "task_id": "extract"}, None),
        ("patch_task_instance", {"new_state": "failed"}, {"run_id": "monday", "task_id": "train"}, None),
        ("delete_dag_run", {}, {"run_id": "monday"}, SURE),
        ("delete_dag_run", {}, {"run_id": "tuesday"}, None),
        ("delete_dag", {}, {}, SURE),
        ("delete_dag", {}, {"dag_id": "batch_prediction"}, None),
        ("create_backfill", {"from_date": "2026-11-01", "reprocess_behavior": "completed"}, {}, SURE),
        ("create_backfill", {"from_date": "2026-11-01"}, {}, None),
        ("cli_task_clear", {"full_command": "['airflow', 'tasks', 'clear', 'model_lifecycle']"}, {}, SURE),
        ("cli_task_clear", {"full_command": "['airflow', 'tasks', 'clear', '-R', 'm.*']"}, {"dag_id": "m.*"}, POSSIBLE),
        ("cli_task_clear", {"full_command": "['airflow', 'tasks', 'clear', 'mine']"}, {"dag_id": "mine"}, None),
        ("trigger_dag_run", {}, {"run_id": "monday"}, None),
    ],
)
def test_all_else(event: str, asked: dict[str, Any], columns: dict[str, Any], told: Reach | None) -> None:
    assert reach(entry(event, asked, **columns), TRAIN) is told
