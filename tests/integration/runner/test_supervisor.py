"""Components that end are started again, and nothing is left when all is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from modelops.domain.errors import Unavailable
from modelops.runner import state, supervisor
from modelops.runner.configuration import MARKER
from modelops.runner.layout import Layout
from modelops.runner.postgres import PostgresServer
from modelops.runner.processes import end_marked, found, identified, marked
from modelops.runner.supervisor import Component, Supervisor
from modelops.settings import PROJECT_ROOT
from polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SLEEP = "import time; time.sleep(120)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(120)"
# A child in a session of its own, as Airflow's tasks are.
PARENT = "import subprocess, time; subprocess.Popen(['sleep', '120'], start_new_session=True); time.sleep(120)"
FAILING = "raise SystemExit(3)"


class Trial:
    """A supervisor of toy components in a home of its own, and what it has said."""

    def __init__(self, home: Path, server: PostgresServer | None = None) -> None:
        self.home = home
        self.server = server
        self.said: list[str] = []
        self.told: Mapping[str, Mapping[str, float]] = {}
        self.supervisor: Supervisor | None = None

    def component(self, name: str, code: str, *, order: int = 0, grace: float = 3) -> Component:
        module = f"toy_{name.replace('-', '_')}"
        (self.home / f"{module}.py").write_text(code)
        packages = f"{PROJECT_ROOT / 'include'}:{self.home}"
        environment = {MARKER: str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": packages}
        return Component(
            name=name,
            module=(module,),
            environment=environment,
            log=self.home / f"{name}.log",
            order=order,
            grace=grace,
        )

    def start(self, *components: Component) -> Supervisor:
        self.supervisor = Supervisor(
            components, home=self.home, server=self.server, report=self.said.append, on_change=self.tell
        )
        self.supervisor.start()
        return self.supervisor

    def tell(self, running: Mapping[str, Mapping[str, float]]) -> None:
        self.told = running

    def pid(self, name: str, *, other_than: int | None = None) -> int:
        assert self.supervisor is not None
        runs = self.supervisor.runs
        until(lambda: runs()[name].pid not in (None, other_than), f"{name} is running")
        pid = runs()[name].pid
        assert pid is not None
        return pid


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path)
    yield trial
    if trial.supervisor is not None:
        trial.supervisor.stop()
    end_marked(tmp_path, grace=0)


def test_a_killed_component_comes_back_and_is_told(trial: Trial) -> None:
    trial.start(trial.component("scheduler", SLEEP))
    first = trial.pid("scheduler")
    os.kill(first, signal.SIGKILL)
    second = trial.pid("scheduler", other_than=first)
    (line,) = trial.said
    assert line.startswith("✗ scheduler ended (killed by SIGKILL); starting it again in 0.5 s")
    until(
        lambda: "scheduler" in trial.told and found(trial.told["scheduler"]) == psutil.Process(second),
        "others are told the new process",
    )


def test_one_that_keeps_ending_is_started_more_and_more_seldom(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "INITIAL_DELAY", 0.05)
    trial.start(trial.component("observer", FAILING))
    until(lambda: len(trial.said) >= 4, "it has ended four times")
    delays = [line.split("again in ")[1].split(" ")[0] for line in trial.said[:4]]
    assert delays == ["0.05", "0.1", "0.2", "0.4"]
    assert "(exit code 3)" in trial.said[0]


def test_one_that_ran_well_for_a_while_is_forgiven(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STABLE_AFTER", 0.3)
    running = trial.start(trial.component("scheduler", SLEEP))
    os.kill(trial.pid("scheduler"), signal.SIGKILL)
    until(lambda: running.runs()["scheduler"].exits == 1, "its end is counted")
    until(lambda: running.runs()["scheduler"].exits == 0, "its end is forgotten")


def test_what_a_killed_component_had_started_does_not_go_on(trial: Trial) -> None:
    trial.start(trial.component("scheduler", PARENT), trial.component("triggerer", PARENT))
    first = trial.pid("scheduler")
    until(lambda: len(marked(trial.home, "scheduler")) == 2, "its child runs")
    until(lambda: len(marked(trial.home, "triggerer")) == 2, "the other's child runs")
    (child,) = [process for process in marked(trial.home, "scheduler") if process.pid != first]
    others = {process.pid for process in marked(trial.home, "triggerer")}
    os.kill(first, signal.SIGKILL)
    trial.pid("scheduler", other_than=first)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert {process.pid for process in marked(trial.home, "triggerer")} == others


def test_stopping_leaves_no_process_however_deaf(trial: Trial) -> None:
    running = trial.start(trial.component("scheduler", PARENT), trial.component("api-server", DEAF, grace=0.3, order=1))
    until(lambda: len(marked(trial.home)) == 3, "all three run")
    until(lambda: (trial.home / "api-server.log").read_text() == "deaf\n", "it has become deaf")
    running.stop()  # the deaf one is killed after its grace; it would go on for ever
    assert marked(trial.home) == []
    assert trial.said == []


def test_those_that_others_lean_on_are_stopped_last(trial: Trial) -> None:
    telling = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n"
        "    open('{home}/ended', 'a').write('{name} '); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); open('{home}/{name}.on', 'w').close(); time.sleep(120)"
    )
    names = {"api-server": 1, "scheduler": 0}
    running = trial.start(
        *(
            trial.component(name, telling.format(home=trial.home, name=name), order=order)
            for name, order in names.items()
        )
    )
    for name in names:
        until((trial.home / f"{name}.on").exists, f"{name} listens")
    running.stop()
    assert (trial.home / "ended").read_text().split() == ["scheduler", "api-server"]


def test_only_the_own_homes_processes_are_ended(trial: Trial, tmp_path: Path) -> None:
    environment = {MARKER: str(tmp_path / "other"), "MODELOPS_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    neighbour = subprocess.Popen(["sleep", "60"], env=environment)
    try:
        trial.start(trial.component("scheduler", SLEEP))
        trial.pid("scheduler")
        until(lambda: len(marked(trial.home)) == 1, "the component is marked")
        until(lambda: end_marked(trial.home, grace=1) >= 1, "the component, or what has followed it, is ended")
        assert neighbour.poll() is None, "MODELOPS_HOME alone makes no process ours"
    finally:
        neighbour.kill()
        neighbour.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_components_end_with_a_runner_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from integration.runner.test_supervisor import SLEEP, Trial\n"
        "trial = Trial(Path(sys.argv[1])); trial.start(trial.component('scheduler', SLEEP))\n"
        "print(trial.pid('scheduler'), flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment) as runner:
        assert runner.stdout is not None
        component = psutil.Process(int(runner.stdout.readline()))
        runner.kill()
    until(lambda: not component.is_running() or component.status() == psutil.STATUS_ZOMBIE, "it has ended")


def test_a_killed_postgres_is_started_again_before_the_components_are(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres", tmp_path / "postgres.log", durable=False)
    server.start()
    trial = Trial(tmp_path, server)
    try:
        trial.start(trial.component("scheduler", SLEEP))
        trial.pid("scheduler")
        assert server.pid is not None
        old = server.pid
        os.kill(old, signal.SIGKILL)
        until(lambda: server.pid not in (None, old), "PostgreSQL runs again", within=30)
        until(lambda: trial.told.get("postgres", {}).get("pid") == server.pid, "others are told")
        psycopg.connect(server.admin_url, connect_timeout=10).close()
        assert trial.said[0].startswith("✗ PostgreSQL ended; starting it again")
    finally:
        assert trial.supervisor is not None
        trial.supervisor.stop()
        server.stop(immediately=True)


def test_an_installation_is_held_by_one(tmp_path: Path) -> None:
    layout = Layout(home=tmp_path / "home")
    with state.locked(layout, command="psql") as hold:
        hold.update(url="http://127.0.0.1:1", ready=True)
        holder = state.current(layout)
        assert holder is not None
        assert (holder.process.pid, holder.command, holder.ready) == (os.getpid(), "psql", True)
        with pytest.raises(Unavailable, match=rf"in use by `\./modelops psql` \(process {os.getpid()}\)"):  # noqa: SIM117
            with state.locked(layout, command="up"):
                pytest.fail("two hold it")
    assert state.current(layout) is None
    with state.locked(layout, command="up"):
        pass


def test_a_runner_that_died_is_not_taken_for_another_process_with_its_number(tmp_path: Path) -> None:
    mine = identified(psutil.Process())
    assert found(mine) is not None
    assert found({**mine, "create_time": mine["create_time"] - 100}) is None
