"""`./modelops check` of the folder of an imported model: its files, its SQL and its target, and no model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from factories import model_folder
from integration.lifecycle.test_check import errors_of, said_of
from model_files import Made, byom_folder
from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace


@pytest.fixture
def made(database: Database) -> Made:
    logistic = Made.of("onnx_logistic")
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        logistic.fill(admin)
    return logistic


def test_a_good_folder(workplace: Workplace, repository: Path, made: Made) -> None:
    said = said_of(workplace, byom_folder(repository, "late", made.features))
    assert said[:3] == [
        "✓ late: 4 features",
        "✓ SQL of the datasets train, evaluate, predict, truth",
        "✓ Target predictions.late",
    ]
    assert said[3].startswith("✓ A model file can be imported for this folder")


def test_all_mistakes_at_once(workplace: Workplace, repository: Path, made: Made) -> None:
    folder = byom_folder(repository, "late", made.features, config='{"model": {"type": "binry"}, "slice_by": ["x"]}')
    file = folder / "datasets.yaml"
    file.write_text(file.read_text().replace("FROM flown WHERE id > 120", "FROM flwn WHERE id > 120"))
    (folder / "scoring.py").touch()
    assert [error.what for error in errors_of(workplace, folder)] == [
        "type is 'binry': did you mean binary?",
        'PostgreSQL refuses the dataset\'s SQL: relation "flwn" does not exist',
        "scoring.py is code, which an imported model doesn't have",
    ]


def test_a_column_that_slices_and_is_not_there(workplace: Workplace, repository: Path, made: Made) -> None:
    folder = byom_folder(repository, "late", made.features, config={"slice_by": ["wnd"]})
    with pytest.raises(BadInput, match=r"the column wnd in slice_by is unknown: did you mean wind\?"):
        said_of(workplace, folder)


def test_a_repository_with_a_model_of_the_same_name(workplace: Workplace, repository: Path, made: Made) -> None:
    model_folder(repository, "late")
    byom_folder(repository, "late", made.features)
    with pytest.raises(BadInput, match="there is a folder late in model_definitions and in byom"):
        said_of(workplace, repository)
