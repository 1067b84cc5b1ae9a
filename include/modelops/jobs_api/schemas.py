"""The answers of the API; its documentation is made from these classes."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from modelops.domain import bounds
from modelops.domain.actions import Action
from modelops.domain.drift import Verdict
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Event, JobId, JobStatus
from modelops.domain.refusals import Code, Value
from modelops.domain.versions import ArtifactRole
from modelops.registry.read.job_evidence import JobFile
from modelops.registry.read.job_list import Count, Place

MOST = 200
"""Rows on a page."""
SEVERAL = 100
"""Values of a parameter that may be given several times."""
REASON = 300
"""Characters of a job's reason."""
NO_NUL = r"^[^\x00]*$"
Text = Annotated[str | None, Query(max_length=250, pattern=NO_NUL)]
Types = Annotated[list[JobType] | None, Query(max_length=SEVERAL)]
Json = Annotated[dict[str, Any], BeforeValidator(bounds.bounded)]
"""JSON from user code or a request. No stored value may make a page fail."""
JobNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]
DeploymentNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]


def reason_of(error: Any) -> str | None:
    """The first line of an error; of several errors, their number and the first one."""
    lines = [line.strip() for line in str(error or "").splitlines()[:2]]
    reason = " ".join(lines if lines and lines[0].endswith(":") else lines[:1])
    return (reason if len(reason) <= REASON else f"{reason[:REASON]}…") or None


class Job(BaseModel):
    """A job: one stage in the life of a model or feature task, executed as one Airflow task. Times are in seconds."""

    model_config = ConfigDict(ser_json_timedelta="float")

    id: int
    type: JobType
    subject: str = Field(description="What the job is about: the model until its version exists, then the version.")
    status: JobStatus
    attempt: int = Field(description="Airflow's try number of the newest attempt; 0 before the first.")
    requested_by: str
    created_at: datetime
    waited: timedelta | None = Field(
        description="Time spent waiting so far: to be scheduled, for a worker, for a person, and between attempts."
    )
    worked: timedelta | None = Field(description="Time spent on a worker so far.")
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    reason: Annotated[str | None, BeforeValidator(reason_of)] = Field(
        validation_alias="error", description="The first line of its error; null if there is none."
    )


class JobEvent(BaseModel):
    """An event of a job, as recorded in the ledger. Events are never changed or removed."""

    attempt: int
    event: Event
    at: datetime
    actor: str = Field(description='A person, "airflow" (scheduler, executor) or "worker" (the task itself).')
    detail: Json


class LedgerFreshness(BaseModel):
    """The freshness of the ledger."""

    known_up_to: datetime | None = Field(
        description="The time up to which the ledger has Airflow's events; null before the first."
    )
    behind: float | None = Field(description="Seconds since then.")


class Request(BaseModel):
    """The request for a decision that an approval job makes."""

    digest: str = Field(description="SHA-256 of the evidence, to which a decision is bound.")
    evidence: Json
    requesters: list[str] = Field(description="Who requested the training; these persons can't decide.")
    approvers: list[str] = Field(description="Who may decide; empty: anybody but the requesters.")


class Refusal(BaseModel):
    """The reason for a refusal."""

    detail: str = Field(description="In English.")
    code: Code = Field(description="A stable code, for programs and translations.")
    values: dict[str, Value] = Field(description="The values that the text contains.")


class WholeJob(Job, LedgerFreshness):
    """A job with its parameters, result, events and possible actions."""

    parameters: Json
    result: Json | None
    error: str | None
    events: list[JobEvent]
    request: Request | None = Field(description="Of an approval job: its newest approval request.")
    objection: str | None = Field(description="Why you can't decide on a job that awaits approval.")
    refusal: Refusal | None = Field(description="The objection with its code.")
    actions: list[Action] = Field(description="The actions that you may perform on it now.")


class RequestedResources(BaseModel):
    """The section `resources` of a version; null: not requested."""

    model_config = ConfigDict(from_attributes=True)

    queue: str | None
    pool: str | None
    memory: int | None = Field(description="In bytes.")
    cpu_seconds: float | None
    seconds: float | None


class RecentUsage(BaseModel):
    """The most that the last completed jobs of the same model and type have used, and a request that would do."""

    model_config = ConfigDict(from_attributes=True)

    jobs: int = Field(description="How many jobs; at most 10.")
    peak_memory: int
    peak_allocated: int
    cpu_seconds: float
    memory: int = Field(description="Bytes to request as `resources.memory`.")
    cpu_seconds_to_request: int = Field(description="Seconds to request as `resources.cpu_seconds`.")


class JobUsage(BaseModel):
    """The memory and CPU time that the user code of a job's newest attempt has used; null: none was measured."""

    model_config = ConfigDict(from_attributes=True)

    peak_memory: int | None = Field(
        description="Bytes of resident memory: of its largest process, or of several at one time if that is more."
    )
    peak_allocated: int | None = Field(
        description="Bytes that a process had allocated, used or not, as measured now and then."
    )
    cpu_seconds: float | None = Field(description="CPU time of all processes together.")
    requested: RequestedResources = Field(description="By the version of the job.")
    recent: RecentUsage | None


class ArtifactFile(BaseModel):
    """A file that a job pinned or produced, stored under its hash."""

    role: ArtifactRole
    name: str
    sha256: str
    size: int = Field(description="In bytes.")
    media_type: str
    job_id: int = Field(description="The job that produced it.")
    job_type: JobType

    @classmethod
    def of(cls, left: JobFile) -> Self:
        artifact = left.artifact
        return cls(
            role=artifact.role,
            name=artifact.name,
            sha256=artifact.sha256,
            size=artifact.size,
            media_type=artifact.media_type,
            job_id=left.job_id,
            job_type=left.job_type,
        )


class ColumnStatistics(BaseModel):
    """The statistics of a column that a job recorded."""

    role: str = Field(description="feature, target or prediction.")
    variable: str
    kind: str = Field(description="continuous, categorical, temporal or other.")
    values: Json = Field(description="Counts, moments, a histogram; the most frequent categories.")


class BinChange(BaseModel):
    """The share of a bin in the reference and in the batch."""

    bin: str
    before: float
    now: float


class Drift(BaseModel):
    """How far a column of a batch has moved from the reference. Shifts are in standard deviations."""

    role: str = Field(description="feature or prediction.")
    variable: str
    verdict: Verdict
    psi: float | None = Field(description="Population stability index; null if there are too few rows.")
    shift: float | None = Field(description="The shift of a normal distribution that has the same index.")
    p_value: float | None = Field(
        description="Of an index of at most the tolerance; adjusted for the columns that are checked together."
    )
    lower_bound: float | None = Field(description="The lower confidence bound of the index.")
    natural_variation: float | None = Field(
        description="The largest index between a tenth of the reference and the rest."
    )
    detectable_shift: float | None = Field(
        description="The smallest shift that would be found with a probability of 99 %."
    )
    reference_rows: int
    rows: int
    most_moved: list[BinChange] = Field(description="The three bins whose shares have changed most.")
    reason: str | None = Field(description="Why the column can't be compared.")


class DriftCheck(BaseModel):
    """The result of a drift check."""

    columns: list[Drift] = Field(description="The greatest changes first.")
    statement: str = Field(description="SQL that returns the same figures.")


class Evidence(BaseModel):
    """The evidence of a job."""

    evidence: Json | None = Field(
        description="What the version is made of, its evaluations and the champion's: as put before the reviewers by an"
        " approval, as it is now for other jobs; null before there is a version."
    )
    artifacts: list[ArtifactFile]
    statistics: list[ColumnStatistics] = Field(
        description="Those that the job recorded, for batches to be compared with: of a training's rows, of the"
        " predictions of an evaluation, or of both."
    )


class PublishedBatch(BaseModel):
    """A batch that was published."""

    run_id: int = Field(description="The number of the batch run.")
    deployment_id: int
    version: int
    interval_start: datetime | None = Field(description="Null, as the end, of a batch without an interval.")
    interval_end: datetime | None
    published_at: datetime
    rows: int


class Predictions(BaseModel):
    """The rows that a batch published: predictions, or rows of a feature table."""

    target: str = Field(description="The view that readers query.")
    rows: int
    set_aside: int = Field(description="Rows that couldn't be scored.")
    published_at: datetime
    superseded_at: datetime | None = Field(description="When another run superseded it.")
    deployment_id: int
    check_job_id: int | None = Field(
        description="The job of its newest drift check; null if there is none, or you may not see it."
    )
    columns: list[str]
    sample: list[list[str | None]] = Field(description="Some rows, each value as text.")


class ActionBody(BaseModel):
    """The body of a request for an action."""

    model_config = ConfigDict(extra="forbid")

    comment: str | None = Field(
        None, max_length=bounds.COMMENT, description="The comment of a decision; required to reject."
    )
    evidence: str | None = Field(
        None,
        max_length=64,
        description="The digest of the evidence that was shown. If it has changed, the decision is refused.",
    )


class AcceptedAction(BaseModel):
    """The response to a request that Airflow has accepted."""

    run_id: str = Field(description="The DAG run of the job, or the new one.")


class Page(LedgerFreshness):
    """A page of jobs, newest first."""

    jobs: list[Job]
    after: str | None = Field(description="For the parameter of this name, to get the next page; null on the last one.")


class JobCount(BaseModel):
    """The number of jobs with a type and a status."""

    type: JobType
    status: JobStatus
    number: int
    more: bool = Field(description="Whether there are more than `number`.")

    @classmethod
    def of(cls, count: Count) -> Self:
        return cls(type=count.type, status=count.status, number=count.number, more=count.more)


def text_of(place: Place) -> str:
    """The end of a page, as a value of the parameter `after`."""
    # With a Z: the + of an offset would be read as a space in a URL.
    return f"{place.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{place.id}"


def place_of(text: str) -> Place:
    """Parse a value of the parameter `after`.

    Raises:
        ValueError: it isn't the end of a page.
    """
    at, _, number = text.partition("~")
    created_at = datetime.fromisoformat(at)
    if created_at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return Place(created_at=created_at, id=JobId(int(number)))
