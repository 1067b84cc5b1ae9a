"""Models, runs and the processes they leave, for the tests of the runtime."""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from modelops.domain.datasets import Dataset
from modelops.domain.errors import UserCodeError
from modelops.domain.resources import Allowance, Ceilings, Limits, ResourceRequest
from modelops.polling import poll
from modelops.runtime.environment import Environment, Lock
from modelops.runtime.process import Assignment, run_child
from modelops.settings import LogBounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HERE = Environment(python=Path(sys.executable), lock=Lock(text=None, sha256="0" * 64))

# Starts a process in the same group, one in a session of its own, and a daemon that has left its parents (and by
# default its environment), and prints the ids of all of them after that of its own process and of the guard.
FAMILY = """
    import os, subprocess, time

    def daemon(environ):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.setsid()
            pid = os.fork()
            if pid:
                os.write(writer, str(pid).encode())
                os._exit(0)
            os.execvpe("sleep", ["sleep", "1000"], environ)
        return int(os.read(reader, 20))

    def family(environ={}):
        plain = subprocess.Popen(["sleep", "1000"]).pid
        session = subprocess.Popen(["sleep", "1000"], start_new_session=True).pid
        print("family", os.getpid(), os.getppid(), plain, session, daemon(environ))
"""


@dataclass
class Model:
    """A model folder, rows for it, and what came of running it."""

    tmp_path: Path
    job_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    lines: list[str] = field(default_factory=list)
    confinement: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.tmp_path / "model"

    @property
    def output(self) -> Path:
        return self.tmp_path / "output"

    @property
    def workdir(self) -> Path:
        return self.tmp_path / "work"

    def write(self, source: str, *, file: str = "model_modules/training.py") -> Model:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return self

    def assignment(self, **values: Any) -> Assignment:
        rows = self.tmp_path / "rows.arrow"
        if not rows.exists():
            write_rows(rows, [{"id": 1, "x": 0.5, "late": True}])
        given: dict[str, Any] = {
            "verb": "train",
            "model_folder": self.folder,
            "rows": rows,
            "artifact_output": self.output,
            "hyperparameters": {},
            "dataset": Dataset(
                name="train",
                sql="SELECT id, x, late FROM t",
                entity_key=("id",),
                feature_names=("x",),
                target_names=("late",),
            ),
            "project_id": "demo",
            "model_id": "late",
            "model_version": "3",
            "job_id": self.job_id,
        } | values
        return Assignment(**given)

    def run(
        self,
        *,
        environment: Environment = HERE,
        memory: int | None = None,
        allowance: Allowance | None = None,
        on_line: Callable[[str], None] | None = None,
        **values: Any,
    ) -> list[str]:
        """Run it from this process; the lines that it printed. That about the confinement isn't among them."""
        run_child(
            self.assignment(**values),
            environment=environment,
            workdir=self.workdir,
            allowance=allowance or of_memory(memory),
            log_bounds=LogBounds(),
            on_line=self.hear(on_line),
        )
        return self.lines

    def hear(self, on_line: Callable[[str], None] | None = None) -> Callable[[str], None]:
        """A callable for lines: the first, about the confinement, is kept apart."""

        def hear(line: str) -> None:
            about_confinement = line.startswith("users' code is ")
            (self.confinement.append if about_confinement else on_line or self.lines.append)(line)

        return hear


def of_memory(memory: int | None) -> Allowance:
    """The limits of a job that may allocate this many bytes, by the setting of its machine."""
    return Allowance(limits=Limits.of(ResourceRequest(), Ceilings(memory=memory), where="late/config.json"))


def write_rows(path: Path, rows: list[dict[str, Any]], *, batch: int = 1_000) -> None:
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=batch)


def alive(pids: Iterable[int]) -> list[int]:
    """Those that still run; a zombie doesn't."""
    running = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}:
                running.append(pid)
    return running


def marked(job_id: str) -> list[int]:
    """The processes of a job, found by what is in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"MODELOPS_CHILD={job_id}".encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
    return [pid for pid in found if pid != os.getpid()]


def gone(still_there: Callable[[], list[int]], *, seconds: float = 15) -> bool:
    """Wait until nothing is there any more."""
    return any(not still_there() for _ in poll(every=0.01, within=seconds))


def failure_of(model: Model, **values: Any) -> UserCodeError:
    with pytest.raises(UserCodeError) as failed:
        model.run(**values)
    return failed.value
