"""The claim with which an operator claims its job."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from modelops.operators.model import PredictBatchOperator

# Airflow's own, when it looks for plugins.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt", "max_tries", "asked_at"),
    [(1, 2, NOON), (2, 2, NOON), (2, 3, None), (3, 3, None)],
    ids=["first", "first that Airflow did not lose", "cleared", "cleared and retried"],
)
def test_when_the_run_was_requested(attempt: int, max_tries: int, asked_at: datetime | None) -> None:
    operator = PredictBatchOperator(task_id="predict", deployment=1, retries=2)
    task = SimpleNamespace(
        dag_id="deployment_1", run_id="run", task_id="predict", map_index=-1, try_number=attempt, max_tries=max_tries
    )
    context: Any = {"ti": task, "dag_run": SimpleNamespace(run_after=NOON)}
    assert operator._claim(context, resumed=False).asked_at == asked_at
