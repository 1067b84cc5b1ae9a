"""One try at a batch in a process of its own.

It takes the job, dies with its supervisor (see supervisor.py) and puts its end on record, as operators/base.py does on
Airflow.
"""

from __future__ import annotations

import ctypes
import json
import signal
from pathlib import Path
from typing import Any

import psycopg

from faults.works import WORKS
from modelops.data.artifacts import ArtifactStore
from modelops.domain.errors import BadInput, FenceLost, ModelOpsError, Unavailable
from modelops.domain.jobs import TaskKey
from modelops.domain.schedules import Plan
from modelops.lifecycle.services import Services
from modelops.registry import jobs
from modelops.registry.translation import translated
from modelops.settings import Settings

TASK = "batch"
RETRIES = 6
COMPLETED, TRY_AGAIN, FAILED = 0, 1, 2
PR_SET_PDEATHSIG = 1


def services_of(ground: dict[str, Any], connection: psycopg.Connection[Any]) -> Services:
    """What a job works with, by the addresses and folders of the ground."""
    home = Path(ground["home"])
    return Services(
        connection=connection,
        connect=lambda: connect(ground),
        ledger_url=ground["urls"]["modelops_jobs"],
        rows_url=ground["urls"]["modelops_sql"],
        features_url=ground["urls"]["modelops_features"],
        store=ArtifactStore(home / "artifacts"),
        settings=Settings(home=home, artifacts=(home / "artifacts").as_uri(), repositories=home / "repositories.yaml"),
        log=lambda _line: None,
        plan=lambda schedule: Plan(schedule=schedule),
    )


def connect(ground: dict[str, Any]) -> psycopg.Connection[Any]:
    with translated():
        return psycopg.connect(ground["urls"]["modelops_jobs"], autocommit=True)


def work(ground_file: str, run_id: str, number: str, deployment: str) -> int:
    """Do what is to be done in this try; returns how it ended."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    ground = json.loads(Path(ground_file).read_text())
    try:
        with connect(ground) as connection:
            attempt = jobs.take(
                connection,
                TaskKey(dag_id="faults", run_id=run_id, task_id=TASK),
                type=WORKS[ground["kind"]].type,
                number=int(number),
                first=1,
                subject=f"deployment {deployment}",
                requested_by="faults",
                parameters={"deployment": int(deployment)},
            )
            if attempt.recorded_result is None:
                _perform(ground, int(deployment), attempt, connection)
    except BadInput:
        return FAILED
    except FenceLost:
        return FAILED
    except ModelOpsError:
        return TRY_AGAIN
    return COMPLETED


def _perform(ground: dict[str, Any], deployment: int, attempt: Any, connection: psycopg.Connection[Any]) -> None:
    try:
        WORKS[ground["kind"]].perform(deployment, attempt, services_of(ground, connection))
    except FenceLost:
        raise
    except Exception as error:
        again = not isinstance(error, BadInput) and attempt.number <= RETRIES
        try:
            jobs.give_up(connection, attempt, error=str(error) or repr(error), again=again)
        except Unavailable:
            with connect(ground) as another:
                jobs.give_up(another, attempt, error=str(error) or repr(error), again=again)
        raise
