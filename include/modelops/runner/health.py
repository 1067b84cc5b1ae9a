"""Waits until Airflow is healthy."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from modelops.domain.errors import ModelOpsError, Unavailable
from modelops.runner.airflow_health import PARTS, PATH
from modelops.runner.layout import tail

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.runner.installation import Installation
    from modelops.runner.supervisor import Supervisor

LOOK_EVERY = 0.2
"""Seconds between two questions."""
ENDS_ALLOWED = 3
"""How often a component may end during the start before the start is given up."""
WITHOUT_DAG = 12.0
"""Seconds that a file may show neither a DAG nor an error: more than two rounds of the dag-processor."""


def unwell(url: str) -> set[str]:
    """The components that Airflow has had no sign of life from for some time; none while it can't be asked."""
    try:
        said = httpx.get(f"{url}{PATH}", trust_env=False, timeout=2).json()
        ill = {component for component, part in PARTS.items() if said[part]["status"] == "unhealthy"}
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return set()
    return set() if "api-server" in ill else ill


def import_errors(installation: Installation) -> list[str]:
    """Each DAG file that can't be imported, with the last line of the error; none if Airflow doesn't answer."""
    try:
        with installation.api() as client:
            errors = _pages(client, "/api/v2/importErrors", "import_errors")
    except Unavailable:
        return []
    return [f"{error['filename']}: {error['stack_trace'].strip().rpartition(chr(10))[2]}" for error in errors]


class StartFailed(ModelOpsError):
    """The installation could not be brought up."""


class Start:
    """One start of the components, waited for with one deadline.

    Args:
        timeout: seconds until the start is given up.
    """

    def __init__(self, installation: Installation, supervisor: Supervisor, *, timeout: float = 300) -> None:
        self._installation = installation
        self._supervisor = supervisor
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout

    def await_health(self) -> None:
        """Wait until Airflow calls all its components healthy.

        Raises:
            StartFailed: a component keeps ending, or the time is up.
        """
        with httpx.Client(base_url=self._installation.url, trust_env=False, timeout=5) as client:
            said: Any = "no answer yet"
            while True:
                self._look(f"Airflow isn't healthy: {said}")
                try:
                    said = client.get(PATH).json()
                    if all((said.get(part) or {}).get("status") == "healthy" for part in PARTS.values()):
                        return
                except (httpx.HTTPError, ValueError) as error:
                    said = error

    def await_dags(self, *, since: datetime) -> int:
        """Wait until every DAG file has been parsed after `since`; how many DAGs there are.

        A file of which Airflow says nothing, in time for several looks at it, has no DAG; that is no error.

        Raises:
            StartFailed: a file can't be imported (with Airflow's message in full), there is no DAG, or the time is up.
        """
        files = dag_files(self._installation.dags)
        if not files:
            raise StartFailed(f"There is no DAG file in {self._installation.dags}")
        missing, silent_since = files, time.monotonic()
        complaint = "no answer"
        while True:
            self._look(f"These DAG files were not parsed: {', '.join(sorted(missing))} ({complaint})")
            try:
                with self._installation.api() as client:
                    errors = _pages(client, "/api/v2/importErrors", "import_errors")
                    dags = _pages(client, "/api/v2/dags", "dags")
            except Unavailable as error:
                complaint = str(error)
                continue
            _refuse_import_errors(errors, since=since)
            parsed = {dag["relative_fileloc"] for dag in dags if _at(dag["last_parsed_time"]) > since}
            if files - parsed != missing:
                missing, silent_since = files - parsed, time.monotonic()
            if parsed and (not missing or time.monotonic() - silent_since > WITHOUT_DAG):
                return sum(dag["relative_fileloc"] in parsed for dag in dags)

    def await_component(self, name: str, *, seconds: float) -> None:
        """Wait until a component has run for so long without an end.

        Raises:
            StartFailed: it keeps ending, or the time is up.
        """
        while True:
            self._look(f"{name} doesn't stay up")
            run = self._supervisor.runs()[name]
            if run.pid is not None and time.monotonic() - run.since >= seconds:
                return

    def _look(self, complaint: str) -> None:
        """Pause; give up when the time is up or a component keeps ending."""
        for run in self._supervisor.runs().values():
            if run.ended >= ENDS_ALLOWED:
                log = run.component.log
                raise StartFailed(f"{run.component.name} ended {run.ended} times; the end of {log}:\n{tail(log)}")
        if time.monotonic() > self._deadline:
            raise StartFailed(f"{complaint} (after {self._timeout:g} s; logs: {self._installation.layout.logs})")
        time.sleep(LOOK_EVERY)


def dag_files(folder: Path) -> set[str]:
    """The files below a folder that Airflow takes for DAG files, relative to it: those that name both words."""
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
            raise Unavailable(f"Airflow refuses {address}: {error.response.text}") from error
        page = answer.json()
        found += page[key]
        if len(found) >= page["total_entries"] or not page[key]:
            return found


def _refuse_import_errors(errors: list[dict[str, Any]], *, since: datetime) -> None:
    # Errors of an earlier run stay until the file has been parsed again.
    fresh = [error for error in errors if _at(error["timestamp"]) > since]
    if fresh:
        told = "\n\n".join(f"{error['filename']}\n{error['stack_trace']}" for error in fresh)
        raise StartFailed(f"DAG files can't be imported:\n\n{told}")


def _at(time_in_iso: str | None) -> datetime:
    return datetime.fromisoformat(time_in_iso or "0001-01-01T00:00:00+00:00")
