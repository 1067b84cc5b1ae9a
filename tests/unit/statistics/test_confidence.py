"""Confidence intervals cover the true value about as often as they say; seeds are fixed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error, roc_auc_score

from modelops.statistics.confidence import jackknife, wilson

GROUPS = 20
TRIALS = 300
AUC = 0.7602
"""Of normal scores one standard deviation apart: the normal distribution's value at 1/sqrt(2)."""


def test_wilsons_interval_is_that_of_the_books() -> None:
    """Newcombe, Stat. Med. 17 (1998), table I: 81 of 263, and 0 of 20."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


@pytest.mark.parametrize("rows", [200, 2_000])
def test_the_auc_is_covered(rows: int) -> None:
    covered = 0
    for seed in range(TRIALS):
        random = np.random.default_rng(seed)
        truth, group = random.random(rows) < 0.4, random.integers(GROUPS, size=rows)
        score = random.normal(size=rows) + truth
        without = [roc_auc_score(truth[group != one], score[group != one]) for one in range(GROUPS)]
        found = jackknife(roc_auc_score(truth, score), without)
        assert found is not None
        covered += found[0] <= AUC <= found[1]
    assert 0.92 <= covered / TRIALS <= 0.98


def test_the_error_of_a_regressor_is_covered() -> None:
    covered = 0
    for seed in range(TRIALS):
        random = np.random.default_rng(seed)
        truth, group = random.normal(size=1_000), random.integers(GROUPS, size=1_000)
        predicted = truth + random.normal(scale=0.5, size=1_000)
        without = [mean_squared_error(truth[group != one], predicted[group != one]) for one in range(GROUPS)]
        found = jackknife(mean_squared_error(truth, predicted), without)
        assert found is not None
        covered += found[0] <= 0.25 <= found[1]
    assert 0.92 <= covered / TRIALS <= 0.98


def test_few_groups_or_equal_ones_have_no_interval() -> None:
    assert jackknife(0.5, []) is None
    assert jackknife(0.5, [0.4, 0.6] * 4) is None
    assert jackknife(0.5, [0.5] * 20) is None
