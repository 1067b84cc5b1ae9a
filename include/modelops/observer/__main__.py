"""Runs the observer until it is stopped."""

from __future__ import annotations

import logging
import os
import signal
import threading
from datetime import timedelta
from typing import Any

import httpx
import psycopg

from modelops.domain.errors import ModelOpsError, Unavailable
from modelops.heartbeat import beat
from modelops.observer.airflow import AirflowReader, no_permission
from modelops.observer.waiting import Waits
from modelops.observer.watch import Watch
from modelops.registry.schema import check_schema
from modelops.registry.translation import translated
from modelops.registry.write import observation
from modelops.repository.catalogue import refresh
from modelops.settings import Settings

LOCK_SECONDS = 2
"""Lock timeout in seconds. A job that is locked for longer is skipped until the next poll."""
IDLE_SECONDS = 600
"""Seconds without a query after which the server ends the session: another observer takes over from one that hangs."""
LOOK_EVERY = timedelta(seconds=2)
REFRESH_EVERY = timedelta(seconds=30)
PATIENCE = timedelta(seconds=3)

log = logging.getLogger("modelops.observer")


def main() -> None:
    """Read Airflow every two seconds, and refresh the git repositories every thirty."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_refresh, args=(ended,), daemon=True).start()
    waits = Waits()  # kept across reconnections
    while not ended.is_set():
        try:
            _watch(ended, waits)
        except (ModelOpsError, httpx.HTTPError) as error:
            log.warning("%s; trying again in %.0f s", error, PATIENCE.total_seconds())
            ended.wait(PATIENCE.total_seconds())


def _watch(ended: threading.Event, waits: Waits) -> None:
    airflow = AirflowReader(
        os.environ["MODELOPS_AIRFLOW_URL"],
        user=os.environ["MODELOPS_OBSERVER_USER"],
        password=os.environ["MODELOPS_OBSERVER_PASSWORD"],
    )
    with translated():
        connection = psycopg.connect(
            os.environ["AIRFLOW_CONN_MODELOPS"],
            autocommit=True,
            application_name="modelops observer",
        )
        # Not as an option of the connection: PgBouncer refuses these.
        for name, seconds in (("lock_timeout", LOCK_SECONDS), ("idle_session_timeout", IDLE_SECONDS)):
            connection.execute("SELECT set_config(%s, %s, false)", (name, f"{seconds}s"))
    with airflow, connection:
        check_schema(connection)
        if unreadable := airflow.unreadable():
            raise Unavailable(no_permission(airflow.user, unreadable))
        await_turn(connection, ended)
        watch = Watch(airflow, connection, waits)
        log.info("watching %s", os.environ["MODELOPS_AIRFLOW_URL"])
        while not ended.is_set():
            watch.look()
            beat()
            ended.wait(LOOK_EVERY.total_seconds())


def await_turn(connection: psycopg.Connection[Any], ended: threading.Event) -> None:
    """Stand by while another observer is active; a second one takes over when the session of the first ends."""
    stands_by = False
    while not ended.is_set() and not observation.become_active(connection):
        if not stands_by:
            log.info("another observer is active; standing by")
        stands_by = True
        beat()
        ended.wait(LOOK_EVERY.total_seconds())


def _refresh(ended: threading.Event) -> None:
    settings = Settings.from_environment()
    while not ended.wait(REFRESH_EVERY.total_seconds()):
        refresh(settings)


if __name__ == "__main__":
    main()
