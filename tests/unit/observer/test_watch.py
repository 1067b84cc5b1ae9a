"""Which entries of Airflow's audit log may have cleared a task."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelops.domain.jobs import TaskKey
from modelops.observer.watch import _may_concern

TRAIN = TaskKey(dag_id="model_lifecycle", run_id="monday", task_id="train")


@pytest.mark.parametrize(
    ("run_id", "asked", "concerned"),
    [
        ("monday", {"task_ids": ["train"]}, True),
        ("monday", {"task_ids": [["train", 0]]}, True),
        ("monday", {"task_ids": ["evaluate"]}, False),
        ("monday", {"task_ids": ["evaluate"], "include_upstream": True}, True),
        ("monday", {"task_ids": ["evaluate"], "include_downstream": True}, True),
        ("monday", {"task_ids": ["train"], "dry_run": True}, False),
        ("monday", {}, True),
        ("monday", None, True),
        ("tuesday", {"task_ids": ["train"]}, False),
        ("tuesday", {"task_ids": ["train"], "include_past": True}, True),
        ("sunday", {"task_ids": ["train"], "include_future": True}, True),
        (None, {"task_ids": ["train"], "start_date": "2026-11-01"}, True),
        (None, {"dag_runs": [{"dag_run_id": "monday"}]}, True),
        (None, {"dag_runs": [{"dag_run_id": "tuesday"}]}, False),
    ],
)
def test_who_may_have_cleared(run_id: str | None, asked: dict[str, Any] | None, concerned: bool) -> None:
    entry = {"run_id": run_id, "extra": None if asked is None else json.dumps(asked)}
    assert _may_concern(entry, TRAIN) is concerned
