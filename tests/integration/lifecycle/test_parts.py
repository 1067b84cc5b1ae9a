"""A batch that is cut into parts: scored by jobs side by side, published as one run."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import SCORING, model_folder, task_key
from integration.lifecycle.life import approved, attempt_at, predicted, put_into_production, retired
from modelops.domain.errors import DatasetError, PartsError, ScoringError, UnknownDeployment
from modelops.domain.job_types import JobType
from modelops.domain.requests import BatchRequest, PartRequest, StatisticsRequest
from modelops.kinds.model.compute_statistics import compute_statistics
from modelops.kinds.model.predict_batch import predict_batch
from modelops.kinds.model.publish_parts import publish_parts
from modelops.registry.write import deployments, jobs, runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.domain.jobs import Attempt
    from workplace import Workplace

PARTS = 3
SEEN = "SELECT count(*), count(DISTINCT id), sum(late_probability) FROM predictions.scored"
OF_RUN = """
SELECT role, variable, values->'rows', values->'mean', values->'histogram'->'counts',
       values->'bins'
FROM modelops.statistics
WHERE run_id = {} ORDER BY 1, 2
"""
_runs = itertools.count(1)


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """`here/scored` v1 is approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored", scoring=SCORING)
        approved(workplace)

    return live


class Batch:
    """A DAG run of a deployment whose batches are cut."""

    def __init__(self, workplace: Workplace, deployment: int, **asked: Any) -> None:
        self.workplace, self.request = workplace, {"deployment": deployment, **asked}
        self.dag_run = ("deployment_1", f"parted_{next(_runs)}")

    def job(self, task: str, map_index: int = -1, **values: Any) -> Attempt:
        dag_id, run_id = self.dag_run
        key = task_key(dag_id=dag_id, run_id=run_id, task_id=task, map_index=map_index)
        return attempt_at(self.workplace, JobType.BATCH_PREDICTION, key=key, **values)

    def score(self, part: int, **values: Any) -> dict[str, Any]:
        request = PartRequest(**self.request, part=part, parts=PARTS)
        return predict_batch(request, self.workplace.run(self.job("predict", part, **values)))

    def publish(self, **values: Any) -> dict[str, Any]:
        return publish_parts(BatchRequest(**self.request), self.workplace.run(self.job("publish", **values)))


@pytest.fixture
def deployment(workplace: Workplace) -> int:
    number: int = put_into_production(workplace, 1, parts=PARTS)["deployment"]
    return number


def test_parts_are_seen_at_once_and_are_what_one_batch_gives(workplace: Workplace, deployment: int, look: Any) -> None:
    whole = predicted(workplace, deployment)
    before = look(SEEN)
    batch = Batch(workplace, deployment)
    scored = [batch.score(number) for number in range(PARTS)]
    assert sum(one["rows"] for one in scored) == 100
    assert min(one["rows"] for one in scored) > 0
    assert scored[1]["part"] == "part 2 of 3"
    assert look("SELECT DISTINCT job_id FROM predictions.scored") == look(
        f"SELECT job_id FROM modelops.batch_run WHERE id = {whole['run']}"
    )
    result = batch.publish()
    assert (result["rows"], result["parts"], result["view"]) == (100, PARTS, "predictions.scored")
    assert look(SEEN) == [(before[0][0], before[0][1], pytest.approx(before[0][2]))]
    seen = look("SELECT DISTINCT job_id FROM predictions.scored")
    assert seen == look(f"SELECT job_id FROM modelops.batch_run WHERE id = {result['run']}")
    history = "SELECT count(*), count(superseded_at) FROM predictions.scored_history"
    assert look(history) == [(200, 100)]


def test_partitions_in_other_bins_are_published_without_their_statistics(
    workplace: Workplace, deployment: int, look: Any, log: list[str]
) -> None:
    batch = Batch(workplace, deployment)
    batch.score(0)
    sql = "SELECT id, x, y, late FROM measured WHERE id > 50"
    request = StatisticsRequest(model="here/scored", dataset=sql, predictions_dataset=sql)
    compute_statistics(request, workplace.job(JobType.COMPUTE_STATISTICS))
    for number in range(1, PARTS):
        batch.score(number)
    result = batch.publish()
    assert look(SEEN)[0][0] == result["rows"] == 100
    counted = look(f"SELECT variable FROM modelops.statistics WHERE run_id = {result['run']}")
    assert ("x",) not in counted
    assert any(line.startswith("The batch has no statistics of the feature x: ") for line in log)


def test_the_statistics_of_parts_add_up(workplace: Workplace, deployment: int, look: Any) -> None:
    whole = predicted(workplace, deployment)
    batch = Batch(workplace, deployment)
    for number in range(PARTS):
        batch.score(number)
    result = batch.publish()
    of_whole, of_parts = (look(OF_RUN.format(run)) for run in (whole["run"], result["run"]))
    assert [row[:3] for row in of_parts] == [row[:3] for row in of_whole]
    for mine, other in zip(of_parts, of_whole, strict=True):
        assert mine[3] == (None if other[3] is None else pytest.approx(other[3]))
        assert mine[4:] == other[4:]
        assert mine[5] is not None


def test_a_part_that_fails_and_is_retried_spoils_nothing(workplace: Workplace, deployment: int, look: Any) -> None:
    batch = Batch(workplace, deployment)
    batch.score(0)
    lost = batch.job("predict", 1)
    jobs.give_up(workplace.connection, lost, error="it broke", again=True)
    with pytest.raises(PartsError, match=r"of 3 parts, these have no staged rows: 2, 3(.|\n)*completed parts"):
        batch.publish()
    assert look(SEEN) == [(0, 0, None)]
    batch.score(1, number=2, first=1)
    batch.score(2)
    assert batch.publish(number=2, first=2)["rows"] == 100
    assert look(SEEN)[0][:2] == (100, 100)


def test_parts_that_were_published_are_not_published_again(workplace: Workplace, deployment: int, look: Any) -> None:
    batch = Batch(workplace, deployment)
    for number in range(PARTS):
        batch.score(number)
    published = batch.publish()
    batch.score(0, number=2, first=2)  # a person has cleared it, and what comes after it
    with pytest.raises(PartsError, match=f"part 2 was published before, with run {published['run']}"):
        batch.publish(number=2, first=2)
    assert look(SEEN)[0][:2] == (100, 100)


def test_what_was_asked_for_at_the_same_time_is_scored_once(workplace: Workplace, deployment: int, look: Any) -> None:
    """The second DAG run begins when the first one is over; it was asked for before that began."""
    asked_at = datetime.now(UTC) - timedelta(minutes=1)
    first, second = Batch(workplace, deployment), Batch(workplace, deployment)
    for number in range(PARTS):
        first.score(number)
    published = first.publish()
    for number in range(PARTS):
        request = PartRequest(**second.request, part=number, parts=PARTS)
        attempt = replace(second.job("predict", number), asked_at=asked_at)
        assert predict_batch(request, workplace.run(attempt))["run"] == published["run"]
    attempt = replace(second.job("publish"), asked_at=asked_at)
    result = publish_parts(BatchRequest(**second.request), workplace.run(attempt))
    assert (result["run"], result["rows"]) == (published["run"], 100)
    assert look("SELECT count(*) FROM predictions.scored_history") == [(100,)]


def test_a_publisher_that_is_lost_returns_what_its_parts_did(workplace: Workplace, deployment: int) -> None:
    """The second try knows when the first one was asked for."""
    asked_at = datetime.now(UTC) - timedelta(minutes=1)
    first, second = Batch(workplace, deployment), Batch(workplace, deployment)
    for number in range(PARTS):
        first.score(number)
    published = first.publish()
    for number in range(PARTS):
        assert second.score(number, max_tries=2, asked_at=asked_at)["run"] == published["run"]
    second.job("publish", max_tries=2, asked_at=asked_at)  # its worker is lost
    result = second.publish(number=2, max_tries=2)
    assert (result["run"], result["rows"]) == (published["run"], 100)


def test_what_was_asked_for_while_parts_were_scored_is_scored_anew(workplace: Workplace, deployment: int) -> None:
    first, second = Batch(workplace, deployment), Batch(workplace, deployment)
    first.score(0)
    asked_at = datetime.now(UTC)
    for number in range(1, PARTS):
        first.score(number)
    published = first.publish()
    request = PartRequest(**second.request, part=0, parts=PARTS)
    attempt = replace(second.job("predict", 0), asked_at=asked_at)
    assert predict_batch(request, workplace.run(attempt))["run"] > published["run"]


def test_two_batches_at_the_same_time_are_two(workplace: Workplace, deployment: int, look: Any) -> None:
    first, second = Batch(workplace, deployment), Batch(workplace, deployment)
    for number in range(PARTS):
        for batch in (first, second):
            batch.score(number)
    runs_of = [batch.publish()["run"] for batch in (second, first)]
    assert look(SEEN)[0][:2] == (100, 100)
    assert look("SELECT id FROM modelops.batch_run WHERE superseded_at IS NULL AND published_at IS NOT NULL") == [
        (runs_of[-1],)
    ]


def test_a_whole_run_has_all_of_its_parts(workplace: Workplace, deployment: int) -> None:
    batch = Batch(workplace, deployment)
    run = batch.score(0)
    publishing = batch.job("publish")
    found = deployments.find(workplace.connection, deployment)
    with jobs.fenced(workplace.connection, publishing):
        whole = runs.begin(workplace.connection, found, publishing, None)
        runs.take_parts(workplace.connection, whole, [run["run"]])
    with pytest.raises(PartsError, match="has 1 of 3 parts"), jobs.fenced(workplace.connection, publishing):
        runs.publish(workplace.connection, whole, rows=run["rows"], set_aside=0)


def test_a_deployment_that_ends_meanwhile(workplace: Workplace, deployment: int, look: Any) -> None:
    batch = Batch(workplace, deployment)
    for number in range(PARTS):
        batch.score(number)
    retired(workplace, deployment)
    with pytest.raises(UnknownDeployment, match="was retired at"):
        batch.publish()
    assert look(SEEN) == [(0, 0, None)]


@pytest.mark.parametrize("parts", [0, -1, 65, 1000])
def test_so_many_parts_there_can_not_be(workplace: Workplace, parts: int, look: Any) -> None:
    with pytest.raises(PartsError, match=rf"can't have {parts:,} partitions(.|\n)*from 1 \(no splitting\) to 64"):
        put_into_production(workplace, 1, parts=parts)
    assert look("SELECT count(*) FROM modelops.deployment") == [(0,)]


def test_a_part_that_there_is_not(workplace: Workplace, deployment: int) -> None:
    request = PartRequest(deployment=deployment, part=3, parts=4)
    with pytest.raises(PartsError, match="is cut into 3 parts: there is no part 3"):
        predict_batch(request, workplace.run(Batch(workplace, deployment).job("predict", 3)))


def test_no_row_at_all_is_an_error_of_the_whole(workplace: Workplace, look: Any) -> None:
    nothing = "SELECT id, x, y FROM measured WHERE id < 0"
    number = put_into_production(workplace, 1, dataset=nothing, parts=PARTS)["deployment"]
    batch = Batch(workplace, number)
    assert [batch.score(part)["rows"] for part in range(PARTS)] == [0, 0, 0]
    with pytest.raises(DatasetError, match="the dataset has no rows"):
        batch.publish()


def test_a_budget_is_for_all_parts_together(workplace: Workplace, look: Any) -> None:
    first = f"SELECT min(id) FROM measured GROUP BY abs(hashtextextended(ROW(id)::text, 0) % {PARTS})"
    some = f"SELECT id, CASE WHEN id NOT IN ({first}) THEN x END AS x, y FROM measured"  # one row of each part
    number = put_into_production(workplace, 1, dataset=some, set_aside_budget=2, parts=PARTS)["deployment"]
    batch = Batch(workplace, number)
    assert sum(batch.score(part)["set_aside"] for part in range(PARTS)) == 3
    with pytest.raises(ScoringError, match=r"3 rows of all parts are rejected(.|\n)*at most 2"):
        batch.publish()
    assert look(SEEN) == [(0, 0, None)]
    assert (
        publish_parts(
            BatchRequest(**batch.request, set_aside_budget=3),
            workplace.run(batch.job("publish", number=2)),
        )["rows"]
        == 97
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE modelops.batch_run SET rows = 7 WHERE part = 0",
        "UPDATE modelops.batch_run SET published_at = now() WHERE part = 0",
        "UPDATE modelops.batch_run SET whole_id = id WHERE part = 0",
        "UPDATE modelops.batch_run SET whole_id = (SELECT id FROM modelops.batch_run WHERE part = 1) WHERE part = 0",
        "UPDATE modelops.batch_run SET staged_at = now() WHERE part IS NULL",
    ],
)
def test_forged_with_psql(workplace: Workplace, deployment: int, database: Any, statement: str) -> None:
    predicted(workplace, deployment)
    batch = Batch(workplace, deployment)
    for number in range(2):
        batch.score(number)
    done = database.psql("modelops_jobs", statement)
    assert done.returncode != 0
    assert "ERROR" in done.stderr


def test_a_part_is_taken_once(workplace: Workplace, deployment: int) -> None:
    batch = Batch(workplace, deployment)
    run = batch.score(0)["run"]
    publishing = batch.job("publish")
    [row] = workplace.connection.execute("SELECT id FROM modelops.deployment").fetchall()
    found = deployments.find(workplace.connection, row[0])
    with jobs.fenced(workplace.connection, publishing):
        whole = runs.begin(workplace.connection, found, publishing, None)
        runs.take_parts(workplace.connection, whole, [run])
    with pytest.raises(PartsError, match="it can be taken once"), jobs.fenced(workplace.connection, publishing):
        runs.take_parts(workplace.connection, whole, [run])
    with pytest.raises(psycopg.errors.CheckViolation):
        workplace.connection.execute("UPDATE modelops.batch_run SET whole_id = NULL WHERE id = %s", (run,))
