"""All mistakes are reported at once."""

from __future__ import annotations

import pickle

import pytest

from modelops.domain.errors import DatasetError, SeveralErrors, TargetError, Unavailable
from modelops.domain.findings import Findings

ONE = DatasetError("a column is missing", where="the dataset", expected="a column")
OTHER = TargetError("the name is taken", where="the target", expected="another name")


def found(*errors: Exception) -> Findings:
    findings = Findings()
    for error in errors:
        with findings.collecting():
            raise error
    return findings


def test_none() -> None:
    found().raise_if_any()


def test_one_is_raised_as_it_is() -> None:
    with pytest.raises(DatasetError) as caught:
        found(ONE).raise_if_any()
    assert caught.value is ONE


def test_several_are_told_together_also_those_of_a_check_within_a_check() -> None:
    with pytest.raises(SeveralErrors) as caught:
        found(ONE, SeveralErrors([OTHER, ONE])).raise_if_any()
    assert caught.value.errors == (ONE, OTHER, ONE)
    told = str(caught.value)
    assert told == f"3 errors:\n{ONE}\n{OTHER}\n{ONE}"
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == told


def test_trouble_of_the_platform_goes_through() -> None:
    with pytest.raises(Unavailable):
        found(ONE, Unavailable("gone"))
