"""Starts the components, monitors them, and restarts those that end."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psutil

from modelops.domain.errors import Unavailable
from modelops.runner.private_environment import hidden
from modelops.runner.processes import COMPONENT, end_marked, identified, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from modelops.runner.postgres import PostgresServer

POLL_INTERVAL = 0.2
"""Seconds between two checks of the processes."""
INITIAL_DELAY, MAX_DELAY = 0.5, 30.0
"""Minimum and maximum seconds until a component that ended is restarted. The delay doubles with each exit."""
STABLE_AFTER = 60.0
"""Seconds after which the earlier exits of a running component no longer count."""

HEALTH_INTERVAL, UNHEALTHY_LIMIT = 5.0, 20.0
"""Seconds between two checks of the health, and seconds after which an unhealthy component is killed."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A program that runs as long as the installation.

    Attributes:
        module: a Python module with its arguments; its environment cannot be seen in /proc.
        order: components with a lower order are stopped first.
        grace: the seconds between SIGTERM and SIGKILL when it is stopped.
    """

    name: str
    module: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    order: int = 0
    grace: float = 3.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """The process of a component.

    Attributes:
        started_at: the time of the start, by `time.monotonic`.
        exits: the number of consecutive exits.
        due: the time of the next start, by `time.monotonic`.
    """

    component: Component
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    exits: int = 0
    due: float = 0.0

    @property
    def pid(self) -> int | None:
        """The process ID; None if the process doesn't run."""
        return self.process.pid if self.process and self.process.poll() is None else None


class Supervisor:
    """Keeps the components and the embedded PostgreSQL, if there is one, running.

    One thread starts all processes, because they end when the thread that started them ends.

    Args:
        home: the home of the installation.
        report: called with a line of text for each exit of a process.
        on_change: called after each start and exit, with the identities of the running processes.
        unhealthy: returns the names of components that run but are not healthy; called every few seconds.
    """

    def __init__(
        self,
        components: Sequence[Component],
        *,
        home: Path,
        server: PostgresServer | None,
        report: Callable[[str], None],
        on_change: Callable[[Mapping[str, Mapping[str, float]]], None],
        unhealthy: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._runs = {component.name: Run(component=component) for component in components}
        self._home = home
        self._server = server
        self._report = report
        self._on_change = on_change
        self._unhealthy = unhealthy
        self._health_checked_at = time.monotonic()
        self._healthy_at = dict.fromkeys(self._runs, self._health_checked_at)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._server_started_at = self._server_due = time.monotonic()
        self._server_exits = 0

    def start(self) -> None:
        """Start all components."""
        self._thread.start()

    def add(self, component: Component) -> None:
        """Start another component, and keep it running."""
        self._runs[component.name] = Run(component=component)

    def stop(self) -> None:
        """Stop all components, but not PostgreSQL."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def runs(self) -> Mapping[str, Run]:
        """The current runs by component. This is a copy, because two threads use the runs."""
        return dict(self._runs)

    def _watch(self) -> None:
        while True:
            try:
                if self._restart_server():
                    self._restart_components()
                    self._kill_unhealthy()
            except (Unavailable, OSError, psutil.Error) as error:
                self._report(f"✗ {error}")
            if self._stopping.wait(POLL_INTERVAL):
                break
        self._stop_components()

    def _restart_server(self) -> bool:
        """Restart PostgreSQL if it has ended; returns whether it is running."""
        now = time.monotonic()
        if self._server is None or self._server.pid is not None:
            if now - self._server_started_at > STABLE_AFTER:
                self._server_exits = 0
            return True
        if now < self._server_due:
            return False
        self._report(f"✗ PostgreSQL ended; starting it again (log: {self._server.log})")
        self._server_due = now + _delay(self._server_exits)
        self._server_exits += 1
        self._server.start()
        self._server_started_at = time.monotonic()
        self._report_processes()
        return True

    def _restart_components(self) -> None:
        for name, run in self.runs().items():
            if run.process is None:
                if time.monotonic() >= run.due:
                    self._runs[name] = replace(run, exits=run.exits + 1, due=time.monotonic() + _delay(run.exits))
                    self._start(run)
            elif run.process.poll() is not None:
                self._handle_exit(name)
            elif run.exits and time.monotonic() - run.started_at > STABLE_AFTER:
                self._runs[name] = replace(run, exits=0)

    def _kill_unhealthy(self) -> None:
        """Kill components that have been unhealthy for too long.

        For example, a scheduler that has lost its database waits for its tasks, and schedules no others.
        """
        now = time.monotonic()
        if now - self._health_checked_at < HEALTH_INTERVAL:
            return
        self._health_checked_at = now
        unhealthy = self._unhealthy()
        for name, run in self.runs().items():
            if name not in unhealthy or now - run.started_at < STABLE_AFTER:
                self._healthy_at[name] = now
            elif now - self._healthy_at[name] > UNHEALTHY_LIMIT:
                self._report(f"✗ {name} has not been healthy for {UNHEALTHY_LIMIT:.0f} s; killing it")
                _signal(run, signal.SIGKILL)
                self._healthy_at[name] = now

    def _start(self, run: Run) -> None:
        component = run.component
        environment = {**component.environment, COMPONENT: component.name}
        with hidden(component.module, environment) as how:
            process = start(
                how.command,
                env=how.environment,
                log=component.log,
                parent_death_signal=signal.SIGTERM,
                keep_open=[how.descriptor],
            )
        self._runs[component.name] = replace(run, process=process, started_at=time.monotonic())
        self._report_processes()

    def _handle_exit(self, name: str) -> None:
        run = self._runs[name]
        assert run.process is not None
        delay = _delay(run.exits)
        self._runs[name] = replace(run, process=None, exits=run.exits + 1, due=time.monotonic() + delay)
        # Its child processes, such as the tasks of a scheduler, must not continue while the new process starts others.
        # They are killed: after SIGTERM, a task would report a failure, but Airflow retries tasks that were lost.
        end_marked(self._home, component=name, grace=0)
        self._report(
            f"✗ {name} ended ({describe_exit(run.process.returncode)}); starting it again in {delay:g} s "
            f"(log: {run.component.log})"
        )
        self._report_processes()

    def _stop_components(self) -> None:
        for order in sorted({run.component.order for run in self.runs().values()}):
            alive = [run for run in self.runs().values() if run.component.order == order and run.pid is not None]
            signalled_at = time.monotonic()
            for run in alive:
                _signal(run, signal.SIGTERM)
            while alive := [run for run in alive if run.pid is not None]:
                for run in alive:
                    if time.monotonic() - signalled_at > run.component.grace:
                        _signal(run, signal.SIGKILL)
                time.sleep(0.02)
        end_marked(self._home, grace=0)

    def _report_processes(self) -> None:
        running = {name: run.pid for name, run in self.runs().items()}
        if self._server is not None:
            running = {"postgres": self._server.pid, **running}
        self._on_change({name: identified(psutil.Process(pid)) for name, pid in running.items() if pid is not None})


def _signal(run: Run, number: signal.Signals) -> None:
    if run.process is not None:
        run.process.send_signal(number)


def describe_exit(returncode: int) -> str:
    """Describe the end of a process: `exit code 1`, `killed by SIGKILL`."""
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"


def _delay(exits: int) -> float:
    return min(MAX_DELAY, INITIAL_DELAY * 2.0 ** min(exits, 10))
