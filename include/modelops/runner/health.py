"""Checks the health of Airflow, and waits until an installation has started."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from modelops.domain.errors import ModelOpsError, Unavailable
from modelops.runner.airflow_health import HEALTH_KEYS, HEALTH_PATH
from modelops.runner.layout import tail

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.runner.installation import Installation
    from modelops.runner.supervisor import Supervisor

POLL_INTERVAL = 0.2
"""Seconds between two requests."""
EXIT_LIMIT = 3
"""The start fails when a component has ended this many times."""
NO_DAG_TIMEOUT = 12.0
"""Seconds after which a file with neither a DAG nor an error is taken for a file without DAGs. The dag-processor parses
all files more than twice in this time."""


def unhealthy_components(url: str) -> set[str]:
    """The components whose heartbeats Airflow reports as too old; none if the api-server doesn't answer."""
    try:
        health = httpx.get(f"{url}{HEALTH_PATH}", trust_env=False, timeout=2).json()
        unhealthy = {component for component, key in HEALTH_KEYS.items() if health[key]["status"] == "unhealthy"}
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return set()
    # Without the metadata database, the api-server knows no heartbeats.
    return set() if "api-server" in unhealthy else unhealthy


def import_errors(installation: Installation) -> list[str]:
    """The DAG files that can't be imported, each with the last line of the error; none if Airflow doesn't answer."""
    try:
        with installation.api() as client:
            errors = _pages(client, "/api/v2/importErrors", "import_errors")
    except Unavailable:
        return []
    return [f"{error['filename']}: {error['stack_trace'].strip().rpartition(chr(10))[2]}" for error in errors]


class StartFailed(ModelOpsError):
    """The installation could not be started."""


class StartupCheck:
    """Waits for the components of an installation. All its methods share one deadline.

    Args:
        timeout: seconds after which the start fails.
    """

    def __init__(self, installation: Installation, supervisor: Supervisor, *, timeout: float = 300) -> None:
        self._installation = installation
        self._supervisor = supervisor
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout

    def await_health(self) -> None:
        """Wait until Airflow reports all its components as healthy.

        Raises:
            StartFailed: a component keeps ending, or the deadline has passed.
        """
        with httpx.Client(base_url=self._installation.url, trust_env=False, timeout=5) as client:
            health: Any = "no answer yet"
            while True:
                self._pause(f"Airflow isn't healthy: {health}")
                try:
                    health = client.get(HEALTH_PATH).json()
                    if all((health.get(key) or {}).get("status") == "healthy" for key in HEALTH_KEYS.values()):
                        return
                except (httpx.HTTPError, ValueError) as error:
                    health = error

    def await_dags(self, *, since: datetime) -> int:
        """Wait until Airflow has parsed all DAG files after `since`; returns the number of DAGs.

        A file with neither a DAG nor an error after `NO_DAG_TIMEOUT` has no DAG, which is not an error.

        Raises:
            StartFailed: a file can't be imported (with Airflow's whole message), there is no DAG file, a component
                keeps ending, or the deadline has passed.
        """
        files = dag_files(self._installation.dags)
        if not files:
            raise StartFailed(f"There is no DAG file in {self._installation.dags}")
        missing, changed_at = files, time.monotonic()
        detail = "no answer"
        while True:
            self._pause(f"These DAG files were not parsed: {', '.join(sorted(missing))} ({detail})")
            try:
                with self._installation.api() as client:
                    errors = _pages(client, "/api/v2/importErrors", "import_errors")
                    dags = _pages(client, "/api/v2/dags", "dags")
            except Unavailable as error:
                detail = str(error)
                continue
            _raise_import_errors(errors, since=since)
            parsed = {dag["relative_fileloc"] for dag in dags if _at(dag["last_parsed_time"]) > since}
            if files - parsed != missing:
                missing, changed_at = files - parsed, time.monotonic()
            if parsed and (not missing or time.monotonic() - changed_at > NO_DAG_TIMEOUT):
                return sum(dag["relative_fileloc"] in parsed for dag in dags)

    def await_component(self, name: str, *, seconds: float) -> None:
        """Wait until a component has run for this many seconds without interruption.

        Raises:
            StartFailed: a component keeps ending, or the deadline has passed.
        """
        while True:
            self._pause(f"{name} doesn't stay up")
            run = self._supervisor.runs()[name]
            if run.pid is not None and time.monotonic() - run.started_at >= seconds:
                return

    def _pause(self, message: str) -> None:
        """Pause, or raise StartFailed if the deadline has passed or a component keeps ending."""
        for run in self._supervisor.runs().values():
            if run.exits >= EXIT_LIMIT:
                log = run.component.log
                raise StartFailed(f"{run.component.name} ended {run.exits} times; the end of {log}:\n{tail(log)}")
        if time.monotonic() > self._deadline:
            raise StartFailed(f"{message} (after {self._timeout:g} s; logs: {self._installation.layout.logs})")
        time.sleep(POLL_INTERVAL)


def dag_files(folder: Path) -> set[str]:
    """The files in a folder that Airflow parses, relative to it: those that contain "airflow", and "dag" or "asset"."""
    return {
        str(file.relative_to(folder))
        for file in folder.rglob("*.py")
        if all(re.search(word, file.read_bytes(), re.IGNORECASE) for word in (rb"airflow", rb"dag|asset"))
    }


def _pages(client: httpx.Client, address: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        try:
            answer = client.get(address, params={"limit": 100, "offset": len(found)})
            answer.raise_for_status()
        except httpx.TransportError as error:
            raise Unavailable(f"Airflow doesn't answer at {client.base_url}: {error}") from error
        except httpx.HTTPStatusError as error:
            raise Unavailable(f"Airflow rejected the request {address}: {error.response.text}") from error
        page = answer.json()
        found += page[key]
        if len(found) >= page["total_entries"] or not page[key]:
            return found


def _raise_import_errors(errors: list[dict[str, Any]], *, since: datetime) -> None:
    # Airflow keeps the errors of an earlier run until it has parsed the file again.
    new = [error for error in errors if _at(error["timestamp"]) > since]
    if new:
        messages = "\n\n".join(f"{error['filename']}\n{error['stack_trace']}" for error in new)
        raise StartFailed(f"DAG files can't be imported:\n\n{messages}")


def _at(time_in_iso: str | None) -> datetime:
    return datetime.fromisoformat(time_in_iso or "0001-01-01T00:00:00+00:00")
