"""The demonstration's model trains, measures and scores: on rows of chance, in this process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from unit.demo.arrival_delay import ESTIMATORS

if TYPE_CHECKING:
    from pathlib import Path

    from unit.demo.arrival_delay import Model

BOTH = pytest.mark.parametrize("estimator", ESTIMATORS)


@BOTH
def test_what_was_trained_is_measured(model: Model, tmp_path: Path, estimator: str) -> None:
    context = model.context(model.rows(), estimator=estimator, max_iter=50)
    model.module("training").train(context)
    model.module("evaluation").evaluate(context)

    metrics = model.metrics()
    assert all(math.isfinite(value) for value in metrics.values())
    assert metrics["rows"] == 400
    assert metrics["auc"] > 0.8
    plots = {path.name for path in tmp_path.glob("*.png")}
    assert plots == {"roc.png", "calibration.png", "scores.png", "feature_importance.png"}


@BOTH
def test_a_batch_without_a_value_or_with_a_new_one_is_scored(model: Model, estimator: str) -> None:
    context = model.context(model.rows(), estimator=estimator, max_iter=50)
    model.module("training").train(context)

    unusual = model.rows(3, carrier=["??"] * 3, plane_engine=pa.nulls(3), pressure=pa.nulls(3)).to_pandas()
    scored = model.module("scoring").ModelScorer(context).predict(unusual)
    assert list(scored.columns) == ["late", "late_probability"]
    assert scored["late_probability"].between(0, 1).all()
    assert (scored["late"] == (scored["late_probability"] >= 0.5)).all()


@BOTH
def test_a_score_does_not_depend_on_the_rest_of_the_batch(model: Model, estimator: str) -> None:
    context = model.context(model.rows(), estimator=estimator, max_iter=50)
    model.module("training").train(context)

    scorer, data = model.module("scoring").ModelScorer(context), model.rows().to_pandas()
    whole, alone = scorer.predict(data), scorer.predict(data.iloc[[17]])
    assert alone.index.tolist() == [17]
    assert alone["late_probability"].item() == pytest.approx(whole["late_probability"][17])


def test_a_scorer_without_a_context_finds_its_model(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.module("training").train(model.context(model.rows()))
    (tmp_path / "artifacts" / "input").mkdir(parents=True)
    (tmp_path / "model.skops").rename(tmp_path / "artifacts" / "input" / "model.skops")
    monkeypatch.chdir(tmp_path)

    assert len(model.module("scoring").ModelScorer().predict(model.rows(5).to_pandas())) == 5


def test_an_unknown_estimator_is_told_the_known_ones(model: Model) -> None:
    expected = "estimator is 'forest'; it must be one of logistic_regression, gradient_boosting"
    with pytest.raises(ValueError, match=expected):
        model.module("training").train(model.context(model.rows(), estimator="forest"))


def test_rows_of_one_kind_cannot_be_evaluated(model: Model) -> None:
    model.module("training").train(model.context(model.rows()))
    with pytest.raises(ValueError, match="every flight of this dataset has late = 0; to evaluate takes both 0 and 1"):
        model.module("evaluation").evaluate(model.context(model.rows(20, late=[0] * 20)))
