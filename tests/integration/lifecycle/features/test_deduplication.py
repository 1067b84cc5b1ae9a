"""Two concurrent requests for the same interval: the second job returns the first one's result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from factories import doubled_folder
from integration.lifecycle.features.life import deployed, made
from integration.lifecycle.features.test_sql_task import INCREMENTAL
from integration.lifecycle.life import attempt_at
from modelops.domain.job_types import JobType
from modelops.domain.requests import FeatureBatchRequest
from modelops.kinds.feature_task.execute_batch import execute_batch
from modelops.registry.write import deployments, jobs, runs
from polling import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.domain.jobs import Attempt
    from workplace import Workplace

DAY = {"interval_start": "2013-08-01T00:00:00Z", "interval_end": "2013-08-02T00:00:00Z"}


@pytest.fixture
def deployment(workplace: Workplace, repository: Path) -> int:
    doubled_folder(repository, sql=INCREMENTAL, incremental="at")
    number: int = deployed(workplace)["deployment"]
    return number


def begun(workplace: Workplace, deployment: int, interval: dict[str, str] = DAY) -> tuple[Attempt, int]:
    """Another job that makes a day's rows, and isn't done."""
    attempt = attempt_at(workplace, JobType.FEATURE_BATCH)
    found = deployments.find(workplace.connection, deployment)
    ends = workplace.run(attempt).interval(*interval.values())
    with jobs.fenced(workplace.connection, attempt):
        return attempt, runs.begin(workplace.connection, found, attempt, ends)


def beside(
    workplace: Workplace, deployment: int, log: list[str], then: Callable[[], None], *, asked_at: datetime | None = None
) -> dict[str, Any]:
    """The result of a job that has waited for the other one, with which something happened `then`."""
    with workplace.connect() as connection, ThreadPoolExecutor(1) as pool:
        own = replace(workplace, connection=connection)
        attempt = replace(attempt_at(own, JobType.FEATURE_BATCH), asked_at=asked_at)
        second = pool.submit(execute_batch, FeatureBatchRequest(deployment=deployment, **DAY), own.run(attempt))
        until(lambda: any("is making the same rows; this job waits for it" in line for line in log), "it waits")
        then()
        return second.result(timeout=20)


@pytest.fixture
def publishing(workplace: Workplace, deployment: int) -> tuple[dict[str, Any], Callable[[], None]]:
    """Another job that is under way: what it will have returned, and what makes it publish nothing at all, and end."""
    first, run = begun(workplace, deployment)
    result = {"rows": 0, "run": run}

    def publish() -> None:
        with jobs.fenced(workplace.connection, first):
            runs.publish(workplace.connection, run, rows=0, set_aside=0)
            jobs.complete(workplace.connection, first, result)

    return {**result, "made_by_job": first.job_id}, publish


def test_what_was_asked_for_at_the_same_time_is_made_once(
    workplace: Workplace, deployment: int, log: list[str], look: Any, publishing: Any
) -> None:
    returned, publish = publishing
    assert beside(workplace, deployment, log, publish, asked_at=datetime.now(UTC) - timedelta(minutes=1)) == returned
    assert look("SELECT count(*) FROM features.doubled") == [(0,)]
    assert made(workplace, deployment, **DAY)["rows"] == 23


def test_what_was_asked_for_later_is_made_anew_and_seen_last(
    workplace: Workplace, deployment: int, log: list[str], look: Any, publishing: Any
) -> None:
    """The data may have changed since the other job read it."""
    _, publish = publishing
    result = beside(workplace, deployment, log, publish, asked_at=datetime.now(UTC))
    assert result["rows"] == 23
    assert "made_by_job" not in result
    assert look("SELECT count(*) FROM features.doubled") == [(23,)]


def test_one_that_fails_is_waited_for_no_more(workplace: Workplace, deployment: int, log: list[str]) -> None:
    first, _ = begun(workplace, deployment)
    result = beside(
        workplace, deployment, log, lambda: jobs.give_up(workplace.connection, first, error="it broke", again=False)
    )
    assert result["rows"] == 23
    assert "made_by_job" not in result


def test_another_interval_is_not_waited_for(workplace: Workplace, deployment: int) -> None:
    begun(workplace, deployment, {"start": "2013-08-02T00:00:00Z", "end": "2013-08-03T00:00:00Z"})
    assert made(workplace, deployment, **DAY)["rows"] == 23
