"""The flight features of many days, made by one run and by a backfill."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg

from modelops.runner.demo_client import DagRuns

if TYPE_CHECKING:
    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

TASK, TABLE = "demo/flight_features", "features.flight_features"
NEW_YORK = ZoneInfo("America/New_York")
CONCURRENT_RUNS = 4
"""Maximum concurrent runs of the backfill; Airflow runs as many tasks here."""
POLL_INTERVAL = 2.0
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND attname NOT IN ('task_version', 'job_id', 'published_at')
"""
HASH = """
SELECT count(*), md5(string_agg(md5(published::text), '' ORDER BY flight_id)),
       (SELECT count(DISTINCT job_id) FROM {table} WHERE {days})
FROM (SELECT {columns} FROM {table} WHERE {days}) AS published
"""
ENDED = "SELECT status::text, count(*) FROM modelops.job WHERE dag_id = %s AND run_id LIKE 'backfill%%' GROUP BY status"


@dataclass(frozen=True)
class Published:
    """The published rows: their number and hash, the number of jobs that made them, and the seconds that these took."""

    rows: int = 0
    digest: str = ""
    jobs: int = field(default=0, compare=False)
    seconds: float = field(default=0, compare=False)


class Year:
    """The days from `first` to `last`, inclusive, on a running installation."""

    def __init__(self, installation: Installation, steps: Steps, *, first: date, last: date) -> None:
        self._installation, self._steps = installation, steps
        self._first, self._last = (datetime(day.year, day.month, day.day, tzinfo=NEW_YORK) for day in (first, last))
        self.days = (last - first).days + 1
        self.whole = self.daily = Published()

    def publish_at_once(self) -> None:
        """Put the task into production, and publish all rows with one run."""
        with DagRuns(self._installation, self._steps, by_hand=False) as runs:
            conf = {"task": TASK, "schedule": "@daily", "time_zone": str(NEW_YORK), "allow_dirty": True}
            deployed = runs.version("Flight features", "imported and run", "feature_pipeline", conf)
            self._deployment = deployed["deployment"]
            began = time.monotonic()
            conf = {"deployment": self._deployment}
            runs.run("Flight features published by one run", "feature_batch", conf, result="execute")
        self.whole = self._published(time.monotonic() - began)

    def backfill(self) -> None:
        """Publish the rows of each day with a backfill.

        Raises:
            RuntimeError: Airflow rejects the request, or a job fails.
        """
        dag_id, began = f"deployment_{self._deployment}", time.monotonic()
        with self._installation.api("trainer") as airflow:
            deadline = time.monotonic() + 60
            while not airflow.get(f"/api/v2/dags/{dag_id}").is_success and time.monotonic() < deadline:
                time.sleep(POLL_INTERVAL)
            body = {
                "dag_id": dag_id,
                "from_date": self._first.isoformat(),
                "to_date": self._last.isoformat(),
                "max_active_runs": CONCURRENT_RUNS,
            }
            answer = airflow.post("/api/v2/backfills", json=body)
            if not answer.is_success:
                raise RuntimeError(f"Airflow rejected the backfill: {answer.text}")
        with self._steps.step(f"{self.days} days by backfill"):
            while (done := self._completed(dag_id)) < self.days:
                self._steps.say(f"  {done} days completed")
                time.sleep(POLL_INTERVAL * 10)
        self.daily = self._published(time.monotonic() - began)

    def _completed(self, dag_id: str) -> int:
        with self._reader() as connection:
            by_status = dict(connection.execute(ENDED, (dag_id,)).fetchall())
        if by_status.get("failed"):
            raise RuntimeError(f"{by_status['failed']} jobs of the backfill have failed")
        return int(by_status.get("completed", 0))

    def _published(self, seconds: float) -> Published:
        days = f"time_hour >= '{self._first}' AND time_hour < '{self._last + timedelta(days=1)}'"
        with self._reader() as connection:
            [(columns,)] = connection.execute(COLUMNS, (TABLE,)).fetchall()
            query = HASH.format(columns=columns, table=TABLE, days=days)
            [(rows, digest, jobs)] = connection.execute(query.encode()).fetchall()
        return Published(rows, digest, jobs, seconds)

    def _reader(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._installation.databases.url("reader"), autocommit=True)
