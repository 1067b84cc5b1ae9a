"""Deployment of a version of any kind: approved → deployed. It replaces the target's current deployment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from modelops.registry.write import alerts, deployments
from modelops.stages.approvals import approved_version, require_approval
from modelops.stages.connections import require_logins
from modelops.stages.schedule import plan_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.requests import ScheduleTerms
    from modelops.domain.schedules import Plan
    from modelops.domain.targets import TargetColumn
    from modelops.domain.versions import Version, VersionKind
    from modelops.jobs.run import JobRun


@dataclass(frozen=True, kw_only=True)
class Deployable:
    """A version that passed its checks, with all that its deployment needs.

    `ensure_output` locks the target and prepares its table or view for these columns; `check_plan` rejects a schedule
    that has changed since the check. `terms` has the fields of the kind for the registry, and `result` those for the
    job's result; `outcome` is added to the line in the log.
    """

    target: str
    dataset: Mapping[str, Any]
    key: Sequence[TargetColumn]
    outputs: Mapping[str, str]
    ensure_output: Callable[[Connection[Any]], None]
    check_plan: Callable[[Connection[Any], Plan], None] = field(default=lambda _ledger, _plan: None)
    terms: Mapping[str, Any]
    result: Callable[[Plan], Mapping[str, Any]] = field(default=lambda _plan: {})
    outcome: str


class Check(Protocol):
    """Checks that the version's artifacts are those that were approved, and that they work. The run logs the steps."""

    def __call__(self, version: Version, run: JobRun, /) -> Deployable: ...


def put_into_production(
    kind: VersionKind, number: int | None, name: str, terms: ScheduleTerms, run: JobRun, *, check: Check, made_by: str
) -> dict[str, Any]:
    """Put an approved version into production. If `check` raises an error, nothing changes.

    Args:
        number: the version's number; None: the newest version that is approved or deployed.
        made_by: the DAG that takes a version of this kind to its approval.

    Raises:
        NotApproved: nobody has approved exactly these artifacts.
        LoginError: a login lacks a privilege that the batches need.
        ScheduleError: the schedule, its time zone or its table does not exist.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    version = approved_version(kind, name, number, run, made_by=made_by)
    decision = require_approval(version, run)
    checked = check(version, run)
    require_logins(kind, checked.target, run)
    with run.fenced() as ledger:
        checked.ensure_output(ledger)
        plan = plan_for(checked.target, terms, run)  # read after the target is locked
        checked.check_plan(ledger, plan)
        alerts.lock_target(
            ledger, checked.target
        )  # no rule is set, ended or met while the new deployment takes them over
        made, before = deployments.begin(
            ledger,
            version,
            decision=decision,
            job_id=run.job_id,
            dataset=checked.dataset,
            target=checked.target,
            entity_key=[{"name": column.name, "type": column.type} for column in checked.key],
            outputs=checked.outputs,
            plan=plan,
            **checked.terms,
        )
        rules = alerts.carry_over(ledger, made, before=before.id, job_id=run.job_id) if before is not None else []
        result = {
            "deployment": made,
            kind.parameter: version.name,
            "version": version.number,
            "target": checked.target,
            "schedule": plan.schedule.as_record(),
            **checked.result(plan),
            "artifact_sha256": version.artifact_sha256,
            "approved_by": decision.approver,
            "evidence": decision.digest,
            "alert_rules": len(rules),
            "replaced": None if before is None else {"deployment": before.id, "version": before.version},
        }
        run.complete(result)
    run.log(
        f"{version.subject} is in production as deployment {made}, approved by {decision.approver};"
        f" {checked.outcome}; schedule: {plan.summary()}"
    )
    return result
