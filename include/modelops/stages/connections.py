"""The logins of the data database: checked by a job of its own, and by each deployment for its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.findings import Findings
from modelops.domain.versions import VersionKind
from modelops.registry.login_check.check import check_logins
from modelops.registry.login_check.needs import check_needs
from modelops.registry.privileges import FEATURES, JOBS, SQL_LOGIN
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from modelops.domain.requests import ConnectionCheckRequest
    from modelops.jobs.run import JobRun


def check_connections(request: ConnectionCheckRequest, run: JobRun) -> dict[str, Any]:  # noqa: ARG001 - it has nothing
    """Check the logins that this machine has connections of, and of the others what the catalogue says.

    Raises:
        LoginError: a login can't do what it must, or can do what it mustn't; SeveralErrors, if there is more.
        Unavailable: no login reaches the database.
        FenceLost: a newer attempt has the job.
    """
    machine = run.resources
    report = check_logins({JOBS: machine.ledger_url, SQL_LOGIN: machine.rows_url, FEATURES: machine.features_url})
    run.step(
        "logins_checked",
        server=report.server,
        logins=", ".join(report.tried),
        trials=report.trials,
        findings=len(report.findings),
    )
    for line in report.lines():
        run.log(line)
    findings = Findings()
    findings.errors += report.findings
    findings.raise_if_any()
    result = report.as_record()
    with run.fenced():
        run.complete(result)
    run.log(f"{report.trials} statements tried as {', '.join(report.tried)}; no findings")
    return result


def require_logins(kind: VersionKind, target: str, run: JobRun) -> None:
    """Check that the logins can do what the batches of a deployment into `target` need.

    Raises:
        LoginError: a privilege is missing, with the GRANT; SeveralErrors, if there are more.
        Unavailable: the database can't be reached.
    """
    features_url = run.resources.features_url if kind is VersionKind.FEATURE_TASK else None
    schema = target.partition(".")[0]
    with translated():
        check_needs(run.ledger, schema, rows_url=run.resources.rows_url, features_url=features_url)
