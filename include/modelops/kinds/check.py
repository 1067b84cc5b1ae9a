"""Checks the folder of a model, a feature task or a repository without Airflow."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import SeveralErrors
from modelops.domain.findings import Findings, sorted_by_place
from modelops.kinds.feature_task.check import build_for, check_task_folder, read_task_folder
from modelops.kinds.model.check import check_folder, read_folder, try_code
from modelops.repository.kinds import MODELS, TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from modelops.jobs.run import Log
    from modelops.settings import Settings


def check(folder: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log) -> None:
    """Check the folder of a feature task, a model or a repository.

    Raises:
        BadInput: the folder has an error; SeveralErrors if it has several, sorted by file and line.
        Unavailable: a service is unavailable.
    """
    if TASKS.marks(folder):
        check_task_folder(folder, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
    elif MODELS.marks(folder) or not _code_folders(folder):
        check_folder(folder, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
    else:
        _check_repository(folder, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)


def _code_folders(repository: Path) -> list[Path]:
    return [*sorted(TASKS.folders(repository)), *sorted(MODELS.folders(repository))]


def _check_repository(
    repository: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log
) -> None:
    """First run the checks that need no environment; build environments and train only if those succeed."""
    settings.machine.work.mkdir(parents=True, exist_ok=True)
    findings = Findings()
    with TemporaryDirectory(prefix="check-", dir=settings.machine.work) as scratch:
        next_steps: dict[Path, Callable[[], None]] = {}
        for number, folder in enumerate(_code_folders(repository)):
            work = Path(scratch, str(number))
            work.mkdir()
            echo(str(folder.relative_to(repository)))
            with findings.collecting():
                if TASKS.marks(folder):
                    lock = read_task_folder(folder, work, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
                    next_steps[folder] = partial(build_for, lock, machine=settings.machine, echo=echo)
                else:
                    code = read_folder(folder, work, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
                    next_steps[folder] = partial(
                        try_code, code, folder, work, sql_url=sql_url, settings=settings, echo=echo
                    )
        _refuse(findings, repository)
        for folder, step in next_steps.items():
            echo(str(folder.relative_to(repository)))
            with findings.collecting():
                step()
        _refuse(findings, repository)


def _refuse(findings: Findings, repository: Path) -> None:
    """Raise all findings, sorted by file and line."""
    try:
        findings.raise_if_any()
    except SeveralErrors as error:
        raise sorted_by_place(error, str(repository)) from error
