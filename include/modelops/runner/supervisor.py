"""Starts the components, watches them, and starts again what ends."""

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

LOOK_EVERY = 0.2
"""Seconds between two looks at the processes."""
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds until a component that ended is started again; doubled each time."""
HEALTHY_AFTER = 60.0
"""Seconds that a component must have run for its earlier ends to be forgotten."""

ASK_EVERY, UNWELL_FOR = 5.0, 20.0
"""Seconds between two questions whether a component is well, and for which it must not have been before it is ended."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A program that has to run as long as the installation does.

    `module` is a Python module with its arguments; its environment isn't to be seen in /proc. `order` says when it is
    stopped: lower first. `grace` is how many seconds it then has to end by itself.
    """

    name: str
    module: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    order: int = 0
    grace: float = 3.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """One component's process, and how often it ended in a row."""

    component: Component
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    ended: int = 0
    due: float = 0.0

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None


class Supervisor:
    """Keeps the components, and the embedded PostgreSQL if there is one, running.

    All processes are started by one thread of its own, as they end with the thread that started them.

    Args:
        home: whose processes these are.
        report: gets one line for each end of a process.
        changed: is called after each start and end, with the numbers of the processes that run.
        unwell: names the components that run but, by their own account, do nothing; asked every few seconds.
    """

    def __init__(
        self,
        components: Sequence[Component],
        *,
        home: Path,
        server: PostgresServer | None,
        report: Callable[[str], None],
        changed: Callable[[Mapping[str, Mapping[str, float]]], None],
        unwell: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._runs = {component.name: Run(component=component) for component in components}
        self._home = home
        self._server = server
        self._report = report
        self._changed = changed
        self._unwell = unwell
        self._asked = time.monotonic()
        self._well = dict.fromkeys(self._runs, self._asked)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._server_since = self._server_due = time.monotonic()
        self._server_ended = 0

    def start(self) -> None:
        """Start all components."""
        self._thread.start()

    def add(self, component: Component) -> None:
        """Keep one more component running from now on."""
        self._runs[component.name] = Run(component=component)

    def stop(self) -> None:
        """Stop all components; the database is left to who started it."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def runs(self) -> Mapping[str, Run]:
        """The components as they are now, by name; a copy, as two threads have to do with them."""
        return dict(self._runs)

    def _watch(self) -> None:
        while True:
            try:
                if self._tend_server():
                    self._tend_components()
                    self._end_the_unwell()
            except (Unavailable, OSError, psutil.Error) as error:
                self._report(f"✗ {error}")
            if self._stopping.wait(LOOK_EVERY):
                break
        self._end_components()

    def _tend_server(self) -> bool:
        """Start PostgreSQL again if it has ended; whether it runs."""
        now = time.monotonic()
        if self._server is None or self._server.pid is not None:
            if now - self._server_since > HEALTHY_AFTER:
                self._server_ended = 0
            return True
        if now < self._server_due:
            return False
        self._report(f"✗ PostgreSQL ended; starting it again (log: {self._server.log})")
        self._server_due = now + _delay(self._server_ended)
        self._server_ended += 1
        self._server.start()
        self._server_since = time.monotonic()
        self._tell()
        return True

    def _tend_components(self) -> None:
        for name, run in self.runs().items():
            if run.process is None:
                if time.monotonic() >= run.due:
                    self._runs[name] = replace(run, ended=run.ended + 1, due=time.monotonic() + _delay(run.ended))
                    self._start(run)
            elif run.process.poll() is not None:
                self._note_end(name)
            elif run.ended and time.monotonic() - run.since > HEALTHY_AFTER:
                self._runs[name] = replace(run, ended=0)

    def _end_the_unwell(self) -> None:
        """Kill what has long been unwell. A scheduler that lost its database waits for its tasks and plans no more."""
        now = time.monotonic()
        if now - self._asked < ASK_EVERY:
            return
        self._asked = now
        unwell = self._unwell()
        for name, run in self.runs().items():
            if name not in unwell or now - run.since < HEALTHY_AFTER:
                self._well[name] = now
            elif now - self._well[name] > UNWELL_FOR:
                self._report(f"✗ {name} runs, but hasn't been well for {UNWELL_FOR:.0f} s; ending it")
                _signal(run, signal.SIGKILL)
                self._well[name] = now

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
        self._runs[component.name] = replace(run, process=process, since=time.monotonic())
        self._tell()

    def _note_end(self, name: str) -> None:
        run = self._runs[name]
        assert run.process is not None
        delay = _delay(run.ended)
        self._runs[name] = replace(run, process=None, ended=run.ended + 1, due=time.monotonic() + delay)
        # Its children, a scheduler's tasks above all, would go on beside those that the new one starts. They aren't
        # asked to end: that would count as a failure of theirs. Airflow tries again what was lost.
        end_marked(self._home, component=name, grace=0)
        self._report(
            f"✗ {name} ended ({in_words(run.process.returncode)}); starting it again in {delay:g} s "
            f"(log: {run.component.log})"
        )
        self._tell()

    def _end_components(self) -> None:
        for order in sorted({run.component.order for run in self.runs().values()}):
            alive = [run for run in self.runs().values() if run.component.order == order and run.pid is not None]
            asked = time.monotonic()
            for run in alive:
                _signal(run, signal.SIGTERM)
            while alive := [run for run in alive if run.pid is not None]:
                for run in alive:
                    if time.monotonic() - asked > run.component.grace:
                        _signal(run, signal.SIGKILL)
                time.sleep(0.02)
        end_marked(self._home, grace=0)

    def _tell(self) -> None:
        running = {name: run.pid for name, run in self.runs().items()}
        if self._server is not None:
            running = {"postgres": self._server.pid, **running}
        self._changed({name: identified(psutil.Process(pid)) for name, pid in running.items() if pid is not None})


def _signal(run: Run, number: signal.Signals) -> None:
    if run.process is not None:
        run.process.send_signal(number)


def in_words(returncode: int) -> str:
    """How a process ended: `exit code 1`, `killed by SIGKILL`."""
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"


def _delay(ended: int) -> float:
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(ended, 10))
