"""What trainings and batches record of their columns, so that the one can be compared with the other."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from factories import DATASETS, SCORING, TRAINING, model_folder
from integration.lifecycle.life import answered, approved, evaluated, predicted, put_into_production, scorer, trained
from modelops.domain.decisions import Verdict
from modelops.domain.errors import ScoringError, SeveralErrors, UnknownVersion, UserCodeError
from modelops.domain.job_types import JobType
from modelops.domain.requests import EvaluationRequest, StatisticsRequest
from modelops.kinds.model.compute_statistics import compute_statistics
from modelops.kinds.model.evaluate import evaluate
from modelops.registry.read import job_evidence
from modelops.registry.write import statistics, versions
from modelops.statistics.bins import bin_counts
from modelops.statistics.reference import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace

ONLY_LAST = "SELECT id, x, y, late FROM measured WHERE id > 50"
PICKY = scorer("""
if (data.x > 5).any():
    raise ValueError("too large")
return pd.DataFrame({"score": data.x * 1.0})
""")
REVERSED = DATASETS.replace("ORDER BY id", "ORDER BY -id")


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """`here/scored` v1 is approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored", scoring=SCORING)
        approved(workplace)

    return live


def of_version(workplace: Workplace, model: str) -> dict[tuple[str, str], Any]:
    """The statistics in use of its columns, whichever reference they are of."""
    version = versions.find(workplace.connection, model, 1)
    records = statistics.in_use(workplace.connection, version.id)
    return {(one["role"], one["variable"]): {**one, "reference_id": None} for one in records}


def test_a_training_records_the_reference_of_all_its_rows(workplace: Workplace) -> None:
    found = of_version(workplace, "here/scored")
    of_predictions = {("prediction", "late"), ("prediction", "late_probability")}
    assert set(found) == {("feature", "x"), ("feature", "y"), ("target", "late")} | of_predictions
    for record in (found[which] for which in found.keys() - of_predictions):
        blocks = record["values"]["reference"]["blocks"]
        assert len(blocks) == BLOCKS
        assert sum(map(sum, blocks)) == 60
        below, *_, above, _, _ = (sum(counts) for counts in zip(*blocks, strict=True))
        assert (below, above) == (0, 0)
    assert len(found["target", "late"]["values"]["reference"]["edges"]) == 4


def test_it_does_not_depend_on_the_order_of_the_rows(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "reversed", scoring=SCORING, datasets=REVERSED)
    trained(workplace, "here/reversed")
    found, other = (of_version(workplace, model) for model in ("here/scored", "here/reversed"))
    for which, record in other.items():
        assert found[which]["values"]["reference"] == record["values"]["reference"]


def counted(workplace: Workplace, run: int) -> dict[tuple[str, str], list[int]]:
    """The counts of a batch's columns in the bins of their references."""
    return {
        (record["role"], record["variable"]): bin_counts(record)
        for record in statistics.of_run(workplace.connection, run)
    }


def test_the_first_evaluation_records_the_reference_of_predictions(workplace: Workplace) -> None:
    first = of_version(workplace, "here/scored")["prediction", "late_probability"]
    assert sum(map(sum, first["values"]["reference"]["blocks"])) == 40
    evaluate(EvaluationRequest(model="here/scored", dataset=ONLY_LAST), workplace.job(JobType.EVALUATION))
    assert of_version(workplace, "here/scored")["prediction", "late_probability"] == first


def test_batches_are_counted_in_the_bins_of_the_reference(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    found = of_version(workplace, "here/scored")
    batches = []
    for _ in range(2):
        run = predicted(workplace, deployment)["run"]
        batches.append(counted(workplace, run))
        for record in statistics.of_run(workplace.connection, run):
            reference = found[record["role"], record["variable"]]["values"]["reference"]
            assert record["values"]["bins"]["edges"] == reference["edges"]
            assert sum(bin_counts(record)) == 100
    assert batches[0] == batches[1]
    assert batches[0].keys() == found.keys() - {("target", "late")}


def test_the_statistics_of_a_version_are_computed_anew(workplace: Workplace, look: Any) -> None:
    before = of_version(workplace, "here/scored")
    deployment = put_into_production(workplace, 1)["deployment"]
    job = workplace.job(JobType.COMPUTE_STATISTICS)
    request = StatisticsRequest(model="here/scored", dataset=ONLY_LAST, predictions_dataset=ONLY_LAST)
    result = compute_statistics(request, job)
    assert {name: result[name] for name in ("version", "rows", "columns", "scored_rows")} == {
        "version": 1,
        "rows": 50,
        "columns": 3,
        "scored_rows": 50,
    }
    after = of_version(workplace, "here/scored")
    assert after.keys() == before.keys()
    for record in after.values():
        assert sum(map(sum, record["values"]["reference"]["blocks"])) == 50
    assert look("SELECT status FROM modelops.version") == [("deployed",)]

    run = predicted(workplace, deployment)["run"]
    for record in statistics.of_run(workplace.connection, run):
        reference = after[record["role"], record["variable"]]["values"]["reference"]
        assert record["values"]["bins"]["edges"] == reference["edges"]

    shown = job_evidence.statistics_of(workplace.connection, job.job_id)
    assert {(one["role"], one["variable"]) for one in shown} == after.keys()
    assert not any("reference" in one["values"] for one in shown)


def test_computed_with_the_same_rows_they_are_the_same(workplace: Workplace) -> None:
    before = of_version(workplace, "here/scored")
    compute_statistics(StatisticsRequest(model="here/scored"), workplace.job(JobType.COMPUTE_STATISTICS))
    assert of_version(workplace, "here/scored") == before


def test_a_model_that_cannot_score_has_a_reference_of_its_columns(workplace: Workplace, log: list[str]) -> None:
    trained(workplace, "here/iris")
    result = compute_statistics(StatisticsRequest(model="here/iris"), workplace.job(JobType.COMPUTE_STATISTICS))
    assert (result["rows"], "scored_rows" in result) == (60, False)
    assert "here/iris v1 has no ModelScorer, so there is no reference of its predictions" in log


def test_both_datasets_are_checked_before_a_row_is_read(workplace: Workplace, look: Any) -> None:
    job = workplace.job(JobType.COMPUTE_STATISTICS)
    sql = "SELECT id, x FROM measured"
    request = StatisticsRequest(model="here/scored", dataset="tomorrow", predictions_dataset=sql)
    with pytest.raises(SeveralErrors) as refused:
        compute_statistics(request, job)
    assert "there is no dataset 'tomorrow'" in str(refused.value)
    assert "the feature column y" in str(refused.value)
    assert look(f"SELECT count(*) FROM modelops.reference WHERE job_id = {job.job_id}") == [(0,)]


def test_rows_of_which_none_can_be_scored_are_no_reference(workplace: Workplace, repository: Path, look: Any) -> None:
    model_folder(repository, "picky", scoring=PICKY)
    trained(workplace, "here/picky")
    request = StatisticsRequest(model="here/picky", predictions_dataset=ONLY_LAST)
    with pytest.raises(ScoringError, match="can't score any of the 50 rows; the first, id = 51: ValueError: too large"):
        compute_statistics(request, workplace.job(JobType.COMPUTE_STATISTICS))
    assert look(
        "SELECT count(*) FROM modelops.reference JOIN modelops.version ON version.id = version_id"
        " WHERE name = 'here/picky'"
    ) == [(0,)]


@pytest.mark.parametrize("status", ["rejected", "created"])
def test_a_version_at_its_end_has_no_statistics_computed(workplace: Workplace, repository: Path, status: str) -> None:
    training = "def train(context):\n    raise ValueError\n" if status == "created" else TRAINING
    model_folder(repository, "ended", training=training, scoring=SCORING)
    with contextlib.suppress(UserCodeError):
        version = evaluated(workplace, "here/ended")["version"]
        answered(workplace, version, model="here/ended", verdict=Verdict.REJECTED, comment="too coarse")
    request = StatisticsRequest(model="here/ended", version=1)
    with pytest.raises(UnknownVersion, match=f"here/ended v1 is {status} and can't have its statistics computed"):
        compute_statistics(request, workplace.job(JobType.COMPUTE_STATISTICS))
