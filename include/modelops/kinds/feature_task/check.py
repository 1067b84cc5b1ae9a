"""Checks the folder of a feature task without Airflow; nothing is recorded."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import SeveralErrors
from modelops.domain.findings import Findings, sorted_by_place
from modelops.kinds.feature_task.code import REQUIREMENTS
from modelops.kinds.feature_task.columns import check_declared
from modelops.kinds.feature_task.preflight import check_output
from modelops.repository.catalogue import index_of, reference_of
from modelops.repository.kinds import TASKS
from modelops.repository.pin import pin_folder
from modelops.runtime.environment import build, resolve

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.jobs.run import Log
    from modelops.runtime.environment import Lock
    from modelops.settings import MachineSettings, Settings


def check_task_folder(folder: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log) -> None:
    """Read a feature task's folder, check its SQL, its columns and its table, and build its environment.

    The check makes no rows; the run in its pipeline does. Uncommitted files are used as they are.

    Raises:
        BadInput: the folder has an error; SeveralErrors if it has several, sorted by file and line.
        Unavailable: a service is unavailable.
    """
    settings.machine.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="check-", dir=settings.machine.work) as scratch:
        lock = read_task_folder(folder, Path(scratch), sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
    build_for(lock, machine=settings.machine, echo=echo)


def read_task_folder(
    folder: Path, scratch: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log
) -> Lock | None:
    """Run the checks that need no environment; returns the pinned packages of a task in Python.

    Raises:
        BadInput, Unavailable: as `check_task_folder`.
    """
    findings = Findings()
    lock = None
    task = pin_folder(TASKS, folder, destination=scratch / "code", allow_dirty=True).definition
    echo(f"✓ {task.title}: {len(task.columns)} columns, in {task.language}")
    with findings.collecting():
        check_declared(task, sql_url)
        echo(f"✓ SQL of {', '.join([*task.inputs, *(['task.sql'] if task.sql else [])])}")
    with findings.collecting():
        task.resources.check(settings.ceilings, where=f"{folder}/task.yaml")
    with findings.collecting():
        check_output(task, ledger, name=reference_of(TASKS, folder, settings.installation))
        echo(f"✓ Table {task.output}")
    if task.function:
        with findings.collecting():
            index = index_of(TASKS, folder, settings.installation)
            where = f"{folder}/{REQUIREMENTS}"
            lock = resolve(task.requirements, machine=settings.machine, where=where, log=echo, index=index)
    try:
        findings.raise_if_any()
    except SeveralErrors as error:
        raise sorted_by_place(error, str(folder)) from error
    return lock


def build_for(lock: Lock | None, *, machine: MachineSettings, echo: Log) -> None:
    """Build the environment of a task in Python; a task in SQL needs none.

    Raises:
        BadInput, Unavailable: as `check_task_folder`.
    """
    if lock is not None:
        build(lock, machine=machine, where=REQUIREMENTS, log=echo)
    echo("✓ This feature task can be imported. Its rows are checked when its pipeline runs it.")
