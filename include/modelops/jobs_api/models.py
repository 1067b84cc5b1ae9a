"""Models and feature tasks: the list of them, the page of one, and the comparison of its versions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, BeforeValidator, Field

from modelops.domain.bounds import brief
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus
from modelops.domain.metric_directions import Direction, direction_of, directions_of, first_metric
from modelops.domain.refusals import Code
from modelops.domain.versions import VersionKind, VersionStatus
from modelops.jobs_api import refusals
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.model_actions import ModelAction, actions_on, reference, unknown_model
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import MOST, NO_NUL, Json, Text
from modelops.registry.read import model_list

APPLICATION = "modelops models"
COMPARED = 10
"""Maximum versions of one comparison."""
METRICS = 500
"""Maximum metrics and columns of a version in a comparison."""
Segment = Annotated[str, Path(min_length=1, max_length=250, pattern=NO_NUL)]
Entries = Annotated[dict[str, Any] | None, BeforeValidator(lambda found: brief(found, METRICS))]

router = APIRouter(prefix="/api/models")


class MainMetric(BaseModel):
    """The main metric of a version."""

    name: str
    value: float | None
    version: int = Field(description="The newest version that was evaluated.")
    better: Direction | None = Field(description="Which values are better; null if the name of the metric doesn't say.")


class ActiveVersion(BaseModel):
    """A version in production."""

    id: int = Field(description="The deployment.")
    target: str
    version: int
    started_at: datetime


class WaitingVersion(BaseModel):
    """A version that awaits a decision."""

    job_id: int = Field(description="The approval.")
    version: int


class Model(BaseModel):
    """A model or a feature task."""

    model: str = Field(description="The model or the feature task.")
    number: int = Field(description="Its newest version.")
    status: VersionStatus = Field(description="Of this version.")
    production: list[ActiveVersion] = Field(description="Its versions in production; at most 20.")
    waiting: list[WaitingVersion] = Field(description="Its versions that await a decision, newest first; at most 20.")
    metric: MainMetric | None = Field(description="Of a model: null before an evaluation with a number as metric.")
    rows: int | None = Field(description="Rows of the newest evaluation, or of the newest run of a feature task.")
    last_job_id: int | None
    last_type: JobType | None = Field(description="Of its newest job.")
    last_status: JobStatus | None
    last_at: datetime | None = Field(description="When its newest job was created.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Model":
        """From a row of `model_list`."""
        return cls.model_validate({**row, "metric": _main_metric(row), "rows": row["measured_rows"]})


class Models(BaseModel):
    """A page of models or feature tasks, by name."""

    models: list[Model]
    after: str | None = Field(description="For the parameter of this name, to get the next page; null on the last one.")


class ProductionOfModel(ActiveVersion):
    """A version in production, with the decision on it."""

    deployed_by: str
    job_id: int = Field(description="The deployment's job.")
    approver: str
    decided_at: datetime
    comment: str | None
    approval_job_id: int = Field(description="The approval job, with the evidence that was shown.")
    previous: int | None = Field(description="The version that it replaced, if that may be deployed again.")


class ModelPage(Model):
    """A model or a feature task, with the actions that you may take on it."""

    kind: VersionKind
    imported: bool = Field(description="Whether its newest version was imported from a model file.")
    description: str | None = Field(description="As its task.yaml declares it; null for a model.")
    deployments: list[ProductionOfModel] = Field(description="What is in production, by target; at most 50.")
    hyperparameters: Json | None = Field(description="Of its newest version that was trained.")
    better: dict[str, Direction] = Field(
        description="Which values of a metric are better, where the name says so; of the newest evaluated version."
    )
    actions: list[ModelAction] = Field(description="The actions that Airflow lets you take.")


class ComparedVersion(BaseModel):
    """A version with all that it pins, and its newest evaluation."""

    number: int
    status: VersionStatus
    created_at: datetime
    created_by: str
    job_id: int = Field(description="The training or the import that made it.")
    commit: str | None
    dirty: bool | None
    code_sha256: str | None
    requirements_sha256: str | None
    artifact_sha256: str | None
    data_sha256: str | None = Field(description="Of the training rows.")
    data_rows: int | None = Field(description="Number of training rows.")
    columns: Entries = Field(description="Column of the training rows → its Arrow type.")
    hyperparameters: Entries
    definition: Entries = Field(
        description="Of a feature task: its task.yaml. Of an imported model: its file and how it is used. Null for a"
        " trained model."
    )
    evaluation_sha256: str | None = Field(description="Of the rows of its newest evaluation.")
    evaluation_rows: int | None
    headline: list[str] | None = Field(description="The metrics to show first.")
    metrics: Entries = Field(description="Of its newest evaluation.")


class Comparison(BaseModel):
    """Versions of a model, to compare."""

    versions: list[ComparedVersion] = Field(description="By number; those that you may not see are omitted.")
    better: dict[str, Direction] = Field(description="Which values of a metric are better, where its name says so.")


@router.get("")
def list_models(
    user: GetUserDep,
    kind: VersionKind = VersionKind.MODEL,
    search: Text = None,
    after: Text = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Models:
    """Models, or feature tasks, by name, each with its newest version and what is in production.

    `search` is a text in the name. `after` is the value of that name on the previous page.
    """
    with limited_connection(APPLICATION) as connection:
        dags = visible_dags(user, connection, DETAIL_ACCESS)
        rows = model_list.models(connection, dags, kind=kind, search=search, after=after, limit=limit + 1)
    last = rows[limit - 1]["model"] if len(rows) > limit else None
    return Models(models=[Model.of(row) for row in rows[:limit]], after=last)


@router.get(
    "/{repository}/{name}",
    responses=refusals.documented({404: "There is no such model, or you may not see it."}),
)
def show_model(
    user: GetUserDep, repository: Segment, name: Segment, kind: VersionKind = VersionKind.MODEL
) -> ModelPage:
    """A model or a feature task: what is in production by whose decision, and the actions that you may take."""
    model = reference(repository, name)
    with limited_connection(APPLICATION) as connection:
        dags = visible_dags(user, connection, DETAIL_ACCESS)
        row = model_list.model(connection, dags, kind=kind, name=model)
        if row is None:
            raise unknown_model(kind, model)
        active = model_list.production(connection, dags, kind=kind, name=model)
        pinned = model_list.hyperparameters(connection, dags, kind=kind, name=model)
    more = {
        "kind": kind,
        "imported": row["imported"],
        "description": row["description"],
        "deployments": active,
        "hyperparameters": pinned and pinned["hyperparameters"],
        "better": directions_of(row["metrics"] or {}),
        "actions": actions_on(user, kind, imported=row["imported"]),
    }
    return ModelPage.model_validate({**Model.of(row).model_dump(), **more})


@router.get(
    "/{repository}/{name}/comparison",
    responses=refusals.documented({404: "There is no such model or version, or you may not see it."}),
)
def compare_versions(
    user: GetUserDep,
    repository: Segment,
    name: Segment,
    version: Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Query(min_length=1, max_length=COMPARED)],
    kind: VersionKind = VersionKind.MODEL,
) -> Comparison:
    """Versions with all that they pin, and their newest metrics. `version` is given several times."""
    model = reference(repository, name)
    with limited_connection(APPLICATION) as connection:
        dags = visible_dags(user, connection, DETAIL_ACCESS)
        rows = model_list.versions(connection, dags, kind=kind, name=model, numbers=version)
    if missing := sorted(set(version) - {row["number"] for row in rows}):
        detail = f"{model} has no version {missing[0]}, or you may not see it"
        raise Refused(404, Code.UNKNOWN_VERSION, detail, model=model, version=missing[0])
    found = [ComparedVersion.model_validate(row) for row in rows]
    return Comparison(versions=found, better=directions_of(_names(found)))


def _names(versions: Sequence[ComparedVersion]) -> list[str]:
    return list(dict.fromkeys(name for one in versions for name in one.metrics or {}))


def _main_metric(row: Mapping[str, Any]) -> MainMetric | None:
    metrics = row["metrics"] or {}
    name = first_metric(metrics, row["headline"] or ())
    if name is None:
        return None
    return MainMetric(name=name, value=metrics[name], version=row["measured_number"], better=direction_of(name))
