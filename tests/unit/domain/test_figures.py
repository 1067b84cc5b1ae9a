"""Numbers that people compare: four significant digits, and more where two would look the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.domain.figures import difference, figure, figures

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (5.0, "5"),
        (12345.678, "12,346"),
        (1234567, "1,234,567"),
        (0.7654321, "0.7654"),
        (0.000031, "0.000031"),
        (0.00003123456, "0.00003123"),
        (3.1e-7, "3.1e-07"),
        (1e20, "1e+20"),
        (-2.5, "-2.5"),
        (99.99999, "100"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_figure(number: float, shown: str) -> None:
    assert figure(number) == shown


def test_figures_get_as_many_digits_as_they_need() -> None:
    assert figures(0.1234561, 0.1234569) == ("0.123456", "0.123457")
    assert figures(0.98765, 0.12345) == ("0.9877", "0.1235")
    assert figures(2, 2.0000001) == ("2", "2.0000001")
    assert figures(math.nan, math.nan, 0.123456) == ("nan", "nan", "0.1235")
    assert figures() == ()


@given(st.lists(NUMBERS, min_size=2, max_size=4))
def test_different_numbers_look_different(numbers: list[float]) -> None:
    shown = figures(*numbers)
    assert len(set(shown)) == len(set(numbers)), shown


@given(NUMBERS, NUMBERS)
def test_a_difference_is_never_shown_as_none(new: float, old: float) -> None:
    assert (difference(new, old) == "+0") == (new == old)


@pytest.mark.parametrize(
    ("new", "old", "shown"),
    [
        (0.000012, 0.000031, "-0.000019"),
        (0.3, 0.1, "+0.2"),
        (100, 100, "+0"),
        (1200, 100, "+1,100"),
        (0.5, 1, "-0.5"),
        (math.inf, 1.0, "+inf"),
    ],
)
def test_a_difference(new: float, old: float, shown: str) -> None:
    assert difference(new, old) == shown
