"""Deployment of a version of any kind: approved → deployed, in the place of what serves the target now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from modelops.registry.write import deployments
from modelops.stages.approvals import approved_version, require_approval
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
    """What was checked, and is to be put into production.

    `ensure_output` locks the target and makes its table or view ready for these columns; `check_plan` refuses a
    schedule that has changed since the check. `terms` go to the registry and `result` into the job's result, beside
    what all kinds have; `outcome` completes the line in the log.
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
    """Checks that what was approved is what there is and that it works. The steps are reported through the run."""

    def __call__(self, version: Version, run: JobRun, /) -> Deployable: ...


def put_into_production(
    kind: VersionKind, number: int | None, name: str, terms: ScheduleTerms, run: JobRun, *, check: Check, made_by: str
) -> dict[str, Any]:
    """Put an approved version into production; what `check` raises keeps everything as it is.

    Args:
        number: of the version; None: the newest that is approved or deployed.
        made_by: the DAG that takes a version of this kind to its approval.

    Raises:
        NotApproved: nobody has approved exactly these artifacts.
        ScheduleError: there is no such schedule, time zone or table.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    version = approved_version(kind, name, number, run, made_by=made_by)
    decision = require_approval(version, run)
    checked = check(version, run)
    with run.fenced() as ledger:
        checked.ensure_output(ledger)
        plan = plan_for(checked.target, terms, run)  # read only now that the target is locked
        checked.check_plan(ledger, plan)
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
            "replaced": None if before is None else {"deployment": before.id, "version": before.version},
        }
        run.complete(result)
    run.log(
        f"{version.subject} is in production as deployment {made}, approved by {decision.approver};"
        f" {checked.outcome}; schedule: {plan.told()}"
    )
    return result
