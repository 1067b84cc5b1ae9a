"""Results of drift checks, the compared distributions, and drift over time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from psycopg import sql
from pydantic import BaseModel, Field

from modelops.domain.deployments import dag_id_of
from modelops.domain.drift import Verdict
from modelops.domain.jobs import JobId
from modelops.domain.refusals import Code
from modelops.domain.versions import VersionKind
from modelops.jobs_api import refusals
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_deployment, whole_job
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import NO_NUL, DeploymentNumber, Drift, DriftCheck, JobNumber, PublishedBatch
from modelops.registry.read import drift_list
from modelops.statistics.bins import bin_names

APPLICATION = "modelops drift"
MAX_BATCHES, MAX_COLUMNS = 50, 100
JOB_STATEMENT = """SELECT role, variable, verdict, psi, shift, p_value, lower_bound, natural_variation,
       detectable_shift, reference_rows, rows, most_moved, reason
FROM modelops.drift AS found
WHERE job_id = {} AND attempt = (SELECT max(attempt) FROM modelops.drift WHERE job_id = found.job_id)
ORDER BY array_position('{{major,moderate,moved}}'::modelops.drift_verdict[], verdict),
         psi DESC NULLS LAST, role, variable;"""
DISTRIBUTION_STATEMENT = """SELECT meaning, lower, upper, category, reference_rows, rows,
       reference_rows / nullif(sum(reference_rows) OVER (), 0) AS before, rows / nullif(sum(rows) OVER (), 0) AS now
FROM modelops.distribution({});"""
TARGET_STATEMENT = """WITH batch AS (
  SELECT id, covers, coalesce(upper(covers), 'infinity') AS until, coalesce(lower(covers), '-infinity') AS since
  FROM modelops.batch_run
  WHERE target = {target} AND published_at IS NOT NULL AND (superseded_at IS NULL OR covers = '(,)')
  ORDER BY coalesce(upper(covers), 'infinity') DESC, coalesce(lower(covers), '-infinity') DESC, id DESC
  LIMIT {limit})
SELECT batch.id AS run_id, lower(batch.covers) AS interval_start, upper(batch.covers) AS interval_end,
       found.role, found.variable, found.verdict, found.psi, found.shift, found.natural_variation, found.reason
FROM batch
CROSS JOIN LATERAL (SELECT job_id, attempt FROM modelops.drift WHERE run_id = batch.id ORDER BY id DESC LIMIT 1) AS last
JOIN modelops.drift AS found
  ON found.job_id = last.job_id AND found.attempt = last.attempt AND found.run_id = batch.id
ORDER BY batch.until DESC, batch.since DESC, batch.id DESC, found.role, found.variable;"""
"""SQL for a reader of the registry."""

router = APIRouter(prefix="/api")


class ComparedBin(BaseModel):
    """A bin of a column, in the reference and in the batch."""

    bin: str = Field(description="A category, an interval, or values such as null that have a bin of their own.")
    reference_rows: int = Field(description="For categories, half of the reference's rows are counted.")
    rows: int
    before: float = Field(description="The share of the reference's rows that are in this bin.")
    now: float = Field(description="The share of the batch's rows that are in this bin.")


class Distribution(BaseModel):
    """The distribution of a column in the reference and in a batch."""

    run_id: int = Field(description="The number of the batch run.")
    bins: list[ComparedBin] = Field(description="Empty if the column was not counted in the bins of the reference.")
    statement: str = Field(description="SQL that returns the same figures.")


class CheckedBatch(PublishedBatch):
    """A published batch and its newest drift check."""

    job_id: int = Field(description="The job of the batch.")
    checked: bool
    check_job_id: int | None = Field(
        description="The job of the drift check; null if there is none, or you may not see it."
    )


class ColumnResult(BaseModel):
    """The result of a drift check for one column."""

    verdict: Verdict
    psi: float | None = Field(description="Population stability index; null if it could not be compared.")


class ColumnOverTime(BaseModel):
    """The results for one column in successive batches."""

    role: str = Field(description="feature or prediction.")
    variable: str
    results: list[ColumnResult | None] = Field(
        description="One for each batch, in the order of `batches`; null if there is none."
    )


class DriftOverTime(BaseModel):
    """The drift over time of the batches published in a target, by any of its deployments."""

    deployment: int
    kind: VersionKind
    model: str = Field(description="The model or the feature task.")
    version: int
    target: str
    dag_id: str
    reference_job: int | None = Field(
        description="The job that recorded the newest reference of its features; null if you may not see it."
    )
    batches: list[CheckedBatch] = Field(description="Latest data interval first.")
    columns: list[ColumnOverTime] = Field(description="The greatest changes first.")
    columns_left_out: int = Field(
        description="The number of omitted columns, which changed less; the statement returns them."
    )
    more: bool = Field(description="Whether there are earlier batches; `LIMIT` in the statement can be raised.")
    statement: str = Field(description="SQL that returns the same figures.")


@router.get(
    "/jobs/{id}/drift",
    responses=refusals.documented({404: "There is no such job, or you may not see it."}),
)
def show_drift(user: GetUserDep, id: JobNumber) -> DriftCheck:  # noqa: A002 - the name in the API
    """How far each column of a batch has moved from the reference, as the drift check found."""
    with limited_connection(APPLICATION) as connection:
        whole_job(user, connection, id)
        found = [Drift(**one) for one in drift_list.of_job(connection, JobId(id))]
    return DriftCheck(columns=found, statement=JOB_STATEMENT.format(id))


@router.get(
    "/jobs/{id}/distribution",
    responses=refusals.documented({404: "There is no such job, you may not see it, or it has no result."}),
)
def show_distribution(
    user: GetUserDep,
    id: JobNumber,  # noqa: A002 - the name in the API
    role: Literal["feature", "prediction"],
    variable: Annotated[str, Query(min_length=1, max_length=250, pattern=NO_NUL)],
) -> Distribution:
    """The distribution of a column in the reference and in the batch that the job checked."""
    with limited_connection(APPLICATION) as connection:
        whole_job(user, connection, id)
        found = drift_list.finding(connection, JobId(id), role, variable)
        if found is None:
            raise Refused(404, Code.NOTHING_CHECKED, f"job {id} has no drift result for {variable}", job=id)
        whole_job(user, connection, found["batch_job_id"])
        bins = drift_list.distribution(connection, found["id"])
    statement = DISTRIBUTION_STATEMENT.format(found["id"])
    return Distribution(run_id=found["run_id"], bins=_shares(bins), statement=statement)


@router.get(
    "/deployments/{id}/drift",
    responses=refusals.documented({404: "There is no such deployment, or you may not see it."}),
)
def show_drift_over_time(
    user: GetUserDep,
    id: DeploymentNumber,  # noqa: A002 - the name in the API
    limit: Annotated[int, Query(ge=1, le=MAX_BATCHES)] = 24,
) -> DriftOverTime:
    """The drift over time of the batches published in the deployment's target, latest data interval first."""
    with limited_connection(APPLICATION) as connection:
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        row = whole_deployment(connection, seen, id)
        batches, columns, more = drift_list.of_target(
            connection, seen, row["target"], batches=limit, columns=MAX_COLUMNS
        )
        reference = drift_list.reference_job(connection, seen, id)
        parts = {"target": sql.Literal(row["target"]), "limit": sql.Literal(limit)}
        statement = sql.SQL(TARGET_STATEMENT).format(**parts).as_string(connection)
    return DriftOverTime(
        **{name: row[name] for name in ("kind", "model", "version", "target")},
        deployment=id,
        dag_id=dag_id_of(id),
        reference_job=reference,
        batches=[CheckedBatch.model_validate({**one, "checked": one["any_check"] is not None}) for one in batches],
        columns=[_column_over_time(one, batches) for one in columns],
        columns_left_out=columns[0]["number"] - len(columns) if columns else 0,
        more=more,
        statement=statement,
    )


def _column_over_time(column: Mapping[str, Any], batches: Sequence[Mapping[str, Any]]) -> ColumnOverTime:
    results = [column["results"].get(str(batch["run_id"])) for batch in batches]
    return ColumnOverTime(role=column["role"], variable=column["variable"], results=results)


def _shares(bins: Sequence[Mapping[str, Any]]) -> list[ComparedBin]:
    """Names and shares of the bins, which come in their order."""
    before, now = (sum(one[name] for one in bins) or 1 for name in ("reference_rows", "rows"))
    edges = [one["upper"] for one in bins if one["upper"] is not None]
    categories = [one["category"] for one in bins if one["category"] is not None]
    names = bin_names({"edges": edges} if edges else {"categories": categories}) if bins else []
    return [
        ComparedBin(
            bin=name,
            reference_rows=one["reference_rows"],
            rows=one["rows"],
            before=one["reference_rows"] / before,
            now=one["rows"] / now,
        )
        for name, one in zip(names, bins, strict=True)
    ]
