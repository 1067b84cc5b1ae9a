"""Import: (none) → imported. The code is pinned and checked, but not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task.code import REQUIREMENTS
from modelops.kinds.feature_task.preflight import check_import
from modelops.registry.write import versions
from modelops.repository.pin import pin_task
from modelops.stages.code import pinned_files

if TYPE_CHECKING:
    from modelops.domain.requests import ImportRequest
    from modelops.jobs.run import JobRun


def import_task(request: ImportRequest, run: JobRun) -> dict[str, Any]:
    """Create a version of a feature task; returns its number and hashes.

    The task's queries and the requests for the later stages are checked before the version is created. The version, its
    code and its packages are recorded in one transaction.

    Raises:
        BadInput: the request or the task is invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    with run.workdir() as workdir:
        pinned = pin_task(
            request.task,
            settings=run.resources.settings,
            destination=workdir / "code",
            allow_dirty=request.allow_dirty,
            ref=request.ref,
        )
        task = pinned.definition
        run.step("code_pinned", sha256=pinned.code_sha256, commit=pinned.commit)
        check_import(task, request, run)
        run.step("sql_parsed")
        lock, artifacts = pinned_files(pinned, REQUIREMENTS, workdir, run)
        with run.fenced():
            begun = versions.begin(
                run.ledger,
                kind=VersionKind.FEATURE_TASK,
                name=request.task,
                job_id=run.job_id,
                created_by=run.attempt.requested_by,
            )
            version = versions.imported(
                run.ledger,
                begun,
                job_id=run.job_id,
                definition=task.as_record(),
                commit=pinned.commit,
                dirty=pinned.dirty,
                code_sha256=pinned.code_sha256,
                requirements_sha256=lock.sha256,
                resources=task.resources.as_record(),
                artifacts=artifacts,
            )
            run.name_subject(version)
            result = {
                "task": version.name,
                "version": version.number,
                "output": str(task.output),
                "commit": version.commit,
                "code_sha256": version.code_sha256,
                "artifact_sha256": version.artifact_sha256,
            }
            run.complete(result)
    run.log(f"{version.subject} is imported; SHA-256 of its code: {version.code_sha256}")
    return result
