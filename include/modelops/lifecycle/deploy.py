"""Deployment: approved → deployed, in the place of what serves the target now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from modelops.data.checks import check_types
from modelops.data.query import asking, describe, travelling
from modelops.data.reading import read
from modelops.data.target import columns_for, ensure_target
from modelops.domain.errors import NotApproved, RepositoryError, TargetError
from modelops.domain.parts import check_parts
from modelops.domain.targets import Target
from modelops.domain.versions import VersionKind
from modelops.lifecycle import code as version_code
from modelops.lifecycle.approved import approved_version, require_approval
from modelops.lifecycle.sample import compare_with_sample, outputs_of
from modelops.lifecycle.schedule import plan_for
from modelops.registry import deployments, jobs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.data.query import Column
    from modelops.domain.datasets import Dataset
    from modelops.domain.jobs import Attempt
    from modelops.domain.schedules import Plan
    from modelops.domain.versions import Version
    from modelops.lifecycle.services import Services


@dataclass(frozen=True, kw_only=True)
class DeploymentRequest:
    """Which version to put into production, and where.

    `version` None is the newest that is approved or deployed; `dataset` is the name of a dataset of the model or a
    SELECT; `target` is `schema.name`, None for the model's own name in the schema predictions; `set_aside_budget` is
    how many rows of a batch may be left out as they can't be scored; `schedule` says when batches run, and in which
    `time_zone` cron's fields are meant: None is as before, of what the deployment replaces. A batch is cut into
    `parts`, side by side.
    """

    model: str
    version: int | None = None
    dataset: str = "predict"
    target: str | None = None
    set_aside_budget: int = 0
    schedule: str | None = None
    time_zone: str | None = None
    late_after: float | None = None
    parts: int = 1


def deploy(request: DeploymentRequest, attempt: Attempt, services: Services) -> dict[str, Any]:
    """Check that what was approved is what there is and that it works, and put it into production.

    Raises:
        NotApproved: nobody has approved exactly these artifacts.
        ArtifactChanged: a stored file isn't what was approved.
        ScoringError: the model doesn't score as it did after its training.
        DatasetError, TargetError, ScheduleError, PartsError: the dataset, the target, the schedule or the number of
            parts doesn't fit.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    version = approved_version(
        VersionKind.MODEL, request.model, request.version, attempt, services, made_by="model_lifecycle"
    )
    decision = require_approval(version, services)
    check_parts(request.parts)
    target = Target.parse(request.target or _default_target(request.model), where="the parameter target")
    when = (str(target), request.schedule, request.time_zone, request.late_after, services)
    plan_for(*when)  # what is wrong with it is said before anything is built
    with services.workdir(attempt) as workdir:
        code = version_code.load(version, workdir, services)
        if not code.definition.has_scorer:
            raise RepositoryError(
                f"{version.subject} has no ModelScorer, so nothing can be predicted with it",
                where=f"{version.name}/model_modules/scoring.py",
                expected="class ModelScorer with def predict(self, data), and a new version",
            )
        files = version_code.fetch_artifacts(version, workdir, services)
        if not files.sample.exists():
            raise NotApproved(
                f"{version.subject} was trained before there were samples to compare a deployment with",
                where="its artifacts",
                expected="a new version",
            )
        services.reach(attempt, "artifacts_fetched", sha256=version.artifact_sha256)
        bench = services.workbench(version, code, attempt, workdir)
        dataset = code.definition.datasets.choose(request.dataset, where=f"{version.name}/datasets.yaml")
        key = _check_dataset(dataset, version, services)
        services.reach(attempt, "dataset_fits", dataset=dataset.label)
        environment = bench.build()
        sampled = compare_with_sample(bench, environment, dataset, model=files.model, path=files.sample)
        outputs = outputs_of(files.sample)
        services.reach(attempt, "sample_scored", rows=sampled)
    key_columns, output_columns = columns_for(key, outputs)
    with jobs.holding(services.connection, attempt):
        _check_nobody_elses(target, version, services)
        ensure_target(services.connection, target, key=key_columns, outputs=output_columns)
        plan = plan_for(*when)
        made, before = deployments.begin(
            services.connection,
            version,
            decision=decision,
            job_id=attempt.job_id,
            dataset=dataset.as_record(),
            target=str(target),
            entity_key=[{"name": column.name, "type": column.type} for column in key_columns],
            outputs=outputs,
            set_aside_budget=request.set_aside_budget,
            plan=plan,
            parts=request.parts,
        )
        result = {
            "deployment": made,
            "model": version.name,
            "version": version.number,
            "target": str(target),
            "dataset": dataset.label,
            "schedule": plan.schedule.as_record(),
            "parts": request.parts,
            **_last_interval(plan, dataset),
            "artifact_sha256": version.artifact_sha256,
            "approved_by": decision.approver,
            "evidence": decision.digest,
            "replaced": None if before is None else {"deployment": before.id, "version": before.version},
        }
        jobs.complete(services.connection, attempt, result)
    services.log(
        f"{version.subject} is in production as deployment {made}, approved by {decision.approver};"
        f" batches go to {target}; schedule: {plan.told()}"
    )
    return result


def _check_nobody_elses(target: Target, version: Version, services: Services) -> None:
    """Before its columns are compared, which would say less; the database refuses the rest."""
    others = deployments.models_of_target(services.connection, str(target)) - {version.name}
    if others:
        raise TargetError(
            f"{target} holds the predictions of {', '.join(sorted(others))}",
            where="the parameter target",
            expected="a target of this model's own",
        )


def _last_interval(plan: Plan, dataset: Dataset) -> dict[str, str | None]:
    """What a batch right after the deployment is for: the interval that has ended last, where batches are of any."""
    if plan.last is None or "modelops.interval_" not in dataset.sql:
        return {"interval_start": None, "interval_end": None}
    start, end = plan.last
    return {"interval_start": start.isoformat(), "interval_end": end.isoformat()}


def _default_target(model: str) -> str:
    """The model's own name, as a plain name of PostgreSQL."""
    name = model.rpartition("/")[2].lower()
    return "".join(character if character.isascii() and character.isalnum() else "_" for character in name)


def _check_dataset(dataset: Dataset, version: Version, services: Services) -> list[Column]:
    """Check that the dataset gives what the model was trained on; returns the columns of its entity key.

    Raises:
        DatasetError: it doesn't.
        Unavailable: the database can't be reached.
    """
    from psycopg.sql import SQL

    where = f"{version.name}, dataset {dataset.label}"
    now = datetime.now(UTC)
    interval = (now - timedelta(days=1), now)  # any: nothing is read
    with asking(services.rows_url) as connection:
        columns = describe(connection, dataset, where=where, labelled=False, interval=interval)
    nothing = SQL("{} LIMIT 0").format(SQL(travelling(dataset.sql, columns, exact=dataset.entity_key))).as_string()
    schema = read(services.rows_url, nothing, lambda batches: batches.schema, where=where, interval=interval)
    assert version.columns is not None
    like: Mapping[str, str] = version.columns
    check_types(schema, dataset, like, labelled=False, where=where)
    named = {column.name: column for column in columns}
    return [named[name] for name in dataset.entity_key]
