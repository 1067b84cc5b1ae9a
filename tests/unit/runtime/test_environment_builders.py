"""Jobs that need the same environment at once: who builds, who waits, and for what. uv isn't run."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import Unavailable
from modelops.runtime import environment as environments
from modelops.runtime.environment import MARKER, Environment, Lock, build, folder_name
from modelops.runtime.environment_locks import WAITING, SharedLock
from modelops.settings import MachineSettings

if TYPE_CHECKING:
    from pathlib import Path

LOCK = Lock(text="six==1\n", sha256="a" * 64)
SECONDS = 60
"""After which something hangs that should have gone on."""


@pytest.fixture
def machine(tmp_path: Path) -> MachineSettings:
    return MachineSettings(home=tmp_path)


def make(folder: Path) -> None:
    """What an installation leaves."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / MARKER).touch()


def test_who_waits_for_an_incomplete_environment_says_so_once(
    machine: MachineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "_install", lambda _env, _text, folder, **_: make(folder))
    folder = machine.environments / folder_name(LOCK.sha256)
    folder.mkdir(parents=True)
    user, waits = SharedLock(folder, print), threading.Event()
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        waits.set()

    with ThreadPoolExecutor(1) as pool:
        built = pool.submit(build, LOCK, machine=machine, where="", log=log)
        try:
            assert waits.wait(SECONDS), "it waits in silence"
        finally:
            user.close()
        assert built.result(SECONDS).python.exists()
    assert [line for line in lines if not line.startswith("environment ready")] == [
        WAITING,
        "building the environment (1 package)",
    ]


def test_after_a_build_that_failed_the_next_one_builds_and_the_others_use_that(
    machine: MachineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, waiting, tries = 4, threading.Semaphore(0), []

    def install(_environment: Environment, _text: str, folder: Path, **_: object) -> None:
        tries.append(folder)
        if len(tries) == 1:
            for _each in range(jobs - 1):
                assert waiting.acquire(timeout=SECONDS), "another one doesn't wait"
            raise Unavailable("the index is away")
        make(folder)

    def log(line: str) -> None:
        if line == WAITING:
            waiting.release()

    monkeypatch.setattr(environments, "_install", install)
    with ThreadPoolExecutor(jobs) as pool:
        builds = [pool.submit(build, LOCK, machine=machine, where="", log=log) for _ in range(jobs)]
        # Each result is kept, as a job keeps its environment until it ends: nobody waits for that.
        failures = [build.exception(SECONDS) for build in builds]
    assert sorted(type(failure).__name__ for failure in failures) == ["NoneType"] * (jobs - 1) + ["Unavailable"]
    assert len(tries) == 2
