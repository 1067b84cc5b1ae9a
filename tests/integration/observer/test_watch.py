"""One look of the observer at many tasks: what is wrong with one of them holds up no other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg

from factories import task_key
from integration.observer.test_clearing import FakeAirflow
from modelops.domain.job_types import JobType
from modelops.observer.watch import Watch
from modelops.registry.write import jobs, observation
from modelops.registry.write.observation import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Database
    from modelops.domain.jobs import TaskKey
    from modelops.observer.airflow import AirflowReader

SCHEDULED = "2026-03-01T12:00:00Z"


class TwoTasks(FakeAirflow):
    """Two tasks that have been scheduled."""

    def __init__(self, *keys: TaskKey) -> None:
        super().__init__(keys[0], attempt=1, first=1, log=[])
        self.keys = keys

    def task_instances(self, **_: Any) -> Iterator[Mapping[str, Any]]:
        for key in self.keys:
            yield {**self.instance(key), "id": str(key), "state": "scheduled", "scheduled_when": SCHEDULED}


def told(database: Database, key: TaskKey) -> list[str]:
    with database.connect() as connection:
        [job] = jobs.of_runs(connection, [key.run_id])
        return [event["event"] for event in jobs.events(connection, job.id)]


def test_a_job_that_is_locked_holds_up_no_other(database: Database) -> None:
    keys = [task_key(), task_key()]
    with database.connect() as connection:
        connection.execute("SET lock_timeout = '100ms'")
        for key in keys:
            request = Request(at=datetime(2026, 3, 1, tzinfo=UTC), by="ada", subject="a", parameters={})
            observation.introduce(connection, key, JobType.TRAINING, request)
        watch = Watch(cast("AirflowReader", TwoTasks(*keys)), connection)
        with psycopg.connect(database.admin_url) as other:
            other.execute("SELECT FROM modelops.job WHERE run_id = %s FOR UPDATE", (keys[0].run_id,))
            watch.look()
            assert [told(database, key) for key in keys] == [["created"], ["created", "scheduled"]]
        watch.look()
        assert [told(database, key) for key in keys] == [["created", "scheduled"]] * 2
