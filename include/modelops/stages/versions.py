"""Finds the version that a job is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import UnknownVersion
from modelops.domain.versions import VersionKind, VersionStatus
from modelops.registry.write import versions

if TYPE_CHECKING:
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun

NOT_IN_USE = {VersionStatus.CREATED, VersionStatus.FAILED, VersionStatus.REJECTED, VersionStatus.RETIRED}


def version_in_use(kind: VersionKind, name: str, number: int | None, run: JobRun, *, purpose: str) -> Version:
    """The requested version, or the newest in use; a retry uses the same one. Records the job's subject.

    Args:
        purpose: what the job does with the version, as the end of the sentence "it can't …".

    Raises:
        UnknownVersion: no version has that number, or the version is unfinished, failed, rejected or retired.
        FenceLost: a newer attempt has the job.
    """
    begun = None if run.attempt.fresh else versions.of_job(run.ledger, job_id=run.job_id)
    version = begun or versions.find(run.ledger, name, number, kind=kind)
    if version.status in NOT_IN_USE:
        made = "imported" if kind is VersionKind.FEATURE_TASK else "trained or imported"
        raise UnknownVersion(
            f"{version.subject} is {version.status} and can't {purpose}",
            where="the parameter version",
            expected=f"a version that is {made}, and neither rejected nor retired",
        )
    with run.fenced():
        run.name_subject(version)
    return version
