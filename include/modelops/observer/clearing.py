"""Which requests make a task run anew in Airflow, and which entries of its audit log record them.

`ROUTES` judges every route of Airflow's REST API that writes; a test compares it with Airflow's own routes. A route
that leaves no entry is safe all the same: nobody can decide on a version whose training began anew as long as nobody is
on record as having cleared it.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.domain.jobs import TaskKey

_RUNS = "/api/v2/dags/{dag_id}/dagRuns"
_TASKS = f"{_RUNS}/{{dag_run_id}}/taskInstances"
_GROUP = f"{_RUNS}/{{dag_run_id}}/taskGroupInstances/{{group_id}}"

ROUTES: Mapping[str, str | None] = {
    "POST /api/v2/dags/{dag_id}/clearTaskInstances": "post_clear_task_instances",
    f"POST {_RUNS}/{{dag_run_id}}/clear": "clear_dag_run",
    "POST /api/v2/dags/{dag_id}/clearDagRuns": "clear_dag_runs",
    "POST /api/v2/dags/{dag_id}/clearPartitions": "clear_dag_run_partitions",
    # May clear runs that exist already.
    "POST /api/v2/backfills": "create_backfill",
    # A run that is queued again runs those of its tasks that have no state.
    f"PATCH {_RUNS}/{{dag_run_id}}": "patch_dag_run",
    f"PATCH {_RUNS}": "bulk_dag_runs",
    # Setting a task's state clears the failed tasks downstream of it.
    f"PATCH {_TASKS}/{{task_id}}": "patch_task_instance",
    f"PATCH {_TASKS}/{{task_id}}/{{map_index}}": "patch_task_instance",
    f"PATCH {_GROUP}": "patch_task_group_instances",
    f"PATCH {_TASKS}": None,
    # What is deleted can be made anew under the same name.
    "DELETE /api/v2/dags/{dag_id}": "delete_dag",
    f"DELETE {_RUNS}/{{dag_run_id}}": "delete_dag_run",
    f"DELETE {_TASKS}/{{task_id}}": None,
}
"""Routes that can make a task run anew → the entry that each leaves in the audit log; None: it leaves none."""

HARMLESS = frozenset(
    {
        # A new run, whose requester is on record with its jobs.
        f"POST {_RUNS}",
        "POST /api/v2/assets/events",
        "POST /api/v2/assets/{asset_id}/materialize",
        # They only look.
        f"POST {_RUNS}/list",
        f"POST {_TASKS}/list",
        "POST /api/v2/backfills/dry_run",
        f"PATCH {_TASKS}/{{task_id}}/dry_run",
        f"PATCH {_TASKS}/{{task_id}}/{{map_index}}/dry_run",
        f"PATCH {_GROUP}/dry_run",
        # The same attempt goes on.
        f"PATCH {_TASKS}/{{task_id}}/{{map_index}}/hitlDetails",
        # What tasks left for each other; no task runs because of it.
        f"POST {_TASKS}/{{task_id}}/xcomEntries",
        f"PATCH {_TASKS}/{{task_id}}/xcomEntries/{{xcom_key}}",
        f"DELETE {_TASKS}/{{task_id}}/xcomEntries/{{xcom_key}}",
        f"DELETE {_TASKS}/{{task_id}}/state-store",
        f"PUT {_TASKS}/{{task_id}}/state-store/{{key}}",
        f"PATCH {_TASKS}/{{task_id}}/state-store/{{key}}",
        f"DELETE {_TASKS}/{{task_id}}/state-store/{{key}}",
        "DELETE /api/v2/assets/{asset_id}/state-store",
        "PUT /api/v2/assets/{asset_id}/state-store/{key}",
        "DELETE /api/v2/assets/{asset_id}/state-store/{key}",
        # Whether and when runs begin, or new ones are made.
        "PATCH /api/v2/dags",
        "PATCH /api/v2/dags/{dag_id}",
        "PUT /api/v2/backfills/{backfill_id}/cancel",
        "PUT /api/v2/backfills/{backfill_id}/pause",
        "PUT /api/v2/backfills/{backfill_id}/unpause",
        "DELETE /api/v2/assets/{asset_id}/queuedEvents",
        "DELETE /api/v2/dags/{dag_id}/assets/queuedEvents",
        "DELETE /api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents",
        "PUT /api/v2/parseDagFile/{file_token}",
        "POST /api/v2/pools",
        "PATCH /api/v2/pools",
        "PATCH /api/v2/pools/{pool_name}",
        "DELETE /api/v2/pools/{pool_name}",
        # Not about tasks.
        "POST /api/v2/connections",
        "PATCH /api/v2/connections",
        "POST /api/v2/connections/defaults",
        "POST /api/v2/connections/enqueue-test",
        "POST /api/v2/connections/test",
        "PATCH /api/v2/connections/{connection_id}",
        "DELETE /api/v2/connections/{connection_id}",
        "POST /api/v2/variables",
        "PATCH /api/v2/variables",
        "PATCH /api/v2/variables/{variable_key}",
        "DELETE /api/v2/variables/{variable_key}",
        "POST /api/v2/dags/{dag_id}/favorite",
        "POST /api/v2/dags/{dag_id}/unfavorite",
        "POST /ui/auth/token",
    }
)
"""Routes that write and can't make a task run anew."""

COMMANDS = frozenset({"cli_task_clear", "cli_dag_clear", "cli_clear", "cli_create_backfill", "cli_dag_delete"})
"""Entries of Airflow's command line; `cli_clear` is of `airflow partitions clear`."""

EVENTS = frozenset(event for event in ROUTES.values() if event is not None) | COMMANDS
"""The entries to look at, in the audit log, for who made a task run anew."""
BY_HAND = frozenset({"patch_task_instance", "patch_task_group_instances", "patch_dag_run"})
"""Entries by which a person may end a task: if they set a state, that is."""
ALL = "~"
"""Stands for all DAGs in an address."""


class Reach(Enum):
    """Whether an entry is about a task."""

    SURE = auto()
    """What it names can make the task run anew: the run itself, or several at once."""
    POSSIBLE = auto()
    """It names another run or task, or too little. Who sends a request can have that written."""


def reach(entry: Mapping[str, Any], key: TaskKey) -> Reach | None:
    """Whether the request behind an entry of the audit log made a task run anew; None: it didn't.

    The columns of an entry hold what the query, the path or the body of the request says, the last of them if several
    do. Its `extra` holds the query and, where Airflow took it for JSON, the body: so only the body can bring it a
    `dry_run` that is true or false, a list, or the id of a run.
    """
    said = _said(entry)
    event = str(entry["event"])
    if said.get("dry_run") is True or event not in EVENTS:
        return None
    if event in COMMANDS:
        return _reach_of_command(entry, key)
    if entry["dag_id"] not in {None, ALL, key.dag_id}:
        return None
    match event:
        case "patch_task_instance" | "patch_task_group_instances":
            # The one whose state is set isn't cleared itself.
            others = sets_a_state(entry) and entry["run_id"] in {None, key.run_id} and entry["task_id"] != key.task_id
            return Reach.POSSIBLE if others else None
        case "patch_dag_run":
            return _of_run(entry["run_id"], key) if said.get("state") not in {"success", "failed"} else None
        case "delete_dag_run":
            return _of_run(entry["run_id"], key)
        case "clear_dag_run":
            return _of_run(entry["run_id"], key) or Reach.POSSIBLE
        case "clear_dag_runs" | "bulk_dag_runs":
            return _reach_of_several(said, key)
        case "clear_dag_run_partitions":
            return _reach_of_partitions(said, key)
        case "post_clear_task_instances":
            return _reach_of_tasks(said, key)
        case "create_backfill":
            return None if said.get("reprocess_behavior", "none") == "none" and "from_date" in said else Reach.SURE
        case _:
            return Reach.SURE


def sets_a_state(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of the audit log is about a state; a note leaves an entry of the same name."""
    return re.search(r'"(new_)?state":', entry["extra"] or "") is not None


def _said(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        said = json.loads(entry["extra"] or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _of_run(run_id: object, key: TaskKey) -> Reach | None:
    return Reach.SURE if run_id in {None, key.run_id} else None


def _reach_of_tasks(said: Mapping[str, Any], key: TaskKey) -> Reach | None:
    if "dry_run" not in said:
        return Reach.POSSIBLE  # Airflow didn't take the body for JSON: a request without `dry_run` leaves no entry
    several = said.get("include_past") or said.get("include_future")
    if not several and _of_run(said.get("dag_run_id"), key) is None:
        return None
    tasks, around = said.get("task_ids"), said.get("include_upstream") or said.get("include_downstream")
    if not isinstance(tasks, list) or around:
        return Reach.SURE
    return (
        Reach.SURE if key.task_id in {task[0] if isinstance(task, list) and task else task for task in tasks} else None
    )


def _reach_of_partitions(said: Mapping[str, Any], key: TaskKey) -> Reach | None:
    if "run_id" not in said and not any(name.startswith("partition_") for name in said):
        return Reach.POSSIBLE
    return _of_run(said.get("run_id"), key) if said.get("clear_task_instances") else None


def _reach_of_several(said: Mapping[str, Any], key: TaskKey) -> Reach | None:
    """Of many runs at once: a list of them, or of what to do with each; or by the partitions that they are of."""
    actions, runs = said.get("actions"), said.get("dag_runs")
    if isinstance(actions, list):
        runs = list(_changed(actions))
    if not isinstance(runs, list) or not (runs or actions):
        return Reach.SURE
    named = (run if isinstance(run, dict) else {"dag_run_id": run} for run in runs)
    meant = any(run.get("dag_run_id") == key.run_id and run.get("dag_id") in {None, key.dag_id} for run in named)
    return Reach.SURE if meant else None


def _changed(actions: list[Any]) -> Iterator[Any]:
    for action in actions:
        if not isinstance(action, dict) or not isinstance(action.get("entities"), list):
            continue
        for entity in action["entities"]:
            if action.get("action") == "delete" or not isinstance(entity, dict) or entity.get("state") == "queued":
                yield entity


def _reach_of_command(entry: Mapping[str, Any], key: TaskKey) -> Reach | None:
    """Of a command, which names no run in a column; the DAG may be a regular expression."""
    if entry["dag_id"] == key.dag_id:
        return Reach.SURE
    return Reach.POSSIBLE if entry["dag_id"] is None or re.search(r"'(-R|--dag-regex)'", entry["extra"] or "") else None
