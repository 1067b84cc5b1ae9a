"""Frequencies of categories, bounded in number, against a count in Python."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.statistics.categorical import MAX_CATEGORIES, CategoricalStatistics
from unit.statistics.parts import as_jsonb, cuts, joined, some, streamed

words = st.lists(st.none() | st.sampled_from(["", "a", "b", "é", "long word", "c"]), max_size=40)
types = st.sampled_from([pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])


def many(first: int, end: int) -> pa.Array:
    return pa.array([f"{number:05}" for number in range(first, end)])


@some
@given(words, types, cuts(), st.booleans())
def test_frequencies_are_exact(values: list[str | None], type_: pa.DataType, where: Any, through_json: bool) -> None:
    array = pa.array(values, type_)
    expected = Counter(value for value in values if value is not None)
    for statistics in (
        joined(CategoricalStatistics, array, where, through_json=through_json),
        streamed(CategoricalStatistics, array, where[0]),
    ):
        assert statistics.as_values() == {
            "rows": len(values),
            "nulls": values.count(None),
            "frequencies": expected,
            "unseen": None,
            "other": 0,
        }


@some
@given(words, cuts(), st.booleans())
def test_categories_that_the_training_had_not(values: list[str | None], where: Any, through_json: bool) -> None:
    def make() -> CategoricalStatistics:
        return CategoricalStatistics(known=["a", "b", "never"])

    made = joined(make, pa.array(values, pa.string()), where, through_json=through_json).as_values()
    assert made["frequencies"] == {name: values.count(name) for name in ("a", "b", "never")}
    assert made["unseen"] == Counter(v for v in values if v not in {None, "a", "b"})
    assert made["other"] == 0


@some
@given(cuts())
def test_how_the_stream_is_cut_does_not_matter_beyond_the_limit(where: Any) -> None:
    array = pa.concat_arrays([many(0, 990), many(500, 1500), many(0, 20)])
    values = streamed(CategoricalStatistics, array, where[0]).as_values()
    assert values["frequencies"] == {
        f"{number:05}": 1 + (number < 20) + (500 <= number < 990) for number in range(MAX_CATEGORIES)
    }
    assert values["other"] == 500


def test_known_categories_take_no_room_from_unseen_ones() -> None:
    statistics = CategoricalStatistics(known=many(0, 1500).to_pylist())
    statistics.update(many(1000, 3000))
    values = statistics.as_values()
    assert sum(values["frequencies"].values()) == 500
    assert (len(values["unseen"]), values["other"]) == (MAX_CATEGORIES, 500)


def test_a_merge_beyond_the_limit_keeps_ours_and_the_most_frequent_of_theirs() -> None:
    one, two = CategoricalStatistics(), CategoricalStatistics()
    one.update(many(0, 998))
    two.update(pa.concat_arrays([many(990, 1010), pa.array(["01005", "01009", "01009"])]))
    one.merge(CategoricalStatistics.from_values(as_jsonb(two.as_values())))
    values = one.as_values()
    assert len(values["frequencies"]) == MAX_CATEGORIES
    assert (values["frequencies"]["01005"], values["frequencies"]["01009"]) == (2, 3)
    assert values["frequencies"]["00990"] == 2
    assert values["other"] == 10
    assert values["rows"] == sum(values["frequencies"].values()) + values["other"]
    one.update(pa.array(["01009", "new"]))
    assert (one.as_values()["frequencies"]["01009"], one.as_values()["other"]) == (4, 11)


@pytest.mark.parametrize(
    ("array", "frequencies"),
    [
        (pa.array([True, None, False, True]), {"true": 2, "false": 1}),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 1]), pa.array(["x", "x", None])), {"x": 3}),
        (pa.DictionaryArray.from_arrays(pa.array([1, 0, 1]), pa.array([7, 8])), {"8": 2, "7": 1}),
        (pa.DictionaryArray.from_arrays(pa.array([], pa.int8()), pa.array(["x"])), {}),
        (pa.array([None, None], pa.string()), {}),
        (pa.array([], pa.string()), {}),
    ],
    ids=["booleans", "a dictionary that names a value twice", "numbers", "no rows", "nulls", "nothing"],
)
def test_what_becomes_a_category(array: pa.Array, frequencies: dict[str, int]) -> None:
    values = streamed(CategoricalStatistics, array, [1]).as_values()
    assert values["frequencies"] == frequencies
    assert values["nulls"] == len(array) - sum(frequencies.values())


@pytest.mark.parametrize(("one", "two"), [(None, ["a"]), (["a"], ["a", "b"])])
def test_parts_that_know_different_categories_are_not_merged(one: Any, two: Any) -> None:
    with pytest.raises(ValueError, match="different known categories"):
        CategoricalStatistics(known=one).merge(CategoricalStatistics(known=two))
