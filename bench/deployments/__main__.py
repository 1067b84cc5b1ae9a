"""`python -m bench.deployments`: measure, and print the report; `./modelops bench deployments` calls this."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.arguments import positive
from bench.batch import life
from bench.installation import installed, make_rows
from bench.machine import commit, machine
from bench.tables import keep, passed, table
from bench.task import take
from bench.timing import Times
from modelops.airflow.timetables import plan
from modelops.domain.job_types import JobType
from modelops.domain.schedules import Schedule
from modelops.domain.versions import VersionKind
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from bench.installation import Installation

MODELS = Path(__file__).parents[1] / "batch"
MODEL = "bench/logistic"
MOST = 10.0
ROWS = 30_000
"""Enough for the model to be trained on."""
METHOD = """\
One run of `./modelops bench deployments` on an embedded PostgreSQL of its own. A model is trained, evaluated and
approved by the use cases, and put into production at so many targets by the registry, each every day at three in Paris.
Each measurement is a new process that has imported what Airflow's dag-processor has: it parses `dags/deployments.py`,
with its query to the registry, and serialises each DAG as Airflow does for its database; how long it takes to write
that isn't counted. For a task the same file is parsed as Airflow's worker does for it. Medians, with the least and the
greatest time in brackets.
"""


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.deployments", description=__doc__)
    parser.add_argument("--deployments", type=positive, default=200)
    parser.add_argument("--repetitions", type=positive, default=5)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    parse, serialise, of_task = Times(), Times(), Times()
    with installed(MODELS) as installation:
        _deploy(installation, chosen.deployments)
        for turn in range(chosen.repetitions + 1):
            whole, one = _parse(installation), _parse(installation, "deployment_1")
            if (whole["dags"], one["dags"]) != (chosen.deployments + 1, 2):
                raise RuntimeError(f"{whole['dags']} DAGs were parsed, and {one['dags']} for a task")
            if turn:
                parse.add(whole["parse"])
                serialise.add(whole["serialise"])
                of_task.add(one["parse"])
    in_all = parse.median + serialise.median
    report = [
        "# DAGs of deployments",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `./modelops bench deployments`, commit {commit(PROJECT_ROOT)}.",
        f"{chosen.deployments} deployments.",
        table(
            ("", "measured", "criterion", ""),
            [
                ("Parse and serialise all", f"{in_all:.2f} s", f"< {MOST:.0f} s", passed(in_all < MOST)),
                ("— parse", str(parse), "", ""),
                ("— serialise", str(serialise), "", ""),
                ("Parse for a task", str(of_task), "", ""),
            ],
        ),
        "## Machine",
        table(("", ""), machine().items()),
        "## How it is measured",
        METHOD.rstrip(),
    ]
    keep("\n\n".join(report) + "\n", "dags_of_deployments", write=chosen.write)


def _deploy(installation: Installation, number: int) -> None:
    """Put one approved version into production at so many targets, without the checks that take a while."""
    from modelops.registry.write import decisions, deployments, jobs, versions

    make_rows(installation, "measured", ROWS)
    number_of_version = life.approved(installation, MODEL)
    planned = plan(Schedule(text="0 3 * * *", time_zone="Europe/Paris"))
    with installation.connect() as connection:
        version = versions.find(connection, MODEL, number_of_version, kind=VersionKind.MODEL)
        decision = decisions.approval_of(connection, version.id)
        assert decision is not None
        for each in range(number):
            attempt = take(connection, JobType.DEPLOYMENT, run=f"deployed_{each}")
            with jobs.fenced(connection, attempt):
                jobs.name_subject(connection, attempt, version)
                deployments.begin(
                    connection,
                    version,
                    decision=decision,
                    job_id=attempt.job_id,
                    dataset={"name": "predict", "sql": "SELECT 1 AS id"},
                    target=f"predictions.number_{each}",
                    entity_key=[{"name": "id", "type": "bigint"}],
                    outputs={"label": "int32"},
                    set_aside_budget=0,
                    plan=planned,
                )
                jobs.complete(connection, attempt, {"deployment": each})


def _parse(installation: Installation, *dag_id: str) -> dict[str, float]:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(installation.folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW_CONN_MODELOPS_READER": installation.url("modelops_reader"),
        "MODELOPS_HOME": str(installation.folder / "home"),
    }
    (installation.folder / "home").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "bench.deployments.parse", *dag_id],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
        env=environment,
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    main()
