"""Deployment of a model: checks an approved version, and puts it into production."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelops.data.query import reads_interval
from modelops.data.target import columns_for, ensure_target
from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import NotApproved, RepositoryError
from modelops.domain.versions import VersionKind
from modelops.kinds.model import code as version_code
from modelops.kinds.model.preflight import check_deployment, check_own_target
from modelops.kinds.model.sample import compare_with_sample, outputs_of
from modelops.kinds.model.workbench import Workbench
from modelops.stages.deployment import Deployable, put_into_production

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.datasets import Dataset
    from modelops.domain.requests import DeploymentRequest
    from modelops.domain.schedules import Plan
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun


def deploy(request: DeploymentRequest, run: JobRun) -> dict[str, Any]:
    """Check that the stored artifacts are the approved ones and that they work, and put the version into production.

    Raises:
        NotApproved: nobody has approved exactly these artifacts.
        ArtifactChanged: a stored file is missing or differs from the approved one.
        ScoringError: the predictions for the sample differ from those after the training.
        DatasetError, TargetError, ScheduleError, PartsError: the dataset, the target, the schedule or the number of
            partitions is invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """

    def check(version: Version, run: JobRun) -> Deployable:
        return _check(request, version, run)

    return put_into_production(
        VersionKind.MODEL, request.version, request.model, request, run, check=check, made_by="model_lifecycle"
    )


def _check(request: DeploymentRequest, version: Version, run: JobRun) -> Deployable:
    with run.workdir() as workdir:
        code = version_code.load(version, workdir, run)
        files = version_code.fetch_artifacts(version, workdir, run)
        if not code.definition.has_scorer and not files.sample.exists():
            raise RepositoryError(
                f"{version.subject} has no ModelScorer, so it can't make predictions",
                where=f"{version.name}/model_modules/scoring.py",
                expected="class ModelScorer with def predict(self, data), or a train(context) that returns the fitted"
                " estimator; and a new version",
            )
        if not files.sample.exists():
            raise NotApproved(
                f"{version.subject} has no sample with which a deployment can be compared",
                where="the artifacts of its training",
                expected="a new version, trained with this release",
            )
        run.step("artifacts_fetched", sha256=version.artifact_sha256)
        outputs = outputs_of(files.sample)
        checked = check_deployment(code.definition, request, run, training_types=version.columns, outputs=outputs)
        assert checked is not None  # there is a ModelScorer
        target, dataset = checked.target, replace(checked.dataset, had_nulls=version.had_nulls)
        run.step("dataset_fits", dataset=dataset.label)
        bench = Workbench.of(run, version, code, workdir)
        environment = bench.build()
        sampled = compare_with_sample(bench, environment, dataset, model=files.model, path=files.sample)
        run.step("sample_scored", rows=sampled)
    key, columns = columns_for(checked.key, outputs)

    def ensure_output(ledger: Connection[Any]) -> None:
        check_own_target(ledger, target, version.name)
        ensure_target(ledger, target, key=key, outputs=columns)

    return Deployable(
        target=str(target),
        dataset=dataset.as_record(),
        key=key,
        outputs=outputs,
        ensure_output=ensure_output,
        terms={
            "set_aside_budget": request.set_aside_budget,
            "empty": Emptiness(request.empty),
            "parts": request.parts,
            "check_drift": request.check_drift,
            "truth": checked.truth,
            "maturity": checked.maturity,
        },
        result=lambda plan: {
            "dataset": dataset.label,
            "truth": checked.truth and checked.truth.label,
            "parts": request.parts,
            **_last_interval(plan, dataset),
        },
        outcome=f"batches go to {target}",
    )


def _last_interval(plan: Plan, dataset: Dataset) -> dict[str, str | None]:
    """The last data interval that has ended, for a batch right after the deployment; None if batches have none."""
    if plan.last is None or not reads_interval(dataset.sql):
        return {"interval_start": None, "interval_end": None}
    start, end = plan.last
    return {"interval_start": start.isoformat(), "interval_end": end.isoformat()}
