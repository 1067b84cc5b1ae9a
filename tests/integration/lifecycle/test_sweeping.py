"""Rows that nobody sees are removed: by the next batch, or by `./modelops prune`; and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from psycopg.errors import CheckViolation

from factories import SCORING, model_folder, task_key
from integration.lifecycle.life import approved, attempt_at, predicted, put_into_production
from modelops.domain.errors import ModelOpsError, PartsError
from modelops.domain.job_types import JobType
from modelops.domain.requests import BatchRequest, PartRequest
from modelops.kinds.model.predict_batch import predict_batch
from modelops.kinds.model.publish_parts import publish_parts
from modelops.registry.write import jobs, sweeping
from modelops.stages.sweep import prune

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace

PARTS = 2
STORED = "SELECT count(*) FROM predictions.scored_rows"
"""Only jobs may read it."""
SEEN = "SELECT count(*), count(DISTINCT id) FROM predictions.scored"


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """`here/scored` v1 is approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored", scoring=SCORING)
        approved(workplace)

    return live


def batch(workplace: Workplace, deployment: int, dag_run: str, *, parts: int = PARTS, publish: bool = True) -> int:
    """Score so many partitions of a batch, and publish them; returns the number of rows scored."""

    def run(task: str, map_index: int = -1) -> Any:
        key = task_key(dag_id="deployment_1", run_id=dag_run, task_id=task, map_index=map_index)
        return workplace.run(attempt_at(workplace, JobType.BATCH_PREDICTION, key=key))

    requests = [PartRequest(deployment=deployment, part=part, parts=PARTS) for part in range(parts)]
    rows = sum(predict_batch(request, run("predict", request.part))["rows"] for request in requests)
    if publish:
        publish_parts(BatchRequest(deployment=deployment), run("publish"))
    return rows


@pytest.fixture
def deployment(workplace: Workplace) -> int:
    number: int = put_into_production(workplace, 1, parts=PARTS)["deployment"]
    return number


def stored(workplace: Workplace) -> int:
    [rows] = workplace.connection.execute(STORED).fetchone() or (0,)
    return int(rows)


def publishing(workplace: Workplace, deployment: int, dag_run: str, **request: Any) -> dict[str, Any]:
    """The job that publishes the partitions of a DAG run; it fails for good where it fails."""
    key = task_key(dag_id="deployment_1", run_id=dag_run, task_id="publish")
    attempt = attempt_at(workplace, JobType.BATCH_PREDICTION, key=key)
    try:
        return publish_parts(BatchRequest(deployment=deployment, **request), workplace.run(attempt))
    except ModelOpsError:
        jobs.give_up(workplace.connection, attempt, error="it broke", again=False)
        raise


def test_the_next_batch_removes_partitions_whose_publication_failed(
    workplace: Workplace, deployment: int, look: Any
) -> None:
    rows = batch(workplace, deployment, "failed", parts=1, publish=False)
    with pytest.raises(PartsError, match="have no staged rows"):
        publishing(workplace, deployment, "failed", set_aside_budget=0)
    assert stored(workplace) == rows
    whole = batch(workplace, deployment, "next")
    assert stored(workplace) == whole
    assert look(SEEN) == [(whole, whole)]


def test_partitions_that_were_swept_are_not_published(workplace: Workplace, deployment: int, look: Any) -> None:
    """Also where the publisher is cleared alone, and could be mended meanwhile."""
    batch(workplace, deployment, "failed", publish=False)
    workplace.connection.execute(
        "UPDATE modelops.job SET status = 'failed', error = 'it broke' WHERE status = 'running'"
    )
    key = task_key(dag_id="deployment_1", run_id="failed", task_id="publish")
    attempt = attempt_at(workplace, JobType.BATCH_PREDICTION, key=key)
    jobs.give_up(workplace.connection, attempt, error="no room", again=False)
    whole = batch(workplace, deployment, "next")
    again = attempt_at(workplace, JobType.BATCH_PREDICTION, key=key, number=2, first=2)
    with pytest.raises(PartsError, match="of 2 parts, these have no staged rows: 1, 2"):
        publish_parts(BatchRequest(deployment=deployment, set_aside_budget=0), workplace.run(again))
    assert look(SEEN) == [(whole, whole)]


def test_partitions_that_wait_for_their_publisher_stay(workplace: Workplace, deployment: int) -> None:
    rows = batch(workplace, deployment, "waiting", publish=False)
    other = batch(workplace, deployment, "next")
    assert stored(workplace) == rows + other
    assert publishing(workplace, deployment, "waiting", set_aside_budget=0)["rows"] == rows


def test_prune_removes_whole_batches_that_were_superseded(workplace: Workplace, deployment: int, look: Any) -> None:
    predicted(workplace, deployment)
    rows = batch(workplace, deployment, "first")
    batch(workplace, deployment, "second")
    [one] = sweeping.prunable(workplace.connection, days=0)
    assert (one["target"], one["runs"], one["rows"]) == ("predictions.scored", 2, 2 * rows)
    assert sweeping.prunable(workplace.connection, days=1) == []
    assert list(prune(workplace.connection, "predictions.scored", days=1)) == []
    assert stored(workplace) == 3 * rows
    assert sum(prune(workplace.connection, "predictions.scored", days=0)) == 2 * rows
    assert stored(workplace) == rows
    assert look(SEEN) == [(rows, rows)]
    assert look("SELECT count(*) FROM predictions.scored_history") == [(rows,)]
    assert sweeping.prunable(workplace.connection, days=0) == []
    assert list(prune(workplace.connection, "predictions.scored", days=0)) == []


def test_a_prune_that_is_killed_removes_whole_batches_only(
    workplace: Workplace, deployment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = batch(workplace, deployment, "first")
    batch(workplace, deployment, "second")
    batch(workplace, deployment, "third")
    monkeypatch.setattr("modelops.stages.sweep.MAX_ROWS", 1)
    steps = prune(workplace.connection, "predictions.scored", days=0)
    assert next(steps) == rows
    steps.close()
    assert stored(workplace) == 2 * rows
    with monkeypatch.context() as killed:
        killed.setattr(sweeping, "note_swept", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            list(prune(workplace.connection, "predictions.scored", days=0))
    assert stored(workplace) == 2 * rows
    assert list(prune(workplace.connection, "predictions.scored", days=0)) == [rows]


def test_what_readers_see_is_not_swept(workplace: Workplace, deployment: int) -> None:
    batch(workplace, deployment, "only")
    with pytest.raises(CheckViolation, match="can be swept once, when it is superseded"):
        workplace.connection.execute("UPDATE modelops.batch_run SET swept_at = now()")
