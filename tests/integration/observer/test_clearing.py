"""Who cleared a training: from Airflow's audit log to the decisions that the registry refuses."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from psycopg.rows import dict_row

from factories import add_evaluation, ask, evaluated_version, take, task_key, trained_anew, trained_version
from modelops.domain.jobs import TaskKey
from modelops.observer.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg import Connection

    from modelops.domain.versions import Version
    from modelops.observer.airflow import AirflowReader

SECOND = timedelta(seconds=1)


class FakeAirflow:
    """Answers as Airflow's REST API gives them, of one training that is under way in this attempt."""

    def __init__(self, key: TaskKey, *, attempt: int, first: int, log: Iterable[Mapping[str, Any]]) -> None:
        self._key = key
        self._attempt, self._first = attempt, first
        self._log = list(log)
        self.read: list[tuple[datetime, datetime | None]] = []

    def task_instances(self, **_: Any) -> Iterator[Mapping[str, Any]]:
        yield self.instance(self._key)

    def instance(self, key: TaskKey) -> Mapping[str, Any]:
        return {
            "dag_id": key.dag_id,
            "dag_run_id": key.run_id,
            "task_id": key.task_id,
            "map_index": key.map_index,
            "operator": "TrainModelOperator",
            "state": "running",
            "try_number": self._attempt,
            "max_tries": self._first + 1,
            "scheduled_when": None,
            "queued_when": None,
            "end_date": None,
            "dag_version": {"version_number": 1},
        }

    def task_instance(self, _key: TaskKey) -> None:
        return None

    def task(self, *_: str) -> Mapping[str, Any]:
        return {"retries": 2, "is_mapped": False}

    def dag_run(self, *_: str) -> Mapping[str, Any]:
        return {"conf": {}, "queued_at": "2026-01-01T00:00:00Z", "triggering_user_name": "ada"}

    def dag(self, _dag_id: str) -> Mapping[str, Any]:
        return {"params": {}, "owners": ["modelops"]}

    def audit_log_between(
        self, since: datetime, until: datetime | None, *, events: Iterable[str]
    ) -> Iterator[Mapping[str, Any]]:
        self.read.append((since, until))
        for entry in self._log:
            at = datetime.fromisoformat(entry["when"])
            if entry["event"] in events and since < at and (until is None or at < until):
                yield entry

    def active_runs(self, _dag_id: str) -> int:
        return 1

    def busy(self, _dag_id: str, _run_id: str) -> int:
        return 1

    def pool(self, _name: str) -> None:
        return None

    def runs_ended_since(self, _moment: str) -> list[Mapping[str, Any]]:
        return []


def entry(owner: str, at: datetime, event: str, extra: Mapping[str, Any], **columns: Any) -> Mapping[str, Any]:
    whole = {"owner": owner, "when": at.isoformat(), "event": event, "extra": json.dumps({**extra, "method": "POST"})}
    return {**whole, "dag_id": "model_lifecycle", "run_id": None, "task_id": None, "map_index": None, **columns}


def partitions(run_id: str) -> Mapping[str, Any]:
    return {"run_id": run_id, "clear_task_instances": True, "dry_run": False}


def key_of(connection: Connection[Any], version: Version) -> TaskKey:
    rows = connection.cursor(row_factory=dict_row).execute(
        "SELECT * FROM modelops.job WHERE id = %s", (version.job_id,)
    )
    return TaskKey.from_row(rows.fetchone() or {})


def began(connection: Connection[Any], version: Version) -> list[datetime]:
    """When each attempt began the training anew."""
    found = connection.execute(
        "SELECT at FROM modelops.job_event WHERE job_id = %s AND event = 'running' ORDER BY attempt", (version.job_id,)
    )
    return [at for (at,) in found]


def look(connection: Connection[Any], airflow: FakeAirflow, *, times: int = 1) -> None:
    watch = Watch(cast("AirflowReader", airflow), connection)
    for _ in range(times):
        watch.look()


def standing(connection: Connection[Any], version: Version) -> tuple[list[str], list[int]]:
    """Who asked for the version, and the attempts of which that isn't known."""
    _, request = ask(connection, version)
    return list(request.requesters), list(request.unrequested)


def test_by_a_route_that_clears_partitions(connection: Connection[Any]) -> None:
    version = trained_anew(connection)
    key, (first, second) = key_of(connection, version), began(connection, version)
    told = entry(
        "grace", first + (second - first) / 2, "clear_dag_run_partitions", partitions(key.run_id), run_id=key.run_id
    )
    airflow = FakeAirflow(key, attempt=2, first=2, log=[told])
    look(connection, airflow, times=3)
    assert standing(connection, version) == (["ada", "grace"], [])
    assert airflow.read == [tuple(began(connection, version))]


def test_nothing_in_the_audit_log(connection: Connection[Any]) -> None:
    version = trained_anew(connection)
    look(connection, FakeAirflow(key_of(connection, version), attempt=2, first=2, log=[]))
    assert standing(connection, version) == (["ada"], [2])


@pytest.mark.parametrize("since", [timedelta(0), -SECOND])
def test_an_entry_before_the_attempt_before_says_nothing(connection: Connection[Any], since: timedelta) -> None:
    version = trained_anew(connection)
    key, (first, _) = key_of(connection, version), began(connection, version)
    log = [entry("grace", first + since, "clear_dag_run", {"dry_run": False}, run_id=key.run_id)]
    look(connection, FakeAirflow(key, attempt=2, first=2, log=log))
    assert standing(connection, version) == (["ada"], [2])


def test_who_cleared_another_run_counts_and_explains_nothing(connection: Connection[Any]) -> None:
    """The entry's run is what the request's query says."""
    version = trained_anew(connection)
    key, (first, second) = key_of(connection, version), began(connection, version)
    log = [entry("grace", first + (second - first) / 2, "clear_dag_run", {"dry_run": False}, run_id="another")]
    look(connection, FakeAirflow(key, attempt=2, first=2, log=log))
    assert standing(connection, version) == (["ada", "grace"], [2])


def test_an_entry_speaks_for_one_attempt(connection: Connection[Any]) -> None:
    """The observer was away meanwhile: it learns of both at once."""
    version = trained_anew(connection, 2, 3)
    key, (first, second, _) = key_of(connection, version), began(connection, version)
    log = [entry("grace", first + (second - first) / 2, "clear_dag_run", {"dry_run": False}, run_id=key.run_id)]
    look(connection, FakeAirflow(key, attempt=3, first=3, log=log))
    assert standing(connection, version) == (["ada", "grace"], [3])


def test_cleared_before_a_worker_has_it_again(connection: Connection[Any]) -> None:
    """It is on record at once, and once, though the attempt that begins is looked at again."""
    version = evaluated_version(connection)
    key, [first] = key_of(connection, version), began(connection, version)
    log = [entry("grace", first + SECOND, "clear_dag_run", {"dry_run": False}, run_id=key.run_id)]
    airflow = FakeAirflow(key, attempt=2, first=2, log=log)
    watch = Watch(cast("AirflowReader", airflow), connection)
    watch.look()
    take(connection, key, number=2, first=2)
    watch.look()
    events = connection.execute("SELECT attempt, actor FROM modelops.job_event WHERE event = 'cleared'").fetchall()
    assert events == [(1, "grace")]
    assert standing(connection, version) == (["ada", "grace"], [])


def test_cleared_while_it_ran_and_counted_as_a_retry(connection: Connection[Any]) -> None:
    key = task_key()
    take(connection, key)
    version = trained_version(connection, key=key, number=2)
    add_evaluation(connection, version)
    first, second = began(connection, version)
    assert standing(connection, version) == (["ada"], [2])
    log = [
        entry("grace", first + (second - first) / 2, "clear_dag_run", {"dry_run": False}, run_id=key.run_id),
        entry("alan", second + SECOND, "clear_dag_run", {"dry_run": False}, run_id=key.run_id),
    ]
    airflow = FakeAirflow(key, attempt=2, first=1, log=log)
    look(connection, airflow, times=3)
    assert airflow.read == [(first, second)]
    assert standing(connection, version) == (["ada", "grace"], [])


def test_a_mere_retry(connection: Connection[Any]) -> None:
    key = task_key()
    take(connection, key)
    version = trained_version(connection, key=key, number=2)
    add_evaluation(connection, version)
    look(connection, FakeAirflow(key, attempt=2, first=1, log=[]))
    assert standing(connection, version) == (["ada"], [])
