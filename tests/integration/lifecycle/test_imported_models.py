"""A model file that was made elsewhere goes through the whole life cycle, and predicts as its own library does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import task_key
from integration.lifecycle.life import (
    answered,
    attempt_at,
    evaluated_version,
    imported,
    measured,
    predicted,
    put_into_production,
    retired,
)
from integration.lifecycle.test_parts import PARTS, Batch
from model_files import Made, byom_folder
from modelops.domain.decisions import Verdict
from modelops.domain.errors import (
    BadInput,
    IllegalTransition,
    NotApproved,
    RepositoryError,
    SeveralErrors,
)
from modelops.domain.import_requests import ModelImportRequest
from modelops.domain.job_types import JobType
from modelops.domain.requests import BatchRequest, TrainingRequest
from modelops.domain.versions import ArtifactRole, VersionStatus
from modelops.kinds.model.card import card_of
from modelops.kinds.model.import_model import import_model
from modelops.kinds.model.predict_batch import predict_batch
from modelops.kinds.model.train import train
from modelops.registry.write import evidence, jobs, versions
from modelops.stages.approve import request_approval

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from modelops.runner.postgres import PostgresServer
    from workplace import Workplace

MODEL, LOGISTIC = "here/late", "onnx_logistic"
FILE = f"{LOGISTIC}.onnx"


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environments of the formats, which are built once."""
    return tmp_path_factory.mktemp("environments")


def with_environments(workplace: Workplace, environments: Path) -> Workplace:
    home = workplace.settings.machine.home
    home.mkdir(exist_ok=True)
    (home / "environments").symlink_to(environments)
    return workplace


@pytest.fixture(scope="module")
def lives(environments: Path, server: PostgresServer) -> Callable[[Workplace, Path], None]:
    """`here/late` v1 is imported from the logistic regression, measured, evaluated and approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        url = server.admin_url.rsplit("/", 1)[0] + f"/{workplace.connection.info.dbname}"
        bring(with_environments(workplace, environments), repository, url)
        imported(workplace, MODEL, FILE, external_id="mlflow/17")
        measured(workplace, MODEL, 1)
        evaluated_version(workplace, MODEL, 1)
        answered(workplace, 1, model=MODEL)

    return live


def bring(workplace: Workplace, repository: Path, admin_url: str, name: str = LOGISTIC, **files: Any) -> Made:
    """Puts a file into the inbox, its rows into the table, and its folder into the repository."""
    made = Made.of(name)
    made.put_into(workplace.settings.machine.inbox)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        made.fill(admin)
    shutil.rmtree(repository / "byom", ignore_errors=True)
    files.setdefault("config", {"model": {"type": made.expected["type"]}})
    byom_folder(repository, "late", made.features, **files)
    return made


@pytest.fixture
def workplace(workplace: Workplace, repository: Path, environments: Path) -> Workplace:
    """With the folder and the file of `here/late`, as they were imported."""
    made = Made.of(LOGISTIC)
    made.put_into(workplace.settings.machine.inbox)
    byom_folder(repository, "late", made.features, config={"model": {"type": "binary"}})
    return with_environments(workplace, environments)


def numbers(workplace: Workplace) -> list[tuple[int, str]]:
    """The versions of the model and their statuses."""
    rows = workplace.connection.execute(
        "SELECT number, status::text FROM modelops.version WHERE name = %s ORDER BY number", (MODEL,)
    )
    return [(row[0], row[1]) for row in rows]


def refused(workplace: Workplace, file: str = FILE, **asked: Any) -> list[str]:
    """What an import says, which leaves no version."""
    before = numbers(workplace)
    with pytest.raises(BadInput) as caught:
        imported(workplace, MODEL, file, **asked)
    assert numbers(workplace) == before
    errors = caught.value.errors if isinstance(caught.value, SeveralErrors) else [caught.value]
    return [error.what for error in errors]


def test_what_an_import_records(workplace: Workplace, environments: Path) -> None:
    version = versions.find(workplace.connection, MODEL, 1)
    assert version.status is VersionStatus.APPROVED
    assert (version.hyperparameters, version.data_sha256, version.columns_with_nulls) == (None, None, None)
    assert version.columns is not None
    assert version.columns["distance"] == "double"
    definition = version.definition
    assert definition is not None
    made = Made.of(LOGISTIC)
    assert definition["file"]["address"] == FILE
    assert definition["file"]["size"] == made.content.stat().st_size
    assert definition["external_id"] == "mlflow/17"
    assert definition["model"]["features"] == made.features
    assert (definition["model"]["classes"], definition["model"]["positive"]) == ([0, 1], 1)
    assert definition["mapped"] == "in_order"
    assert definition["inputs"][0] == ["column 1", "distance"]
    assert definition["found"]["library"] == "onnxruntime"
    assert definition["found"]["float32"]
    stored = {(one.role, one.name): one for one in evidence.artifacts_of(workplace.connection, version.id)}
    assert stored[ArtifactRole.OUTPUT, "model.onnx"].sha256 == definition["file"]["sha256"]
    assert (ArtifactRole.SAMPLE, "sample.arrow") in stored


def test_a_batch_equals_the_librarys_own_predictions_in_parts_and_after_a_retry_too(
    workplace: Workplace, look: Any
) -> None:
    made = Made.of(LOGISTIC)
    deployment = put_into_production(workplace, 1, MODEL, parts=PARTS)["deployment"]
    assert predicted(workplace, deployment)["rows"] == len(made.labels)
    made.check(look(made.select))
    batch = Batch(workplace, deployment)
    for part in range(PARTS):
        batch.score(part)
    assert batch.publish()["parts"] == PARTS
    made.check(look(made.select))
    lost = attempt_at(workplace, JobType.BATCH_PREDICTION, key=(key := task_key(task_id="predict")))
    jobs.give_up(workplace.connection, lost, error="its worker was lost", again=True)
    again = attempt_at(workplace, JobType.BATCH_PREDICTION, key=key, number=2)
    assert predict_batch(BatchRequest(deployment=deployment), workplace.run(again))["rows"] == len(made.labels)
    made.check(look(made.select))
    retired(workplace, deployment)
    assert numbers(workplace) == [(1, "retired")]


@pytest.mark.parametrize("name", ["onnx_columns", "onnx_labels", "onnx_regressor"])
def test_other_files_from_the_import_to_a_batch(
    workplace: Workplace, repository: Path, database: Database, look: Any, name: str
) -> None:
    made = bring(workplace, repository, database.admin_url, name)
    result = imported(workplace, MODEL, f"{name}.onnx")
    assert (result["version"], result["type"]) == (2, made.expected["type"])
    measured(workplace, MODEL, 2)
    assert evaluated_version(workplace, MODEL, 2)["rows"] == 80
    answered(workplace, 2, model=MODEL)
    deployment = put_into_production(workplace, 2, MODEL)
    assert predicted(workplace, deployment["deployment"])["rows"] == len(made.labels)
    made.check(look(made.select))


def test_the_same_file_is_the_same_version(workplace: Workplace, log: list[str]) -> None:
    again = imported(workplace, MODEL, FILE, external_id="mlflow/17")
    first = versions.find(workplace.connection, MODEL, 1)
    assert (again["version"], again["artifact_sha256"]) == (1, first.artifact_sha256)
    assert any(line.startswith("This file is here/late v1 already") for line in log)
    assert numbers(workplace) == [(1, "approved")]


def test_another_request_or_a_rejected_version_makes_another_one(workplace: Workplace) -> None:
    assert imported(workplace, MODEL, FILE)["version"] == 2
    measured(workplace, MODEL, 2)
    evaluated_version(workplace, MODEL, 2)
    answered(workplace, 2, model=MODEL, verdict=Verdict.REJECTED, comment="no")
    assert imported(workplace, MODEL, FILE)["version"] == 3


@pytest.mark.parametrize("step", ["code pinned", "file read", "format recognised", "file described", "sample scored"])
def test_an_attempt_that_is_killed_leaves_nothing_but_its_retry_makes_the_version(
    workplace: Workplace, step: str
) -> None:
    key = task_key(task_id="import")

    def log(line: str) -> None:
        if line.startswith(f"▸ {step}"):
            raise KeyboardInterrupt

    first = workplace.run(attempt_at(workplace, JobType.MODEL_IMPORT, key=key, subject=MODEL))
    request = ModelImportRequest(model=MODEL, file=FILE)
    with pytest.raises(KeyboardInterrupt):
        import_model(request, replace(first, log=log))
    assert numbers(workplace) == [(1, "approved")]
    second = workplace.run(attempt_at(workplace, JobType.MODEL_IMPORT, key=key, number=2, subject=MODEL))
    assert import_model(request, second)["version"] == 2
    store = workplace.settings.machine.home.parent / "artifacts"
    assert not list((store / "incoming").iterdir())


def test_an_evaluation_needs_statistics(workplace: Workplace) -> None:
    imported(workplace, MODEL, FILE)
    with pytest.raises(IllegalTransition, match="v2 is imported, and its statistics are not computed"):
        evaluated_version(workplace, MODEL, 2)
    with pytest.raises(NotApproved, match="v2 is imported"):
        put_into_production(workplace, 2, MODEL)


def test_values_that_float32_does_not_hold_are_warned_of_by_column(
    workplace: Workplace, database: Database, log: list[str]
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("UPDATE flown SET distance = 1700000000 + id, wind = wind + 1000")
    imported(workplace, MODEL, FILE)
    [warning] = measured(workplace, MODEL, 2)["warnings"]
    assert warning.startswith("distance has values up to 1.7e+09 with a standard deviation of 34.7851.")
    assert f"Warning: {warning}" in log
    evaluated_version(workplace, MODEL, 2)
    card = card_of(request_approval(MODEL, 2, workplace.job(JobType.APPROVAL)))
    assert "⚠ distance has values up to 1.7e+09" in card


def test_the_card(workplace: Workplace) -> None:
    imported(workplace, MODEL, FILE, positive_class="0")
    measured(workplace, MODEL, 2)
    evaluated_version(workplace, MODEL, 2)
    request = request_approval(MODEL, 2, workplace.job(JobType.APPROVAL))
    card = card_of(request)
    file = request.evidence["definition"]["file"]
    for said in (
        f"**here/late v2**, requested by **ada**, imported from `{FILE}`.",
        "Statistics of 120 rows of dataset `train`. Evaluated on 80 rows of dataset `evaluate` by the standard",
        "| format | onnx, read with onnxruntime 1.32.0 |",
        "| type | binary |",
        "| classes | 0, 1 |",
        "| positive class | 0 |",
        "column 1 → distance, column 2 → departure, column 3 → wind, column 4 → delay\\_before |",
        f"⚠ {FILE.replace('_', chr(92) + '_')} has no names of its features",
        f"| model file | `{file['sha256']}` |",
        f"| **all of this evidence** | `{request.digest}` |",
    ):
        assert said in card


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
    found = refused(
        workplace,
        "../secrets",
        dataset="trian",
        evaluate_dataset="evaluat",
        deployment=None,
    )
    assert found[0] == "it isn't said which type of model the file is"


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
        ("http://localhost/late.onnx", "model files don't come from 'http://localhost/late.onnx' here"),
        ("file:///etc/passwd", "model files don't come from 'file:///etc/passwd' here"),
        ("s3://connection@bucket/late.onnx", "the address names a connection of Airflow: 'connection'"),
        ("s3://bucket/../late.onnx", "'s3://bucket/../late.onnx' is no address of a file"),
        ("empty.onnx", "empty.onnx is empty"),
    ],
)
def test_files_that_are_refused(workplace: Workplace, tmp_path: Path, file: str, what: str) -> None:
    import os

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


def test_a_file_of_an_object_store(workplace: Workplace) -> None:
    from upath import UPath

    UPath("memory://models/late.onnx").write_bytes(Made.of(LOGISTIC).content.read_bytes())
    reaching = workplace.with_resources(open_remote=lambda address: UPath(address).open("rb"))
    assert refused(reaching, "memory://models/late.onnx") == [
        "model files don't come from 'memory://models/late.onnx' here"
    ]
    allowed = reaching.with_installation(model_sources=("inbox", "memory"))
    assert imported(allowed, MODEL, "memory://models/late.onnx")["version"] == 2
    assert refused(allowed, "memory://models/missing.onnx") == ["there is no file 'memory://models/missing.onnx'"]
    below = reaching.with_installation(model_sources=("memory://other",))
    assert refused(below, "memory://models/late.onnx") == [
        "model files don't come from 'memory://models/late.onnx' here"
    ]


def test_a_model_of_the_same_name(workplace: Workplace, repository: Path) -> None:
    from factories import model_folder

    model_folder(repository, "late")
    both = "there is a folder late in model_definitions and in byom"
    assert refused(workplace) == [both]
    with pytest.raises(RepositoryError, match=both):
        train(TrainingRequest(model=MODEL), workplace.job(JobType.TRAINING, subject=MODEL))
    assert numbers(workplace) == [(1, "approved")]


def test_code_in_the_folder(workplace: Workplace, repository: Path) -> None:
    (repository / "byom/late/numpy.py").write_text("print('here')\n")
    assert refused(workplace) == ["numpy.py is code, which an imported model doesn't have"]
