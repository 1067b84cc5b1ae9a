"""How much the database reads to tell what a batch will see of a table with many publications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from factories import deployed
from modelops.domain.schedules import Plan, Schedule

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

AFTER = Plan(schedule=Schedule(text="after features.delays"))
BY_INTERVAL = {"name": None, "sql": "SELECT 1 AS id WHERE current_setting('modelops.interval_start') <> ''"}
NUMBER = 20_000
MOST = 2_000
"""Pages of 8 KiB; each publication that is looked at takes several."""
PUBLISHED = """
INSERT INTO modelops.batch_run
  (deployment_id, target, job_id, attempt, fence, covers, started_at, rows, set_aside, published_at, shows)
SELECT %(deployment)s, 'features.delays', 1, 1, i, covers, now(), 1, 0, now() + interval '1 hour',
       tstzmultirange(covers)
FROM generate_series(1, %(number)s) AS i
CROSS JOIN LATERAL (SELECT tstzrange('2013-08-01Z'::timestamptz + (i - 1) * interval '1 hour',
                                     '2013-08-01Z'::timestamptz + i * interval '1 hour')) AS of (covers)
"""
ASKED = """
EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
SELECT FROM modelops.work_list(%(deployment)s, tstzrange('2014-08-01Z', '2014-08-02Z'))
"""


def test_what_one_batch_will_see_is_found_by_its_interval(connection: Connection[Any], database: Database) -> None:
    deployment = deployed(connection, plan=AFTER, dataset=BY_INTERVAL).id
    values = {"deployment": deployment, "number": NUMBER}
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(PUBLISHED, values)
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE modelops.batch_run")
    [[[plan]]] = connection.execute(ASKED, values).fetchall()
    assert plan["Plan"]["Actual Rows"] == 24
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < MOST
