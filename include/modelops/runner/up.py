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
    run_concurrently,
)
from modelops.runner.configuration import accounts
from modelops.runner.health import StartupCheck, unhealthy_components
from modelops.runner.postgres import stop_running_server
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
    """Start the installation, and stop it at the end.

    If another process has already started the installation, it is used and keeps running.

    Args:
        with_demo: whether the demonstration's data is loaded; by default, only into the embedded database.

    Raises:
        Unavailable: a database, a port or the lock of the installation is not available.
        StartFailed: a component doesn't become healthy, or a DAG file can't be imported.
        BadInput: another process has started the installation with other code.
    """
    if is_up(installation):
        check_running_code(installation, command=command)
        if with_demo:
            load_demo(installation, steps=steps)
        yield
        return
    with state.locked(installation.layout, command=command) as state_file:
        stop_leftovers(installation, steps=steps)
        try:
            with installation.port_claimed():
                state_file.update(url=installation.url)
                with (
                    database(installation, steps=steps),
                    _started(installation, steps, state_file, with_demo=with_demo),
                ):
                    state_file.update(ready=True)
                    yield
                    state_file.update(ready=False)
        finally:
            end_marked(installation.layout.home, grace=0)


@contextmanager
def _started(
    installation: Installation, steps: Steps, state_file: state.StateFile, *, with_demo: bool | None
) -> Iterator[None]:
    """Start all components and wait until they are healthy; stop them at the end. The database server must be up."""
    _prepare(installation, steps=steps, with_demo=installation.embedded if with_demo is None else with_demo)
    with _components(installation, steps=steps, state_file=state_file) as supervisor:
        _await_startup(installation, supervisor, steps=steps)
        yield


@contextmanager
def with_database(installation: Installation, *, steps: Steps, command: str) -> Iterator[None]:
    """Start the database server unless it is up, and stop it at the end if it was started."""
    if is_up(installation):
        yield
        return
    with state.locked(installation.layout, command=command):
        stop_leftovers(installation, steps=steps)
        with database(installation, steps=steps):
            yield


def is_up(installation: Installation) -> bool:
    """Whether another process has started the installation. If it is still starting, wait until it is up."""
    has_printed = False
    for _ in poll(every=0.2, within=math.inf):
        runner = state.current(installation.layout)
        if runner is None or runner.url is None:
            break
        if runner.ready:
            return True
        if not has_printed:
            print(f"Waiting for `./modelops {runner.command}` (process {runner.process.pid}) …", file=sys.stderr)
            has_printed = True
    return False


def check_running_code(installation: Installation, *, command: str) -> None:
    """Check that the running installation has the code of this machine.

    Raises:
        BadInput: the code has changed since the installation was started.
    """
    runner = state.current(installation.layout)
    if runner is not None and not runner.runs_this_code:
        raise BadInput(
            f"the code has changed since {installation.url} was started, and its jobs refuse to run",
            where=f"./modelops {command}",
            expected="`./modelops down`, then `./modelops up`, which migrates the databases and starts the new code;"
            " Airflow retries interrupted jobs",
        )


def stop_installation(installation: Installation, *, steps: Steps) -> bool:
    """Stop the running installation and its processes; returns whether there was anything to stop."""
    runner = state.current(installation.layout)
    if runner is not None:
        with steps.step("Stopped"):
            state.stop(runner)
    with state.locked(installation.layout, command="down"):
        return stop_leftovers(installation, steps=steps) or runner is not None


def stop_leftovers(installation: Installation, *, steps: Steps, immediately: bool = False) -> bool:
    """End processes that an earlier run has left, for example after a `kill -9`; returns whether there were any."""
    layout = installation.layout
    started = time.monotonic()
    ended = end_marked(layout.home, grace=0 if immediately else 3)
    server = installation.embedded and stop_running_server(layout.postgres, immediately=immediately)
    if ended or server:
        steps.say(
            f"✓ Ended processes of an earlier run ({ended + server} processes, {time.monotonic() - started:.1f} s)"
        )
    return bool(ended or server)


def _prepare(installation: Installation, *, steps: Steps, with_demo: bool) -> None:
    def prepare_data() -> None:
        migrate_registry(installation, steps=steps)
        if with_demo:
            load_demo(installation, steps=steps)

    run_concurrently(
        prepare_data,
        lambda: migrate_airflow(installation, steps=steps),
        lambda: fetch_repositories(installation, steps=steps),
    )


@contextmanager
def _components(installation: Installation, *, steps: Steps, state_file: state.StateFile) -> Iterator[Supervisor]:
    # Airflow would generate missing passwords, and write them to its log.
    accounts(installation.layout, installation.environ)
    supervisor = Supervisor(
        components.airflow(installation),
        home=installation.layout.home,
        server=installation.server,
        report=steps.say,
        on_change=lambda processes: state_file.update(components=processes),
        unhealthy=lambda: unhealthy_components(installation.url),
    )
    supervisor.start()
    try:
        yield supervisor
    finally:
        with steps.step("Components stopped"):
            supervisor.stop()


def _await_startup(installation: Installation, supervisor: Supervisor, *, steps: Steps) -> None:
    since = datetime.now(UTC)
    start = StartupCheck(installation, supervisor)
    with steps.step("Airflow healthy"):
        start.await_health()
    with steps.step("DAGs parsed"):
        start.await_dags(since=since)
    with steps.step("Observer running"):
        # It starts last: it needs the API server, and the other components need the processor to start.
        supervisor.add(components.observer(installation))
        start.await_component("observer", seconds=1)
