"""Pauses a job where it writes to the ledger, without a hook in the product.

Two triggers on `modelops.job_event`, in the database of these tests only, wait for a lock that the test holds: one
where the row is inserted, one where the transaction commits. A worker that is killed at the first leaves nothing of
its transaction; one that is killed at the second has sent its COMMIT, so the work is done when the gate opens, and
nobody is there to hear of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from e2e.system import Run, System

LOCKS = 0x0E2E
"""The first half of these locks' names."""

TRIGGERS = """
CREATE SCHEMA IF NOT EXISTS e2e;
CREATE TABLE IF NOT EXISTS e2e.gate (
  id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id    text NOT NULL,
  task_id   text NOT NULL,
  attempt   integer NOT NULL,
  mark      text NOT NULL,
  trigger   text NOT NULL
);
CREATE OR REPLACE FUNCTION e2e.pause() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  shut integer;
BEGIN
  SELECT g.id INTO shut FROM e2e.gate AS g JOIN modelops.job USING (run_id, task_id)
  WHERE job.id = NEW.job_id AND g.attempt = NEW.attempt AND g.trigger = TG_NAME
    AND g.mark = coalesce(NEW.detail->>'step', NEW.event::text);
  IF FOUND THEN
    PERFORM pg_advisory_xact_lock(3630, shut);
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS at_insert ON modelops.job_event;
DROP TRIGGER IF EXISTS at_commit ON modelops.job_event;
CREATE TRIGGER at_insert AFTER INSERT ON modelops.job_event FOR EACH ROW EXECUTE FUNCTION e2e.pause();
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON modelops.job_event
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION e2e.pause();
"""
WAITING = """
SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND NOT granted AND wait_event_type = 'Lock'
"""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Where an attempt at a task is to be paused: `mark` is a step or an event."""

    id: int
    run: Run
    mark: str
    connection: psycopg.Connection[Any]

    def waiting(self) -> psutil.Process | None:
        """The process of the task that waits here, if one does."""
        row = self.connection.execute(WAITING, (LOCKS, self.id)).fetchone()
        return None if row is None else process_at(row[0], server=self.connection.info.port)

    def await_worker(self) -> psutil.Process:
        """Wait until the worker stands here; the process of its task."""
        worker: psutil.Process = self.run.eventually(f"a worker waits at {self.mark}", self.waiting)
        return worker

    def open(self) -> None:
        self.connection.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCKS, self.id))


@contextmanager
def gates(system: System) -> Iterator[Callable[..., Gate]]:
    """A function that shuts a gate before its run is asked for. At the end all are open again, whatever happened.

    Its arguments: the run, the mark, `task` (train by default), `attempt` (the first) and `committed`: whether to wait
    at the COMMIT of what is written at the mark, or right after the row was inserted.
    """
    with system.connect("admin") as connection:
        connection.execute("SELECT pg_advisory_lock(%s, 0)", (LOCKS,))
        connection.execute(TRIGGERS)

        def shut(run: Run, mark: str, *, task: str = "train", attempt: int = 1, committed: bool = True) -> Gate:
            made = connection.execute(
                "INSERT INTO e2e.gate (run_id, task_id, attempt, mark, trigger)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING id",
                (run.run_id, task, attempt, mark, "at_commit" if committed else "at_insert"),
            ).fetchone()
            assert made is not None
            connection.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS, made[0]))
            return Gate(id=made[0], run=run, mark=mark, connection=connection)

        yield shut


def process_at(port: int, *, server: int) -> psutil.Process | None:
    """The process on this machine that is connected to the server's port from this one.

    A connection to another server, such as Airflow's, may be from the same port.
    """
    for connection in psutil.net_connections(kind="tcp"):
        if connection.pid is None or not connection.raddr:
            continue
        if (connection.laddr.port, connection.raddr.port) == (port, server):
            return psutil.Process(connection.pid)
    return None
