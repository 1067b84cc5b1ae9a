"""Checks a feature task without Airflow and without leaving a trace."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from modelops.domain.findings import Findings
from modelops.kinds.feature_task.code import REQUIREMENTS
from modelops.kinds.feature_task.columns import check_declared
from modelops.kinds.feature_task.preflight import check_output
from modelops.repository.catalogue import reference_of
from modelops.repository.kinds import TASKS
from modelops.repository.pin import pin_folder
from modelops.runtime.environment import build, resolve

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.jobs.run import Log
    from modelops.settings import Settings


def check_task_folder(folder: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log) -> None:
    """Read a feature task's folder, check its SQL, its columns and its table, and build its environment.

    Its rows are not made: the run of its pipeline does that. Files that aren't committed yet are used as they are.

    Raises:
        BadInput: what is wrong; SeveralErrors, where there is more.
        Unavailable: the platform's trouble.
    """
    settings.work.mkdir(parents=True, exist_ok=True)
    findings = Findings()
    with TemporaryDirectory(prefix="check-", dir=settings.work) as scratch:
        task = pin_folder(TASKS, folder, destination=Path(scratch) / "code", allow_dirty=True).definition
        echo(f"✓ {task.title}: {len(task.columns)} columns, in {task.language}")
        with findings.collecting():
            check_declared(task, sql_url)
            echo(f"✓ SQL of {', '.join([*task.inputs, *(['task.sql'] if task.sql else [])])}")
        with findings.collecting():
            check_output(task, ledger, name=reference_of(TASKS, folder, settings))
            echo(f"✓ Table {task.output}")
        if task.function:
            with findings.collecting():
                lock = resolve(task.requirements, settings=settings, where=REQUIREMENTS, log=echo)
        findings.refuse()
        if task.function:
            build(lock, settings=settings, where=REQUIREMENTS, log=echo)
    echo("✓ This feature task can be imported. Its rows are checked when its pipeline runs it.")
