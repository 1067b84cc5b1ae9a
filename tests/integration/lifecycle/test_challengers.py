"""Alerts start challengers, now and then, in the name of the author of their rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import SCORING, doubled_folder, model_folder, task_key
from integration.lifecycle.alerting import after_a_batch, live, ruled, snoozed
from integration.lifecycle.features import life as features
from integration.lifecycle.life import answered, approved, put_into_production
from integration.lifecycle.test_drift_check import TRAINED_ON_ALL
from modelops.domain.errors import AlertError, DecisionRefused
from modelops.domain.job_types import JobType
from modelops.domain.requests import EvaluationRequest, TrainingRequest
from modelops.kinds.model.challenger import lifecycle_parameters
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.train import train
from modelops.registry.write import alerts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """As in `alerting`."""
    return live


def test_an_alert_starts_a_challenger_now_and_then(
    workplace: Workplace, repository: Path, shift: Callable[[str, float], None], look: Any, database: Database
) -> None:
    model_folder(repository, "scored", scoring=SCORING, datasets=TRAINED_ON_ALL)
    version = approved(workplace, hyperparameters={"depth": 5})
    deployment = put_into_production(workplace, version, parts=2)["deployment"]
    rule = ruled(workplace, deployment, variable="x", challenger=True, challenger_dataset="SELECT 1", most_a_month=2)
    assert rule["says"].endswith("; starts a challenger")
    ledger = workplace.connection
    assert alerts.claim_challengers(ledger, most=9) == 0, "nothing is firing"
    shift("x", 50)
    assert after_a_batch(workplace, deployment)["fired"] == [1]
    assert alerts.claim_challengers(ledger, most=9) == 1
    [due] = alerts.unstarted_challengers(ledger, most=9)
    assert (due["dataset"], due["deployment_id"]) == ("SELECT 1", deployment)
    assert alerts.author_of_challenger(ledger, due["run_id"]) == "ada"
    assert lifecycle_parameters(ledger, deployment, due["dataset"]) == {
        "model": "here/scored",
        "train_dataset": "SELECT 1",
        "hyperparameters": {"depth": 5},
        "predict_dataset": "predict",
        "target": "predictions.scored",
        "set_aside_budget": 0,
        "empty": "intervals",
        "parts": 2,
        "check_drift": True,
        "measure_performance": False,
        "truth": None,
        "maturity_days": None,
    }
    assert alerts.claim_challengers(ledger, most=9) == 0, "the cool-down isn't over"

    workplace.job(JobType.TRAINING, key=task_key(dag_id="model_lifecycle", run_id=due["run_id"], task_id="train"))
    assert alerts.unstarted_challengers(ledger, most=9) == []
    later(database, "8 days")
    snoozed(workplace, rule["rule"], datetime.now(UTC) + timedelta(days=1))
    assert alerts.claim_challengers(ledger, most=9) == 0, "it is snoozed"
    snoozed(workplace, rule["rule"], None)
    assert alerts.claim_challengers(ledger, most=9) == 1
    later(database, "8 days")
    assert alerts.claim_challengers(ledger, most=9) == 0, "two in 30 days"
    later(database, "15 days")
    assert alerts.claim_challengers(ledger, most=9) == 1
    assert len(look("SELECT FROM modelops.challenger WHERE requested_by = 'ada'")) == 3


def later(database: Database, interval: str) -> None:
    """The challengers so far are older by an interval."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(f"UPDATE modelops.challenger SET requested_at = requested_at - interval '{interval}'")


def test_the_author_of_a_rule_may_not_decide_on_its_challenger(
    workplace: Workplace, repository: Path, shift: Callable[[str, float], None]
) -> None:
    """Also where Airflow says that somebody else has started the run."""
    deployment = put_into_production(workplace, 1)["deployment"]
    ruled(workplace, deployment, variable="x", challenger=True)
    shift("x", 50)
    after_a_batch(workplace, deployment)
    alerts.claim_challengers(workplace.connection, most=9)
    [due] = alerts.unstarted_challengers(workplace.connection, most=9)
    model_folder(repository, "scored", scoring=SCORING, datasets=TRAINED_ON_ALL)
    key = task_key(dag_id="model_lifecycle", run_id=due["run_id"], task_id="train")
    job = workplace.job(JobType.TRAINING, key=key, requested_by="eve")
    made = train(TrainingRequest(model="here/scored"), job)
    evaluate(EvaluationRequest(model="here/scored", version=made["version"]), workplace.job(JobType.EVALUATION))
    for person in ("ada", "eve"):
        with pytest.raises(DecisionRefused, match="requested"):
            answered(workplace, made["version"], person=person)
    assert answered(workplace, made["version"], person="grace")["verdict"] == "approved"


def test_a_feature_task_has_no_challenger(workplace: Workplace, repository: Path) -> None:
    doubled_folder(repository)
    deployment = features.deployed(workplace)["deployment"]
    with pytest.raises(AlertError, match="is a feature task; only models have challengers"):
        ruled(workplace, deployment, challenger=True)
