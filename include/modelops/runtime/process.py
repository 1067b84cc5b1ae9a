"""Runs a model's own code in a child process and waits for it.

The limit of this, said plainly: the child runs as the same operating-system user as the job. It is *given* no
credentials, neither in its environment nor in open files, its memory is limited against accidents, and it leaves no
process behind. But code that means harm can read what that user can read (other processes' environment in /proc, files
of the installation). Whoever may put a model into a configured repository must be trusted that far.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modelops.domain.errors import Unavailable
from modelops.plain_files import HeldFolder, create_plain, remove
from modelops.runtime.guarded import MARKER, run_guarded
from modelops.runtime.outcome import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelops.domain.datasets import Dataset
    from modelops.runtime.environment import Environment
    from modelops.settings import LogBounds

_CHILD = Path(__file__).parent / "child" / "main.py"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The model whose code is to run, what it is told of itself, and the job that it runs for.

    `artifact_input` holds the artifacts of the training (None while training). `standard` are the verbs of which the
    model leaves out the file, so that child/standard.py stands in: `evaluate`, `score`.
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

    def to_order(self) -> dict[str, Any]:
        """What child/main.py reads of it. Paths are absolute, as the child works elsewhere."""
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
        }


@dataclass(frozen=True, kw_only=True)
class Assignment(Subject):
    """What the child is to do: one function of one model on one set of rows.

    `verb` chooses `model_modules.training.train` or `model_modules.evaluation.evaluate`; `rows` is an Arrow IPC file;
    into the folder `artifact_output` the code writes its artifacts.
    """

    verb: Literal["train", "evaluate"]
    rows: Path
    artifact_output: Path

    def to_order(self) -> dict[str, Any]:
        """What child/main.py reads."""
        return super().to_order() | {
            "verb": self.verb,
            "rows": str(self.rows.resolve()),
            "artifact_output": str(self.artifact_output.resolve()),
        }


def run_child(
    assignment: Assignment,
    *,
    environment: Environment,
    workdir: Path,
    memory: int | None,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
) -> None:
    """Run the model's code to its end; what it prints goes to `on_line`, line by line, as it is printed.

    However this ends, the code's processes are gone when it does, and they go when the calling process is killed.

    Args:
        assignment: what to run on what.
        environment: the Python to run it with.
        workdir: a folder of this attempt alone. It gets assignment.json, outcome.json and the folder scratch, which is
            the code's working, home and temporary folder and is removed at the end.
        memory: bytes that each process of the code may allocate; None: no limit.
        log_bounds: of what the code prints, this much is given to `on_line`.
        on_line: called in this thread. An exception that it raises ends the code and comes out here.

    Raises:
        UserCodeError: the code raised an error, crashed, ran out of its memory, or has no such function.
        ChildLost: it was killed from outside.
        Unavailable: the environment isn't there.
    """
    assignment.artifact_output.mkdir(parents=True, exist_ok=True)
    run_order(
        assignment.to_order(),
        environment=environment,
        workdir=workdir,
        memory=memory,
        log_bounds=log_bounds,
        on_line=on_line,
    )


def run_order(
    order: Mapping[str, Any],
    *,
    environment: Environment,
    workdir: Path,
    memory: int | None,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
    keep_open: Sequence[int] = (),
) -> None:
    """Have child/main.py carry out an order, as `run_child` says; it inherits the files in `keep_open`."""
    if not environment.python.exists():
        raise Unavailable(f"the environment of the code is gone: there is no {environment.python}")
    workdir = workdir.resolve()
    workdir.mkdir(parents=True, exist_ok=True)
    with HeldFolder(workdir) as held:
        scratch, outcome, order_file = (workdir / name for name in ("scratch", "outcome.json", "assignment.json"))
        for left in (scratch, outcome, order_file):  # by a child before this one
            remove(left)
        scratch.mkdir()
        with create_plain(order_file) as file:
            file.write(json.dumps(order).encode())
        try:
            ending = run_guarded(
                [str(environment.python), "-P", "-s", str(_CHILD), str(order_file), str(outcome)],
                env=_environment_of_child(order["job_id"], python=environment.python, scratch=scratch, memory=memory),
                cwd=scratch,
                memory=memory,
                log_bounds=log_bounds,
                on_line=on_line,
                keep_open=keep_open,
            )
        finally:
            remove(scratch)
        held.check()
        judge(ending, outcome, verb=order["verb"], memory=memory, on_line=on_line, function=order.get("function"))


def _environment_of_child(job_id: str, *, python: Path, scratch: Path, memory: int | None) -> dict[str, str]:
    """All that the child gets: nothing of the job's own environment but PATH and the number of threads."""
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
        # By default OpenMP's threads wait for each other by spinning, which on a busy machine makes fits take longer.
        "OMP_WAIT_POLICY": "passive",
        MARKER: job_id,
    }
    if "OMP_NUM_THREADS" in os.environ:
        variables["OMP_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"]
    if memory is not None:
        # Arrow's own allocator reserves 1 GiB at the first byte, which would count in full.
        variables["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    return variables
