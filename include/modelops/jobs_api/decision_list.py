"""The decisions that wait for a person: those that this person may take, with the metrics beside the champion's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, Field

from modelops.domain.actions import Action
from modelops.domain.bounds import brief
from modelops.domain.job_types import JobType
from modelops.domain.metric_directions import Direction, directions_of
from modelops.domain.versions import VersionKind
from modelops.jobs_api.actions import REQUIRED_ACCESS
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, allowed, visible_dags
from modelops.registry.read import decision_list
from modelops.registry.read.decision_list import AwaitedDecision, AwaitedDecisions

APPLICATION = "modelops decisions"
MOST = 50
"""Maximum decisions that are listed, and up to which they are counted."""
METRICS = 20
"""Maximum metrics of a version that are listed; its evidence has all of them."""

router = APIRouter(prefix="/api/decisions")

Metrics = Annotated[dict[str, Any] | None, BeforeValidator(lambda found: brief(found, METRICS))]


class DecisionCount(BaseModel):
    """The number of decisions that you may take now."""

    number: int = Field(description="At most 50.")
    more: bool = Field(description="Whether there may be more.")


class ChampionMetrics(BaseModel):
    """The version in production that a version is compared with."""

    version: int
    metrics: Metrics = Field(description="The champion's values of these metrics.")
    same_rows: bool = Field(description="Whether both evaluations, or runs of a feature task, had the same rows.")


class Decision(BaseModel):
    """A decision that you may take."""

    job_id: int = Field(description="The approval; its actions `approve` and `reject` take the decision.")
    type: JobType
    kind: VersionKind
    model: str = Field(description="The model or the feature task.")
    version: int
    requesters: list[str] = Field(description="Who requested the training or the import.")
    asked_at: datetime
    digest: str = Field(description="SHA-256 of the evidence, to which the decision is bound.")
    rows: int | None = Field(description="Rows of the newest evaluation.")
    metrics: Metrics = Field(description="The first metrics of the newest evaluation.")
    champion: ChampionMetrics | None
    better: dict[str, Direction] = Field(description="Which values of a metric are better, where its name says so.")


class Decisions(DecisionCount):
    """The decisions that you may take, those that wait longest first."""

    decisions: list[Decision]


@router.get("")
def list_decisions(user: GetUserDep) -> Decisions:
    """The decisions that you may take now, those that wait longest first; at most 50."""
    with limited_connection(APPLICATION) as connection:
        awaited = _awaited(user, connection)
        evidence = decision_list.evidence(connection, awaited.found)
    found = [_decision(one, evidence[one.request.id]) for one in awaited.found]
    return Decisions(number=len(found), more=awaited.more, decisions=found)


@router.get("/count")
def count_decisions(user: GetUserDep) -> DecisionCount:
    """The number of decisions that you may take now."""
    with limited_connection(APPLICATION) as connection:
        awaited = _awaited(user, connection)
    return DecisionCount(number=len(awaited.found), more=awaited.more)


def _awaited(user: Any, connection: Any) -> AwaitedDecisions:
    seen = visible_dags(user, connection, DETAIL_ACCESS)
    deciding = allowed(user, seen, [REQUIRED_ACCESS[Action.APPROVE]])
    return decision_list.awaited(connection, seen, deciding, person=user.get_name(), limit=MOST)


def _decision(awaited: AwaitedDecision, evidence: Mapping[str, Any]) -> Decision:
    newest, champion = evidence["newest"] or {}, evidence["champion"]
    metrics = newest.get("metrics") or {}
    shown = [name for name in newest.get("headline") or metrics if name in metrics][:METRICS]
    return Decision(
        job_id=awaited.job_id,
        type=awaited.type,
        kind=awaited.kind,
        model=awaited.model,
        version=awaited.version,
        requesters=list(awaited.request.requesters),
        asked_at=awaited.asked_at,
        digest=awaited.request.digest,
        rows=newest.get("rows"),
        metrics={name: metrics[name] for name in shown},
        champion=champion
        and ChampionMetrics(
            version=champion["version"],
            metrics={name: champion["metrics"].get(name) for name in shown},
            same_rows=champion["data_sha256"] == newest.get("data_sha256"),
        ),
        better=directions_of(shown),
    )
