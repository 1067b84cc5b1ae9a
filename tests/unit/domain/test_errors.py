"""Errors travel between processes, and keep what they say."""

from __future__ import annotations

import pickle

from modelops.domain.errors import DatasetError


def test_an_error_survives_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(DatasetError("no rows", where="train", expected="some rows")))
    assert isinstance(error, DatasetError)
    assert (error.what, error.where, error.expected) == ("no rows", "train", "some rows")
