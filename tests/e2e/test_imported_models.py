"""A model file that was made elsewhere goes through the real Airflow into production; a bad one leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.system import BATCH, IMPORTED, Run
from model_files import Made, byom_folder
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.system import System

MODEL = "here/late"


@pytest.fixture(scope="module")
def made(system: System) -> Made:
    """The file in the inbox, its rows in a table, and its folder in the repository."""
    logistic = Made.of("onnx_logistic")
    inbox = system.installation.layout.home / "inbox"
    assert inbox.is_dir()
    logistic.put_into(inbox, "late.onnx")
    (inbox / "cut.onnx").write_bytes(logistic.content.read_bytes()[:300])
    byom_folder(system.here, "late", logistic.features, config={"model": {"type": "binary"}})
    with system.connect("admin") as admin:
        logistic.fill(admin)
    return logistic


@pytest.fixture(scope="module")
def runs(system: System, made: Made) -> Mapping[str, Run]:
    """The run of a good file and that of a bad one, side by side."""
    files = {"good": "late.onnx", "bad": "cut.onnx"}
    return {name: system.run(IMPORTED, name=name, model=MODEL, file=file) for name, file in files.items()}


def test_a_file_that_is_cut_off(runs: Mapping[str, Run]) -> None:
    run = runs["bad"]
    jobs = run.await_end()
    assert jobs["import"].status is JobStatus.FAILED, run.story()
    said = "cut.onnx is no whole ONNX file: it is cut off"
    assert said in (jobs["import"].error or "")
    assert any(said in line for line in run.log("import"))
    assert run.versions() == []
    assert [jobs[task].status for task in ("compute_statistics", "evaluate")] == [JobStatus.SKIPPED] * 2


def test_from_the_inbox_to_a_batch_that_equals_the_librarys_own_predictions(
    system: System, runs: Mapping[str, Run], made: Made
) -> None:
    run = runs["good"]
    run.await_question()
    [version] = run.versions()
    assert (version["status"], version["definition"]["file"]["address"]) == ("evaluated", "late.onnx")
    card = run.question()["body"]
    assert "imported from `late.onnx`" in card
    assert "column 1 → distance" in card
    assert run.answer("Approve", account="trainer").status_code == 403
    run.answer("Approve").raise_for_status()
    deployment = run.result("deploy")["deployment"]
    batch = system.run(BATCH, deployment=deployment)
    assert batch.result("predict")["rows"] == len(made.labels)
    with system.connect() as reader:
        made.check(reader.execute(made.select).fetchall())
    assert system.offered(IMPORTED) == ["demo/arrival_delay_onnx", MODEL]
