"""Choosing a dataset: by name, or as SQL."""

from __future__ import annotations

import pytest

from modelops.domain.datasets import Datasets
from modelops.domain.errors import DatasetError

DATASETS = Datasets(
    entity_key=("id",), features=("x",), targets=("y",), sql={"train": "SELECT 1", "evaluate": "SELECT 2"}
)


def test_by_name() -> None:
    chosen = DATASETS.choose("evaluate", where="datasets.yaml")
    assert (chosen.name, chosen.sql, chosen.label) == ("evaluate", "SELECT 2", "evaluate")
    assert chosen.entity_key == ("id",)


def test_as_sql() -> None:
    chosen = DATASETS.choose("  SELECT 3 AS id\n", where="datasets.yaml")
    assert (chosen.name, chosen.sql, chosen.label) == (None, "SELECT 3 AS id", "given as SQL")


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(DatasetError) as caught:
        DATASETS.choose("trian", where="demo/m/datasets.yaml")
    assert str(caught.value) == (
        "there is no dataset 'trian'\n"
        "  where: demo/m/datasets.yaml\n"
        "  expected: one of evaluate, train, or a SELECT statement"
    )
