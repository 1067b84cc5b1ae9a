"""What can go wrong in a batch: the model fails, the rows aren't right, the target or the deployment is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import SCORING, model_folder
from integration.lifecycle.life import approved, deployed, predicted, put_into_production, retired, scorer
from modelops.domain.datasets import ReadBounds
from modelops.domain.errors import DatasetError, ScoringError, TargetError, UnknownDeployment, UserCodeError
from modelops.runtime import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace

BROKEN = 1
"""The deployment of `here/broken`: it is well with the 60 rows of its training, and has its trouble with the batch."""


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file with what `here/broken` does to its result then; its confinement lets it read this file too."""
    file: Path = tmp_path_factory.mktemp("trouble") / "trouble.py"
    read_by = process._read_by
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "_read_by", lambda assignment: [*read_by(assignment), file.parent])
        yield file


@pytest.fixture(scope="module")
def lives(trouble: Path) -> Callable[[Workplace, Path], None]:
    """`here/broken` v1 is in production, `here/scored` v1 approved."""
    breaking = f"""
import pathlib
names = {{"data": data, "result": data["x"] / 10, "np": np}}
if data["x"].max() > 6:
    exec(pathlib.Path({str(trouble)!r}).read_text(), names)
return names["result"]
"""

    def live(workplace: Workplace, repository: Path) -> None:
        trouble.write_text("")
        model_folder(repository, "broken", scoring=scorer(breaking))
        assert deployed(workplace, "here/broken")["deployment"] == BROKEN
        model_folder(repository, "scored", scoring=SCORING)
        approved(workplace)

    return live


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ("result = result[:-1]", UserCodeError, "row"),
        ("result = result.astype(str)", UserCodeError, "late"),
        ("result = None", UserCodeError, "None"),
        ("result.iloc[70] = np.nan", ScoringError, "id = 71"),
        ("raise ValueError('too large')", ScoringError, "ValueError: too large"),
        ("import os; os._exit(3)", UserCodeError, "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", UserCodeError, "SIGSEGV"),
    ],
)
def test_a_model_that_fails_in_a_batch(
    workplace: Workplace, trouble: Path, look: Any, body: str, error: type[Exception], said: str
) -> None:
    trouble.write_text(body)
    with pytest.raises(error, match=said):
        predicted(workplace, BROKEN)
    assert look("SELECT count(*) FROM predictions.broken") == [(0,)]
    with psycopg.connect(workplace.connection.info.dsn, password=workplace.connection.info.password) as connection:
        assert connection.execute("SELECT count(*) FROM predictions.broken_rows").fetchone() == (0,)


def test_rows_set_aside(workplace: Workplace, trouble: Path, look: Any) -> None:
    trouble.write_text("result[data['x'] > 9.7] = np.nan")
    made = put_into_production(workplace, 1, "here/broken", set_aside_budget=3)
    result = predicted(workplace, made["deployment"])
    assert (result["rows"], result["set_aside"]) == (97, 3)
    assert look("SELECT position, key, reason FROM modelops.set_aside ORDER BY position")[0] == (
        97,
        {"id": 98},
        "the prediction late is NaN",
    )
    with pytest.raises(ScoringError, match="more than 2 rows can't be scored; the first is id = 98"):
        predicted(workplace, made["deployment"], set_aside_budget=2)
    assert look("SELECT count(*), count(DISTINCT job_id) FROM predictions.broken") == [(97, 1)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT id / 2 AS id, x, y FROM measured",
            "entity keys appear in more than one row; id = 1 appears more than once",
        ),
        ("SELECT nullif(id, 50) AS id, x, y FROM measured", "the entity key column id is null"),
        ("SELECT id, x / (id - 50) AS x, y FROM measured", "division by zero"),
        ("SELECT id, x, y FROM measured WHERE id > 1000", "the dataset has no rows"),
    ],
)
def test_rows_that_are_wrong(workplace: Workplace, look: Any, sql: str, said: str) -> None:
    made = put_into_production(workplace, 1, dataset=sql)
    with pytest.raises(DatasetError, match=said):
        predicted(workplace, made["deployment"])
    assert look("SELECT count(*) FROM predictions.scored") == [(0,)]


def test_a_batch_that_may_be_empty(workplace: Workplace, look: Any) -> None:
    nothing = "SELECT id, x, y FROM measured WHERE id > 1000"
    made = put_into_production(workplace, 1, dataset=nothing, empty="always")
    assert predicted(workplace, made["deployment"])["rows"] == 0
    never = put_into_production(workplace, 1, dataset=nothing, empty="never")
    night = {"interval_start": "2020-01-01T00:00:00Z", "interval_end": "2020-01-02T00:00:00Z"}
    with pytest.raises(DatasetError, match="the dataset has no rows") as refused:
        predicted(workplace, never["deployment"], **night)
    assert refused.value.expected == (
        "a SELECT that gives at least one row; or a deployment with empty: intervals or always"
    )
    with pytest.raises(DatasetError, match="empty is 'maybe'"):
        put_into_production(workplace, 1, empty="maybe")


def test_the_target_was_taken_away(workplace: Workplace, database: Database) -> None:
    made = put_into_production(workplace, 1)
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE predictions.scored_rows RENAME COLUMN late TO was_late")
    with pytest.raises(TargetError, match="late"):
        predicted(workplace, made["deployment"])


def test_more_rows_than_a_query_may_give(workplace: Workplace, look: Any) -> None:
    made = put_into_production(workplace, 1)
    predicted(workplace, made["deployment"])
    before = look("SELECT count(*), max(job_id) FROM predictions.scored")
    few = workplace.with_installation(read_bounds=ReadBounds(rows=99))
    with pytest.raises(DatasetError, match="there are more than 99 rows"):
        predicted(few, made["deployment"])
    assert look("SELECT count(*), max(job_id) FROM predictions.scored") == before


def test_retired_while_a_batch_is_under_way(workplace: Workplace, look: Any, log: list[str]) -> None:
    made = put_into_production(workplace, 1)

    def retire_meanwhile(line: str) -> None:
        log.append(line)
        if line.startswith("▸ rows written"):
            with workplace.connect() as another:
                retired(replace(workplace, connection=another, log=log.append), made["deployment"])

    with pytest.raises(UnknownDeployment, match="was retired at"):
        predicted(replace(workplace, log=retire_meanwhile), made["deployment"])
    assert look("SELECT count(*) FROM predictions.scored") == [(0,)]
