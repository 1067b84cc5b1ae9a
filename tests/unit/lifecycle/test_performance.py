"""Metrics of labelled predictions, of each type of model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from modelops.data.labels import LabelledPredictions
from modelops.domain.errors import LabelsError
from modelops.domain.labels import ModelType, Truth
from modelops.kinds.model.performance import Metric, check_outputs, metrics_of

ROWS = 500
RANDOM = np.random.default_rng(7)
SCORE = RANDOM.random(ROWS)
GROUP = RANDOM.integers(20, size=ROWS)


def found(
    truth: Any,
    predicted: dict[str, Any],
    *,
    of_type: ModelType | None = None,
    classes: Any = (),
    positive: Any = None,
    said: list[str] | None = None,
    group: Any = GROUP,
) -> dict[str, Metric]:
    labelled = LabelledPredictions(
        rows=ROWS,
        group=pa.chunked_array([pa.array(group)]),
        predicted={name: pa.chunked_array([pa.array(values)]) for name, values in predicted.items()},
        labels={"y": pa.chunked_array([pa.array(truth)])},
    )
    of_y = Truth(name="truth", sql="", targets=("y",), type=of_type)
    say = (said if said is not None else []).append
    return {one.name: one for one in metrics_of(labelled, of_y, classes={"y": classes}, positive=positive, say=say)}


def values(of: dict[str, Metric]) -> dict[str, float]:
    return {name: one.value for name, one in of.items()}


def test_a_classifier_of_texts() -> None:
    truth = np.where(RANDOM.random(ROWS) < SCORE, "yes", "no")
    predicted = np.where(SCORE > 0.5, "yes", "no")
    measured = found(truth, {"y": predicted, "y_probability": SCORE})
    assert values(measured) == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "f1": metrics.f1_score(truth, predicted, pos_label="yes"),
            "precision": metrics.precision_score(truth, predicted, pos_label="yes"),
            "recall": metrics.recall_score(truth, predicted, pos_label="yes"),
            "brier": np.mean((SCORE - (truth == "yes")) ** 2),
            "log_loss": metrics.log_loss(truth, SCORE, labels=["no", "yes"]),
            "auc": metrics.roc_auc_score(truth == "yes", SCORE),
            "positive_rate": np.mean(truth == "yes"),
            "predicted_rate": np.mean(SCORE),
        },
        rel=1e-12,
    )
    assert all(one.lower is not None and one.lower < one.value < one.upper for one in measured.values() if one.upper)


def test_a_probability_of_the_first_class() -> None:
    """An imported model may have any positive class."""
    truth = np.where(RANDOM.random(ROWS) < SCORE, "no", "yes")
    measured = values(found(truth, {"y": np.where(SCORE > 0.5, "no", "yes"), "y_probability": SCORE}, positive="no"))
    assert measured["auc"] == pytest.approx(metrics.roc_auc_score(truth == "no", SCORE))
    assert measured["brier"] == pytest.approx(np.mean((SCORE - (truth == "no")) ** 2))
    assert measured["positive_rate"] == pytest.approx(np.mean(truth == "no"))
    numbers = values(found((truth == "yes").astype(int), {"y_probability": SCORE}, positive=0))
    assert numbers["auc"] == measured["auc"]
    truths = values(found(truth == "yes", {"y_probability": SCORE}, positive=False))
    assert truths["auc"] == measured["auc"]


def test_a_classifier_with_probabilities_alone() -> None:
    measured = found(RANDOM.random(ROWS) < SCORE, {"y_probability": SCORE})
    assert measured.keys() == {"brier", "log_loss", "auc", "positive_rate", "predicted_rate"}


def test_a_classifier_of_three_classes() -> None:
    truth = RANDOM.integers(3, size=ROWS)
    probabilities = RANDOM.dirichlet([1, 1, 1], size=ROWS)
    predicted = {f"y_probability_{number}": probabilities[:, number] for number in range(3)}
    measured = found(truth, {"y": probabilities.argmax(axis=1), **predicted})
    assert measured.keys() == {"accuracy", "f1_macro", "precision_macro", "recall_macro", "log_loss"}
    assert measured["log_loss"].value == pytest.approx(metrics.log_loss(truth, probabilities), rel=1e-12)


def test_numbers_without_probabilities_are_those_of_a_regressor_unless_it_is_said() -> None:
    truth = RANDOM.integers(2, size=ROWS)
    predicted = (SCORE > 0.5).astype(int)
    assert found(truth, {"y": predicted}).keys() == {"mse", "rmse", "mae", "r2", "label_mean", "predicted_mean"}
    assert "accuracy" in found(truth, {"y": predicted}, of_type=ModelType.CLASSIFIER)


def test_a_regressor() -> None:
    truth = RANDOM.normal(size=ROWS)
    measured = found(truth, {"y": SCORE})
    assert measured["mae"].value == pytest.approx(metrics.mean_absolute_error(truth, SCORE), rel=1e-12)
    assert measured["label_mean"].value == pytest.approx(truth.mean())


def test_the_classes_of_the_training_tell_which_is_positive() -> None:
    truth = np.full(ROWS, 1)
    said: list[str] = []
    measured = found(truth, {"y": truth, "y_probability": SCORE}, classes=[0.0, 1.0], said=said)
    assert measured["positive_rate"].value == 1
    assert measured["recall"].value == 1
    assert said == ["auc is left out: every label of y is 1"]


def test_a_perfect_share_has_an_interval() -> None:
    truth = np.array([0, 1] * (ROWS // 2))
    accuracy = found(truth, {"y": truth, "y_probability": truth.astype(float)})["accuracy"]
    assert accuracy.value == accuracy.upper == 1
    assert accuracy.lower is not None
    assert 0.99 < accuracy.lower < 1


def test_rows_of_one_group_have_no_interval() -> None:
    measured = found([1.0, 2.0, 3.0], {"y": [1.0, 2.5, 3.0]}, group=[4, 4, 4])
    assert measured["mae"].value == pytest.approx(1 / 6)
    assert measured["mae"].lower is None


def test_the_classes_do_not_depend_on_the_labels_of_a_batch() -> None:
    truth = RANDOM.integers(2, size=ROWS)
    probabilities = RANDOM.dirichlet([1, 1, 1], size=ROWS)
    predicted = {f"y_probability_{number}": probabilities[:, number] for number in range(3)}
    measured = found(truth, {"y": truth, **predicted, "y_probability_rank": SCORE})
    assert measured.keys() == {"accuracy", "f1_macro", "precision_macro", "recall_macro", "log_loss"}
    expected = metrics.log_loss(truth, probabilities, labels=[0, 1, 2])
    assert measured["log_loss"].value == pytest.approx(expected, rel=1e-12)


def test_what_is_undefined_is_left_out() -> None:
    said: list[str] = []
    measured = found(np.zeros(ROWS, int), {"y": np.zeros(ROWS, int), "y_probability": SCORE}, classes=[0, 1], said=said)
    assert not measured.keys() & {"f1", "precision", "recall", "auc"}
    assert {line.partition(" ")[0] for line in said} == {"f1", "precision", "recall", "auc"}
    assert "r2" not in found(np.ones(ROWS), {"y": SCORE})


def test_where_no_group_tells_of_an_error_there_is_no_interval() -> None:
    truth = np.array([0, 1] * (ROWS // 2))
    measured = found(truth, {"y": truth, "y_probability": truth.astype(float)})
    assert (measured["f1"].value, measured["f1"].lower) == (1, None)
    assert (measured["auc"].value, measured["auc"].lower) == (1, None)


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        ([np.inf, 1.0, 2.0], {"y": [1.0, 2.0, 3.0]}),
        ([0, 1, 1], {"y": [0, 1, 1], "y_probability": [0.1, 1.0000001, 0.5]}),
    ],
    ids=["infinity", "no probability"],
)
def test_values_without_metrics_are_refused(truth: Any, predicted: dict[str, Any]) -> None:
    with pytest.raises(LabelsError, match="the metrics of y can't be computed: "):
        found(truth, predicted, group=[1, 2, 3])


def test_what_has_no_finite_value_is_left_out() -> None:
    measured = found(np.linspace(1e165, 2e165, ROWS), {"y": SCORE})
    assert not measured.keys() & {"mse", "rmse"}
    assert (measured["mae"].value, measured["mae"].lower) == (pytest.approx(1.5e165), None)


def test_types_that_can_not_be_compared_are_refused() -> None:
    with pytest.raises(LabelsError, match="the prediction y is string, and can't be compared with labels"):
        found([True] * 3, {"y": ["late", "late", "on time"]}, group=[1, 2, 3])
    with pytest.raises(LabelsError, match="the prediction y is double, and can't be compared with labels"):
        found([True] * 3, {"y": [0.3, 0.5, 1.0]}, group=[1, 2, 3])
    with pytest.raises(LabelsError, match="the label y is string"):
        found(["a", "b", "c"], {"y": [0.3, 0.5, 1.0]}, of_type=ModelType.REGRESSOR, group=[1, 2, 3])
    with pytest.raises(LabelsError, match="y has 2,001 different values"):
        found([str(number) for number in range(2_000)], {"y": ["a"] * 2_000}, group=[1] * 2_000)


def test_each_target_needs_a_prediction() -> None:
    def check(outputs: dict[str, str], label: str, of_type: ModelType | None = None) -> None:
        check_outputs(Truth(name=None, sql="", targets=("y",), type=of_type), outputs, {"y": label}, where="here")

    check({"score": "double", "y_probability": "double"}, "int32")
    check({"y": "double"}, "int64")
    check({"y": "int64"}, "bool")
    with pytest.raises(LabelsError, match="there is no prediction for the target y: the predictions are score"):
        check({"score": "double"}, "double")
    with pytest.raises(LabelsError, match=r"(?s)there is no prediction for the target y.*ModelScorer that returns y;"):
        check({"y_probability": "double"}, "int64", ModelType.REGRESSOR)
    with pytest.raises(LabelsError, match="the prediction y is double, and can't be compared with labels"):
        check({"y": "double"}, "bool")
