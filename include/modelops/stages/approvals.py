"""Finds the version to deploy, and the approval that allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import NotApproved
from modelops.domain.versions import VersionKind, VersionStatus
from modelops.registry.write import decisions, versions

if TYPE_CHECKING:
    from modelops.domain.decisions import Decision
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun

DEPLOYABLE = (VersionStatus.APPROVED, VersionStatus.DEPLOYED)


def approved_version(kind: VersionKind, name: str, number: int | None, run: JobRun, *, made_by: str) -> Version:
    """The requested version, or the newest that can be deployed; a retry uses the same one. Records the job's subject.

    Args:
        made_by: the DAG that takes a version to its approval.

    Raises:
        NotApproved: no version is approved.
        UnknownVersion: no version has that number.
        FenceLost: a newer attempt has the job.
    """
    version = None if run.attempt.fresh else versions.of_job(run.ledger, job_id=run.job_id)
    if version is None and number is None:
        version = versions.newest_with(run.ledger, name, DEPLOYABLE, kind=kind)
        if version is None:
            close = versions.close_names(run.ledger, name, kind=kind)
            raise NotApproved(
                f"no version of {name} is approved{close}",
                where="the parameter version",
                expected=f"a version that a reviewer has approved; the DAG {made_by} makes one",
            )
    if version is None:
        version = versions.find(run.ledger, name, number, kind=kind)
    with run.fenced():
        run.name_subject(version)
    return version


def require_approval(version: Version, run: JobRun) -> Decision:
    """The decision that approved the version.

    Raises:
        NotApproved: nobody has approved the version, or it is retired.
    """
    decision = decisions.approval_of(run.ledger, version.id)
    if decision is not None and version.status in DEPLOYABLE:
        return decision
    if decision is not None and version.status is VersionStatus.RETIRED:
        raise NotApproved(
            f"{version.subject} is retired: its last deployment was retired",
            where="modelops.version",
            expected="a version that is approved or deployed, or a new one",
        )
    raise NotApproved(
        f"{version.subject} is {version.status}: nobody has approved it",
        where="modelops.decision",
        expected="a reviewer's approval; marking a task as success is not an approval",
    )
