"""kill -9 of each process in turn: nothing stays behind, and the job hears of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias

import pytest

from modelops.domain.errors import ChildLost
from modelops.runtime.child.guard import GRACE_SECONDS
from unit.runtime.models import FAMILY, Model, alive, gone, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start: TypeAlias = Callable[..., tuple[subprocess.Popen[str], list[int]]]

FOR_EVER = f"{FAMILY}\n    def train(context):\n        family()\n        time.sleep(1000)"
# Whoever leaves session and environment is found by the guard alone.
MARKED_FOR_EVER = FOR_EVER.replace("family()\n        time", "family(os.environ)\n        time")
ALONE = "import os, time\ndef train(context):\n    print('family', os.getpid(), os.getppid())\n    time.sleep(1000)"

PARENT = """
import os, sys, time
from pathlib import Path
from unit.runtime.models import Model

def on_line(line):
    if "fork" in sys.argv:
        pid = os.fork()
        if pid == 0:
            time.sleep(1000)
        line += f" {pid}"
    print(line, flush=True)

Model(Path(sys.argv[1]), job_id=sys.argv[2]).run(on_line=on_line)
"""


@pytest.fixture
def start_job(model: Model, pytestconfig: pytest.Config) -> Iterator[Start]:
    """Starts a job in a process of its own; gives that, and the ids of the code's processes."""
    path = os.pathsep.join([str(pytestconfig.rootpath / "tests"), str(pytestconfig.rootpath / "include")])
    with contextlib.ExitStack() as stack:

        def start(source: str, *arguments: str) -> tuple[subprocess.Popen[str], list[int]]:
            model.write(source)
            job = subprocess.Popen(
                [sys.executable, "-c", PARENT, str(model.tmp_path), model.job_id, *arguments],
                env=os.environ | {"PYTHONPATH": path},
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(job)
            stack.callback(job.kill)
            assert job.stdout is not None
            family = list(map(int, job.stdout.readline().split()[1:]))
            assert alive(family) == family
            return job, family

        yield start


def kill_when_it_runs(model: Model, source: str, which: int) -> list[int]:
    """Kill one of the family (0: the code's own process, 1: the guard) once it is there; all of the family."""
    family: list[int] = []

    def on_line(line: str) -> None:
        if line.startswith("family"):
            family.extend(map(int, line.split()[1:]))
            os.kill(family[which], signal.SIGKILL)

    with pytest.raises(ChildLost) as lost:
        model.write(source).run(on_line=on_line)
    assert len(family) == 5
    assert "train()" in str(lost.value)
    return family


def test_the_codes_process_is_killed(model: Model) -> None:
    family = kill_when_it_runs(model, FOR_EVER, 0)
    assert alive(family) == []
    assert marked(model.job_id) == []


def test_the_guard_is_killed(model: Model) -> None:
    family = kill_when_it_runs(model, MARKED_FOR_EVER, 1)
    assert alive(family) == []
    assert marked(model.job_id) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_job_is_killed(model: Model, start_job: Start, number: signal.Signals) -> None:
    job, family = start_job(FOR_EVER)
    job.send_signal(number)
    assert job.wait() == -number
    assert gone(lambda: alive(family) + marked(model.job_id)), f"these stayed: {alive(family)}"


def test_the_job_is_killed_and_a_fork_of_it_holds_its_files_open(model: Model, start_job: Start) -> None:
    job, (*family, fork) = start_job(FOR_EVER, "fork")
    try:
        job.kill()
        assert gone(lambda: alive(family) + marked(model.job_id)), f"these stayed: {alive(family)}"
    finally:
        os.kill(fork, signal.SIGKILL)


def test_the_job_and_the_guard_are_killed_together(model: Model, start_job: Start) -> None:
    job, family = start_job(ALONE)
    job.kill()
    os.kill(family[1], signal.SIGKILL)
    assert gone(lambda: alive(family) + marked(model.job_id)), f"these stayed: {alive(family)}"


def test_stopping_is_quick(model: Model) -> None:
    """Code that ignores SIGTERM is killed. Airflow gives a task five seconds between SIGTERM and SIGKILL."""

    def on_line(line: str) -> None:
        raise KeyboardInterrupt

    model.write(
        "import signal, time\ndef train(context):\n    signal.signal(15, print)\n    print()\n    time.sleep(9999)"
    )
    with pytest.raises(KeyboardInterrupt):
        model.run(on_line=on_line)
    assert marked(model.job_id) == []
    assert GRACE_SECONDS < 5
