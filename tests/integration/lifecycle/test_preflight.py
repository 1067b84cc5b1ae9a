"""What the end of a life cycle would refuse is refused at its start, all at once, and no version is made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import DATASETS, SCORING, doubled_folder, model_folder, take, task_key
from integration.lifecycle.features import life as features
from integration.lifecycle.life import MODEL, deployed, trained
from modelops.domain.errors import BadInput, DatasetError, SeveralErrors
from modelops.domain.job_types import JobType
from modelops.domain.requests import DeploymentTerms, EvaluationRequest, TrainingRequest
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.train import train

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace


@pytest.fixture(autouse=True)
def folder(repository: Path) -> Path:
    return model_folder(repository, "scored", scoring=SCORING)


def refusal(workplace: Workplace, terms: DeploymentTerms | None = None, model: str = MODEL, **asked: Any) -> BadInput:
    """The error that a training ends with; it has made nothing."""
    request = TrainingRequest(model=model, deployment=terms or DeploymentTerms(), evaluate_dataset="evaluate")
    with pytest.raises(BadInput) as caught:
        train(replace(request, **asked), workplace.run(take(workplace.connection, subject=model)))
    with workplace.connection.cursor() as cursor:
        made = "SELECT count(*) FROM modelops.version WHERE name = %s"
        assert cursor.execute(made, (model,)).fetchone() == (0,)
        built = "SELECT count(*) FROM modelops.job_event JOIN modelops.job ON job.id = job_id"
        built += " WHERE subject = %s AND detail ->> 'step' = 'environment_ready'"
        assert cursor.execute(built, (model,)).fetchone() == (0,)
    return caught.value


@pytest.mark.parametrize(
    ("terms", "what", "right"),
    [
        ({"schedule": "nonsense"}, "'nonsense' is not a schedule", "five fields of cron"),
        ({"schedule": "0 0 31 2 *"}, "'0 0 31 2 *' names no times", "five fields of cron"),
        ({"schedule": "@daily", "time_zone": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'", "Europe/Paris"),
        ({"schedule": "after features.nothing"}, "no feature task makes the feature table features.nothing", "deploy"),
        ({"late_after": -1}, "-1 minutes is out of range", "43,200"),
        ({"parts": 65}, "a batch can't have 65 partitions", "to 64"),
        ({"set_aside_budget": -1}, "the maximum of rejected rows is -1", "0 or more"),
        ({"target": "Scores!"}, "the target 'Scores!' isn't a plain name", "lower-case letters"),
        ({"target": "nowhere.scores"}, "there is no schema nowhere", "CREATE SCHEMA nowhere; GRANT USAGE, CREATE"),
        ({"target": "closed.scores"}, "may not make tables in the schema closed", "ON SCHEMA closed TO modelops_jobs"),
        ({"target": "theirs"}, "predictions.theirs already exists: a table of", "another target"),
        ({"dataset": "perdict"}, "there is no dataset 'perdict'", "one of evaluate, predict, train"),
        ({"dataset": "SELECT id, x FROM measured"}, "lacks the feature column y", "it gives id, x"),
        ({"dataset": "SELECT id, x, y::text FROM measured"}, "column y is string; in training it was double", "cast"),
        ({"dataset": "SELECT id, x, y FROM measurd"}, 'relation "measurd" does not exist', ""),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_deployment_that_would_be_refused(
    workplace: Workplace, database: Database, terms: dict[str, Any], what: str, right: str
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA closed")
        admin.execute("CREATE TABLE predictions.theirs (id int)")
    error = refusal(workplace, DeploymentTerms(**terms))
    assert what in error.what
    assert right in error.expected


@pytest.mark.parametrize(
    ("asked", "what", "where"),
    [
        ({"evaluate_dataset": "evalute"}, "there is no dataset 'evalute'", "here/scored/datasets.yaml"),
        ({"evaluate_dataset": "SELECT id, x, y FROM measured"}, "lacks the target column late", "given as SQL"),
        (
            {"evaluate_dataset": "SELECT id, x::int AS x, y, late FROM measured"},
            "column x is int32; in training it was double",
            "here/scored, dataset given as SQL",
        ),
        (
            {"hyperparameters": {"dept": 4}},
            "here/scored has no hyperparameter 'dept' (did you mean depth?)",
            "the parameter hyperparameters",
        ),
    ],
)
def test_an_evaluation_or_a_training(workplace: Workplace, asked: dict[str, Any], what: str, where: str) -> None:
    error = refusal(workplace, **asked)
    assert what in error.what
    assert where in error.where


def test_a_policy_that_leaves_nobody(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "own", policy="approvers: [ada]")
    error = refusal(workplace, model="here/own")
    assert "nobody may decide on this version of here/own: all of its approvers requested it (ada)" in str(error)
    assert error.where == "here/own/policy.yaml"


def test_everything_at_once(workplace: Workplace) -> None:
    terms = DeploymentTerms(schedule="nonsense", target="nowhere.scores", dataset="perdict")
    error = refusal(workplace, terms, hyperparameters={"dept": 4}, evaluate_dataset="SELECT 1 AS id")
    assert isinstance(error, SeveralErrors)
    said = str(error)
    assert said.startswith("5 errors:\n")
    for part in (
        "did you mean depth?",
        "lacks the feature column x",
        "lacks the target column late",
        "is not a schedule",
        "there is no dataset 'perdict'",
    ):
        assert part in said


def test_a_target_whose_table_has_another_key(workplace: Workplace, repository: Path) -> None:
    deployed(workplace)
    by_price = DATASETS.replace("entity_key: id", "entity_key: price").replace("SELECT id", "SELECT price")
    (repository / "model_definitions/scored/datasets.yaml").write_text(by_price)
    request = TrainingRequest(model=MODEL, deployment=DeploymentTerms())
    with pytest.raises(BadInput, match="lacks the column price of type numeric"):
        train(request, workplace.run(take(workplace.connection)))


def test_a_target_of_another_model(workplace: Workplace, repository: Path) -> None:
    deployed(workplace)
    model_folder(repository, "other", scoring=SCORING)
    error = refusal(workplace, DeploymentTerms(target="scored"), model="here/other")
    assert "predictions.scored holds the predictions of here/scored" in error.what


def test_a_target_that_bears_the_name_of_another_model(workplace: Workplace, repository: Path) -> None:
    trained(workplace)
    model_folder(repository, "other", scoring=SCORING)
    error = refusal(workplace, DeploymentTerms(target="scored"), model="here/other")
    assert "predictions.scored is the default target of here/scored" in error.what


def test_a_check_leaves_no_target_behind(workplace: Workplace, look: Any) -> None:
    request = TrainingRequest(model=MODEL, deployment=DeploymentTerms(target="later"))
    train(request, workplace.run(take(workplace.connection, subject=MODEL)))
    assert look("SELECT to_regclass('predictions.later'), to_regclass('predictions.later_rows')") == [(None, None)]


def test_a_feature_table_that_is_declared_but_not_yet_made(workplace: Workplace, repository: Path) -> None:
    doubled_folder(repository)
    features.imported(workplace)
    assert trained(workplace, deployment=DeploymentTerms(schedule="after features.doubled"))["version"] == 1


def test_a_model_without_a_scorer_can_be_trained(workplace: Workplace, log: list[str]) -> None:
    assert trained(workplace, "here/iris", deployment=DeploymentTerms())["version"] == 1
    assert any("here/iris has no ModelScorer" in line for line in log)


def test_a_retry_keeps_its_version_whatever_is_wrong_by_then(workplace: Workplace, database: Database) -> None:
    class Lost(BaseException):
        """As if the worker had been killed."""

    def die(line: str) -> None:
        if line.startswith("training on"):
            raise Lost

    key = task_key()
    request = TrainingRequest(model=MODEL, deployment=DeploymentTerms(target="theirs"))
    with pytest.raises(Lost):
        train(request, replace(workplace, log=die).run(take(workplace.connection, key)))
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE predictions.theirs (id int)")
    assert train(request, workplace.run(take(workplace.connection, key, number=2)))["version"] == 1


def test_a_dataset_of_an_evaluation_is_checked_before_anything_is_built(workplace: Workplace) -> None:
    trained(workplace)
    attempt = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    with pytest.raises(DatasetError, match='relation "measurd" does not exist'):
        evaluate(EvaluationRequest(model=MODEL, dataset="SELECT * FROM measurd"), workplace.run(attempt))
    with workplace.connection.cursor() as cursor:
        steps = "SELECT count(*) FROM modelops.job_event WHERE job_id = %s AND detail ->> 'step' = 'environment_ready'"
        assert cursor.execute(steps, (attempt.job_id,)).fetchone() == (0,)
