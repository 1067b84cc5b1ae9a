"""Values that are legal on one side of a boundary, and what the next one can't hold."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.domain import bounds
from modelops.domain.bounds import OutOfBounds, bounded, brief, check, read_json, violations


def nested(levels: int, inner: Any = 1) -> Any:
    """That many lists within each other."""
    for _ in range(levels):
        inner = [inner]
    return inner


def bomb() -> Any:
    """What YAML's aliases make of a few lines: 10 to the ninth values."""
    value: Any = ["lol"]
    for _ in range(9):
        value = [value] * 10
    return value


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)
ILLEGAL = [
    ({"auc": nested(300)}, "is 17 levels deep"),
    ({"auc": nested(bounds.DEPTH)}, "is 17 levels deep"),
    (ENDLESS, "is 17 levels deep"),
    ({"n": 2**63}, "n is 9223372036854775808, which is out of range"),
    ({"n": [-(2**63) - 1]}, "n[0] is -9223372036854775809, which is out of range"),
    ({"n": 2**64}, "out of range"),
    ({"n": {"deep": 2**70}}, "n.deep is 1180591620717411303424, which is out of range"),
    ({"n": 10**5000}, "n is an integer of 16,610 bits, which is out of range"),
    ({"n": 1e20}, "n is 1e+20, which is out of range"),
    ({"n": -1e308}, "n is -1e+308, which is out of range"),
    ({"n": 2.0**63}, "out of range"),
    ({"n": math.nan}, "n is not a finite number"),
    ({"n": -math.inf}, "n is not a finite number"),
    ({"n": "a\0"}, "n holds the character U+0000"),
    ({"n": "\udc00"}, "n holds the character U+DC00"),
    ({"n": "x" * 100_001}, "n has 100,001 characters"),
    ({"n": ["x" * 100_000] * 11}, "there are 1,100,001 characters"),
    (list(range(10_000)), "there are more than 10,000 values"),
    (bomb(), "there are more than 10,000 values"),
    ({"": 1}, "a name is empty"),
    ({"a": {"": 1}}, "a name in a is empty"),
    ({"m" * 201: 1}, f"the name '{'m' * 79}…' has 201 characters"),
    ({"a\nb": 1}, "the name 'a\\nb' has characters that can't be printed or seen"),
    ({"a\u3164b": 1}, r"the name 'a\u3164b' has characters that can't be printed or seen"),
]
LEGAL = [
    {"auc": 0.76, "loss": -1e18, "n": 2**63 - 1, "least": -(2**63), "tiny": 5e-324, "none": None, "yes": True},
    {"m" * 200: "x" * 100_000},
    nested(bounds.DEPTH),
    list(range(9_999)),
    {},
]


@pytest.mark.parametrize(("value", "said"), ILLEGAL, ids=range(len(ILLEGAL)))
def test_what_is_out_of_bounds(value: Any, said: str) -> None:
    assert said in next(violations(value))


@pytest.mark.parametrize("value", LEGAL, ids=range(len(LEGAL)))
def test_what_is_within(value: Any) -> None:
    assert list(violations(value)) == []
    assert bounded(value) == value


def test_the_message() -> None:
    with pytest.raises(OutOfBounds) as refused:
        check({"hyperparameters": {"n": 2**70}}, where="the request for model_training")
    assert refused.value.what == "hyperparameters.n is 1180591620717411303424, which is out of range"
    assert refused.value.where == "the request for model_training"
    assert "numbers from -9223372036854775808 to 9223372036854775807" in refused.value.expected


@pytest.mark.parametrize("value", [value for value, _ in ILLEGAL[:-7]], ids=range(len(ILLEGAL) - 7))
def test_what_is_sent_of_it(value: Any) -> None:
    """It is JSON again, which every side can read."""
    sent = json.loads(json.dumps(brief(value, 1_000), allow_nan=False).encode("utf-8"))
    assert depth(sent) <= bounds.DEPTH + bounds.WRAPPING_LEVELS
    assert all(bounds.LEAST <= number <= bounds.MOST for number in numbers(sent))


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict | list):
        return [number for inner in (value.values() if isinstance(value, dict) else value) for number in numbers(inner)]
    return [value] if isinstance(value, int | float) else []


def test_a_brief_value_says_that_it_is() -> None:
    assert brief({"a": 1, "b": 2, "c": 3}, 3) == {"a": 1, "b": 2, "…": None}
    assert brief([1, 2, 3], 3) == [1, 2, "…"]
    assert brief({"a": [1], "b": 2}, 4) == {"a": [1], "b": 2}


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_what_is_bounded_can_be_sent(value: Any) -> None:
    json.dumps(bounded(value), allow_nan=False).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "the name 'a' appears twice"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1e999}', "1e999 is too large a number"),
        ("[" * 100_000, "too deep to be read"),
        ("1" * 5_000, "Exceeds the limit"),
    ],
)
def test_json_that_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_json(text)


def test_a_result_within_the_bound() -> None:
    bounds.check_result({"text": "x" * (bounds.RESULT - len('{"text": ""}'))}, where="here")


@pytest.mark.parametrize("value", ["x" * bounds.RESULT, "é" * (bounds.RESULT // 2), list(range(20_000))])
def test_a_result_that_is_too_large_names_its_largest_value(value: Any) -> None:
    with pytest.raises(OutOfBounds, match=r"^metrics has [0-9,]+ of the [0-9,]+ bytes of the result") as refused:
        bounds.check_result({"rows": 1, "metrics": value, "text": "x" * 100}, where="the result of job 7")
    assert "where: the result of job 7" in str(refused.value)
    assert "at most 65,536 bytes" in str(refused.value)
