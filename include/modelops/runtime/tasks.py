"""Runs the function of a feature task in a child process, under the same confinement as a model's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.runtime.process import run_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from modelops.runtime.environment import Environment
    from modelops.settings import LogBounds


@dataclass(frozen=True, kw_only=True)
class TaskAssignment:
    """What the child is to do: one function of one task on the rows of its inputs.

    `inputs` maps their names to Arrow IPC files; into the file `output` come the rows, in `columns`: each with its
    name, the name of its Arrow type, and the PostgreSQL type that task.yaml declares. `interval` has ISO 8601 times,
    None for an open end. With `nullable_types` pandas gets its own types for integers and for true and false.
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

    def to_order(self) -> dict[str, Any]:
        """What child/main.py reads of it. Paths are absolute, as the child works elsewhere."""
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
    memory: int | None,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
) -> None:
    """Run the function to its end, as `process.run_child` does; the file `output` then holds the rows.

    Raises:
        UserCodeError: it raised an error, crashed, ran out of its memory, or gave other than the declared columns.
        ChildLost: it was killed from outside.
        Unavailable: the environment isn't there.
    """
    run_order(
        assignment.to_order(),
        environment=environment,
        workdir=workdir,
        memory=memory,
        log_bounds=log_bounds,
        on_line=on_line,
    )
