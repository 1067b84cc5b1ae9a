"""The flights' features of many days, made at once and day by day."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg

from modelops.runner.demo_client import Journey

if TYPE_CHECKING:
    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

TASK, TABLE = "demo/flight_features", "features.flight_features"
NEW_YORK = ZoneInfo("America/New_York")
AT_ONCE = 4
"""Runs of the backfill, as many as Airflow here runs tasks."""
LOOK_EVERY = 2.0
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND attname NOT IN ('task_version', 'job_id', 'published_at')
"""
SEEN = """
SELECT count(*), md5(string_agg(md5(seen::text), '' ORDER BY flight_id)),
       (SELECT count(DISTINCT job_id) FROM {table} WHERE {days})
FROM (SELECT {columns} FROM {table} WHERE {days}) AS seen
"""
ENDED = "SELECT status::text, count(*) FROM modelops.job WHERE dag_id = %s AND run_id LIKE 'backfill%%' GROUP BY status"


@dataclass(frozen=True)
class Seen:
    """What readers see of the days: rows and their hash, how many jobs made them, and how long that took."""

    rows: int = 0
    digest: str = ""
    jobs: int = field(default=0, compare=False)
    seconds: float = field(default=0, compare=False)


class Year:
    """The days from `first` to `last`, both of them among them, on a running installation."""

    def __init__(self, installation: Installation, steps: Steps, *, first: date, last: date) -> None:
        self._installation, self._steps = installation, steps
        self._first, self._last = (datetime(day.year, day.month, day.day, tzinfo=NEW_YORK) for day in (first, last))
        self.days = (last - first).days + 1
        self.whole = self.daily = Seen()

    def at_once(self) -> None:
        """Bring the task into production and publish everything by one run."""
        with Journey(self._installation, self._steps, by_hand=False) as journey:
            conf = {"task": TASK, "schedule": "@daily", "time_zone": str(NEW_YORK), "allow_dirty": True}
            made = journey.version("Flight features", "imported and run", "feature_pipeline", conf)
            self._deployment = made["deployment"]
            began = time.monotonic()
            asked = {"deployment": self._deployment}
            journey.run("Flight features published at once", "feature_batch", asked, result="execute")
        self.whole = self._seen(time.monotonic() - began)

    def day_by_day(self) -> None:
        """The same by a backfill.

        Raises:
            RuntimeError: Airflow refuses it, or a job fails.
        """
        dag_id, began = f"deployment_{self._deployment}", time.monotonic()
        with self._installation.api("trainer") as airflow:
            deadline = time.monotonic() + 60
            while not airflow.get(f"/api/v2/dags/{dag_id}").is_success and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY)
            body = {
                "dag_id": dag_id,
                "from_date": self._first.isoformat(),
                "to_date": self._last.isoformat(),
                "max_active_runs": AT_ONCE,
            }
            answer = airflow.post("/api/v2/backfills", json=body)
            if not answer.is_success:
                raise RuntimeError(f"Airflow refuses the backfill: {answer.text}")
        with self._steps.step(f"{self.days} days by backfill"):
            while (done := self._ended(dag_id)) < self.days:
                self._steps.say(f"  {done} days are done")
                time.sleep(LOOK_EVERY * 10)
        self.daily = self._seen(time.monotonic() - began)

    def _ended(self, dag_id: str) -> int:
        with self._reader() as connection:
            by_status = dict(connection.execute(ENDED, (dag_id,)).fetchall())
        if by_status.get("failed"):
            raise RuntimeError(f"{by_status['failed']} jobs of the backfill have failed")
        return int(by_status.get("completed", 0))

    def _seen(self, seconds: float) -> Seen:
        days = f"time_hour >= '{self._first}' AND time_hour < '{self._last + timedelta(days=1)}'"
        with self._reader() as connection:
            [(columns,)] = connection.execute(COLUMNS, (TABLE,)).fetchall()
            query = SEEN.format(columns=columns, table=TABLE, days=days)
            [(rows, digest, jobs)] = connection.execute(query.encode()).fetchall()
        return Seen(rows, digest, jobs, seconds)

    def _reader(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._installation.databases.url("reader"), autocommit=True)
