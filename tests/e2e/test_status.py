"""What `./modelops status` says of an installation that runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from e2e.waiting import eventually
from modelops.runner.status import status
from modelops.runner.steps import Steps
from modelops.runtime.confinement import Confinement

if TYPE_CHECKING:
    import pytest

    from e2e.system import System


def told(system: System) -> tuple[int, str]:
    output = io.StringIO()
    code = status(system.installation, steps=Steps(output))
    return code, output.getvalue()


def test_all_is_well(system: System) -> None:
    """Also what the observer may read of Airflow, and how far behind the ledger is."""
    eventually("all is well", lambda: told(system)[0] == 0, story=lambda: told(system)[1])
    assert "!" not in told(system)[1]
    assert "users' code is confined: no new privileges, no capabilities, Landlock, seccomp" in told(system)[1]


def test_what_the_machine_lacks_is_named(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Confinement(held=("no new privileges", "no capabilities", "seccomp"), missing={"Landlock": "not there"})
    monkeypatch.setattr("modelops.runner.status.confinement_of_this_machine", lambda: lacking)
    line = "! users' code is half confined: no new privileges, no capabilities, seccomp; this machine lacks Landlock"
    assert f"{line} (not there)\n" in told(system)[1]
