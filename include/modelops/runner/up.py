"""Starts an installation, keeps it running, and stops it."""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput
from modelops.polling import poll
from modelops.runner import components, state
from modelops.runner.bootstrap import (
    database,
    fetch_repositories,
    load_demo,
    migrate_airflow,
    migrate_registry,
    side_by_side,
)
from modelops.runner.configuration import accounts
from modelops.runner.health import Start, unwell
from modelops.runner.postgres import end_leftover
from modelops.runner.processes import end_marked
from modelops.runner.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps


@contextmanager
def running(
    installation: Installation, *, steps: Steps, command: str = "up", with_demo: bool | None = None
) -> Iterator[None]:
    """All of the installation is up inside, and down after.

    One that another process has already brought up is used, and left up.

    Args:
        with_demo: whether the demonstration's data is loaded; by default into the embedded database only.

    Raises:
        Unavailable: something that it stands on can't be had.
        StartFailed: a component doesn't come up, or a DAG file can't be imported.
        BadInput: another process has brought it up with other code.
    """
    if is_up(installation):
        check_running_code(installation, command=command)
        if with_demo:
            load_demo(installation, steps=steps)
        yield
        return
    with state.held(installation.layout, command=command) as hold:
        clear_away(installation, steps=steps)
        try:
            with installation.port_claimed():
                hold.tell(url=installation.url)
                with database(installation, steps=steps), _started(installation, steps, hold, with_demo=with_demo):
                    hold.tell(ready=True)
                    yield
                    hold.tell(ready=False)
        finally:
            end_marked(installation.layout.home, grace=0)


@contextmanager
def _started(installation: Installation, steps: Steps, hold: state.Hold, *, with_demo: bool | None) -> Iterator[None]:
    """All components run and are healthy inside; the database server is up."""
    _prepare(installation, steps=steps, with_demo=installation.embedded if with_demo is None else with_demo)
    with _components(installation, steps=steps, hold=hold) as supervisor:
        _await(installation, supervisor, steps=steps)
        yield


@contextmanager
def with_database(installation: Installation, *, steps: Steps, command: str) -> Iterator[None]:
    """The database server is up inside, and as it was after."""
    if is_up(installation):
        yield
        return
    with state.held(installation.layout, command=command):
        clear_away(installation, steps=steps)
        with database(installation, steps=steps):
            yield


def is_up(installation: Installation) -> bool:
    """Whether somebody has the installation up; one that is just being brought up is waited for."""
    told = False
    for _ in poll(every=0.2, within=math.inf):
        runner = state.current(installation.layout)
        if runner is None or runner.url is None:
            break
        if runner.ready:
            return True
        if not told:
            print(f"Waiting for `./modelops {runner.command}` (process {runner.process.pid}) …", file=sys.stderr)
            told = True
    return False


def check_running_code(installation: Installation, *, command: str) -> None:
    """Check that what is up runs the code that is on this machine now.

    Raises:
        BadInput: the code has changed since it was started.
    """
    runner = state.current(installation.layout)
    if runner is not None and not runner.runs_this_code:
        raise BadInput(
            f"the code has changed since {installation.url} was started, and its jobs refuse to run",
            where=f"./modelops {command}",
            expected="`./modelops down`, then `./modelops up`, which migrates the databases and starts the new code;"
            " jobs that were interrupted are tried again",
        )


def take_down(installation: Installation, *, steps: Steps) -> bool:
    """Stop the running installation and its processes; returns whether there was anything to stop."""
    runner = state.current(installation.layout)
    if runner is not None:
        with steps.step("Stopped"):
            state.stop(runner)
    with state.held(installation.layout, command="down"):
        return clear_away(installation, steps=steps) or runner is not None


def clear_away(installation: Installation, *, steps: Steps, immediately: bool = False) -> bool:
    """End what an earlier run left behind, as a `kill -9` does; whether there was anything."""
    layout = installation.layout
    started = time.monotonic()
    ended = end_marked(layout.home, grace=0 if immediately else 3)
    server = installation.embedded and end_leftover(layout.postgres, immediately=immediately)
    if ended or server:
        steps.say(
            f"✓ Ended what an earlier run had left ({ended + server} processes, {time.monotonic() - started:.1f} s)"
        )
    return bool(ended or server)


def _prepare(installation: Installation, *, steps: Steps, with_demo: bool) -> None:
    def bring_data() -> None:
        migrate_registry(installation, steps=steps)
        if with_demo:
            load_demo(installation, steps=steps)

    side_by_side(
        bring_data,
        lambda: migrate_airflow(installation, steps=steps),
        lambda: fetch_repositories(installation, steps=steps),
    )


@contextmanager
def _components(installation: Installation, *, steps: Steps, hold: state.Hold) -> Iterator[Supervisor]:
    accounts(installation.layout, installation.environ)  # else Airflow makes passwords, and prints them into its log
    supervisor = Supervisor(
        components.airflow(installation),
        home=installation.layout.home,
        server=installation.server,
        report=steps.say,
        changed=lambda running: hold.tell(components=running),
        unwell=lambda: unwell(installation.url),
    )
    supervisor.start()
    try:
        yield supervisor
    finally:
        with steps.step("Components stopped"):
            supervisor.stop()


def _await(installation: Installation, supervisor: Supervisor, *, steps: Steps) -> None:
    since = datetime.now(UTC)
    start = Start(installation, supervisor)
    with steps.step("Airflow healthy"):
        start.await_health()
    with steps.step("DAGs parsed"):
        start.await_dags(since=since)
    with steps.step("Observer running"):
        # Not before: it has nothing to ask, and the others need the processor.
        supervisor.add(components.observer(installation))
        start.await_component("observer", seconds=1)
