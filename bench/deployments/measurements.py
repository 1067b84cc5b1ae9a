"""The measurements for a given number of deployments."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.reports import progress
from bench.timing import Times

if TYPE_CHECKING:
    from bench.deployments.population import Population
    from bench.deployments.services import Health, Services

NEW_DEPLOYMENTS = 10
"""The number of deployments that are made, one after the other, to measure the delay of their DAGs."""
LEAD_TIME = timedelta(minutes=2)
"""Minimum time from the change of the schedules to the first run; longer for many deployments."""
RUN_TIMEOUT = 600.0
"""Maximum seconds after the window in which runs may start."""


@dataclass(kw_only=True)
class Measured:
    """The results for a number of deployments; times in seconds.

    `made` deployments were added. `write_seconds` is the time from the first of them until Airflow had all DAGs, and
    `write_cpu` the processor time of the dag-processor in this time. `idle_cpu` is its share of a core over
    `idle_seconds` without changes, and `log_bytes` the growth of its log in an hour.
    """

    deployments: int
    made: int = 0
    write_seconds: float = 0.0
    write_cpu: float = 0.0
    idle_seconds: float = 0.0
    idle_cpu: float = 0.0
    log_bytes: float = 0.0
    dag_delays: Times
    schedule_seconds: float = 0.0
    window_minutes: int = 0
    run_delays: list[float]
    task_delays: list[float]
    health: Health


def measure(
    population: Population, services: Services, deployments: int, *, idle: float, minutes: int, health: Health
) -> Measured:
    """Add deployments up to this number, and measure Airflow.

    Args:
        idle: seconds without changes.
        minutes: the length of the window in which each deployment runs once; 0: no runs.
    """
    found = Measured(deployments=deployments, dag_delays=Times(), run_delays=[], task_delays=[], health=health)
    progress(f"{deployments} deployments")
    _measure_writing(found, population, services)
    _measure_idle(found, services, idle)
    for _ in range(NEW_DEPLOYMENTS):
        number = population.add()
        with found.dag_delays.measured():
            services.await_dag(number)
        time.sleep(1.7)  # not a multiple of the refresh interval, one second
    progress(f"DAG of a new deployment: {found.dag_delays}")
    if minutes:
        _measure_runs(found, population, services, minutes)
    return found


def _measure_writing(found: Measured, population: Population, services: Services) -> None:
    began, used = time.monotonic(), services.processor_seconds()
    before = len(population.numbers)
    while len(population.numbers) < found.deployments:
        population.add()
    found.made = len(population.numbers) - before
    services.await_written(population.numbers)
    found.write_seconds, found.write_cpu = time.monotonic() - began, services.processor_seconds() - used
    progress(f"{found.made} DAGs written in {found.write_seconds:.0f} s, {found.write_cpu:.0f} s of processor time")


def _measure_idle(found: Measured, services: Services, seconds: float) -> None:
    time.sleep(30)  # the dag-processor finishes its work
    began, used, logged = time.monotonic(), services.processor_seconds(), services.log_bytes()
    time.sleep(seconds)
    found.idle_seconds = time.monotonic() - began
    found.idle_cpu = (services.processor_seconds() - used) / found.idle_seconds
    found.log_bytes = (services.log_bytes() - logged) / found.idle_seconds * 3600
    progress(f"idle: {100 * found.idle_cpu:.1f} % of a core over {found.idle_seconds:.0f} s")


def _measure_runs(found: Measured, population: Population, services: Services, minutes: int) -> None:
    """Schedule each deployment once in a window, the same number in each minute, and measure when the runs start."""
    numbers = list(population.numbers)
    lead_time = max(LEAD_TIME, timedelta(seconds=0.3 * len(numbers)))
    first = (datetime.now(UTC) + lead_time).replace(second=0, microsecond=0) + timedelta(minutes=1)
    window = [first + timedelta(minutes=minute) for minute in range(minutes)]
    began = time.monotonic()
    for position, number in enumerate(numbers):
        population.schedule(number, window[position * minutes // len(numbers)])
    services.await_due(numbers, window)
    found.schedule_seconds = time.monotonic() - began
    progress(f"all schedules changed in {found.schedule_seconds:.0f} s; runs from {first:%H:%M} for {minutes} minutes")
    deadline = window[-1] + timedelta(seconds=RUN_TIMEOUT)
    while datetime.now(UTC) < deadline:
        starts = services.starts(numbers, window)
        if sum(task is not None for _, task in starts) == len(numbers):
            break
        time.sleep(5)
    found.window_minutes = minutes
    found.run_delays = sorted(run for run, _ in starts)
    found.task_delays = sorted(task for _, task in starts if task is not None)
    progress(f"{len(found.run_delays)} runs and {len(found.task_delays)} first tasks have started")
