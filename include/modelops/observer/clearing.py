"""Which requests make Airflow run a task again, and which entries of its audit log record them.

`ROUTES` and `HARMLESS` classify every route of Airflow's REST API that writes; a test compares them with Airflow's
routes. A route that leaves no entry is safe too: nobody can decide on a version whose training ran again until the
ledger has who cleared it.
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
    # May clear existing runs.
    "POST /api/v2/backfills": "create_backfill",
    # A run that is queued again runs those of its tasks that have no state.
    f"PATCH {_RUNS}/{{dag_run_id}}": "patch_dag_run",
    f"PATCH {_RUNS}": "bulk_dag_runs",
    # Setting a task's state clears the failed tasks downstream of it.
    f"PATCH {_TASKS}/{{task_id}}": "patch_task_instance",
    f"PATCH {_TASKS}/{{task_id}}/{{map_index}}": "patch_task_instance",
    f"PATCH {_GROUP}": "patch_task_group_instances",
    f"PATCH {_TASKS}": None,
    # A deleted run or task can be created again under the same name.
    "DELETE /api/v2/dags/{dag_id}": "delete_dag",
    f"DELETE {_RUNS}/{{dag_run_id}}": "delete_dag_run",
    f"DELETE {_TASKS}/{{task_id}}": None,
}
"""Routes that can make a task run again → the event of the audit log entry that each leaves; None: it leaves none."""

HARMLESS = frozenset(
    {
        # Create a new run, whose requester is recorded with its jobs.
        f"POST {_RUNS}",
        "POST /api/v2/assets/events",
        "POST /api/v2/assets/{asset_id}/materialize",
        # Only read.
        f"POST {_RUNS}/list",
        f"POST {_TASKS}/list",
        "POST /api/v2/backfills/dry_run",
        f"PATCH {_TASKS}/{{task_id}}/dry_run",
        f"PATCH {_TASKS}/{{task_id}}/{{map_index}}/dry_run",
        f"PATCH {_GROUP}/dry_run",
        # Continues the same attempt.
        f"PATCH {_TASKS}/{{task_id}}/{{map_index}}/hitlDetails",
        # Change values that tasks exchange; no task runs because of that.
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
        # Change whether and when runs start or are created.
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
"""Routes that write but can't make a task run again."""

COMMANDS = frozenset({"cli_task_clear", "cli_dag_clear", "cli_clear", "cli_create_backfill", "cli_dag_delete"})
"""Events of Airflow's command line; `cli_clear` is that of `airflow partitions clear`."""

EVENTS = frozenset(event for event in ROUTES.values() if event is not None) | COMMANDS
"""Events of the audit log that may show who made a task run again."""
MANUAL_PLAN = frozenset({"patch_task_instance", "patch_task_group_instances", "patch_dag_run"})
"""Events by which a person may end a task, if the entry sets a state."""
ALL = "~"
"""Stands for all DAGs in a route."""


class Reach(Enum):
    """Whether an entry of the audit log applies to a task."""

    SURE = auto()
    """The entry names the task's run, alone or among several, so the request can make the task run again."""
    POSSIBLE = auto()
    """The entry names another run or task, or too little. A client can cause such an entry on purpose."""


def reach(entry: Mapping[str, Any], key: TaskKey) -> Reach | None:
    """Whether the request of an audit log entry made a task run again; None: it did not.

    The columns of an entry have the values of the request's query, path or body; if several have a value, the last
    one. Its `extra` has the query and, if Airflow parsed it as JSON, the body. So only a body can put a boolean
    `dry_run`, a list, or the id of a run there.
    """
    request = _request_of(entry)
    event = str(entry["event"])
    if request.get("dry_run") is True or event not in EVENTS:
        return None
    if event in COMMANDS:
        return _reach_of_command(entry, key)
    if entry["dag_id"] not in {None, ALL, key.dag_id}:
        return None
    match event:
        case "patch_task_instance" | "patch_task_group_instances":
            # The task whose state is set is not cleared itself.
            others = sets_a_state(entry) and entry["run_id"] in {None, key.run_id} and entry["task_id"] != key.task_id
            return Reach.POSSIBLE if others else None
        case "patch_dag_run":
            return _of_run(entry["run_id"], key) if request.get("state") not in {"success", "failed"} else None
        case "delete_dag_run":
            return _of_run(entry["run_id"], key)
        case "clear_dag_run":
            return _of_run(entry["run_id"], key) or Reach.POSSIBLE
        case "clear_dag_runs" | "bulk_dag_runs":
            return _reach_of_several(request, key)
        case "clear_dag_run_partitions":
            return _reach_of_partitions(request, key)
        case "post_clear_task_instances":
            return _reach_of_tasks(request, key)
        case "create_backfill":
            return (
                None if request.get("reprocess_behavior", "none") == "none" and "from_date" in request else Reach.SURE
            )
        case _:
            return Reach.SURE


def sets_a_state(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of the audit log sets a state; an entry for a note has the same event."""
    return re.search(r'"(new_)?state":', entry["extra"] or "") is not None


def _request_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        request = json.loads(entry["extra"] or "{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _of_run(run_id: object, key: TaskKey) -> Reach | None:
    return Reach.SURE if run_id in {None, key.run_id} else None


def _reach_of_tasks(request: Mapping[str, Any], key: TaskKey) -> Reach | None:
    if "dry_run" not in request:
        return Reach.POSSIBLE  # Airflow did not parse the body as JSON: a request without `dry_run` leaves no entry
    several = request.get("include_past") or request.get("include_future")
    if not several and _of_run(request.get("dag_run_id"), key) is None:
        return None
    tasks, around = request.get("task_ids"), request.get("include_upstream") or request.get("include_downstream")
    if not isinstance(tasks, list) or around:
        return Reach.SURE
    return (
        Reach.SURE if key.task_id in {task[0] if isinstance(task, list) and task else task for task in tasks} else None
    )


def _reach_of_partitions(request: Mapping[str, Any], key: TaskKey) -> Reach | None:
    if "run_id" not in request and not any(name.startswith("partition_") for name in request):
        return Reach.POSSIBLE
    return _of_run(request.get("run_id"), key) if request.get("clear_task_instances") else None


def _reach_of_several(request: Mapping[str, Any], key: TaskKey) -> Reach | None:
    """The reach of a request for several runs: a list of runs or of actions, or a selection by partition."""
    actions, runs = request.get("actions"), request.get("dag_runs")
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
    """The reach of a command. Its entry has no run in a column, and its DAG may be a regular expression."""
    if entry["dag_id"] == key.dag_id:
        return Reach.SURE
    return Reach.POSSIBLE if entry["dag_id"] is None or re.search(r"'(-R|--dag-regex)'", entry["extra"] or "") else None
