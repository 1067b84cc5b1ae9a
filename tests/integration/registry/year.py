"""A year of batches every five minutes: 105,120 intervals of one deployment, and as many whole runs of another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from factories import deployed
from modelops.domain.schedules import Plan, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Database

BATCHES = 105_120
JOBS = 300_000
"""Of all deployments; the batches are those of the newest."""
EVERY_FIVE_MINUTES = Plan(schedule=Schedule(text="*/5 * * * *"), starts_at=datetime(2020, 1, 1, tzinfo=UTC))
BY_INTERVAL = {"name": None, "sql": "SELECT 1 AS id WHERE current_setting('modelops.interval_start') <> ''"}
# Made anew after the rows, which is faster; that of texts, which no query here reads, isn't.
INDEXES = """
SELECT indexname, CASE indexname WHEN 'job_known_by' THEN '' ELSE indexdef END FROM pg_indexes
WHERE schemaname = 'modelops' AND tablename IN ('job', 'batch_run') AND indexdef LIKE 'CREATE INDEX %'
"""
RAN = """
INSERT INTO modelops.job
  (type, dag_id, run_id, task_id, subject, status, attempt, fence, requested_by, created_at, started_at, ended_at,
   result)
SELECT 'batch_prediction', 'deployment_' || mod(i, 50), 'run-' || i, 'predict', 'demo/arrival_delay v1', 'completed',
       1, 1, 'ada', at, at, at, '{}'
FROM generate_series(1, %(jobs)s) AS i
CROSS JOIN LATERAL (SELECT now() - (%(jobs)s - i) * interval '30 seconds') AS of (at)
"""
MADE = """
INSERT INTO modelops.batch_run
  (deployment_id, target, job_id, attempt, fence, covers, started_at, rows, set_aside, published_at,
   superseded_at, superseded_by, labels_due_at)
SELECT %(deployment)s, %(target)s, %(first)s + i, 1, 1,
       CASE WHEN %(whole)s THEN '(,)' ELSE tstzrange(at - interval '5 minutes', at) END,
       at, 1, 0, at + interval '1 second',
       CASE WHEN %(whole)s AND i < %(batches)s THEN at + interval '5 minutes 1 second' END,
       CASE WHEN %(whole)s AND i < %(batches)s THEN currval('modelops.batch_run_id_seq') END,
       CASE WHEN NOT %(whole)s THEN at + interval '2 years' END
FROM generate_series(1, %(batches)s) AS i
CROSS JOIN LATERAL (SELECT date_bin('5 minutes', now(), '2001-01-01') - (%(batches)s - i) * interval '5 minutes')
  AS of (at)
"""


@dataclass(frozen=True, kw_only=True)
class Year:
    """The database, the deployment whose batches are of intervals, and the one whose batches are whole."""

    database: Database
    by_interval: int
    whole: int


def fill(database: Database) -> Year:
    """Make the year as its batches would have left it."""
    with database.connect() as connection:
        first = deployed(connection, plan=EVERY_FIVE_MINUTES, dataset=BY_INTERVAL)
        second = deployed(connection, "demo/other", target="predictions.other")
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        indexes = admin.execute(INDEXES).fetchall()
        for name, _ in indexes:
            admin.execute(f"DROP INDEX modelops.{name}")
        [before] = admin.execute("SELECT max(id) FROM modelops.job").fetchone() or (0,)
        admin.execute(RAN, {"jobs": JOBS})
        for number, (deployment, whole) in enumerate(((first, False), (second, True))):
            values = {"deployment": deployment.id, "target": deployment.target, "whole": whole, "batches": BATCHES}
            admin.execute("SELECT nextval('modelops.batch_run_id_seq')")
            admin.execute(MADE, values | {"first": before + JOBS - BATCHES * (2 - number)})
        for _, definition in indexes:
            if definition:
                admin.execute(definition)
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE modelops.job, modelops.batch_run, modelops.batch_run_source")
    return Year(database=database, by_interval=first.id, whole=second.id)


def steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each step of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def rows_read(plan: Mapping[str, Any]) -> tuple[int, list[str]]:
    """How many rows of tables an analysed plan has read, filtered ones too, and which tables it has read whole."""
    read, whole = 0, []
    for step in steps(plan):
        if "Relation Name" in step or step["Node Type"].startswith("Bitmap"):
            removed = sum(step.get(f"Rows Removed by {by}", 0) for by in ("Filter", "Index Recheck"))
            read += round((step["Actual Rows"] + removed) * step["Actual Loops"])
        if step["Node Type"] == "Seq Scan":
            whole.append(step["Relation Name"])
    return read, whole
