"""Finds what a job has left on this machine: processes and files."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from e2e.waiting import HUNG_AFTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from e2e.system import System

MARKER = "MODELOPS_CHILD"
"""In the environment of the processes that run user code: the job's id."""


def processes_of(system: System, job_id: int) -> list[psutil.Process]:
    """Those that run, or watch over, the user code of a job: by their environment, folder or command line."""
    folder = f"{system.installation.settings.machine.work}/job-{job_id}-"

    def belongs(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return (
                process.environ().get(MARKER) == str(job_id)
                or process.cwd().startswith(folder)
                or any(folder in argument for argument in process.cmdline())
            )
        return False

    return [process for process in psutil.process_iter() if belongs(process)]


def guard_of(system: System, job_id: int) -> psutil.Process:
    """The process that watches over a job's user code."""
    [guard] = [process for process in processes_of(system, job_id) if _runs(process, "guard.py")]
    return guard


def code_of(system: System, job_id: int) -> psutil.Process:
    """The process that runs a job's user code."""
    [code] = guard_of(system, job_id).children()
    return code


def task_of(system: System, job_id: int) -> psutil.Process:
    """The process of the Airflow task whose user code runs; its parent is Airflow's supervisor."""
    task = guard_of(system, job_id).parent()
    assert task is not None
    return task


def await_end(tasks: Iterable[psutil.Process]) -> None:
    """Wait until the tasks are gone that were killed, or whose supervisor was.

    A task ends with its supervisor, so that it doesn't go on beside the next attempt.
    """
    _, left = psutil.wait_procs(list(tasks), timeout=HUNG_AFTER)
    assert not left


def kill_postgres(system: System) -> None:
    """Kill the server's first process and all its others. Those that end with the first may be gone already."""
    server = system.component("postgres")
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [] if server is None else [server, *server.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def files_of(system: System, job_id: int) -> list[Path]:
    """What a job has in the working folder, and half-written in the artifact store."""
    settings = system.installation.settings
    return list(_below(settings.machine.work, job_id)) + list(
        _below(Path(urlsplit(settings.installation.artifacts).path) / "incoming", job_id)
    )


def _below(folder: Path, job_id: int) -> Iterator[Path]:
    return folder.glob(f"job-{job_id}-*")


def _runs(process: psutil.Process, program: str) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(argument.endswith(program) for argument in process.cmdline()[:6])
    return False
