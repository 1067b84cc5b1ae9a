"""Actions on a model: train, evaluate, deploy. Each triggers a DAG in the name of the person, as `actions` do."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from modelops.domain.actions import Action
from modelops.domain.refusals import Code, Refusal
from modelops.domain.versions import VersionKind, VersionStatus
from modelops.jobs_api import refusals
from modelops.jobs_api.actions import REQUIRED_ACCESS, not_allowed, same_origin, trigger
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, allowed, visible_dags
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import NO_NUL, AcceptedAction
from modelops.kinds.model.challenger import lifecycle_parameters
from modelops.registry.read import model_list

APPLICATION = "modelops model actions"


class ModelAction(StrEnum):
    """An action that a person may take on a model."""

    TRAIN = "train"
    """Train a new version of a model, or import one of a feature task. Not for imported models."""
    EVALUATE = "evaluate"
    DEPLOY = "deploy"
    """Put an approved version into production; to roll back, an earlier one."""


DAGS: Mapping[VersionKind, Mapping[ModelAction, str]] = {
    VersionKind.MODEL: {
        ModelAction.TRAIN: "model_lifecycle",
        ModelAction.EVALUATE: "model_evaluation",
        ModelAction.DEPLOY: "model_deployment",
    },
    VersionKind.FEATURE_TASK: {ModelAction.TRAIN: "feature_pipeline"},
}
"""The DAG that each action triggers. A feature task is tested and deployed by the DAG that imports it."""
DEPLOYABLE = (VersionStatus.APPROVED, VersionStatus.DEPLOYED)
OF_TRAINING = ("train_dataset", "hyperparameters")
NO_DAG = Refusal(code=Code.NO_DAG, detail="Airflow doesn't have the DAG that does this")

router = APIRouter(prefix="/api/models", dependencies=[Depends(same_origin)])


class ModelActionBody(BaseModel):
    """The body of a request for an action on a model."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(
        None, ge=1, le=2**31 - 1, description="The version to evaluate or to deploy; required for these."
    )
    target: str | None = Field(
        None,
        min_length=1,
        max_length=250,
        pattern=NO_NUL,
        description="A target in which a version of the model is in production; the new deployment takes over its"
        " dataset and settings. Null: the defaults of the DAG.",
    )
    hyperparameters: dict[str, Any] | None = Field(
        None, description="Of a training, over those of config.json. Null: those of the newest trained version."
    )


class AcceptedModelAction(AcceptedAction):
    """The response to a request that Airflow has accepted."""

    dag_id: str = Field(description="The DAG of the new run.")


def reference(repository: str, name: str) -> str:
    """The reference of a model or a feature task."""
    return f"{repository}/{name}"


def unknown_model(kind: VersionKind, model: str) -> Refused:
    """The refusal of a model that there is not, or that may not be seen."""
    detail = f"there is no {kind.words} {model}, or you may not see it"
    return Refused(404, Code.UNKNOWN_MODEL, detail, model=model)


def actions_on(user: Any, kind: VersionKind, *, imported: bool) -> list[ModelAction]:
    """The actions on models of this kind that Airflow lets the person take; an imported model has no training."""
    dags = {action: dag_id for action, dag_id in DAGS[kind].items() if not (imported and action is ModelAction.TRAIN)}
    may = set(allowed(user, sorted(dags.values()), [REQUIRED_ACCESS[Action.RUN_NOW]]))
    return [action for action, dag_id in dags.items() if dag_id in may]


@router.post(
    "/{repository}/{name}/{action}",
    status_code=202,
    responses=refusals.documented(
        {
            400: "The body can't be read or lacks the number of a version, or Airflow finds it incomplete.",
            403: "You may see the model, but you may not do this.",
            404: "There is no such model or version, or you may not see it.",
            409: "The version isn't approved, the model has no training, or Airflow doesn't have the DAG.",
            415: "The body isn't JSON.",
            502: "Airflow failed to process the request.",
        }
    ),
)
async def act_on_model(
    user: GetUserDep,
    request: Request,
    repository: Annotated[str, Path(min_length=1, max_length=250, pattern=NO_NUL)],
    name: Annotated[str, Path(min_length=1, max_length=250, pattern=NO_NUL)],
    action: ModelAction,
    body: ModelActionBody,
    kind: VersionKind = VersionKind.MODEL,
) -> AcceptedModelAction:
    """Train a new version, evaluate a version, or deploy an approved one, in a DAG run of your own."""
    model = reference(repository, name)
    dag_id, conf = await run_in_threadpool(run_to_trigger, user, kind, model, action, body)
    return AcceptedModelAction(run_id=await trigger(request, dag_id, conf, unknown=NO_DAG), dag_id=dag_id)


def run_to_trigger(
    user: Any, kind: VersionKind, model: str, action: ModelAction, body: ModelActionBody
) -> tuple[str, dict[str, Any]]:
    """The DAG and the parameters of the run that does this, if the person may request it.

    Raises:
        Refused: 403, Airflow doesn't allow it; 404, there is no such model, version or deployment, or it may not be
            seen; 409, there is no such action, or the version isn't approved; 400, the number of a version is missing.
    """
    with limited_connection(APPLICATION) as connection:
        dags = visible_dags(user, connection, DETAIL_ACCESS)
        found = model_list.model(connection, dags, kind=kind, name=model)
        if found is None:
            raise unknown_model(kind, model)
        if found["imported"] and action is ModelAction.TRAIN:
            detail = f"{model} was imported from a file: import another file with the DAG byom_lifecycle"
            raise Refused(409, Code.NO_TRAINING, detail, model=model)
        dag_id = DAGS[kind].get(action)
        if dag_id is None:
            raise Refused(409, NO_DAG.code, NO_DAG.detail)
        if action not in actions_on(user, kind, imported=found["imported"]):
            raise not_allowed(dag_id)
        if kind is VersionKind.FEATURE_TASK:
            return dag_id, {"task": model}
        if action is ModelAction.EVALUATE:
            return dag_id, {"model": model, "version": _version(connection, dags, model, body.version)["number"]}
        terms = _terms(connection, dags, model, body.target)
        if action is ModelAction.TRAIN:
            pinned = model_list.hyperparameters(connection, dags, kind=kind, name=model)
            own = pinned["hyperparameters"] if pinned else {}
            hyperparameters = own if body.hyperparameters is None else body.hyperparameters
            return dag_id, {**terms, "model": model, "hyperparameters": hyperparameters}
        version = _version(connection, dags, model, body.version)
    if version["status"] not in DEPLOYABLE:
        detail = f"{model} v{version['number']} is {version['status']}: only an approved version can be deployed"
        values = {"subject": f"{model} v{version['number']}", "version_status": version["status"]}
        raise Refused(409, Code.NOT_DEPLOYABLE, detail, **values)
    of_deployment = {"dataset" if name == "predict_dataset" else name: value for name, value in terms.items()}
    return dag_id, {**of_deployment, "model": model, "version": version["number"]}


def _version(connection: Any, dags: Sequence[str], model: str, number: int | None) -> Mapping[str, Any]:
    """The version of this number.

    Raises:
        Refused: 404, there is none, or it may not be seen; 400, no number is given.
    """
    if number is None:
        raise Refused(400, Code.NO_VERSION, "the body needs the number of a version")
    rows = model_list.versions(connection, dags, kind=VersionKind.MODEL, name=model, numbers=[number])
    if not rows:
        detail = f"{model} has no version {number}, or you may not see it"
        raise Refused(404, Code.UNKNOWN_VERSION, detail, model=model, version=number)
    return rows[0]


def _terms(connection: Any, dags: Sequence[str], model: str, target: str | None) -> dict[str, Any]:
    """The terms of the deployment in a target, as parameters of model_lifecycle; empty without a target.

    Raises:
        Refused: 404, no version of the model is in production in this target, or it may not be seen.
    """
    if target is None:
        return {}
    active = model_list.production(connection, dags, kind=VersionKind.MODEL, name=model)
    deployment = next((one["id"] for one in active if one["target"] == target), None)
    if deployment is None:
        detail = f"no version of {model} is in production in {target}, or you may not see it"
        raise Refused(404, Code.NOT_IN_PRODUCTION, detail, model=model, target=target)
    terms = lifecycle_parameters(connection, deployment, "train")
    return {name: value for name, value in terms.items() if name not in OF_TRAINING}
