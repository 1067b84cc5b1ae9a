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
from modelops.kinds.model.check_imported import check_imported_folder
from modelops.repository.catalogue import name_twice
from modelops.repository.kinds import IMPORTED_MODELS, MODELS, TASKS

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
    elif _is_imported(folder):
        settings.machine.work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="check-", dir=settings.machine.work) as scratch:
            check_imported_folder(folder, Path(scratch), sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
    elif MODELS.marks(folder) or not _code_folders(folder):
        check_folder(folder, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
    else:
        _check_repository(folder, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)


def _code_folders(repository: Path) -> list[Path]:
    return [folder for kind in (TASKS, MODELS, IMPORTED_MODELS) for folder in sorted(kind.folders(repository))]


def _is_imported(folder: Path) -> bool:
    """Whether it is the folder of an imported model, which has the marker of a model, too."""
    return IMPORTED_MODELS.marks(folder) and folder.resolve().parent.name == IMPORTED_MODELS.folder


def _check_names(repository: Path) -> None:
    """Check that no imported model has the name of a model.

    Raises:
        RepositoryError: one has.
    """
    trained, imported = ({folder.name for folder in kind.folders(repository)} for kind in (MODELS, IMPORTED_MODELS))
    for name in sorted(trained & imported):
        raise name_twice(str(repository), name)


def _check_repository(
    repository: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log
) -> None:
    """First run the checks that need no environment; build environments and train only if those succeed."""
    settings.machine.work.mkdir(parents=True, exist_ok=True)
    findings = Findings()
    with TemporaryDirectory(prefix="check-", dir=settings.machine.work) as scratch:
        next_steps: dict[Path, Callable[[], None]] = {}
        with findings.collecting():
            _check_names(repository)
        for number, folder in enumerate(_code_folders(repository)):
            work = Path(scratch, str(number))
            work.mkdir()
            echo(str(folder.relative_to(repository)))
            with findings.collecting():
                if TASKS.marks(folder):
                    lock = read_task_folder(folder, work, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
                    next_steps[folder] = partial(build_for, lock, machine=settings.machine, echo=echo)
                elif _is_imported(folder):
                    check_imported_folder(folder, work, sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
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
