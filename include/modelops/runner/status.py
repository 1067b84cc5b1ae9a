"""Reports what runs, since when, and whether it is healthy."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import psycopg

from modelops.observer.airflow import AirflowReader, no_permission
from modelops.repository.catalogue import problems
from modelops.runner import state
from modelops.runner.airflow_health import PARTS, PATH
from modelops.runner.commands import welcome
from modelops.runner.components import NAMES
from modelops.runner.health import import_errors
from modelops.runner.processes import found
from modelops.runtime.confinement import Rank, confinement_of_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

NOT_RUNNING = 3
"""The exit code when nothing runs, as that of service managers."""
BEHIND = timedelta(minutes=1)
"""How far the ledger may be behind Airflow. The observer looks every two seconds."""


def status(installation: Installation, *, steps: Steps) -> int:
    """Report what runs, since when, and whether it is healthy."""
    runner = state.current(installation.layout)
    if runner is None or runner.url is None:
        steps.say(f"Not running ({installation.layout.home}). `./modelops up` starts it.")
        return NOT_RUNNING
    health = _health(runner.url)
    well = runner.ready
    for name in ("runner", *(("postgres",) if installation.embedded else ()), *NAMES):
        process = runner.process if name == "runner" else found(runner.components.get(name, {}))
        said = health.get(name, "running") if process else "not running"
        well = well and said in ("running", "healthy")
        since = _duration(time.time() - process.create_time()) if process else ""
        steps.say(f"{name:<14} {process.pid if process else '':>8} {since:>10}  {said}")
    confinement = confinement_of_this_machine()
    steps.say(f"{'' if confinement.rank == Rank.CONFINED else '! '}{confinement}")
    wrong = list(_wrong(installation, runner))
    for problem in (*wrong, *problems(installation.settings)):
        steps.say(f"! {problem}")
    if not runner.ready:
        steps.say("It is just being started or stopped.")
    steps.say(welcome(installation))
    return 0 if well and not wrong else 1


def _wrong(installation: Installation, runner: state.Runner) -> Iterator[str]:
    """What is wrong although all processes may run."""
    if not runner.runs_this_code:
        yield "The code has changed since the installation was started: run `./modelops down`, then `./modelops up`."
    if runner.ready:
        yield from (f"A DAG file can't be imported: {error}" for error in import_errors(installation))
        yield from _problems_of_observer(installation, runner)


def _problems_of_observer(installation: Installation, runner: state.Runner) -> Iterator[str]:
    """What it may not read of Airflow, and whether the ledger is behind although it has run for some time."""
    account = installation.accounts["observer"]
    with AirflowReader(runner.url or "", user=account.name, password=account.password) as airflow:
        try:
            unreadable = airflow.unreadable()
        except httpx.HTTPError:
            return  # Airflow isn't well, which is said above
    if unreadable:
        yield no_permission(account.name, unreadable)
    process = found(runner.components.get("observer", {}))
    if process is None or time.time() - process.create_time() < BEHIND.total_seconds():
        return
    with suppress(psycopg.OperationalError), psycopg.connect(installation.databases.url("reader")) as connection:
        seen = connection.execute("SELECT now() - seen_at FROM modelops.observation").fetchone()
        if seen is None or seen[0] > BEHIND:
            behind = "has never been complete" if seen is None else f"is behind by {_duration(seen[0].total_seconds())}"
            yield f"The ledger {behind}: see {installation.layout.log('observer')}."


def _health(url: str) -> dict[str, str]:
    """What Airflow says of each of its programs."""
    try:
        answer = httpx.get(f"{url}{PATH}", trust_env=False, timeout=5).json()
        return {component: (answer.get(part) or {}).get("status") or "unknown" for component, part in PARTS.items()}
    except (httpx.HTTPError, ValueError):
        return dict.fromkeys(PARTS, "unknown: no answer")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
