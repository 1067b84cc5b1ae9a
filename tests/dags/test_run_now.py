"""The batch that *Run now* requests, for a job of a deployment."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from factories import deployed

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

DAY = {"interval_start": "2013-08-01T00:00:00Z", "interval_end": "2013-08-02T00:00:00Z"}
OTHER = {"interval_start": "2013-08-05T00:00:00Z", "interval_end": "2013-08-06T00:00:00Z"}
BY_INTERVAL = {"name": None, "sql": "SELECT 1 AS id WHERE current_setting('modelops.interval_start') <> ''"}
OF_ALL = {"name": None, "sql": "SELECT 1 AS id"}


@pytest.mark.parametrize(
    ("dataset", "parameters", "conf", "ends", "expected"),
    [
        (BY_INTERVAL, DAY, OTHER, (None, None), DAY),
        (BY_INTERVAL, {}, OTHER, tuple(DAY.values()), OTHER),
        (BY_INTERVAL, {}, {"set_aside_budget": 3}, tuple(DAY.values()), {"set_aside_budget": 3, **DAY}),
        (BY_INTERVAL, {}, None, (DAY["interval_end"], DAY["interval_end"]), {}),
        (BY_INTERVAL, {}, None, (None, None), {}),
        (OF_ALL, {}, None, tuple(DAY.values()), {}),
    ],
    ids=["taken", "requested", "by the clock", "by a person", "by an event", "of all rows"],
)
def test_the_same_batch_is_made_again(
    connection: Connection[Any],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    dataset: dict[str, Any],
    parameters: dict[str, Any],
    conf: Any,
    ends: Any,
    expected: dict[str, Any],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from modelops.jobs_api import actions

    async def run(*_: Any) -> Any:
        return {"conf": conf, "data_interval_start": ends[0], "data_interval_end": ends[1]}

    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))
    monkeypatch.setattr(actions, "_call_airflow", run)
    number = deployed(connection, dataset=dataset).id
    job = actions.ActionTarget(
        dag_id=f"deployment_{number}", run_id="run", task_id="predict", map_index=-1, parameters=parameters
    )
    request: Any = None
    assert asyncio.run(actions._conf_for_rerun(request, job)) == expected


def test_a_refusal_of_the_guard_of_answers_keeps_its_code() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from modelops.jobs_api import actions
    coded = {"detail": "too early", "code": "too_early", "values": {}}
    of_guard = actions._refused(httpx.Response(409, json=coded))
    assert (of_guard.status_code, of_guard.detail, of_guard.code) == (409, "too early", "too_early")
    for said, detail in (({"detail": "no"}, "no"), ({"detail": [1]}, "[1]"), (["x"], '["x"]')):
        of_airflow = actions._refused(httpx.Response(403, json=said))
        assert (of_airflow.detail, of_airflow.code) == (detail, None)
