"""One try at a batch in a process of its own, which dies with its supervisor (see supervisor.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from faults.works import WORKS
from modelops.data.artifacts import ArtifactStore
from modelops.domain.errors import BadInput, FenceLost, ModelOpsError
from modelops.domain.jobs import Claim, TaskKey
from modelops.domain.schedules import Plan
from modelops.jobs.execution import execute
from modelops.jobs.run import Resources
from modelops.parent_death import die_with_parent
from modelops.registry.translation import translated
from modelops.settings import InstallationSettings, MachineSettings, Settings

if TYPE_CHECKING:
    from modelops.jobs.run import JobRun

TASK = "batch"
RETRIES = 6
COMPLETED, TRY_AGAIN, FAILED = 0, 1, 2


def resources_of(ground: dict[str, Any]) -> Resources:
    """What a job works with, by the addresses and folders of the ground."""
    home = Path(ground["home"])
    return Resources(
        connect=lambda: connect(ground),
        ledger_url=ground["urls"]["modelops_jobs"],
        rows_url=ground["urls"]["modelops_sql"],
        features_url=ground["urls"]["modelops_features"],
        store=ArtifactStore(home / "artifacts"),
        settings=settings_in(home),
        plan=lambda schedule: Plan(schedule=schedule),
    )


def settings_in(home: Path) -> Settings:
    """The settings of an installation of which everything is below this folder."""
    return Settings(
        installation=InstallationSettings(
            artifacts=(home / "artifacts").as_uri(), repositories=home / "repositories.yaml"
        ),
        machine=MachineSettings(home=home),
    )


def connect(ground: dict[str, Any]) -> psycopg.Connection[Any]:
    with translated():
        return psycopg.connect(ground["urls"]["modelops_jobs"], autocommit=True)


def work(ground_file: str, run_id: str, number: str, deployment: str) -> int:
    """Do what is to be done in this try; returns how it ended."""
    die_with_parent()
    ground = json.loads(Path(ground_file).read_text())
    kind = WORKS[ground["kind"]]
    claim = Claim(
        key=TaskKey(dag_id="faults", run_id=run_id, task_id=TASK),
        type=kind.type,
        number=int(number),
        first=1,
        max_tries=RETRIES,
        subject=f"deployment {deployment}",
        requested_by="faults",
        parameters={"deployment": int(deployment)},
    )

    def perform(run: JobRun) -> Any:
        return kind.perform(int(deployment), run)

    try:
        execute(
            claim,
            perform,
            connect=lambda: connect(ground),
            resources=lambda: resources_of(ground),
            log=lambda _line: None,
        )
    except (BadInput, FenceLost):
        return FAILED
    except ModelOpsError:
        return TRY_AGAIN
    return COMPLETED
