"""Runs the function of a feature task in a child process, under the same confinement as a model's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.runtime.process import run_assignment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from modelops.domain.resources import Allowance
    from modelops.runtime.environment import Environment
    from modelops.settings import LogBounds


@dataclass(frozen=True, kw_only=True)
class TaskAssignment:
    """The assignment of a child process: run the function of a feature task on the rows of its inputs.

    `inputs` maps the names of inputs to Arrow IPC files. The rows are written to the file `output` with `columns`, each
    of which has a name, the name of its Arrow type, and the PostgreSQL type that task.yaml declares. `interval` has ISO
    8601 times, None for an open end. If `nullable_types`, integers and booleans have pandas' nullable types.
    """

    folder: Path
    function: str
    inputs: Mapping[str, Path]
    output: Path
    columns: Sequence[tuple[str, str, str]]
    interval: tuple[str | None, str | None] | None
    properties: Mapping[str, Any]
    nullable_types: bool
    project_id: str
    task_id: str
    task_version: str
    job_id: str

    def to_json(self) -> dict[str, Any]:
        """The assignment as JSON for child/main.py. Paths are absolute: the child has another working directory."""
        return {
            "verb": "run_task",
            "folder": str(self.folder.resolve()),
            "function": self.function,
            "inputs": {name: str(path.resolve()) for name, path in self.inputs.items()},
            "output": str(self.output.resolve()),
            "columns": list(self.columns),
            "interval": self.interval,
            "properties": dict(self.properties),
            "nullable_types": self.nullable_types,
            "project_id": self.project_id,
            "task_id": self.task_id,
            "task_version": self.task_version,
            "job_id": self.job_id,
        }


def run_task(
    assignment: TaskAssignment,
    *,
    environment: Environment,
    workdir: Path,
    allowance: Allowance,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
) -> None:
    """Run the function to its end, as `process.run_child` does; afterwards the file `output` has the rows.

    Raises:
        UserCodeError: it raised an error, crashed, ran out of its memory, or returned other columns than the declared
            ones.
        ChildLost: it was killed from outside.
        Unavailable: the environment doesn't exist.
    """
    run_assignment(
        assignment.to_json(),
        environment=environment,
        workdir=workdir,
        allowance=allowance,
        log_bounds=log_bounds,
        on_line=on_line,
    )
