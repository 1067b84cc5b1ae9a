"""The statements that the page on disk space gives remove what nobody sees, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from documents import ROOT, blocks
from factories import SCORING, model_folder, task_key
from integration.lifecycle.life import approved, attempt_at, predicted, put_into_production
from modelops.domain.job_types import JobType
from modelops.domain.requests import BatchRequest, PartRequest
from modelops.kinds.model.predict_batch import predict_batch
from modelops.kinds.model.publish_parts import publish_parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace

PARTS = 2
PAGE = ROOT / "docs/how-to/free-disk-space.md"
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


def documented() -> list[str]:
    """The page's DELETE statements, for the target of this test and for rows of any age."""
    found = [block.text for block in blocks(PAGE, "sql") if block.text.startswith("DELETE")]
    return [sql.replace("arrival_delay", "scored").replace("90 days", "0 days") for sql in found]


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


def test_the_clean_up_of_the_page_on_disk_space(workplace: Workplace, look: Any) -> None:
    deployment = put_into_production(workplace, 1, parts=PARTS)["deployment"]
    predicted(workplace, deployment)
    rows = batch(workplace, deployment, "first")
    batch(workplace, deployment, "second")
    unpublished = batch(workplace, deployment, "failed", parts=1, publish=False)
    assert workplace.connection.execute(STORED).fetchone() == (3 * rows + unpublished,)
    superseded, never_published = documented()
    assert workplace.connection.execute(superseded.encode()).rowcount == 2 * rows
    assert workplace.connection.execute(never_published.encode()).rowcount == unpublished
    assert workplace.connection.execute(STORED).fetchone() == (rows,)
    assert look(SEEN) == [(rows, rows)]
