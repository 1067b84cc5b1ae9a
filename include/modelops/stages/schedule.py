"""Determines the schedule of a new deployment, and changes that of an existing one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import ScheduleError
from modelops.domain.schedules import MANUAL_PLAN, MAX_MINUTES, SCHEDULE, TIME_ZONE, Schedule, ScheduleKind
from modelops.registry.write import deployments, schedules

if TYPE_CHECKING:
    from modelops.domain.deployments import Deployment
    from modelops.domain.requests import ScheduleRequest, ScheduleTerms
    from modelops.domain.schedules import Plan
    from modelops.jobs.run import JobRun


def plan_for(target: str, terms: ScheduleTerms, run: JobRun, *, ahead: bool = False) -> Plan:
    """The schedule of a new deployment: as requested, otherwise that of the target's current deployment.

    `ahead`: this is a check before the deployment. The feature table that it follows may not be deployed yet either.

    Raises:
        ScheduleError: the schedule is invalid, Python or PostgreSQL does not know the time zone, or no deployment makes
            the table that the schedule follows.
    """
    before = schedules.plan_of_target(run.ledger, target) or MANUAL_PLAN
    requested = _requested(before.schedule, terms, run, own=target, ahead=ahead)
    schedules.check_zone(run.ledger, requested.time_zone, where=TIME_ZONE)
    return run.resources.plan(requested)


def change_schedule(request: ScheduleRequest, run: JobRun) -> dict[str, Any]:
    """Change a deployment's schedule from now on; returns the old schedule, the new one, and its next times.

    Raises:
        UnknownDeployment: no deployment has that number, or it has ended.
        ScheduleError: the schedule or the time zone is invalid, no deployment makes the table that the schedule
            follows, or nothing would change.
        FenceLost: a newer attempt has the job.
    """
    deployment = deployments.find_active(run.ledger, request.deployment)
    with run.fenced():
        run.name_deployment(deployment)
    with run.fenced():
        deployments.champion(run.ledger, deployment.target)  # locks the deployment, so that changes run one at a time
        before = schedules.plan_of(run.ledger, deployment.id)
        plan = _changed_plan(before, request, run, own=deployment.target)
        if plan.schedule == before.schedule and plan.starts_at == before.starts_at:
            raise ScheduleError(
                f"the schedule of deployment {deployment.id} is {before.schedule} already",
                where="the parameters schedule, time_zone, paused and late_after",
                expected="a value that differs from the current one",
            )
        _check_zone(deployment, plan, run)
        schedules.set_schedule(run.ledger, deployment.id, plan, job_id=run.job_id)
        result = {
            "deployment": deployment.id,
            deployment.kind.parameter: deployment.model,
            "version": deployment.version,
            "target": deployment.target,
            "before": before.schedule.as_record(),
            "after": plan.schedule.as_record(),
            "upcoming": [moment.isoformat() for moment in plan.upcoming],
        }
        run.complete(result)
    run.log(f"{deployment.subject} was on the schedule {before.schedule}; from now on it is on {plan.summary()}")
    return result


def _check_zone(deployment: Deployment, plan: Plan, run: JobRun) -> None:
    """Check that the dates in a feature table, which are in the schedule's time zone, keep their meaning."""
    zone = deployment.dataset.get("time_zone")
    if zone not in {None, plan.schedule.time_zone}:
        is_seen = deployments.last_seen_of_target(run.ledger, deployment.target) is not None
        raise ScheduleError(
            f"the dates of {deployment.target} are in the time zone {zone}, which the schedule had at the deployment",
            where=TIME_ZONE,
            expected=f"{zone}; or a new version with time_zone: {zone} in task.yaml, so that the schedule may change"
            + ("" if is_seen else "; or, while nothing is published, a deployment with another time zone"),
        )


def _changed_plan(before: Plan, request: ScheduleRequest, run: JobRun, *, own: str) -> Plan:
    """The new plan. It starts now if the request changes its times; otherwise it keeps the start of the old plan."""
    requested = _requested(before.schedule, request, run, own=own, paused=request.paused)
    plan, was = run.resources.plan(requested), before.schedule
    if requested.kind is ScheduleKind.ONCE:
        is_unchanged = was.kind is ScheduleKind.ONCE and request.schedule is None
    else:
        is_unchanged = (requested.text, requested.time_zone, requested.paused) == (was.text, was.time_zone, was.paused)
    return replace(plan, starts_at=before.starts_at) if is_unchanged else plan


def _requested(
    kept: Schedule, terms: ScheduleTerms, run: JobRun, *, own: str, ahead: bool = False, paused: bool | None = None
) -> Schedule:
    requested = Schedule.parse(
        kept.text if terms.schedule is None else terms.schedule,
        kept.time_zone if terms.time_zone is None else terms.time_zone,
        paused=kept.paused if paused is None else paused,
        late_after=kept.late_after if terms.late_after is None else _late_after_of(terms.late_after),
    )
    if requested.table is not None:
        _check_table(requested.table, run, own=own, ahead=ahead)
    return requested


def _check_table(table: str, run: JobRun, *, own: str, ahead: bool) -> None:
    """Check that a deployment makes the table, and that following it creates no cycle."""
    made = [each for each in schedules.publishers(run.ledger) if each != own]
    known = schedules.declared(run.ledger) if ahead else made
    if table != own and table not in known:
        raise ScheduleError(
            f"no {'feature task' if ahead else 'deployment'} makes the feature table {table}",
            where=SCHEDULE,
            expected=f"after {' or '.join(known)}" if known else "deploy the feature task that makes it first",
        )
    awaited: str | None = table
    for _ in range(len(made) + 1):
        if awaited == own:
            raise ScheduleError(
                f"{own} would wait for itself" + (f", through {table}" if table != own else ""),
                where=SCHEDULE,
                expected="a table that doesn't wait for this one",
            )
        plan = None if awaited is None else schedules.plan_of_target(run.ledger, awaited)
        awaited = None if plan is None else plan.schedule.table


def _late_after_of(minutes: float) -> timedelta | None:
    """Convert `late_after` from minutes; None for 0.

    Raises:
        ScheduleError: the number is negative or greater than MAX_MINUTES.
    """
    if not 0 <= minutes <= MAX_MINUTES:
        raise ScheduleError(
            f"{minutes:g} minutes is out of range",
            where="the parameter late_after",
            expected=f"0 (never) to {MAX_MINUTES:,}",
        )
    return timedelta(minutes=minutes) or None
