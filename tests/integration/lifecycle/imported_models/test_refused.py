"""Requests, folders and files that an import refuses, with all errors at once; they leave no version."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from upath import UPath

from factories import model_folder
from integration.lifecycle.imported_models.importing import LOGISTIC, MODEL, bring, numbers, refused
from integration.lifecycle.life import imported
from model_files import MODELS, Made
from modelops.domain.errors import RepositoryError
from modelops.domain.job_types import JobType
from modelops.domain.requests import DeploymentTerms, TrainingRequest
from modelops.kinds.model.train import train
from modelops.runtime import model_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from modelops.runner.postgres import PostgresServer
    from workplace import Workplace


def test_features_are_compared_by_name_and_all_errors_are_told_at_once(
    workplace: Workplace, repository: Path, database: Database
) -> None:
    made = bring(workplace, repository, database.admin_url, "onnx_columns")
    sql = (repository / "byom/late/datasets.yaml").read_text()
    renamed = sql.replace("distance, departure", "Distance, departure").replace(
        "SELECT id, Distance", 'SELECT id, distance AS "Distance"'
    )
    (repository / "byom/late/datasets.yaml").write_text(renamed.replace(", carrier", ""))
    assert refused(workplace, f"{made.name}.onnx", columns={"windy": "wind"}) == [
        "onnx_columns.onnx has no input 'windy': did you mean wind?",
        "the input 'distance' of onnx_columns.onnx is no feature of the datasets: did you mean Distance?",
        "the input 'carrier' of onnx_columns.onnx is no feature of the datasets",
        "the feature 'Distance' is no input of onnx_columns.onnx: did you mean distance?",
    ]
    (repository / "byom/late/datasets.yaml").write_text(renamed)
    mapped = imported(workplace, MODEL, f"{made.name}.onnx", columns={"distance": "Distance"})
    assert mapped["mapped"] == "by_name"


def test_another_number_of_features(workplace: Workplace, repository: Path) -> None:
    file = repository / "byom/late/datasets.yaml"
    file.write_text(file.read_text().replace(", delay_before", ""))
    assert refused(workplace) == ["onnx_logistic.onnx takes 4 features, and the datasets have 3"]


def test_requests_that_are_refused_before_the_file_is_read(workplace: Workplace, repository: Path) -> None:
    (repository / "byom/late/config.json").write_text('{"slice_by": ["wind"]}')
    terms = DeploymentTerms(dataset="predct", parts=100)
    found = refused(workplace, "../secrets", dataset="trian", evaluate_dataset="evaluat", deployment=terms)
    assert [what.partition(",")[0] for what in found] == [
        "the type of the model is not set",
        "'../secrets' is no path below the inbox",
        "there is no dataset 'trian'",
        "there is no dataset 'evaluat'",
        "a batch can't have 100 partitions",
        "there is no dataset 'predct'",
    ]


@pytest.fixture(scope="module")
def lives(server: PostgresServer) -> Callable[[Workplace, Path], None]:
    """There is a table with rows, and no version yet."""

    def live(workplace: Workplace, repository: Path) -> None:
        url = server.admin_url.rsplit("/", 1)[0] + f"/{workplace.connection.info.dbname}"
        with psycopg.connect(url, autocommit=True) as admin:
            Made.of(LOGISTIC).fill(admin)

    return live


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("missing.onnx", "the inbox has no file 'missing.onnx'"),
        ("onnx_logistc.onnx", "the inbox has no file 'onnx_logistc.onnx': did you mean onnx_logistic.onnx?"),
        ("../outside.onnx", "'../outside.onnx' is no path below the inbox"),
        ("/etc/passwd", "'/etc/passwd' is no path below the inbox"),
        ("a/../../outside.onnx", "'a/../../outside.onnx' is no path below the inbox"),
        ("linked.onnx", "linked.onnx is a link that leads out of the inbox"),
        ("folder", "folder is not a plain file but a folder"),
        ("pipe", "pipe is not a plain file but a named pipe"),
        ("http://localhost/late.onnx", "model files from 'http://localhost/late.onnx' are not allowed"),
        ("file:///etc/passwd", "model files from 'file:///etc/passwd' are not allowed"),
        ("s3://connection@bucket/late.onnx", "the address names a connection of Airflow: 'connection'"),
        ("s3://bucket/../late.onnx", "'s3://bucket/../late.onnx' is no address of a file"),
        ("empty.onnx", "empty.onnx is empty"),
    ],
)
def test_files_that_are_refused(workplace: Workplace, tmp_path: Path, file: str, what: str) -> None:
    inbox = workplace.settings.machine.inbox
    (tmp_path / "outside.onnx").write_bytes(b"x")
    (inbox / "linked.onnx").symlink_to(tmp_path / "outside.onnx")
    (inbox / "folder").mkdir()
    os.mkfifo(inbox / "pipe")
    (inbox / "empty.onnx").touch()
    assert refused(workplace, file) == [what]


def test_a_file_that_is_too_large(workplace: Workplace) -> None:
    small = workplace.with_installation(model_file_bytes=100)
    assert refused(small) == ["onnx_logistic.onnx has more than 0 MiB"]


def test_a_file_that_its_library_does_not_read(workplace: Workplace) -> None:
    good = Made.of(LOGISTIC).content.read_bytes()
    (workplace.settings.machine.inbox / "broken.onnx").write_bytes(
        good.replace(b"LinearClassifier", b"LinearClassifieX")
    )
    [what] = refused(workplace, "broken.onnx")
    assert "onnxruntime" in what


def test_a_file_that_hangs_on_the_rows_only(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives a number for the values with which a file is tried, and counts for ever if one is above 5."""
    monkeypatch.setattr(model_files, "MAX_SECONDS", 3.0)
    content = (MODELS / "refused" / "endless.onnx").read_bytes()
    (workplace.settings.machine.inbox / "endless.onnx").write_bytes(content)
    [what] = refused(workplace, "endless.onnx", type="regression")
    assert "3 s" in what


def test_a_file_of_an_object_store(workplace: Workplace) -> None:
    UPath("memory://models/late.onnx").write_bytes(Made.of(LOGISTIC).content.read_bytes())
    reaching = workplace.with_resources(open_remote=lambda address: UPath(address).open("rb"))
    assert refused(reaching, "memory://models/late.onnx") == [
        "model files from 'memory://models/late.onnx' are not allowed"
    ]
    allowed = reaching.with_installation(model_sources=("inbox", "memory"))
    assert imported(allowed, MODEL, "memory://models/late.onnx")["version"] == 1
    assert refused(allowed, "memory://models/missing.onnx") == ["there is no file 'memory://models/missing.onnx'"]
    below = reaching.with_installation(model_sources=("memory://other",))
    assert refused(below, "memory://models/late.onnx") == [
        "model files from 'memory://models/late.onnx' are not allowed"
    ]


def test_a_model_of_the_same_name(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "late")
    both = "there is a folder late in model_definitions and in byom"
    assert refused(workplace) == [both]
    with pytest.raises(RepositoryError, match=both):
        train(TrainingRequest(model=MODEL), workplace.job(JobType.TRAINING, subject=MODEL))
    assert numbers(workplace) == []


def test_code_in_the_folder(workplace: Workplace, repository: Path) -> None:
    (repository / "byom/late/numpy.py").write_text("print('here')\n")
    assert refused(workplace) == ["numpy.py is code, which an imported model doesn't have"]
