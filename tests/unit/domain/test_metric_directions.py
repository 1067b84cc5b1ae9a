"""Which metric is judged first, and in which direction."""

from __future__ import annotations

from typing import Any

import pytest

from modelops.domain.metric_directions import Direction, direction_of, directions_of, first_metric


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("auc", Direction.HIGHER),
        ("ROC-AUC", Direction.HIGHER),
        ("f1_macro", Direction.HIGHER),
        ("late_log_loss", Direction.LOWER),
        ("rmse", Direction.LOWER),
        ("bias", None),
        ("residual_p05", None),
        ("mae_of_nothing", None),
        ("", None),
    ],
)
def test_the_name_says_which_values_are_better(metric: str, direction: Direction | None) -> None:
    assert direction_of(metric) is direction


def test_unknown_directions_are_left_out() -> None:
    assert directions_of(["auc", "bias", "mse"]) == {"auc": Direction.HIGHER, "mse": Direction.LOWER}


@pytest.mark.parametrize(
    ("metrics", "headline", "first"),
    [
        (
            {"rows": 9, "evaluation": "standard", "accuracy": 0.5, "auc": 0.7},
            ["evaluation", "rows", "accuracy"],
            "accuracy",
        ),
        ({"mae": 1.0, "rmse": 2.0, "auc": 0.7}, [], "auc"),
        ({"mae": 1.0, "rmse": 2.0}, [], "rmse"),
        ({"rows": 9, "churn_gain": 3}, [], "churn_gain"),
        ({"auc": None, "churn_gain": 3}, [], "churn_gain"),
        ({"late_rows": 9, "passed": True, "text": "x"}, [], None),
        ({"auc": 0.5}, ["gone"], "auc"),
        ({}, [], None),
    ],
)
def test_the_metric_that_is_judged_first(metrics: dict[str, Any], headline: list[str], first: str | None) -> None:
    assert first_metric(metrics, headline) == first
