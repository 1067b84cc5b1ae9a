"""A deadline that has passed: what of the DAG run is late, and who is notified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import take, task_key
from modelops.domain.job_types import JobType
from modelops.operators import deadlines
from modelops.registry.write import jobs

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database
    from modelops.domain.jobs import Attempt

RUN = {"dag_id": "deployment_1", "dag_run_id": "today"}


@pytest.fixture
def told(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the notifier is given."""
    given: list[Any] = []
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS", database.url("modelops_jobs"))
    monkeypatch.setattr(deadlines, "notifiers", lambda _: [given.append])
    return given


def begun(connection: Connection[Any], task: str, type_: JobType, map_index: int = -1) -> Attempt:
    key = task_key(dag_id="deployment_1", run_id="today", task_id=task, map_index=map_index)
    return take(connection, key, type=type_)


def published(connection: Connection[Any], task: str = "predict", map_index: int = -1) -> None:
    batch = begun(connection, task, JobType.BATCH_PREDICTION, map_index)
    with jobs.fenced(connection, batch):
        jobs.complete(connection, batch, {"run": 1})


def events(connection: Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM modelops.job_event").fetchone()
    assert row is not None
    return int(row[0])


def pass_deadline(batch_task: str = "predict") -> None:
    deadlines._notify("here/scored v1 → predictions.scored", "0:05:00", batch_task, RUN)


def test_a_batch_that_has_not_ended_is_late(connection: Connection[Any], told: list[Any]) -> None:
    begun(connection, "predict", JobType.BATCH_PREDICTION)
    before = events(connection)
    pass_deadline()
    assert [one["late"]["run_id"] for one in told] == ["today"]
    assert events(connection) == before + 1


def test_a_run_that_the_ledger_does_not_know_is_late(told: list[Any]) -> None:
    pass_deadline()
    assert len(told) == 1


def test_a_batch_whose_drift_is_still_being_checked_is_not_late(connection: Connection[Any], told: list[Any]) -> None:
    published(connection)
    begun(connection, "check_drift", JobType.DRIFT_CHECK)
    before = events(connection)
    pass_deadline()
    assert told == []
    assert events(connection) == before


def test_a_batch_that_has_failed_is_late(connection: Connection[Any], told: list[Any]) -> None:
    batch = begun(connection, "predict", JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        jobs.give_up(connection, batch, error="no", again=False)
    pass_deadline()
    assert len(told) == 1


def test_partitions_without_a_publication_are_late(connection: Connection[Any], told: list[Any]) -> None:
    for part in range(3):
        published(connection, map_index=part)
    pass_deadline("publish")
    assert len(told) == 1


def test_of_mapped_batches_all_must_be_known(connection: Connection[Any], told: list[Any]) -> None:
    published(connection, map_index=0)
    pass_deadline()
    assert len(told) == 1
    begun(connection, "check_drift", JobType.DRIFT_CHECK, map_index=0)
    pass_deadline()
    assert len(told) == 1
