"""Models written for Teradata run with a datasets.yaml and nothing else, or are refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import published
from integration.lifecycle.life import approved, predicted, put_into_production, trained
from integration.lifecycle.test_check import said_of
from integration.lifecycle.test_parts import PARTS, Batch
from modelops.domain.errors import RepositoryError, UserCodeError
from modelops.domain.versions import ArtifactRole
from modelops.registry.write import evidence, versions
from modelops.repository import pin
from modelops.repository.kinds import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace


MODELS_AS_PUBLISHED = {"here/both": published.both, "here/scored": published.scored, "here/newer": published.newer}


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """What the jobs of each model's life have logged."""
    return {model: [] for model in MODELS_AS_PUBLISHED}


@pytest.fixture(scope="module")
def lives(told: dict[str, list[str]]) -> Callable[[Workplace, Path], None]:
    """v1 of each model is approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        for model, write in MODELS_AS_PUBLISHED.items():
            write(repository)
            approved(replace(workplace, log=told[model].append), model)

    return live


def in_production(workplace: Workplace, model: str, **terms: Any) -> int:
    """The number of v1's deployment."""
    number: int = put_into_production(workplace, 1, model, **terms)["deployment"]
    return number


def stored(workplace: Workplace, model: str) -> set[str]:
    version = versions.find(workplace.connection, model, 1)
    return {
        one.name for one in evidence.artifacts_of(workplace.connection, version.id) if one.role is ArtifactRole.OUTPUT
    }


def test_a_model_with_both_ways_to_be_scored(workplace: Workplace, look: Any, told: dict[str, list[str]]) -> None:
    deployment = in_production(workplace, "here/both")
    assert {"model.joblib", "feature_importance.png"} <= stored(workplace, "here/both")
    [line] = [line for line in told["here/both"] if line.startswith("record_training_stats")]
    assert "jobs compute the statistics of their rows themselves" in line
    assert predicted(workplace, deployment)["rows"] == 100
    assert look("SELECT count(*), count(DISTINCT id), max(late) FROM predictions.both") == [(100, 100, 1)]


def test_a_model_with_score_alone(workplace: Workplace, look: Any) -> None:
    for model in ("here/both", "here/scored"):
        assert predicted(workplace, in_production(workplace, model))["rows"] == 100
    assert look("SELECT count(*), count(DISTINCT id), max(json_report) FROM predictions.scored") == [(100, 100, "")]
    [(differing,)] = look(
        "SELECT count(*) FROM predictions.scored AS one FULL JOIN predictions.both AS other USING (id)"
        " WHERE one.late IS DISTINCT FROM other.late"
    )
    assert differing == 0


def test_the_partitions_of_a_batch_add_up(workplace: Workplace, look: Any) -> None:
    deployment = in_production(workplace, "here/newer", parts=PARTS)
    counted = "count(*), count(DISTINCT id), round(sum(late)::numeric, 6), count(DISTINCT job_id)"
    seen = f"SELECT {counted} FROM predictions.newer"
    predicted(workplace, deployment)
    [whole] = look(seen)
    batch = Batch(workplace, deployment)
    scored = [batch.score(part)["rows"] for part in range(PARTS)]
    assert (sum(scored), min(scored) > 0) == (100, True)
    assert batch.publish()["rows"] == 100
    assert look(seen) == [whole]


def test_a_prediction_belongs_to_its_row_in_whatever_order_it_is_written(workplace: Workplace, look: Any) -> None:
    deployment = in_production(workplace, "here/newer")
    assert predicted(workplace, deployment)["rows"] == 100
    [(rows, slope)] = look(
        "SELECT count(*), count(DISTINCT round((late - id / 10.0 + (100 - id))::numeric, 6)) FROM predictions.newer"
    )
    assert (rows, slope) == (100, 1)


def test_a_version_that_was_trained_before_the_check_goes_on(
    workplace: Workplace, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = published.newer(repository)
    (folder / "model_modules/unused.py").write_text("from teradataml import XGBoost\n")
    with monkeypatch.context() as before:
        before.setattr(pin, "MODELS", replace(MODELS, refuse=None))
        version = approved(workplace, "here/newer")
    deployment = put_into_production(workplace, version, "here/newer")["deployment"]
    assert predicted(workplace, deployment)["rows"] == 100
    with pytest.raises(RepositoryError, match=r"teradataml\.XGBoost"):
        trained(workplace, "here/newer")


@pytest.mark.parametrize("write", MODELS_AS_PUBLISHED.values())
def test_check_takes_them_as_they_are(workplace: Workplace, repository: Path, write: Any) -> None:
    lines = said_of(workplace, write(repository))
    assert any(line.startswith("✓") for line in lines)
    assert not any(line.startswith("!") for line in lines)


def test_score_that_misses_a_row_fails_the_training(workplace: Workplace, repository: Path) -> None:
    folder = published.scored(repository)
    file = folder / "model_modules/scoring.py"
    file.write_text(file.read_text().replace("copy_to_sql(df=predictions_pdf,", "copy_to_sql(df=predictions_pdf[1:],"))
    with pytest.raises(UserCodeError) as failed:
        trained(workplace, "here/scored")
    assert failed.value.what == "score() wrote predictions for 59 of 60 rows"
    assert "one row for each row" in failed.value.expected


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (
            published.refuse_without_stand_in,
            "it uses teradataml.ScaleFit, teradataml.ScaleTransform, teradataml.XGBoost",
        ),
        (published.partitioned, "teradatasqlalchemy.types.VARCHAR, aoa.util.check_sto_version"),
        (published.in_r, "this model is written in R, and jobs run models in Python"),
    ],
)
def test_what_can_not_run_is_refused_with_the_reason(
    workplace: Workplace, repository: Path, write: Any, what: str, log: list[str]
) -> None:
    folder = write(repository)
    with pytest.raises(RepositoryError, match="model") as refused:
        trained(workplace, f"here/{folder.name}")
    assert what in refused.value.what
    with pytest.raises(RepositoryError) as checked:
        said_of(workplace, folder)
    assert checked.value.what == refused.value.what
    assert "environment" not in " ".join(log)
