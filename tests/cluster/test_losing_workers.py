"""A life cycle and a batch in partitions go on while workers are lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cluster.conftest import ROWS

if TYPE_CHECKING:
    from cluster.conftest import Running

OVER = {"success", "failed"}


def states(running: Running, run: str) -> dict[tuple[str, int], dict[str, Any]]:
    """The tasks of a run, by name and map index."""
    found = running.get(f"{run}/taskInstances")["task_instances"]
    return {(task["task_id"], task["map_index"]): task for task in found}


def test_a_batch_survives_the_loss_of_a_worker(running: Running) -> None:
    number = f"{time.time():.0f}"
    life = running.start("model_lifecycle", f"life-{number}", model="here/slow", target=f"slow_{number}", parts=4)

    def waits() -> bool:
        known = states(running, life)
        assert not {"failed", "upstream_failed"} & {task["state"] for task in known.values()}, known
        return known["approve", -1]["state"] == "awaiting_input"

    running.eventually("the approval waits", waits)
    question = f"{life}/taskInstances/approve/-1/hitlDetails"
    answer = {"chosen_options": ["Approve"], "params_input": {"comment": "as it should be"}}
    assert running.call("PATCH", question, "viewer", json=answer).status_code == 403
    assert running.call("PATCH", question, "trainer", json=answer).status_code == 403
    assert running.call("POST", "dags/model_lifecycle/dagRuns", "reviewer", json={"conf": {}}).status_code == 403
    assert running.call("PATCH", question, "reviewer", json=answer).is_success
    running.eventually("it is deployed", lambda: states(running, life)["deploy", -1]["state"] == "success")
    deployment = running.get(f"{life}/taskInstances/deploy/xcomEntries/return_value")["value"]["deployment"]

    dag = f"deployment_{deployment}"
    running.eventually("the deployment has its DAG", lambda: running.call("GET", f"dags/{dag}").is_success)
    batch = running.start(dag, f"batch-{number}")

    def on_both() -> bool:
        parts = [task for task in states(running, batch).values() if task["task_id"] == "predict"]
        # A partition that a worker has taken and not begun would be missed only after `task_queued_timeout`: 600 s.
        begun = all(task["state"] == "running" for task in parts)
        return begun and {"w1", "w2"} <= {task["hostname"] for task in parts}

    running.eventually("both workers score", on_both)
    running.ask("kill", "w1")
    assert running.told("w1")["state"] == "killed"
    ended = running.eventually("the batch ends", lambda: running.get(batch)["state"] in OVER)
    assert ended
    assert running.get(batch)["state"] == "success", running.story()
    tasks = states(running, batch).values()
    lost = [task for task in tasks if task["try_number"] > 1]
    assert lost, "w1 had at least one partition"
    assert {task["hostname"] for task in lost} == {"w2"}
    rows = running.sql(f"SELECT count(*), count(DISTINCT id) FROM predictions.slow_{number}")
    assert rows == f"{ROWS}|{ROWS}"
    twice = running.sql(
        "SELECT job_id FROM modelops.job_event WHERE event = 'completed' GROUP BY job_id HAVING count(*) > 1"
    )
    assert twice == ""

    running.ask("start", "w1")
    running.eventually("w1 is there again", lambda: running.told("w1")["well"])


def test_a_worker_that_is_cut_off_comes_back(running: Running) -> None:
    reach = ("python", "-c", "import socket; socket.create_connection(('broker', 6379), 3)")
    assert running.run("w2", *reach)[0] == 0
    running.ask("partition", "w2")
    assert running.run("w2", *reach)[0] != 0
    assert not running.told("w2")["well"]
    running.ask("heal", "w2")
    running.eventually("w2 reaches the broker again", lambda: running.run("w2", *reach)[0] == 0)
    running.eventually("w2 is well", lambda: running.told("w2")["well"])
