"""The evidence of a job: what was evaluated, files to view or download, a preview of predictions."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Annotated
from urllib.parse import quote

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from modelops.data.artifacts import CHUNK, ArtifactStore
from modelops.data.predictions import sample
from modelops.domain.errors import ArtifactChanged, TargetError
from modelops.domain.jobs import JobId
from modelops.domain.refusals import Code
from modelops.domain.targets import Target
from modelops.domain.versions import Artifact
from modelops.jobs_api import refusals
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_job
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import (
    ArtifactFile,
    ColumnStatistics,
    Evidence,
    JobNumber,
    Predictions,
)
from modelops.kinds.model.details import EvaluationDetails
from modelops.registry.read import job_evidence
from modelops.settings import InstallationSettings

APPLICATION = "modelops evidence"
ROWS = 20
"""Maximum rows of a sample of predictions."""
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"}
"""Media types that the browser may display. User code wrote the files, so no script in them may run."""
HARMLESS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Content-Encoding": "identity",  # Airflow's server would compress the response again and drop the length
    "Cache-Control": "private, max-age=31536000, immutable",
}
CHECKED_AT_ONCE = 4
"""Maximum number of files whose hash is verified concurrently."""
PATIENCE = 5
"""Seconds that a request waits for its turn; a page with many plots requests all of them at once."""
_checks = threading.BoundedSemaphore(CHECKED_AT_ONCE)

router = APIRouter(
    prefix="/api/jobs/{id}",
    responses=refusals.documented({404: "There is no such job or file, or you may not see it."}),
)


@router.get("/evidence")
def show_evidence(user: GetUserDep, id: JobNumber) -> Evidence:  # noqa: A002 - the name in the API
    """The provenance of the job's version, its metrics next to the champion's, and the job's files."""
    with limited_connection(APPLICATION) as connection:
        whole_job(user, connection, id)
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        return Evidence(
            evidence=job_evidence.evidence_of(connection, seen, JobId(id)),
            artifacts=[ArtifactFile.of(left) for left in job_evidence.artifacts_of(connection, seen, JobId(id))],
            statistics=[ColumnStatistics(**one) for one in job_evidence.statistics_of(connection, JobId(id))],
        )


@router.get("/evaluations/{digest}", response_model_by_alias=True)
def show_evaluation(
    user: GetUserDep,
    id: JobNumber,  # noqa: A002 - the name in the API
    digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
) -> EvaluationDetails:
    """Plots as data, and figures by class and by slice, of an evaluation of the job's version, by its digest."""
    with limited_connection(APPLICATION) as connection:
        whole_job(user, connection, id)
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        details = job_evidence.details_of(connection, seen, JobId(id), digest)
    if details is None:
        detail = f"job {id} has no such evaluation with the digest {digest}"
        raise Refused(404, Code.UNKNOWN_EVALUATION, detail, job=id, sha256=digest)
    return EvaluationDetails.model_validate(details)


@router.get(
    "/artifacts/{sha256}",
    response_class=StreamingResponse,
    responses=refusals.documented({409: "The file is missing, or was changed after it was recorded."}),
)
def show_artifact(
    user: GetUserDep,
    id: JobNumber,  # noqa: A002 - the name in the API
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    name: Annotated[
        str | None, Query(max_length=1000, description="Selects one of several files that have the same content.")
    ] = None,
) -> StreamingResponse:
    """A file of the job, after its hash was verified."""
    with limited_connection(APPLICATION) as connection:
        whole_job(user, connection, id)
        files = job_evidence.artifacts_of(connection, visible_dags(user, connection, DETAIL_ACCESS), JobId(id))
    alike = (left.artifact for left in files if left.artifact.sha256 == sha256)
    artifact = next((one for one in alike if name in (None, one.name)), None)
    if artifact is None:
        detail = f"job {id} has no such file with the SHA-256 {sha256}"
        raise Refused(404, Code.UNKNOWN_FILE, detail, job=id, sha256=sha256)
    with _checking():
        source = _opened(artifact)
    shown = "inline" if artifact.media_type in PICTURES else "attachment"
    name = quote(artifact.name.rpartition("/")[2], safe="")
    return StreamingResponse(
        _parts(source),
        media_type=artifact.media_type,
        headers=HARMLESS
        | {"Content-Disposition": f"{shown}; filename*=UTF-8''{name}", "Content-Length": str(artifact.size)},
    )


@router.get(
    "/predictions",
    responses=refusals.documented({409: "The view that readers query does not have the rows that the job published."}),
)
def show_predictions(user: GetUserDep, id: JobNumber) -> Predictions:  # noqa: A002 - the name in the API
    """A sample of the rows that the job published, as readers of the view see them."""
    with limited_connection(APPLICATION) as connection:
        whole_job(user, connection, id)
        run = job_evidence.published_by(connection, visible_dags(user, connection, DETAIL_ACCESS), JobId(id))
        if run is None:
            raise Refused(404, Code.NOTHING_PUBLISHED, f"job {id} has published nothing", job=id)
        try:
            columns, rows = sample(connection, Target.parse(run["target"], where="the run"), JobId(id), rows=ROWS)
        except TargetError as error:
            values = {"target": run["target"], "reason": error.what}
            raise Refused(409, Code.PREDICTIONS_UNREADABLE, str(error), **values) from error
    return Predictions(columns=columns, sample=rows, **run)


@contextmanager
def _checking() -> Iterator[None]:
    """Wait for a turn to verify a file. The number is limited, because Airflow's own requests need CPU and disk too.

    Raises:
        Refused: 503, too many files are being verified.
    """
    if not _checks.acquire(timeout=PATIENCE):
        detail = "Too many files are being checked at once; try again in a moment."
        raise Refused(503, Code.TOO_MANY_FILES, detail)
    try:
        yield
    finally:
        _checks.release()


def _opened(artifact: Artifact) -> IO[bytes]:
    """The stored file, after its hash was verified.

    Raises:
        Refused: 409, the file is missing, or was changed after it was recorded.
    """
    from airflow.sdk import ObjectStoragePath

    try:
        source = ArtifactStore(ObjectStoragePath(InstallationSettings.from_environment().artifacts)).open(artifact)
    except ArtifactChanged as error:
        raise Refused(409, Code.ARTIFACT_CHANGED, str(error), name=artifact.name) from error
    found = hashlib.sha256()
    for part in iter(lambda: source.read(CHUNK), b""):
        found.update(part)
    if found.hexdigest() != artifact.sha256:
        source.close()
        detail = f"artifact {artifact.name} was changed after it was recorded; it isn't given out"
        raise Refused(409, Code.ARTIFACT_CHANGED, detail, name=artifact.name)
    source.seek(0)
    return source


def _parts(source: IO[bytes]) -> Iterator[bytes]:
    with source:
        yield from iter(lambda: source.read(CHUNK), b"")
