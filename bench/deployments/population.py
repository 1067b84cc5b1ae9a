"""Adds deployments to the registry and changes their schedules, as jobs do."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from bench.batch.lifecycle import approve_version, deploy_version
from bench.installation import make_rows
from bench.task import claim, key_of
from modelops.airflow.timetables import plan
from modelops.data.target import columns_for, ensure_target
from modelops.domain.job_types import JobType
from modelops.domain.requests import ScheduleRequest
from modelops.domain.schedules import Schedule
from modelops.domain.targets import Target, TargetColumn
from modelops.domain.versions import VersionKind
from modelops.registry.write import decisions, deployments, jobs, versions
from modelops.stages.schedule import change_schedule

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from bench.installation import Installation
    from modelops.domain.deployments import Deployment
    from modelops.jobs.run import JobRun

MODEL = "bench/logistic"
ROWS = 20_000
"""The number of rows on which the model is trained."""
DATASET = {"name": "ten", "sql": "SELECT * FROM measured WHERE id <= 10"}
NIGHTLY = Schedule(text="0 3 * * *", time_zone="Europe/Paris")


class Population:
    """The deployments of one model, each with its own target and a batch of ten rows."""

    def __init__(self, installation: Installation) -> None:
        """Train, evaluate, approve and deploy the model with the use cases. Airflow must not run yet."""
        make_rows(installation, "measured", ROWS)
        number = approve_version(installation, MODEL)
        first = deploy_version(installation, MODEL, number, target="number_0")
        self._installation = installation
        self._runs = itertools.count(1)
        self.numbers = [first]
        with installation.connect() as connection:
            self._first = deployments.find(connection, first)
            self._version = versions.find(connection, MODEL, number, kind=VersionKind.MODEL)
            decision = decisions.approval_of(connection, self._version.id)
        assert decision is not None
        self._decision = decision

    def add(self) -> int:
        """Add a deployment with a nightly schedule; returns its number."""
        target = Target.parse(f"number_{len(self.numbers)}", where="the benchmark")
        with self._installation.connect() as connection, connection.transaction():
            run = self._job(connection, JobType.DEPLOYMENT)
            made = self._begin(connection, run, target, self._first)
            run.complete({"deployment": made})
        self.numbers.append(made)
        return made

    def schedule(self, number: int, due: datetime) -> None:
        """Schedule a deployment every day at this time, to the minute."""
        text = f"{due.minute} {due.hour} * * *"
        request = ScheduleRequest(deployment=number, schedule=text, time_zone="UTC")
        with self._installation.connect() as connection, connection.transaction():
            change_schedule(request, self._job(connection, JobType.SCHEDULE_CHANGE))

    def _job(self, connection: Connection[Any], type_: JobType) -> JobRun:
        """Claim a job in the caller's transaction, so that the observer sees it only after its completion."""
        return claim(self._installation, connection, type_, key=key_of(type_, f"made_{next(self._runs)}"))

    def _begin(self, connection: Connection[Any], run: JobRun, target: Target, like: Deployment) -> int:
        key = [TargetColumn(name=column["name"], type=column["type"]) for column in like.entity_key]
        ensure_target(connection, target, key=key, outputs=columns_for([], like.outputs)[1])
        jobs.name_subject(connection, run.attempt, self._version)
        made, _ = deployments.begin(
            connection,
            self._version,
            decision=self._decision,
            job_id=run.job_id,
            dataset={**like.dataset, **DATASET},
            target=str(target),
            entity_key=like.entity_key,
            outputs=like.outputs,
            set_aside_budget=0,
            plan=plan(NIGHTLY),
        )
        return made
