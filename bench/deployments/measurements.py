"""What is measured of one number of deployments."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.timing import Times

if TYPE_CHECKING:
    from bench.deployments.population import Population
    from bench.deployments.services import Health, Services

NEW = 10
"""So many deployments are made, one after the other, to see how soon each has its DAG."""
AHEAD = timedelta(minutes=2)
"""From the change of the schedules to the first run that is due; more, if Airflow takes longer to write them."""
PATIENCE = 600.0
"""Seconds after the window within which runs are waited for."""


@dataclass(kw_only=True)
class Measured:
    """The figures of one number of deployments; times in seconds.

    `written` is the time from the first new deployment until Airflow had all DAGs, and `writing` the processor time
    that the dag-processor took for them; `made` is how many those were. `rest` is its share of a core over `rested`
    seconds in which nothing changed, and `log` the bytes of its log in an hour of that.
    """

    deployments: int
    made: int = 0
    written: float = 0.0
    writing: float = 0.0
    rested: float = 0.0
    rest: float = 0.0
    log: float = 0.0
    new: Times
    rescheduled: float = 0.0
    window: int = 0
    run_delays: list[float]
    task_delays: list[float]
    health: Health


def measure(
    population: Population, services: Services, deployments: int, *, rest: float, minutes: int, health: Health
) -> Measured:
    """Make deployments until there are so many, and look at what Airflow does with them."""
    found = Measured(deployments=deployments, new=Times(), run_delays=[], task_delays=[], health=health)
    _say(f"{deployments} deployments")
    _write(found, population, services)
    _rest(found, services, rest)
    for _ in range(NEW):
        number = population.add()
        with found.new.measured():
            services.await_dag(number)
        time.sleep(1.7)  # not in step with anything that looks every second
    _say(f"a new one: {found.new}")
    if minutes:
        _start(found, population, services, minutes)
    return found


def _write(found: Measured, population: Population, services: Services) -> None:
    began, used = time.monotonic(), services.processor_seconds()
    before = len(population.numbers)
    while len(population.numbers) < found.deployments:
        population.add()
    found.made = len(population.numbers) - before
    services.await_written(population.numbers)
    found.written, found.writing = time.monotonic() - began, services.processor_seconds() - used
    _say(f"{found.made} new ones written in {found.written:.0f} s, {found.writing:.0f} s of processor time")


def _rest(found: Measured, services: Services, seconds: float) -> None:
    time.sleep(30)  # what the writing has left
    began, used, logged = time.monotonic(), services.processor_seconds(), services.log_bytes()
    time.sleep(seconds)
    found.rested = time.monotonic() - began
    found.rest = (services.processor_seconds() - used) / found.rested
    found.log = (services.log_bytes() - logged) / found.rested * 3600
    _say(f"at rest {100 * found.rest:.1f} % of a core over {found.rested:.0f} s")


def _start(found: Measured, population: Population, services: Services, minutes: int) -> None:
    """Have each deployment run once within a window, the same number every minute, and see when the runs start."""
    numbers = list(population.numbers)
    ahead = max(AHEAD, timedelta(seconds=0.3 * len(numbers)))
    first = (datetime.now(UTC) + ahead).replace(second=0, microsecond=0) + timedelta(minutes=1)
    window = [first + timedelta(minutes=minute) for minute in range(minutes)]
    began = time.monotonic()
    for place, number in enumerate(numbers):
        population.schedule(number, window[place * minutes // len(numbers)])
    services.await_due(numbers, window)
    found.rescheduled = time.monotonic() - began
    _say(f"all schedules changed in {found.rescheduled:.0f} s; runs from {first:%H:%M} for {minutes} minutes")
    deadline = window[-1] + timedelta(seconds=PATIENCE)
    while datetime.now(UTC) < deadline:
        starts = services.starts(numbers, window)
        if sum(task is not None for _, task in starts) == len(numbers):
            break
        time.sleep(5)
    found.window = minutes
    found.run_delays = sorted(run for run, _ in starts)
    found.task_delays = sorted(task for _, task in starts if task is not None)
    _say(f"{len(found.run_delays)} runs and {len(found.task_delays)} first tasks have started")


def _say(text: str) -> None:
    print(f"· {datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)
