"""How much the database reads of a table with a year of publications, one every five minutes, all processed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import deployed
from integration.registry.year import BY_INTERVAL, rows_read
from modelops.domain.schedules import Plan, Schedule
from modelops.registry.queries import Queries
from modelops.registry.write import deployments, work_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from psycopg import Connection, Cursor

    from conftest import Database
    from modelops.domain.deployments import Deployment

AFTER = Plan(schedule=Schedule(text="after features.delays"))
NUMBER = 105_120
FEW = 2_000
"""Rows: a day has 288 publications, and for each of them some rows are looked at."""
FIRST = datetime(2013, 8, 1, tzinfo=UTC)
LAST = FIRST + NUMBER * timedelta(minutes=5)
PUBLISHED = """
WITH source AS (
  INSERT INTO modelops.batch_run
    (deployment_id, target, job_id, attempt, fence, covers, started_at, rows, set_aside, published_at, shows)
  SELECT %(deployment)s, 'features.delays', 1, 1, i, covers, upper(covers), 1, 0, upper(covers),
         tstzmultirange(covers)
  FROM generate_series(1, %(number)s) AS i
  CROSS JOIN LATERAL (SELECT %(first)s + i * interval '5 minutes') AS at (ends)
  CROSS JOIN LATERAL (SELECT tstzrange(ends - interval '5 minutes', ends)) AS of (covers)
  RETURNING id
), seen AS (
  INSERT INTO modelops.batch_run
    (deployment_id, target, job_id, attempt, fence, covers, started_at, rows, set_aside, published_at)
  SELECT id, target, 1, 1, -id, '(,)', now(), 1, 0, now() FROM modelops.deployment
  RETURNING id
)
INSERT INTO modelops.batch_run_source (run_id, source_id) SELECT seen.id, source.id FROM seen CROSS JOIN source
"""


QUERIES = Queries("work_list")


class Explaining(psycopg.Cursor[Any]):
    """Tells how a query on the work list was answered, instead of the answer."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        return super().execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query, params, **how)


def check(answer: Cursor[Any]) -> None:
    [row] = answer
    read, whole = rows_read(row["QUERY PLAN"][0]["Plan"])
    assert not {"batch_run", "batch_run_source"} & set(whole)
    assert read < FEW


@pytest.fixture(scope="module")
def year(copy_of: Callable[[str], AbstractContextManager[Database]], template: str) -> Iterator[Database]:
    """Two deployments, an incremental and a whole one, have followed the table since before the year."""
    with copy_of(template) as database:
        with database.connect() as connection:
            first = deployed(connection, plan=AFTER, dataset=BY_INTERVAL)
            deployed(connection, "demo/other", target="predictions.other", plan=AFTER)
        with psycopg.connect(database.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute(PUBLISHED, {"deployment": first.id, "number": NUMBER, "first": FIRST})
            admin.execute("UPDATE modelops.schedule SET set_at = %s", (FIRST,))
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute("VACUUM ANALYZE modelops.batch_run, modelops.batch_run_source")
        yield database


@pytest.fixture(params=["incremental", "whole"])
def follower(year: Database, request: pytest.FixtureRequest) -> Iterator[tuple[Connection[Any], Deployment]]:
    with year.connect() as connection:
        [number] = connection.execute(
            "SELECT deployment_id FROM modelops.deployment_schedule WHERE incremental = %s",
            (request.param == "incremental",),
        ).fetchone() or (0,)
        work_list.note_progress(connection, number)
        yield connection, deployments.find(connection, deployments.DeploymentId(number))


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("pending", {}),
        ("note_seen", {"run_id": 0}),
        ("newest", {}),
        ("due", {"before": None, "limit": 52}),
        ("due", {"before": LAST - timedelta(days=180), "limit": 52}),
    ],
    ids=["pending", "whole run", "newest", "first page", "later page"],
)
def test_what_is_processed_is_not_read_again(
    follower: tuple[Connection[Any], Deployment], query: str, values: dict[str, Any]
) -> None:
    connection, deployment = follower
    connection.cursor_factory = Explaining
    check(QUERIES.execute(connection, query, deployment_id=deployment.id, **values))


@pytest.mark.parametrize("days", [0, 180])
def test_what_a_batch_will_see_is_found_by_its_interval(
    follower: tuple[Connection[Any], Deployment], days: int
) -> None:
    connection, deployment = follower
    end = LAST - timedelta(days=days)
    start = end - timedelta(minutes=5)
    connection.cursor_factory = Explaining
    query = "note_seen_of_interval"
    check(QUERIES.execute(connection, query, run_id=0, deployment_id=deployment.id, start=start, end=end))


def test_what_is_pending_is_found_however_old(year: Database) -> None:
    """Also where much was published and processed after it."""
    with year.connect() as connection:
        [number] = connection.execute(
            "SELECT deployment_id FROM modelops.deployment_schedule WHERE incremental"
        ).fetchone() or (0,)
        with psycopg.connect(year.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute("DELETE FROM modelops.work_list_progress")
            admin.execute("DELETE FROM modelops.batch_run_source WHERE source_id = %s", (NUMBER // 2,))
        for _ in range(2):
            [(start, end)] = work_list.pending_intervals(connection, number)
            assert end - start == timedelta(minutes=5)
            work_list.note_progress(connection, number)
