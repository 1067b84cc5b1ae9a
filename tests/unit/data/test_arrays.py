"""What the product and the programs of users' interpreters have to agree on about arrays."""

from __future__ import annotations

from modelops.data.arrays import MAX_ELEMENTS
from modelops.runtime.child import predictions


def test_arrays_have_the_same_bound_on_both_sides() -> None:
    assert MAX_ELEMENTS == predictions.MAX_ELEMENTS
