"""`./modelops check`: all mistakes at once, before anything is built, and nothing stays behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from factories import DATASETS, SCORING, TRAINING, doubled_folder, model_folder
from integration.lifecycle.life import scorer
from modelops.domain.errors import BadInput, SeveralErrors
from modelops.kinds.check import check

if TYPE_CHECKING:
    from pathlib import Path

    from workplace import Workplace


def said_of(workplace: Workplace, folder: Path) -> list[str]:
    """What a check prints."""
    lines: list[str] = []
    check(
        folder,
        sql_url=workplace.resources.rows_url,
        ledger=workplace.connection,
        settings=workplace.settings,
        echo=lines.append,
    )
    return lines


def errors_of(workplace: Workplace, folder: Path) -> list[BadInput]:
    with pytest.raises(SeveralErrors) as caught:
        said_of(workplace, folder)
    return list(caught.value.errors)


def test_files_and_sql_are_wrong(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("FROM measured WHERE id > 60", "FROM measurd").replace("id, x, y FROM", "id, x FROM")
    folder = model_folder(
        repository, "bad", datasets=datasets, scoring="class Scorer: ...", training="def fit(context): ..."
    )
    (folder / "model.json").write_text('{"nam": "Bad", "language": "julia"}')
    whats = [error.what for error in errors_of(workplace, folder)]
    assert len(whats) == 6
    for what, part in zip(
        whats,
        (
            'relation "measurd" does not exist',
            "lacks the feature column y",
            "name is missing",
            "language is 'julia'",
            "there is no class ModelScorer",
            "there is no function train",
        ),
        strict=True,
    ):
        assert part in what


def test_places_are_those_in_the_files_and_in_their_order(workplace: Workplace, repository: Path) -> None:
    datasets = """
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: |
    SELECT id, x, y, late
    FROM measured
    WHERE idd < 60
  evaluate: SELECT id, x::text, y, late FROM measurd
  predict: |
    SELECT id,
           y FROM measured
"""
    folder = model_folder(
        repository, "bad", datasets=datasets, scoring="def predict(): ...", requirements="-r a\nnumpy\n-r b\n"
    )
    assert [error.where.removeprefix(f"{folder}/") for error in errors_of(workplace, folder)] == [
        "datasets.yaml:9 (datasets.train)",
        "datasets.yaml:10 (datasets.evaluate), line 1",
        "datasets.yaml:11 (datasets.predict)",
        "model_modules/requirements.txt, line 1",
        "model_modules/requirements.txt, line 3",
        "model_modules/scoring.py",
    ]


def test_all_columns_that_are_wrong(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("x, y, late FROM measured WHERE id > 60", "x::text, y::int, late FROM measured")
    datasets = datasets.replace("id, x, y FROM", "x FROM")
    whats = [error.what for error in errors_of(workplace, model_folder(repository, "bad", datasets=datasets))]
    assert whats == [
        "column x is string; in training it was double",
        "column y is int32; in training it was double",
        "the dataset lacks the entity key column id",
        "the dataset lacks the feature column y",
    ]


def test_columns_of_several_roles_and_a_dataset_that_is_missing(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("[x, y]", "[x, id]").replace("[late]", "[late, x]").replace("  evaluate:", "  eval:")
    whats = [error.what for error in errors_of(workplace, model_folder(repository, "bad", datasets=datasets))]
    assert whats == [
        "the column 'id' is in entity_key and in features",
        "the column 'x' is in features and in targets",
        "there is no dataset evaluate",
    ]


def test_packages_and_sql_are_wrong(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("FROM measured\n", "FROM measurd\n")
    folder = model_folder(repository, "bad", datasets=datasets, scoring=SCORING, requirements="-r other.txt\n")
    whats = [error.what for error in errors_of(workplace, folder)]
    assert len(whats) == 2
    assert 'relation "measurd" does not exist' in whats[0]
    assert "the option" in whats[1]


def test_a_folder_whose_name_can_not_be_a_target(workplace: Workplace, repository: Path) -> None:
    folder = model_folder(repository, "2024", scoring=SCORING)
    with pytest.raises(BadInput, match="the target '2024' isn't a plain name"):
        said_of(workplace, folder)


def test_scorer_and_evaluation_fail(workplace: Workplace, repository: Path) -> None:
    folder = model_folder(
        repository, "bad", scoring=scorer("return None"), evaluation="def evaluate(context):\n    raise ValueError\n"
    )
    whats = [error.what for error in errors_of(workplace, folder)]
    assert len(whats) == 2
    assert "evaluate() raised ValueError" in whats[0]


def test_which_rows_can_not_be_scored(workplace: Workplace, repository: Path) -> None:
    body = (
        "if data['x'].max() > 0.25 and data['x'].min() < 0.35:\n    raise ValueError('x is near 0.3')\nreturn data['x']"
    )
    folder = model_folder(repository, "picky", scoring=scorer(body))
    lines = said_of(workplace, folder)
    assert "! 1 of the first 60 rows can't be scored:" in lines
    assert any(line.startswith("  id = 3: ") and "x is near 0.3" in line for line in lines)
    assert lines[-1] == "✓ This model can be trained and evaluated, and scores rows."


def test_no_row_can_be_scored(workplace: Workplace, repository: Path) -> None:
    folder = model_folder(repository, "picky", scoring=scorer("raise ValueError('no')"))
    with pytest.raises(BadInput, match="any of the first 60 rows of its own training; the first, id = 1: ValueError"):
        said_of(workplace, folder)


def test_a_repository_with_models_and_feature_tasks(workplace: Workplace, repository: Path) -> None:
    doubled_folder(repository)
    lines = said_of(workplace, repository)
    assert lines[:2] == ["feature_engineering_tasks/doubled", "✓ Doubled: 4 columns, in sql"]
    assert lines.count("feature_engineering_tasks/doubled") == lines.count("model_definitions/iris") == 2
    assert any(line.startswith("✓ This model can be trained") for line in lines)
    doubled_folder(repository, sql="SELECT id FROM measurd")
    model_folder(repository, "bad", training="def fit(context): ...")
    first, second = errors_of(workplace, repository)
    assert 'relation "measurd" does not exist' in first.what
    assert second.where == f"{repository}/model_definitions/bad/model_modules/training.py"


def test_what_may_be_left_is_that_of_a_training(workplace: Workplace, repository: Path) -> None:
    """As the installation says: more files than by default may be left, and no more bytes than a training may leave."""
    more = "    for number in range(1200):\n        (path / f'{number:04}.txt').write_text('left')\n"
    folder = model_folder(repository, "many", training=TRAINING + more)
    allowing = workplace.with_installation(output_files=2000)
    assert any("train() left 0000.txt (4 bytes)" in line for line in said_of(allowing, folder))
    short = workplace.with_installation(output_files=2000, output_bytes=4000)
    with pytest.raises(BadInput, match=r"the files that the code left have 4,8.. bytes"):
        said_of(short, folder)


def test_a_feature_task(workplace: Workplace, repository: Path) -> None:
    folder = doubled_folder(repository)
    assert said_of(workplace, folder) == [
        "✓ Doubled: 4 columns, in sql",
        "✓ SQL of task.sql",
        "✓ Table features.doubled",
        "✓ This feature task can be imported. Its rows are checked when its pipeline runs it.",
    ]
    doubled_folder(repository, sql="SELECT id FROM measurd", output="nowhere.doubled")
    first, second = errors_of(workplace, folder)
    assert 'relation "measurd" does not exist' in first.what
    assert "there is no schema nowhere" in second.what
