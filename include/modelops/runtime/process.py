"""Runs a model's own code in a confined child process and waits for it.

The child gets no credentials, neither in its environment nor in open files. Its memory, its CPU time, its time and its
files are limited, it leaves no process behind, and it reaches nothing but its own files: confinement.py. The job's log
names the layers of this that the machine has.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modelops.domain.errors import Unavailable
from modelops.plain_files import HeldFolder, create_plain, remove
from modelops.runtime.confinement import Rules, python_files
from modelops.runtime.disk import DiskBound
from modelops.runtime.file_outcome import check_file_outcome
from modelops.runtime.guarded import MARKER, run_guarded
from modelops.runtime.outcome import ENTRY_FILES, check_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelops.domain.datasets import Dataset
    from modelops.domain.model_files import ImportedModel
    from modelops.domain.resources import Allowance
    from modelops.runtime.environment import Environment
    from modelops.settings import LogBounds

_CHILD = Path(__file__).parent / "child" / "main.py"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The model whose code runs, the values that its context has, and the job that it runs for.

    `artifact_input` is the folder with the artifacts of the training (None in a training). `standard` has the verbs for
    which the model has no file, so that child/standard.py is used: `evaluate`, `score`. `imported` says how the model
    file in `artifact_input` is used; None: the model has code of its own.
    """

    model_folder: Path
    artifact_input: Path | None = None
    hyperparameters: Mapping[str, Any]
    dataset: Dataset
    project_id: str
    model_id: str
    model_version: str
    job_id: str
    standard: tuple[str, ...] = ()
    imported: ImportedModel | None = None

    def to_json(self) -> dict[str, Any]:
        """The assignment as JSON for child/main.py. Paths are absolute: the child has another working directory."""
        return {
            "folder": str(self.model_folder.resolve()),
            "artifact_input": None if self.artifact_input is None else str(self.artifact_input.resolve()),
            "hyperparameters": dict(self.hyperparameters),
            "dataset": {
                "sql": self.dataset.sql,
                "entity_key": self.dataset.entity_key,
                "feature_names": self.dataset.feature_names,
                "target_names": self.dataset.target_names,
            },
            "had_nulls": None if self.dataset.had_nulls is None else dict(self.dataset.had_nulls),
            "project_id": self.project_id,
            "model_id": self.model_id,
            "model_version": self.model_version,
            "job_id": self.job_id,
            "standard": self.standard,
            "imported": None if self.imported is None else self.imported.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class Assignment(Subject):
    """The assignment of a child process: run one function of a model on one set of rows.

    `verb` selects `model_modules.training.train` or `model_modules.evaluation.evaluate`. `rows` is an Arrow IPC file.
    The code writes its artifacts into the folder `artifact_output`. The standard evaluation reads the file `scored`,
    see `kinds.model.scored_rows`, and repeats its metrics by the values of the columns `slice_by`.
    """

    verb: Literal["train", "evaluate"]
    rows: Path
    artifact_output: Path
    scored: Path | None = None
    slice_by: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The assignment as JSON for child/main.py."""
        return super().to_json() | {
            "verb": self.verb,
            "rows": str(self.rows.resolve()),
            "artifact_output": str(self.artifact_output.resolve()),
            "scored": None if self.scored is None else str(self.scored.resolve()),
            "slice_by": self.slice_by,
        }


def run_child(
    assignment: Assignment,
    *,
    environment: Environment,
    workdir: Path,
    allowance: Allowance,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
) -> None:
    """Run the model's code to its end; `on_line` is called with each line that it prints.

    The code's processes have ended when this returns or raises, or when the calling process is killed.

    Args:
        assignment: the code and the rows.
        environment: the Python to run it with.
        workdir: a folder of this attempt alone. It gets assignment.json, outcome.json and the folder scratch, which is
            the code's working, home and temporary folder and is removed at the end.
        allowance: the limits of the job; what the code uses is added to its meter.
        log_bounds: how much of the output is passed to `on_line`.
        on_line: called in this thread, first with the layers of the confinement. An exception that it raises ends the
            code and is raised here.

    Raises:
        UserCodeError: the code raised an error, crashed, filled the disk, or has no such function.
        ResourceLimitError: it used more memory, CPU time or time than it may.
        ChildLost: it was killed from outside.
        Unavailable: the environment doesn't exist.
    """
    assignment.artifact_output.mkdir(parents=True, exist_ok=True)
    run_assignment(
        assignment.to_json(),
        environment=environment,
        workdir=workdir,
        allowance=allowance,
        log_bounds=log_bounds,
        on_line=on_line,
    )


def run_assignment(
    assignment: Mapping[str, Any],
    *,
    environment: Environment,
    workdir: Path,
    allowance: Allowance,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
    keep_open: Sequence[int] = (),
) -> None:
    """Run child/main.py with an assignment, as `run_child` does; it inherits the file descriptors `keep_open`."""
    if not environment.python.exists():
        raise Unavailable(f"the environment of the code was removed: there is no {environment.python}")
    workdir = workdir.resolve()
    workdir.mkdir(parents=True, exist_ok=True)
    with HeldFolder(workdir) as held:
        scratch, outcome, assignment_file = (workdir / name for name in ("scratch", "outcome.json", "assignment.json"))
        for left in (scratch, outcome, assignment_file):  # by a child before this one
            remove(left)
        scratch.mkdir()
        with create_plain(assignment_file) as file:
            file.write(json.dumps(assignment).encode())
        # It can't make files in the folders of these, which have others than its own.
        written = [outcome, *(Path(assignment[name]) for name in ("output",) if assignment.get(name))]
        for path in written:
            create_plain(path).close()
        written += [scratch, *(Path(assignment[name]) for name in ("artifact_output",) if assignment.get(name))]
        disk = DiskBound(workdir, ENTRY_FILES[assignment["verb"]])
        memory = allowance.memory
        try:
            ending = run_guarded(
                [str(environment.python), "-P", "-s", str(_CHILD), str(assignment_file), str(outcome)],
                env=_child_variables(assignment["job_id"], python=environment.python, scratch=scratch, memory=memory),
                cwd=scratch,
                memory=memory,
                cpu_seconds=allowance.cpu_seconds,
                code_seconds=allowance.seconds,
                log_bounds=log_bounds,
                on_line=on_line,
                keep_open=keep_open,
                rules=Rules(
                    read=(assignment_file, *_read_by(assignment)),
                    execute=python_files(environment.python),
                    write=tuple(written),
                    file_bytes=disk.bytes,
                    shared_memory=memory,
                ),
                on_confined=lambda confinement: on_line(str(confinement)),
                on_second=lambda: disk.check(written),
                on_usage=allowance.meter.add,
            )
        finally:
            remove(scratch)
        held.check()
        verb, function = assignment["verb"], assignment.get("function")
        imported = assignment.get("imported")
        if imported and verb != "evaluate":
            check_file_outcome(ending, outcome, imported, verb=verb, allowance=allowance, on_line=on_line)
            return
        check_outcome(
            ending,
            outcome,
            verb=verb,
            allowance=allowance,
            on_line=on_line,
            function=function,
            file="the standard evaluation" if imported else None,
        )


def _read_by(assignment: Mapping[str, Any]) -> list[Path]:
    """The program of the child, the code, its artifacts and its rows."""
    named = [assignment.get(name) for name in ("folder", "artifact_input", "rows", "scored")]
    return [_CHILD.parent, *(Path(path) for path in (*named, *assignment.get("inputs", {}).values()) if path)]


def _child_variables(job_id: str, *, python: Path, scratch: Path, memory: int | None) -> dict[str, str]:
    """The environment variables of the child; of the job's own it gets only PATH and the number of threads."""
    variables = {
        "PATH": os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)]),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        # OpenMP's threads spin by default while they wait, which slows down fits on a busy machine.
        "OMP_WAIT_POLICY": "passive",
        MARKER: job_id,
    }
    if "OMP_NUM_THREADS" in os.environ:
        variables["OMP_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"]
    if memory is not None:
        # Arrow's own allocator reserves 1 GiB at the first byte, which would count in full.
        variables["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    return variables
