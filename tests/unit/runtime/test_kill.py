"""kill -9 of each process in turn: nothing stays behind, and the job hears of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import ChildLost
from unit.runtime.models import FAMILY, Model, alive, gone, marked

if TYPE_CHECKING:
    from pathlib import Path

FOR_EVER = f"{FAMILY}\n    def train(context):\n        family()\n        time.sleep(1000)"

PARENT = """
import sys
from pathlib import Path
from unit.runtime.models import Model
model = Model(Path(sys.argv[1]), job_id=sys.argv[2])
model.run(on_line=lambda line: print(line, flush=True))
"""


def kill_when_it_runs(model: Model, which: int) -> list[int]:
    """Kill one of the family (0: the code's own process, 1: the guard) once it is there; all of the family."""
    family: list[int] = []

    def on_line(line: str) -> None:
        if line.startswith("family"):
            family.extend(map(int, line.split()[1:]))
            os.kill(family[which], signal.SIGKILL)

    with pytest.raises(ChildLost) as lost:
        model.write(FOR_EVER).run(on_line=on_line)
    assert len(family) == 5
    assert "train()" in str(lost.value)
    return family


def test_the_codes_process_is_killed(model: Model) -> None:
    family = kill_when_it_runs(model, 0)
    assert alive(family) == []
    assert marked(model.job_id) == []


def test_the_guard_is_killed(model: Model) -> None:
    family = kill_when_it_runs(model, 1)
    assert alive(family) == []
    assert marked(model.job_id) == []


@pytest.fixture
def tests_folder(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / "tests"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_job_is_killed(model: Model, tests_folder: Path, number: signal.Signals) -> None:
    model.write(FOR_EVER)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(model.tmp_path), model.job_id],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tests_folder), str(tests_folder.parent / "include")])},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        family = list(map(int, parent.stdout.readline().split()[1:]))
        assert alive(family) == family
        parent.send_signal(number)
        assert parent.wait() == -number
    assert gone(lambda: alive(family) + marked(model.job_id)), f"these stayed: {alive(family)}"


def test_the_job_and_the_guard_are_killed_together(model: Model, tests_folder: Path) -> None:
    model.write("import os, time\ndef train(context):\n    print(os.getpid(), os.getppid())\n    time.sleep(1000)")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(model.tmp_path), model.job_id],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tests_folder), str(tests_folder.parent / "include")])},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        code, guard = map(int, parent.stdout.readline().split())
        parent.kill()
        os.kill(guard, signal.SIGKILL)
    assert gone(lambda: alive([code, guard]) + marked(model.job_id))


def test_stopping_is_quick(model: Model) -> None:
    """What Airflow gives a task between SIGTERM and SIGKILL is five seconds."""
    stopped: list[float] = []

    def on_line(line: str) -> None:
        stopped.append(time.monotonic())
        raise KeyboardInterrupt

    model.write(
        "import signal, time\ndef train(context):\n    signal.signal(15, print)\n    print()\n    time.sleep(99)"
    )
    with pytest.raises(KeyboardInterrupt):
        model.run(on_line=on_line)
    assert time.monotonic() - stopped[0] < 1
