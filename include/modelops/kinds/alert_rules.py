"""Alert rules of a deployment: set, ended and snoozed by jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from modelops.domain.alerts import (
    LEVELS,
    LONGEST_COOL_DOWN_DAYS,
    LONGEST_SNOOZE_DAYS,
    MAX_A_MONTH,
    AlertTerms,
    ChallengerTerms,
    Subject,
)
from modelops.domain.drift import Verdict
from modelops.domain.errors import AlertError
from modelops.domain.times import parse_time
from modelops.domain.versions import VersionKind
from modelops.kinds.check_drift import comparable_columns
from modelops.kinds.model.performance import METRICS
from modelops.registry.write import alerts, deployments, jobs, versions
from modelops.stages.alerts import update_alerts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.alert_requests import AlertRuleEndRequest, AlertRuleRequest, AlertSnoozeRequest
    from modelops.domain.deployments import Deployment
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun


def set_rule(request: AlertRuleRequest, run: JobRun) -> dict[str, Any]:
    """Set an alert rule of a deployment. If the latest checks meet it, it raises an alert at once.

    Raises:
        UnknownDeployment: no deployment has that number, or it has ended.
        AlertError: the rule is incomplete, or about a column, a target or a metric that the deployment doesn't have;
            the deployment has the same rule, or as many as it may have.
        FenceLost: a newer attempt has the job.
    """
    deployment = deployments.find_active(run.ledger, request.deployment)
    with run.fenced():
        run.name_deployment(deployment)
    terms = _terms(request, deployment, run)
    with run.fenced() as ledger:
        alerts.lock_target(ledger, deployment.target)
        for rule in alerts.lock_open(ledger, deployment.target, [terms.subject]):
            if rule.terms == terms:
                raise AlertError(
                    f"deployment {deployment.id} already has this rule: number {rule.id}",
                    where="the request",
                    expected="another rule; or end that one first (DAG alert_rule_end)",
                )
        number = alerts.set_rule(ledger, deployment.id, terms, job_id=run.job_id)
        judged = update_alerts(ledger, deployment.target, terms.subject, job_id=run.job_id)
        rule_now = alerts.find_open_rule(ledger, number)
        result = {**_result(rule_now), "alerts": judged}
        run.complete(result)
    firing = "; it is firing" if rule_now["alert_id"] is not None else ""
    run.log(f"Alert rule {number} of {deployment.subject}: {terms}{firing}")
    return result


def end_rule(request: AlertRuleEndRequest, run: JobRun) -> dict[str, Any]:
    """End an alert rule, and with it its alert.

    Raises:
        AlertError: no rule has that number, or it has ended.
        FenceLost: a newer attempt has the job.
    """
    rule = _open_rule(request.rule, run)
    with run.fenced() as ledger:
        alerts.lock_target(ledger, rule["target"])
        alerts.end_rule(ledger, rule["id"], job_id=run.job_id)
        result = _result(rule)
        run.complete(result)
    run.log(f"Alert rule {rule['id']} has ended: {result['says']}")
    return result


def snooze(request: AlertSnoozeRequest, run: JobRun) -> dict[str, Any]:
    """Suspend the notifications and challengers of a rule until a time; without one, end the snooze.

    Raises:
        AlertError: no rule has that number, it has ended, or the time is not in the future.
        FenceLost: a newer attempt has the job.
    """
    rule = _open_rule(request.rule, run)
    until = _until(request.until, jobs.now(run.ledger))
    with run.fenced() as ledger:
        alerts.snooze(ledger, rule["id"], until=until, reason=request.reason, job_id=run.job_id)
        result = {**_result(rule), "until": until and until.isoformat()}
        run.complete(result)
    change = f"is snoozed until {until.isoformat()}" if until else "is not snoozed any more"
    run.log(f"Alert rule {rule['id']} {change}: {result['says']}")
    return result


def _open_rule(number: int, run: JobRun) -> Mapping[str, Any]:
    rule = alerts.find_open_rule(run.ledger, number)
    with run.fenced():
        run.name_deployment(deployments.find(run.ledger, rule["deployment_id"]))
    return rule


def _result(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rule": rule["id"],
        "deployment": rule["deployment_id"],
        VersionKind(rule["kind"]).parameter: rule["model"],
        "version": rule["version"],
        "says": str(AlertTerms.from_record(rule)),
    }


def _until(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    where = "the parameter until"
    until = parse_time(text, where=where, error=AlertError)
    if not timedelta() < until - now <= timedelta(days=LONGEST_SNOOZE_DAYS):
        when = "is in the past" if until <= now else f"is more than {LONGEST_SNOOZE_DAYS} days away"
        raise AlertError(
            f"{until.isoformat()} {when}",
            where=where,
            expected=f"a time within the next {LONGEST_SNOOZE_DAYS} days; or none, to end a snooze",
        )
    return until


def _terms(request: AlertRuleRequest, deployment: Deployment, run: JobRun) -> AlertTerms:
    subject = Subject(request.subject)
    version = versions.find(run.ledger, deployment.model, deployment.version, kind=deployment.kind)
    level = Verdict(request.level) if request.level else LEVELS.get(subject)
    terms = AlertTerms(
        subject=subject,
        variable=request.variable,
        metric=request.metric,
        level=level,
        below=request.below,
        above=request.above,
        checks=request.checks,
        beyond_natural=request.beyond_natural,
        challenger=_challenger(request, deployment, version),
    )
    if subject is Subject.METRIC:
        return _with_target(terms, deployment)
    _check_known(terms, comparable_columns(version, run), deployment)
    return terms


def _challenger(request: AlertRuleRequest, deployment: Deployment, version: Version) -> ChallengerTerms | None:
    if not request.challenger:
        return None
    if deployment.kind is not VersionKind.MODEL:
        raise AlertError(
            f"{deployment.subject} is a feature task; only models have challengers",
            where="the parameter challenger",
            expected="false, or a deployment of a model",
        )
    if version.is_imported_model:
        raise AlertError(
            f"{version.subject} was imported from a file, so no challenger of it can be trained",
            where="the parameter challenger",
            expected="false, and another file when it is there (DAG byom_lifecycle)",
        )
    if not 1 <= request.cool_down_days <= LONGEST_COOL_DOWN_DAYS or not 1 <= request.most_a_month <= MAX_A_MONTH:
        raise AlertError(
            f"{request.cool_down_days:g} days between challengers, or {request.most_a_month} a month, is out of range",
            where="the parameters cool_down_days and most_a_month",
            expected=f"1 to {LONGEST_COOL_DOWN_DAYS} days, and 1 to {MAX_A_MONTH} challengers",
        )
    return ChallengerTerms(
        dataset=request.challenger_dataset,
        cool_down=timedelta(days=request.cool_down_days),
        most_a_month=request.most_a_month,
    )


def _with_target(terms: AlertTerms, deployment: Deployment) -> AlertTerms:
    truth = deployment.truth
    if truth is None:
        raise AlertError(
            f"{deployment.subject} has no labels, so it has no metrics",
            where="the parameter subject",
            expected="features or predictions; or deploy the version again with the parameter truth",
        )
    only = truth.targets[0] if len(truth.targets) == 1 else None
    target = terms.variable or only
    if target not in truth.targets:
        what = "there are several targets" if target is None else f"{target!r} is not a target"
        raise AlertError(what, where="the parameter variable", expected=f"one of {', '.join(truth.targets)}")
    known = METRICS if truth.type is None else {truth.type: METRICS[truth.type]}
    names = sorted(name for each in known.values() for name in each)
    if terms.metric not in names:
        raise AlertError(
            f"there is no metric {terms.metric!r}", where="the parameter metric", expected=f"one of {', '.join(names)}"
        )
    return replace(
        terms, variable=target, beyond_natural=True
    )  # does not apply to metrics; fixed, so that equal rules are equal


def _check_known(terms: AlertTerms, columns: Mapping[str, Sequence[str]], deployment: Deployment) -> None:
    """Check that drift checks compare the rule's columns; `columns` has the compared columns, by role."""
    known = columns.get(str(terms.subject.role), ())
    if not known:
        raise AlertError(
            f"{deployment.subject} has no {terms.subject} that a drift check compares",
            where="the parameter subject",
            expected="a version with a reference: see its statistics, and recompute them (DAG model_statistics)",
        )
    if terms.variable is not None and terms.variable not in known:
        raise AlertError(
            f"a drift check of {deployment.subject} compares no column {terms.variable!r}",
            where="the parameter variable",
            expected=f"one of {', '.join(sorted(known))}",
        )
