"""The performance of published predictions, as a job measured it and over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, Field

from modelops.domain.deployments import dag_id_of
from modelops.domain.jobs import JobId
from modelops.jobs_api import refusals
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_deployment, whole_job
from modelops.jobs_api.schemas import MOST, DeploymentNumber, JobNumber, PublishedBatch
from modelops.registry.read import measurements

APPLICATION = "modelops performance"
STATEMENT = """SELECT found.run_id, found.interval_start, found.interval_end, found.rows, found.labelled, metric.*
FROM modelops.{} AS found
LEFT JOIN modelops.performance_metric AS metric ON metric.performance_id = found.id
WHERE {}
ORDER BY coalesce(found.interval_end, found.published_at) DESC, found.run_id DESC, metric.target, metric.metric;"""
"""SQL that a reader of the registry can run."""
OF_JOB = """found.job_id = {0}
  AND found.id IN (SELECT max(id) FROM modelops.performance WHERE job_id = {0} GROUP BY run_id)"""

router = APIRouter(prefix="/api")


class Metric(BaseModel):
    """A metric of a target."""

    target: str
    metric: str
    value: float
    lower: float | None = Field(
        description="The lower end of the 95 % confidence interval; null, as the upper end, if there is none."
    )
    upper: float | None


class Measurement(PublishedBatch):
    """The performance of the predictions of a batch, as they were published."""

    superseded_at: datetime | None
    labelled: int = Field(description="Predictions whose labels were known.")
    error: str | None = Field(description="Why it could not be measured; null if it was.")
    measured_at: datetime
    job_id: int = Field(description="The job that has measured it.")
    metrics: Annotated[list[Metric], BeforeValidator(lambda found: found or [])] = Field(
        description="Empty if no label was known, the batch could not be measured, or no metric is defined."
    )


class MeasurementPage(BaseModel):
    """A page of measurements."""

    measurements: list[Measurement] = Field(description="Latest data interval first.")
    more: bool = Field(description="Whether there are earlier ones; the statement returns them too.")
    statement: str = Field(description="SQL that returns the same figures.")


class Performance(MeasurementPage):
    """The performance over time of the predictions published in a target, by any of its deployments."""

    deployment: int
    model: str
    version: int
    target: str
    dag_id: str
    has_labels: bool = Field(description="Whether the deployment has a dataset that gives labels.")
    dataset: str | None = Field(description="Its name; null for one given as SQL.")
    maturity_days: float | None = Field(description="Days until the labels of a data interval are complete.")
    next_due_at: datetime | None = Field(description="When the next labels of the deployment are due.")


@router.get(
    "/jobs/{id}/performance",
    responses=refusals.documented({404: "There is no such job, or you may not see it."}),
)
def show_measured(
    user: GetUserDep,
    id: JobNumber,  # noqa: A002 - the name in the API
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> MeasurementPage:
    """The performance of published predictions, as the job measured it."""
    with limited_connection(APPLICATION) as connection:
        whole_job(user, connection, id)
        found = measurements.of_job(
            connection, visible_dags(user, connection, DETAIL_ACCESS), JobId(id), limit=limit + 1
        )
    return MeasurementPage(**_page(found, limit), statement=STATEMENT.format("measurement", OF_JOB.format(id)))


@router.get(
    "/deployments/{id}/performance",
    responses=refusals.documented({404: "There is no such deployment, or you may not see it."}),
)
def show_performance(
    user: GetUserDep,
    id: DeploymentNumber,  # noqa: A002 - the name in the API
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Performance:
    """The performance over time of the predictions published in the deployment's target, latest data interval first."""
    with limited_connection(APPLICATION) as connection:
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        row = whole_deployment(connection, seen, id)
        labels = measurements.labels(connection, id)
        found = measurements.of_target(connection, seen, row["target"], limit=limit + 1)
    return Performance(
        **{name: row[name] for name in ("model", "version", "target")},
        **labels,
        **_page(found, limit),
        deployment=id,
        dag_id=dag_id_of(id),
        statement=STATEMENT.format("newest_performance", f"found.target = '{row['target']}'"),
    )


def _page(found: Sequence[Any], limit: int) -> dict[str, Any]:
    return {
        "measurements": [Measurement.model_validate(one) for one in found[:limit]],
        "more": len(found) > limit,
    }
