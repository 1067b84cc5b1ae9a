"""The observer reads the answers of a real Airflow, recorded in `recorded/`, into a real registry.

After an upgrade of Airflow they are recorded anew, from one that is started for that; it takes some minutes:
`./modelops test integration -n 0 -k test_recorded --record-airflow`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from factories import add_evaluation, take, trained_version
from integration.observer import replay as recordings
from integration.observer.replay import SIGNING_IN, recorded
from integration.observer.test_clearing import standing
from modelops.domain.jobs import TaskKey
from modelops.observer.watch import Watch
from modelops.registry.write import observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from conftest import Database
    from integration.observer.recording import Live
    from integration.observer.replay import Replay

AGAIN = TaskKey(dag_id="recorded_chain", run_id="again", task_id="train")
LOST = "the attempt ended without a report from its worker; its log may show why"
RETRIED = "the attempt ended without a report from its worker; another one follows"
STOPPED, SKIPPED = "stopped by hand", "its state in Airflow is skipped"
NOTHING_DONE = "marked as success by hand; the job did nothing"
BEGUN = ("running", "asking")


def states_key(task_id: str, map_index: int = -1) -> TaskKey:
    return TaskKey(dag_id="recorded_states", run_id="states", task_id=task_id, map_index=map_index)


def look(airflow: Replay | Live, connection: Connection[Any]) -> None:
    """One look of an observer that has just started: it catches up with what has ended."""
    with airflow.reader() as reader:
        Watch(reader, connection).look()


def jobs(connection: Connection[Any]) -> dict[str, tuple[str, int, str | None]]:
    """Status, attempt and error of each job, by its task."""
    rows = connection.cursor(row_factory=dict_row).execute("SELECT * FROM modelops.job ORDER BY id")
    return {
        row["task_id"] if row["map_index"] < 0 else f"{row['task_id']} {row['map_index']}": (
            row["status"],
            row["attempt"],
            row["error"],
        )
        for row in rows
    }


def events(connection: Connection[Any], task_id: str) -> list[tuple[int, str, str]]:
    rows = connection.execute(
        "SELECT event.attempt, event::text, actor FROM modelops.job_event AS event JOIN modelops.job ON job.id = job_id"
        " WHERE task_id = %s ORDER BY event.attempt, event.id",
        (task_id,),
    )
    return rows.fetchall()


def test_each_state_of_a_task(airflow: Replay | Live, connection: Connection[Any]) -> None:
    """What a worker has begun is in the ledger; what it can't tell the observer reads."""
    for task_id in ("lost", *BEGUN):
        take(connection, states_key(task_id))
    airflow.come_to("states")
    look(airflow, connection)
    live = {
        "lost": ("failed", 1, LOST),
        "running": ("running", 1, None),
        "asking": ("running", 1, None),
        "deferred": ("queued", 1, None),
        "scheduled": ("scheduled", 1, None),
        "second_try": ("queued", 2, None),
        "retrying": ("retrying", 1, RETRIED),
    }
    assert jobs(connection) == live
    assert events(connection, "lost")[-2:] == [(1, "lost", "airflow"), (1, "failed", "airflow")]

    look(airflow, connection)  # the whole run is read too, because one of its tasks waits for a person
    ended = {
        "failed": ("failed", 1, LOST),
        "marked_failed": ("cancelled", 1, STOPPED),
        "marked_success": ("skipped", 1, NOTHING_DONE),
        "completed": ("skipped", 1, NOTHING_DONE),
        "skipped": ("skipped", 1, SKIPPED),
        "upstream_failed": ("skipped", 0, "an upstream task failed"),
        **{f"mapped {index}": ("skipped", 1, SKIPPED) for index in range(3)},
    }
    assert jobs(connection) == live | ended

    airflow.come_to("states_ended")
    look(airflow, connection)
    cancelled = {task_id: ("cancelled", live[task_id][1], STOPPED) for task_id in (*BEGUN, "deferred", "second_try")}
    skipped = dict.fromkeys(("scheduled", "retrying"), ("skipped", 1, SKIPPED))
    assert jobs(connection) == live | ended | cancelled | skipped
    ended_by = {
        task_id: events(connection, task_id)[-1][2] for task_id in ("marked_success", "marked_failed", "failed")
    }
    assert ended_by == {"marked_success": "trainer", "marked_failed": "trainer", "failed": "airflow"}
    assert events(connection, "running")[-1] == (1, "cancelled", "reviewer")
    tried = [(attempt, event) for attempt, event, _ in events(connection, "second_try")]
    assert tried == [
        (0, "created"),
        *((each, event) for each in (1, 2) for event in ("scheduled", "queued")),
        (2, "cancelled"),
    ]


def test_a_task_that_failed_before_a_person_ended_its_run(replay: Replay, connection: Connection[Any]) -> None:
    """The observer was away meanwhile: it learns of both at once."""
    observation.record_last_seen(connection, datetime.now(UTC))
    replay.answers = recorded("states") | recorded("states_ended")
    look(replay, connection)
    assert (jobs(connection)["failed"], events(connection, "failed")[-1][2]) == (("failed", 1, LOST), "airflow")
    assert (jobs(connection)["running"], events(connection, "running")[-1][2]) == (
        ("cancelled", 1, STOPPED),
        "reviewer",
    )


def test_a_deleted_run(airflow: Replay | Live, connection: Connection[Any]) -> None:
    airflow.come_to("under_way")
    look(airflow, connection)
    assert jobs(connection) == {"train": ("queued", 1, None)}
    airflow.come_to("deleted")
    look(airflow, connection)
    gone = "Airflow has no record of this task any more; how it ended is not known"
    assert jobs(connection) == {"train": ("failed", 1, gone)}


def test_more_live_tasks_than_a_page(airflow: Replay | Live, connection: Connection[Any]) -> None:
    airflow.come_to("pages")
    look(airflow, connection)
    assert jobs(connection) == {f"part {index}": ("scheduled", 1, None) for index in range(105)}


def test_more_ended_runs_and_tasks_than_a_page(airflow: Replay | Live, connection: Connection[Any]) -> None:
    observation.record_last_seen(
        connection, datetime.now(UTC)
    )  # the observer was there before all of it, and then away
    airflow.come_to("pages_ended")
    look(airflow, connection)
    assert jobs(connection) == {f"part {index}": ("skipped", 1, SKIPPED) for index in range(105)}


@pytest.mark.parametrize(
    ("moment", "requesters", "unknown"),
    [
        ("cleared", ["ada", "trainer"], []),
        ("cleared_of_all", ["ada", "trainer"], []),
        ("cleared_without_entry", ["ada"], [2]),
        ("cleared_of_none", ["ada", "reviewer"], []),
    ],
)
def test_who_cleared_a_task(
    airflow: Replay | Live, database: Database, moment: str, requesters: list[str], unknown: list[int]
) -> None:
    """By a route of its DAG, by one of all DAGs (`~`), by one that leaves no entry, and by an entry without a DAG."""
    airflow.come_to(moment)
    with database.connect() as connection:
        trained_version(connection, key=AGAIN)
        version = trained_version(connection, key=AGAIN, number=2, first=2)
        add_evaluation(connection, version)
        with airflow.reader() as reader:
            run, instance = reader.dag_run(AGAIN.dag_id, AGAIN.run_id), reader.task_instance(AGAIN)
        assert run is not None
        assert instance is not None
        begun(database, {1: run["run_after"], 2: instance["start_date"]})
        look(airflow, connection)
        assert standing(connection, version) == (requesters, unknown)


def begun(database: Database, moments: Mapping[int, str]) -> None:
    """The attempts at AGAIN began at these moments, as Airflow has them."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")  # else nobody may change an event
        admin.execute("UPDATE modelops.job SET created_at = %s WHERE run_id = %s", (moments[1], AGAIN.run_id))
        for attempt, at in moments.items():
            admin.execute(
                "UPDATE modelops.job_event SET at = %s FROM modelops.job"
                " WHERE job.id = job_id AND run_id = %s AND job_event.attempt = %s AND event = 'running'",
                (at, AGAIN.run_id, attempt),
            )


def test_refusals_are_what_airflow_gives(airflow: Replay | Live) -> None:
    airflow.come_to("refusals")
    refused = {name: answer.status for name, answer in airflow.answers.items()}
    assert refused == {recordings.EXPIRED: 401, recordings.INVALID: 403, recordings.FORBIDDEN: 403, SIGNING_IN: 401}
