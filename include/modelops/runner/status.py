"""Reports the processes of an installation, their running times, and their health."""

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
from modelops.runner.airflow_health import HEALTH_KEYS, HEALTH_PATH
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
"""The exit code if nothing is running, as for service managers."""
LEDGER_LAG_LIMIT = timedelta(minutes=1)
"""Maximum age of the last observation. The observer reads Airflow every two seconds."""


def status(installation: Installation, *, steps: Steps) -> int:
    """Print the processes and the problems; returns 0 if there are no problems, 1 if there are, or `NOT_RUNNING`."""
    runner = state.current(installation.layout)
    if runner is None or runner.url is None:
        steps.say(f"Not running ({installation.layout.home}). `./modelops up` starts it.")
        return NOT_RUNNING
    health = _health(runner.url)
    is_healthy = runner.ready
    for name in ("runner", *(("postgres",) if installation.embedded else ()), *NAMES):
        process = runner.process if name == "runner" else found(runner.components.get(name, {}))
        state_text = health.get(name, "running") if process else "not running"
        is_healthy = is_healthy and state_text in ("running", "healthy")
        duration = _duration(time.time() - process.create_time()) if process else ""
        steps.say(f"{name:<14} {process.pid if process else '':>8} {duration:>10}  {state_text}")
    confinement = confinement_of_this_machine()
    steps.say(f"{'' if confinement.rank == Rank.CONFINED else '! '}{confinement}")
    found_problems = list(_problems(installation, runner))
    for problem in (*found_problems, *problems(installation.settings)):
        steps.say(f"! {problem}")
    if not runner.ready:
        steps.say("The installation is starting or stopping.")
    steps.say(welcome(installation))
    return 0 if is_healthy and not found_problems else 1


def _problems(installation: Installation, runner: state.Runner) -> Iterator[str]:
    """Problems that an installation may have even if all processes are running."""
    if not runner.runs_this_code:
        yield "The code has changed since the installation was started: run `./modelops down`, then `./modelops up`."
    if runner.ready:
        yield from (f"A DAG file can't be imported: {error}" for error in import_errors(installation))
        yield from _observer_problems(installation, runner)


def _observer_problems(installation: Installation, runner: state.Runner) -> Iterator[str]:
    """Permissions that the observer lacks, and an old ledger although the observer has run for some time."""
    account = installation.accounts["observer"]
    with AirflowReader(runner.url or "", user=account.name, password=account.password) as airflow:
        try:
            unreadable = airflow.unreadable()
        except httpx.HTTPError:
            return  # the health of Airflow's components is reported already
    if unreadable:
        yield no_permission(account.name, unreadable)
    process = found(runner.components.get("observer", {}))
    if process is None or time.time() - process.create_time() < LEDGER_LAG_LIMIT.total_seconds():
        return
    with suppress(psycopg.OperationalError), psycopg.connect(installation.databases.url("reader")) as connection:
        seen = connection.execute("SELECT now() - seen_at FROM modelops.observation").fetchone()
        if seen is None or seen[0] > LEDGER_LAG_LIMIT:
            behind = "has never been complete" if seen is None else f"is behind by {_duration(seen[0].total_seconds())}"
            yield f"The ledger {behind}: see {installation.layout.log('observer')}."


def _health(url: str) -> dict[str, str]:
    """The health of each of Airflow's components."""
    try:
        answer = httpx.get(f"{url}{HEALTH_PATH}", trust_env=False, timeout=5).json()
        return {
            component: (answer.get(part) or {}).get("status") or "unknown" for component, part in HEALTH_KEYS.items()
        }
    except (httpx.HTTPError, ValueError):
        return dict.fromkeys(HEALTH_KEYS, "unknown: no answer")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
