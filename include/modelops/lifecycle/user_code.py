"""Runs a version's train() or evaluate() in the confined child process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from modelops.runtime.process import Assignment, run_child

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import Version
    from modelops.lifecycle.code import Code
    from modelops.lifecycle.services import Services
    from modelops.runtime.environment import Environment


def run_user_code(
    verb: Literal["train", "evaluate"],
    version: Version,
    code: Code,
    environment: Environment,
    dataset: Dataset,
    rows: Snapshot,
    attempt: Attempt,
    workdir: Path,
    services: Services,
    *,
    artifact_input: Path | None = None,
) -> Path:
    """Run user code on the rows; returns the folder with what it left.

    Raises:
        UserCodeError: it raised, exited or crashed.
        ChildLost: its process was killed from outside.
    """
    output = workdir / "output"
    output.mkdir()
    services.reach(attempt, f"{verb}_started")
    run_child(
        Assignment(
            verb=verb,
            model_folder=code.folder,
            rows=rows.path,
            artifact_input=artifact_input,
            artifact_output=output,
            hyperparameters=version.hyperparameters or {},
            dataset=dataset,
            project_id=version.name.partition("/")[0],
            model_id=code.definition.model_id,
            model_version=str(version.number),
            job_id=str(attempt.job_id),
        ),
        environment=environment,
        workdir=workdir,
        memory=services.settings.child_memory,
        on_line=services.log,
    )
    return output
