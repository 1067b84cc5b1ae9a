"""A batch of a feature task announces on its table's asset what it has published, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from modelops.operators.base import JobOperator
from modelops.operators.feature import FEATURES_ALIAS, ExecuteFeatureBatchOperator

# Airflow's own, when it looks for plugins.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern")

RESULT = {
    "task": "here/doubled",
    "version": 1,
    "deployment": 1,
    "run": 5,
    "interval": None,
    "rows": 3,
    "table": "features.doubled",
}


class Events:
    def __init__(self) -> None:
        self.announced: list[str] = []

    def add(self, asset: Any, extra: dict[str, Any]) -> None:
        self.announced.append(asset.name)
        assert extra["run"] == RESULT["run"]


@pytest.mark.parametrize(
    ("more", "announced"),
    [({}, ["features.doubled"]), ({"made_by_job": 4}, [])],
    ids=["published", "made by another"],
)
def test_what_is_announced(monkeypatch: pytest.MonkeyPatch, more: dict[str, int], announced: list[str]) -> None:
    events, result = Events(), RESULT | more
    monkeypatch.setattr(JobOperator, "as_job", lambda *_: result)
    operator = ExecuteFeatureBatchOperator(task_id="execute", deployment=1)
    context: Any = {"outlet_events": {FEATURES_ALIAS: events}}
    assert operator.execute(context) == result
    assert events.announced == announced
