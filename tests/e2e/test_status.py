"""What `./modelops status` says of an installation that runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from e2e.waiting import eventually
from modelops.runner.status import status
from modelops.runner.steps import Steps

if TYPE_CHECKING:
    from e2e.system import System


def told(system: System) -> tuple[int, str]:
    output = io.StringIO()
    code = status(system.installation, steps=Steps(output))
    return code, output.getvalue()


def test_all_is_well(system: System) -> None:
    """Also what the observer may read of Airflow, and how far behind the ledger is."""
    eventually("all is well", lambda: told(system)[0] == 0, story=lambda: told(system)[1])
    assert "!" not in told(system)[1]
