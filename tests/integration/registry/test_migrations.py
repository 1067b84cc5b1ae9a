"""A database that stands at an earlier schema and has data keeps what it knows when it is upgraded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from conftest import PASSWORDS, Database
from factories import task_key
from modelops.domain.jobs import Claim, JobType
from modelops.registry import jobs, work_list
from modelops.registry.migrate import migrate
from modelops.registry.roles import provision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.runner.postgres import PostgresServer

FOLLOWING = """
INSERT INTO modelops.job (type, dag_id, run_id, task_id, subject, requested_by, created_at)
SELECT 'deployment', 'dag', 'run', name, 'demo/' || name, 'alice', '2026-01-01Z'
FROM unnest('{features,model}'::text[]) AS name;
INSERT INTO modelops.version (name, number, job_id, changed_by, created_by)
SELECT subject, 1, id, id, 'alice' FROM modelops.job;
INSERT INTO modelops.deployment (version_id, model, artifact_sha256, decision_id, job_id, engine, dataset, target,
                                 entity_key, outputs, set_aside_budget, deployed_by, started_at)
SELECT id, name, repeat('0', 64), 1, job_id, 'sql', '{"sql": "modelops.interval_start"}',
       CASE name WHEN 'demo/model' THEN 'predictions.model' ELSE 'features.doubled' END, '[]', '[]', 0,
       'alice', '2026-01-01Z'
FROM modelops.version ORDER BY id;
INSERT INTO modelops.schedule (deployment_id, job_id, schedule, time_zone, paused, set_by, set_at)
SELECT id, job_id, 'after features.doubled', 'UTC', false, 'alice', '2026-01-01Z'
FROM modelops.deployment WHERE target = 'predictions.model';
"""
RUN = """
INSERT INTO modelops.batch_run (deployment_id, target, job_id, attempt, fence, covers, started_at, rows, set_aside,
                                published_at, shows)
SELECT id, target, job_id, 1, (SELECT count(*) FROM modelops.batch_run),
       tstzrange(%(day)s, %(day)s + interval '1 day'), %(started)s, 1, 0, %(published)s,
       tstzmultirange(tstzrange(%(day)s, %(day)s + interval '1 day'))
FROM modelops.deployment WHERE target = %(target)s
"""
COMPLETED = """
WITH job AS (
  INSERT INTO modelops.job
    (type, dag_id, run_id, task_id, subject, status, attempt, fence, requested_by, created_at, result)
  VALUES ('training', 'model_lifecycle', %(run_id)s, 'train', 'a', 'completed', 1, 1, 'alice', now(), %(result)s)
  RETURNING id
)
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor) SELECT id, 1, 'running', now(), 'worker' FROM job
"""


@pytest.fixture
def earlier(server: PostgresServer) -> Iterator[Database]:
    """A database with the schema of 0011, the last that was released."""
    database = Database(server=server, name="earlier")
    provision(server.admin_url, passwords=PASSWORDS, data_database=database.name, airflow_database=None)
    migrate(database.owner_url, to="0011")
    yield database
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE earlier WITH (FORCE)")


def on(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_what_was_scored_before_the_upgrade_is_not_pending_after_it(earlier: Database) -> None:
    with psycopg.connect(earlier.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(FOLLOWING)
        for target, day, started, published in [
            ("features.doubled", 2, on(3), on(3, 1)),
            ("predictions.model", 2, on(3, 2), on(3, 3)),
            ("features.doubled", 3, on(4), on(4, 2)),
            ("predictions.model", 3, on(4, 1), on(4, 3)),  # has begun too early to see the features
            ("features.doubled", 4, on(5), on(5, 1)),
        ]:
            values = {"target": target, "day": on(day), "started": started, "published": published}
            admin.execute(RUN, values)
    migrate(earlier.owner_url)
    with earlier.connect() as connection:
        number = connection.execute("SELECT id FROM modelops.deployment WHERE target = 'predictions.model'").fetchone()
        assert number is not None
        assert work_list.pending_intervals(connection, number[0]) == [(on(3), on(4)), (on(4), on(5))]


def test_a_result_from_before_there_were_bounds_is_returned_to_a_retry(earlier: Database) -> None:
    result: dict[str, Any] = {}
    for _ in range(300):
        result = {"in": result}
    asked: dict[str, Any] = {"type": JobType.TRAINING, "first": 1, "subject": "a", "requested_by": "alice"}
    key = task_key()
    with psycopg.connect(earlier.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(COMPLETED, {"run_id": key.run_id, "result": Jsonb(result)})
    migrate(earlier.owner_url)
    with earlier.connect() as connection:
        again = jobs.claim(connection, Claim(key=key, number=2, parameters={}, **asked))
        assert again.recorded_result == result
