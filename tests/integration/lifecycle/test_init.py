"""`./modelops init`: the folder that it writes passes `check`, and what is wrong is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from integration.lifecycle.test_check import said_of
from modelops.domain.errors import BadInput, SeveralErrors
from modelops.kinds.model.init import init_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace

LOANS = """
CREATE SCHEMA loans;
CREATE TABLE loans."Requests" (
  bank int, id int, "Amount in €" numeric(10, 2), age int, home text, married bool NOT NULL, asked date,
  defaulted bool, rate float8, note text, PRIMARY KEY (bank, id)
);
INSERT INTO loans."Requests"
SELECT i % 2, i, i * 10.5, nullif(i % 70, 3), ('{rents,owns}'::text[])[1 + i % 3], i % 3 = 0, date '2024-01-01' + i,
       CASE WHEN i % 17 > 0 THEN i % 5 = 0 END, CASE WHEN i % 13 > 0 THEN i / 7.0 ELSE 'NaN' END, 'note ' || i
FROM generate_series(1, 600) i;
CREATE VIEW loans.recent AS SELECT * FROM loans."Requests" WHERE id > 100;
CREATE TABLE loans.secret (id int PRIMARY KEY, x int);
GRANT USAGE ON SCHEMA loans TO modelops_sql;
GRANT SELECT ON loans."Requests", loans.recent TO modelops_sql;
"""


@pytest.fixture
def loans(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(LOANS)


@pytest.fixture
def made(workplace: Workplace, tmp_path: Path, loans: None) -> Callable[..., tuple[Path, str]]:
    """Writes a model; returns its folder, and what was made."""

    def make(name: str = "risk", table: str = "loans.Requests", target: str = "defaulted", **more: Any) -> Any:
        url = workplace.resources.rows_url
        place = tmp_path / "repository" / name
        return init_model(place, table=table, target=target, key=more.pop("key", ()), sql_url=url, **more)

    return make


def error_of(made: Callable[..., tuple[Path, str]], **asked: Any) -> BadInput:
    with pytest.raises(BadInput) as refused:
        made(**asked)
    return refused.value


def test_a_classifier_of_a_key_of_two_columns_passes_the_check(
    workplace: Workplace, made: Callable[..., tuple[Path, str]]
) -> None:
    folder, said = made()
    assert said == "a classifier of defaulted from 6 features of loans.Requests"
    assert "asked (date)" in (folder / "datasets.yaml").read_text()
    lines = said_of(workplace, folder)
    assert "✓ SQL of the datasets train, evaluate, predict" in lines
    assert "  evaluation = standard evaluation (classifier)" in lines
    assert "✓ ModelScorer gives defaulted (bool), defaulted_probability (double)" in lines
    assert lines[-1] == "✓ This model can be trained and evaluated, and scores rows."


def test_a_regressor_of_a_view_passes_the_check(workplace: Workplace, made: Callable[..., tuple[Path, str]]) -> None:
    folder, said = made("rates", "loans.recent", "rate", key=["id"])
    assert said.startswith("a regressor of rate from 7 features")
    (folder / "model_modules/requirements.txt").unlink()  # the project's own packages, which are there
    lines = said_of(workplace, folder)
    assert "  evaluation = standard evaluation (regressor)" in lines
    assert lines[-1] == "✓ This model can be trained and evaluated, and scores rows."


@pytest.mark.parametrize(
    ("asked", "what", "expected"),
    [
        ({"table": "loans.requests"}, "no table 'loans.requests': did you mean loans.Requests?", "schema.table"),
        ({"table": "recent"}, "there is no table 'recent': did you mean loans.recent?", "schema.table"),
        ({"table": "loans.secret"}, "may not read loans.secret", "GRANT SELECT ON loans.secret TO modelops_sql"),
        ({"target": "default"}, "has no column 'default': did you mean defaulted?", "one of bank, id, Amount in €"),
        ({"table": "loans.recent"}, "has neither a primary key", "--key with a column"),
        ({"target": "id"}, "id is part of the key", "a column outside of the key"),
        ({"target": "asked"}, "asked is date", "a column of numbers"),
        ({"target": "note"}, "note has 600 different texts", "at most 100 different texts"),
        ({"name": "2024"}, "'2024' isn't a plain name", ""),
    ],
)
def test_what_is_wrong_is_said(
    made: Callable[..., tuple[Path, str]], tmp_path: Path, asked: dict[str, Any], what: str, expected: str
) -> None:
    error = error_of(made, **asked)
    assert what in error.what
    assert expected in error.expected
    assert not (tmp_path / "repository/model_definitions/risk").exists()


def test_all_that_is_wrong_is_said_at_once(made: Callable[..., tuple[Path, str]]) -> None:
    error = error_of(made, name=".hidden", table="loans.recent", target="defautled")
    assert isinstance(error, SeveralErrors)
    assert [one.where for one in error.errors] == ["NAME", "--target", "--key"]


def test_nothing_is_overwritten(made: Callable[..., tuple[Path, str]]) -> None:
    folder, _ = made()
    before = (folder / "datasets.yaml").read_bytes()
    (folder / "model_modules/training.py").write_text("mine")
    assert "already exists and is not overwritten" in error_of(made, target="married").what
    assert (folder / "datasets.yaml").read_bytes() == before
    assert (folder / "model_modules/training.py").read_text() == "mine"
