"""Deployment: approved → deployed, in the place of what serves the target now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelops.data.target import columns_for, ensure_target
from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import NotApproved, RepositoryError
from modelops.domain.versions import VersionKind
from modelops.lifecycle import code as version_code
from modelops.lifecycle.approvals import approved_version, require_approval
from modelops.lifecycle.preflight import check_deployment, check_owner
from modelops.lifecycle.sample import compare_with_sample, outputs_of
from modelops.lifecycle.schedule import plan_for
from modelops.lifecycle.workbench import Workbench
from modelops.registry import deployments

if TYPE_CHECKING:
    from modelops.domain.datasets import Dataset
    from modelops.domain.requests import DeploymentRequest
    from modelops.domain.schedules import Plan
    from modelops.jobs.run import JobRun


def deploy(request: DeploymentRequest, run: JobRun) -> dict[str, Any]:
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
    version = approved_version(VersionKind.MODEL, request.model, request.version, run, made_by="model_lifecycle")
    decision = require_approval(version, run)
    with run.workdir() as workdir:
        code = version_code.load(version, workdir, run)
        if not code.definition.has_scorer:
            raise RepositoryError(
                f"{version.subject} has no ModelScorer, so nothing can be predicted with it",
                where=f"{version.name}/model_modules/scoring.py",
                expected="class ModelScorer with def predict(self, data), and a new version",
            )
        files = version_code.fetch_artifacts(version, workdir, run)
        if not files.sample.exists():
            raise NotApproved(
                f"{version.subject} was trained before there were samples to compare a deployment with",
                where="its artifacts",
                expected="a new version",
            )
        run.step("artifacts_fetched", sha256=version.artifact_sha256)
        outputs = outputs_of(files.sample)
        checked = check_deployment(code.definition, request, run, like=version.columns, outputs=outputs)
        assert checked is not None  # there is a ModelScorer
        target, dataset = checked.target, replace(checked.dataset, had_nulls=version.had_nulls)
        run.step("dataset_fits", dataset=dataset.label)
        bench = Workbench.of(run, version, code, workdir)
        environment = bench.build()
        sampled = compare_with_sample(bench, environment, dataset, model=files.model, path=files.sample)
        run.step("sample_scored", rows=sampled)
    key_columns, output_columns = columns_for(checked.key, outputs)
    with run.fenced():
        check_owner(run.ledger, target, VersionKind.MODEL, version.name)
        ensure_target(run.ledger, target, key=key_columns, outputs=output_columns)
        plan = plan_for(str(target), request, run)
        made, before = deployments.begin(
            run.ledger,
            version,
            decision=decision,
            job_id=run.job_id,
            dataset=dataset.as_record(),
            target=str(target),
            entity_key=[{"name": column.name, "type": column.type} for column in key_columns],
            outputs=outputs,
            set_aside_budget=request.set_aside_budget,
            empty=Emptiness(request.empty),
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
        run.complete(result)
    run.log(
        f"{version.subject} is in production as deployment {made}, approved by {decision.approver};"
        f" batches go to {target}; schedule: {plan.told()}"
    )
    return result


def _last_interval(plan: Plan, dataset: Dataset) -> dict[str, str | None]:
    """What a batch right after the deployment is for: the interval that has ended last, where batches are of any."""
    if plan.last is None or "modelops.interval_" not in dataset.sql:
        return {"interval_start": None, "interval_end": None}
    start, end = plan.last
    return {"interval_start": start.isoformat(), "interval_end": end.isoformat()}
