"""What one host is called: well or not, killed or still there. No namespaces are needed."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import Unavailable
from modelops.runner.hosts import live_host
from modelops.runner.hosts.compose import Condition
from modelops.runner.hosts.live_host import LiveHost, State
from modelops.runner.hosts.plan import Host
from modelops.runner.identity import Identity

if TYPE_CHECKING:
    from pathlib import Path


def live(folder: Path, restart: str = "no", *, is_awaited: bool = False) -> LiveHost:
    host = Host(
        name="once",
        service="once",
        number=0,
        folder=folder,
        command=("true",),
        environment={},
        workdir="/",
        binds=(),
        restart=restart,
        is_awaited=is_awaited,
    )
    identity = Identity(prefix=(), uid=os.getuid(), gid=os.getgid())
    return LiveHost(host, names="", identity=identity, log=folder / "once.log")


@pytest.mark.parametrize("is_awaited", [False, True])
@pytest.mark.parametrize(
    ("restart", "code", "well"),
    [
        ("no", 0, True),
        ("on-failure", 0, True),
        ("on-failure:2", 0, True),
        ("no", 1, False),
        ("on-failure:2", 1, False),
        ("always", 0, False),
        ("unless-stopped", 0, False),
    ],
)
def test_a_program_that_has_ended_is_well_if_its_service_has_no_more_to_do(
    restart: str, code: int, well: bool, is_awaited: bool, tmp_path: Path
) -> None:
    ended = live(tmp_path, restart, is_awaited=is_awaited)
    ended.state, ended.code = State.EXITED, code
    assert ended.is_well is well


def test_a_kill_that_the_kernel_does_not_do_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_host, "KILL_WITHIN", 0.01)
    sleeper = subprocess.Popen(["sleep", "infinity"])
    try:
        running = live(tmp_path)
        running.state, running._process = State.RUNNING, sleeper
        with pytest.raises(Unavailable, match="once was killed, but the kernel hasn't ended its processes"):
            running.kill()
    finally:
        sleeper.kill()
        sleeper.wait()


@pytest.mark.parametrize(
    ("restart", "states"), [("no", [State.FAILED]), ("on-failure:2", [State.PAUSING, State.PAUSING, State.FAILED])]
)
def test_a_start_that_fails_counts_as_a_failure_of_the_program(
    restart: str, states: list[State], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise PermissionError("not here")

    failing, seen = live(tmp_path, restart), []
    end = failing._end
    monkeypatch.setattr(live_host, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(live_host, "spec_of", refuse)
    monkeypatch.setattr(failing, "_end", lambda state, why="": (seen.append(state), end(state, why)))
    failing.keep_up({})
    assert seen == states
    assert (failing.why, failing.starts) == ("not here", len(states))
    assert (tmp_path / "once.log").read_text().count("The host can't be started: not here\n") == len(states)
    assert failing.satisfies(Condition.STARTED) is None
