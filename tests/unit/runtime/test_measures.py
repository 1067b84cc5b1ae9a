"""The standard metrics and plots: equal to scikit-learn's, and what becomes of each odd case."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from modelops.runtime.child import classification, plots, regression
from modelops.statistics.confidence import wilson
from modelops.statistics.label_metrics import of_classifier, of_regressor

EXACT = 1e-12
ROWS = 5_000


def binary_rows(rows: int = ROWS) -> tuple[Any, Any]:
    """Labels and probabilities that go together, with ties."""
    random = np.random.default_rng(7)
    probability = random.beta(0.7, 1.5, rows).round(3)
    return (random.random(rows) < probability**1.2).astype(np.int64), probability


def measured(
    labels: Any, predicted: Any, probability: Any = None, *, classes: Any = ("no", "yes"), known: int = 2
) -> Any:
    given = None if probability is None else np.asarray(probability, float)
    if given is not None and given.ndim == 1:
        given = np.column_stack([1 - given, given])
    found = classification.measure(np.asarray(labels), np.asarray(predicted), given, classes=list(classes), known=known)
    json.dumps(found, allow_nan=False)
    assert {name for name, value in found[0].items() if value is None} == set(found[1])
    return found


def test_a_binary_classifier_has_the_figures_of_scikit_learn() -> None:
    labels, probability = binary_rows()
    predicted = (probability > 0.4).astype(int)
    found, reasons = measured(labels, predicted, probability)
    assert not reasons
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(labels, predicted),
            "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
            "f1_macro": metrics.f1_score(labels, predicted, average="macro"),
            "precision_macro": metrics.precision_score(labels, predicted, average="macro"),
            "recall_macro": metrics.recall_score(labels, predicted, average="macro"),
            "mcc": metrics.matthews_corrcoef(labels, predicted),
            "f1": metrics.f1_score(labels, predicted),
            "precision": metrics.precision_score(labels, predicted),
            "recall": metrics.recall_score(labels, predicted),
            "prevalence": labels.mean(),
            "auc": metrics.roc_auc_score(labels, probability),
            "average_precision": metrics.average_precision_score(labels, probability),
            "log_loss": metrics.log_loss(labels, probability),
            "brier": metrics.brier_score_loss(labels, probability),
        },
        rel=EXACT,
        abs=EXACT,
    )


def test_a_classifier_of_several_classes_has_the_figures_of_scikit_learn() -> None:
    random = np.random.default_rng(3)
    probabilities = random.dirichlet([1, 2, 0.5], ROWS)
    labels = np.array([random.choice(3, p=each) for each in probabilities])
    predicted = probabilities.argmax(axis=1)
    found, reasons = measured(labels, predicted, probabilities, classes="abc", known=3)
    assert not reasons
    one_hot = np.eye(3)[labels]
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(labels, predicted),
            "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
            "f1_macro": metrics.f1_score(labels, predicted, average="macro"),
            "precision_macro": metrics.precision_score(labels, predicted, average="macro"),
            "recall_macro": metrics.recall_score(labels, predicted, average="macro"),
            "mcc": metrics.matthews_corrcoef(labels, predicted),
            "auc_macro": metrics.roc_auc_score(labels, probabilities, multi_class="ovr"),
            "average_precision_macro": metrics.average_precision_score(one_hot, probabilities, average="macro"),
            "log_loss": metrics.log_loss(labels, probabilities),
            "brier": metrics.brier_score_loss(labels, probabilities, labels=[0, 1, 2]),
        },
        rel=EXACT,
        abs=EXACT,
    )


def test_the_figures_of_each_class_are_those_of_scikit_learn() -> None:
    labels, probability = binary_rows()
    predicted = (probability > 0.4).astype(int)
    each = classification.of_classes(labels, predicted, classes=["no", "yes", "never"])
    of_scikit_learn = metrics.precision_recall_fscore_support(labels, predicted)
    for name, expected in zip(("precision", "recall", "f1", "rows"), of_scikit_learn, strict=True):
        assert [one[name] for one in each[:2]] == pytest.approx(expected.tolist(), rel=EXACT)
    assert each[2] == {
        "class": "never",
        "rows": 0,
        "predicted": 0,
        **dict.fromkeys(("precision", "recall", "f1")),
    }


def test_of_many_classes_the_most_frequent_have_figures() -> None:
    labels = np.concatenate([np.arange(80), np.arange(40, 80)])
    each = classification.of_classes(labels, labels, classes=[str(one) for one in range(80)])
    assert len(each) == classification.MAX_NAMED
    assert [one["class"] for one in each] == [str(one) for one in (*range(10), *range(40, 80))]


@pytest.mark.parametrize(
    ("labels", "predicted", "undefined"),
    [
        pytest.param(
            [0, 0, 0],
            [0, 1, 0],
            {
                **dict.fromkeys(("balanced_accuracy", "mcc", "auc"), "every label is no"),
                **dict.fromkeys(("recall", "average_precision"), "no label is yes"),
            },
            id="only negative labels",
        ),
        pytest.param(
            [1, 1, 1],
            [0, 1, 0],
            dict.fromkeys(("balanced_accuracy", "mcc", "auc"), "every label is yes"),
            id="only positive labels",
        ),
        pytest.param(
            [0, 1, 0],
            [0, 0, 0],
            {"precision": "no prediction is yes", "mcc": "every prediction is no"},
            id="nothing predicted as positive",
        ),
        pytest.param(
            [0, 0, 0],
            [0, 0, 0],
            {
                **dict.fromkeys(("balanced_accuracy", "mcc", "auc"), "every label is no"),
                **dict.fromkeys(("recall", "average_precision"), "no label is yes"),
                "precision": "no prediction is yes",
                "f1": "no label and no prediction is yes",
            },
            id="negatives alone",
        ),
        pytest.param(
            [0, 1, 2],
            [0, 1, 1],
            dict.fromkeys(
                ("auc", "average_precision", "log_loss", "brier"),
                "a label is maybe, for which the model has no probability",
            ),
            id="a label that the training never saw",
        ),
    ],
)
def test_what_is_undefined_of_two_classes(labels: Any, predicted: Any, undefined: dict[str, str]) -> None:
    found, reasons = measured(labels, predicted, [0.2, 0.7, 0.4], classes=("no", "yes", "maybe"))
    assert reasons == undefined
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(labels, predicted))


def test_one_class_among_the_labels_has_the_metrics_that_do_not_compare_classes() -> None:
    found, _ = measured([1, 1], [1, 0], [0.9, 0.4])
    assert found["log_loss"] == pytest.approx(metrics.log_loss([1, 1], [0.9, 0.4], labels=[0, 1]), rel=EXACT)
    assert found["brier"] == pytest.approx((0.1**2 + 0.6**2) / 2, rel=EXACT)
    assert found["recall"] == 0.5
    assert found["average_precision"] == 1.0


def test_a_class_without_labels_leaves_no_mean_over_all_classes() -> None:
    probabilities = [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]]
    found, reasons = measured([0, 1], [0, 1], probabilities, classes="abc", known=3)
    assert reasons == dict.fromkeys(("auc_macro", "average_precision_macro"), "no label is c")
    assert found["log_loss"] == pytest.approx(metrics.log_loss([0, 1], probabilities, labels=[0, 1, 2]), rel=EXACT)
    assert found["f1_macro"] == pytest.approx(2 / 3)


def test_a_predicted_class_that_the_labels_lack_stays_in_the_confusion_matrix() -> None:
    drawn = plots.confusion(np.array([0, 1, 1]), np.array([0, 2, 1]), classes=["no", "yes", "maybe"])
    assert drawn["counts"] == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert sum(map(sum, drawn["counts"])) == 3


def test_probabilities_of_0_and_1_have_a_finite_loss() -> None:
    """scikit-learn clips float64 at 2.2e-16, and float32 at 1.2e-7, which would be another loss for the same values."""
    found, reasons = measured([0, 1, 1], [0, 1, 0], [0.0, 1.0, 0.0])
    assert not reasons
    assert found["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps) / 3, rel=1e-9)


def test_a_model_of_one_class() -> None:
    found, reasons = measured([0, 0], [0, 0], [[1.0], [1.0]], classes=["no"], known=1)
    assert found["accuracy"] == 1.0
    assert reasons["log_loss"] == "the only class of the model is no"


def test_a_model_without_probabilities_has_no_metrics_of_them() -> None:
    found, _ = measured([0, 1], [0, 1])
    assert not {"auc", "average_precision", "log_loss", "brier"} & set(found)


def test_no_row_has_a_label() -> None:
    found, reasons = measured(np.array([], int), np.array([], int), np.zeros((0, 2)))
    assert set(found.values()) == {None}
    assert set(reasons.values()) == {classification.NO_LABEL}
    found, reasons = regression.measure(np.array([]), np.array([]))
    assert set(found.values()) == {None}
    assert set(reasons.values()) == {regression.NO_LABEL}


def test_a_regressor_has_the_figures_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    labels = random.normal(10, 3, ROWS)
    predicted = labels + random.normal(0.2, 1, ROWS)
    found, reasons = regression.measure(labels, predicted)
    assert not reasons
    residuals = predicted - labels
    assert found == pytest.approx(
        {
            "rmse": metrics.root_mean_squared_error(labels, predicted),
            "mae": metrics.mean_absolute_error(labels, predicted),
            "r2": metrics.r2_score(labels, predicted),
            "mse": metrics.mean_squared_error(labels, predicted),
            "median_ae": metrics.median_absolute_error(labels, predicted),
            "bias": residuals.mean(),
            **{f"residual_p{share:02}": np.quantile(residuals, share / 100) for share in (5, 25, 50, 75, 95)},
        },
        rel=EXACT,
        abs=EXACT,
    )


@pytest.mark.parametrize(
    ("labels", "predicted", "undefined"),
    [
        ([2.0, 2.0], [1.0, 3.0], {"r2": "every label is 2"}),
        ([2.0, 2.0], [2.0, 2.0], {"r2": "every label is 2"}),
        ([2.0], [1.0], {"r2": "there is only one row"}),
        ([1e200, -1e200], [-1e200, 1e200], {"mse": regression.NOT_FINITE, "rmse": regression.NOT_FINITE}),
    ],
)
def test_what_is_undefined_of_a_regressor(labels: list[float], predicted: list[float], undefined: Any) -> None:
    found, reasons = regression.measure(np.array(labels), np.array(predicted))
    json.dumps(found, allow_nan=False)
    assert {name for name, value in found.items() if value is None} == set(reasons)
    assert undefined.items() <= reasons.items()


def test_curves_are_those_of_scikit_learn_at_so_many_points() -> None:
    labels, probability = binary_rows(20_000)
    roc, precision_recall, _ = plots.of_probabilities(labels == 1, probability)
    for drawn, (across, up) in (
        (roc, metrics.roc_curve(labels, probability)[:2]),
        (precision_recall, metrics.precision_recall_curve(labels, probability)[1::-1]),
    ):
        points = drawn["points"]
        assert len(points) <= plots.MAX_POINTS < len(across)
        assert {tuple(point) for point in points} <= set(zip(across.tolist(), up.tolist(), strict=True))
        assert sorted(point[0] for point in points) == [point[0] for point in points]
    assert (roc["points"][0], roc["points"][-1]) == ([0.0, 0.0], [1.0, 1.0])
    area = float(np.trapezoid([up for _, up in roc["points"]], [across for across, _ in roc["points"]]))
    assert area == pytest.approx(metrics.roc_auc_score(labels, probability), abs=1e-3)


def test_each_plot_is_small() -> None:
    labels, probability = binary_rows(20_000)
    many = np.arange(20_000) % 300
    drawn = [
        *plots.of_probabilities(labels == 1, probability),
        plots.confusion(many, many[::-1], classes=[f"a class of a long name, number {one}" for one in range(300)]),
        *plots.residuals(probability, labels.astype(float)),
    ]
    assert [one["kind"] for one in drawn] == ["roc", "precision_recall", "calibration", "confusion", "residuals"]
    assert max(len(json.dumps(one, allow_nan=False)) for one in drawn) <= 20_000


def test_calibration_is_that_of_scikit_learn_with_wilson_s_intervals() -> None:
    labels, probability = binary_rows()
    [*_, drawn] = plots.of_probabilities(labels == 1, probability)
    observed, predicted = calibration_curve(labels, probability, n_bins=10, strategy="quantile")
    assert [one["observed"] for one in drawn["bins"]] == pytest.approx(observed.tolist(), rel=EXACT)
    assert [one["predicted"] for one in drawn["bins"]] == pytest.approx(predicted.tolist(), rel=EXACT)
    assert sum(one["rows"] for one in drawn["bins"]) == ROWS
    for one in drawn["bins"]:
        expected = wilson(round(one["observed"] * one["rows"]), one["rows"])
        assert (one["lower"], one["upper"]) == pytest.approx(expected, rel=1e-9)


def test_calibration_of_few_probabilities_has_few_bins() -> None:
    [*_, drawn] = plots.of_probabilities(np.array([True, False, True, True]), np.array([1.0, 0.0, 1.0, 1.0]))
    assert [one["rows"] for one in drawn["bins"]] == [1, 3]
    assert [(one["lower"] >= 0, one["upper"] <= 1) for one in drawn["bins"]] == [(True, True)] * 2


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [([1, 1], ["precision_recall", "calibration"]), ([0, 0], ["calibration"]), ([], [])],
)
def test_curves_that_the_labels_do_not_define_are_left_out(labels: list[int], kinds: list[str]) -> None:
    drawn = plots.of_probabilities(np.array(labels, int) == 1, np.full(len(labels), 0.5))
    assert [one["kind"] for one in drawn] == kinds


def test_of_many_classes_the_confusion_matrix_has_a_rest() -> None:
    labels = np.repeat(np.arange(20), np.arange(20, 0, -1))
    drawn = plots.confusion(labels, np.zeros_like(labels), classes=[f"c{one:02}" for one in range(20)])
    assert drawn["classes"] == [f"c{one:02}" for one in range(13)]
    assert drawn["others"] == 7
    assert sum(map(sum, drawn["counts"])) == len(labels)
    assert drawn["counts"][13][0] == sum(range(1, 8))


def test_residuals_have_all_rows() -> None:
    random = np.random.default_rng(1)
    labels = np.zeros(1_000)
    heavy = np.concatenate([random.normal(0, 1, 998), [1e6, -1e6]])
    for predicted in (random.normal(0, 1, 1_000), heavy, labels):
        [drawn] = plots.residuals(labels, predicted)
        assert sum(drawn["counts"]) + drawn["below"] + drawn["above"] == 1_000
        assert len(drawn["edges"]) == len(drawn["counts"]) + 1 <= plots.RESIDUAL_BINS + 1
    [drawn] = plots.residuals(labels, heavy)
    assert (drawn["below"] > 0, drawn["above"] > 0) == (True, True)
    assert plots.residuals(np.array([1e308, 0.0]), np.array([-1e308, 0.0])) == []
    assert plots.residuals(np.array([]), np.array([])) == []


@pytest.mark.parametrize("classes", [2, 3])
def test_published_predictions_are_measured_by_the_same_definitions(classes: int) -> None:
    random = np.random.default_rng(11)
    probabilities = random.dirichlet(np.ones(classes), ROWS)
    labels, predicted = random.integers(0, classes, ROWS), probabilities.argmax(axis=1)
    given = {"late": predicted, "late_probability": probabilities[:, 1]}
    if classes > 2:
        given = {"late": predicted, **{f"late_probability_{n}": probabilities[:, n] for n in range(classes)}}
    published = of_classifier(labels, given, "late", range(classes), warn=print)
    found, _ = measured(labels, predicted, probabilities, classes="abc"[:classes], known=classes)
    assert {name: found[name] for name in published} == pytest.approx(published, rel=EXACT)
    published = of_regressor(labels.astype(float), probabilities[:, 0])
    found, _ = regression.measure(labels.astype(float), probabilities[:, 0])
    assert {name: found[name] for name in published} == pytest.approx(published, rel=EXACT)


def test_of_more_than_50_classes_no_curve_is_averaged() -> None:
    names = [str(one) for one in range(51)]
    labels = np.arange(51)
    found, reasons = measured(labels, labels, np.eye(51), classes=names, known=51)
    assert reasons == dict.fromkeys(("auc_macro", "average_precision_macro"), "the model has more than 50 classes")
    assert found["brier"] == 0
