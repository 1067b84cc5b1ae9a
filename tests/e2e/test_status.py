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


def test_a_dag_file_that_cannot_be_imported(system: System) -> None:
    eventually("all is well", lambda: told(system)[0] == 0, story=lambda: told(system)[1])
    broken = system.installation.dags / "broken.py"
    try:
        broken.write_text("from airflow.sdk import DAG\n\nraise LookupError('there is nothing here')\n")
        said = f"! A DAG file can't be imported: {broken.name}: LookupError: there is nothing here"
        eventually("it is told", lambda: said in told(system)[1].splitlines(), story=lambda: told(system)[1])
        assert told(system)[0] == 1
    finally:
        broken.unlink()
    eventually("all is well again", lambda: told(system)[0] == 0, story=lambda: told(system)[1])
