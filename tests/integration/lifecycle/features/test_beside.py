"""The same interval asked for twice at the same time."""

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
from modelops.domain.jobs import JobType
from modelops.features.execute_batch import FeatureBatchRequest, execute_batch
from modelops.registry import deployments, jobs, runs
from polling import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.domain.jobs import Attempt
    from modelops.lifecycle.services import Services

DAY = {"interval_start": "2013-08-01T00:00:00Z", "interval_end": "2013-08-02T00:00:00Z"}


@pytest.fixture
def deployment(services: Services, repository: Path) -> int:
    doubled_folder(repository, sql=INCREMENTAL, incremental="at")
    number: int = deployed(services)["deployment"]
    return number


def begun(services: Services, deployment: int, interval: dict[str, str] = DAY) -> tuple[Attempt, int]:
    """Another job that makes a day's rows, and isn't done."""
    attempt = attempt_at(services, JobType.FEATURE_BATCH)
    found = deployments.find(services.connection, deployment)
    ends = services.interval(*interval.values())
    with jobs.holding(services.connection, attempt):
        return attempt, runs.begin(services.connection, found, attempt, ends)


def beside(
    services: Services, deployment: int, log: list[str], then: Callable[[], None], *, asked_at: datetime | None = None
) -> dict[str, Any]:
    """The result of a job that has waited for the other one, with which something happened `then`."""
    with services.connect() as connection, ThreadPoolExecutor(1) as pool:
        own = replace(services, connection=connection)
        attempt = replace(attempt_at(own, JobType.FEATURE_BATCH), asked_at=asked_at)
        second = pool.submit(execute_batch, FeatureBatchRequest(deployment=deployment, **DAY), attempt, own)
        until(lambda: any("is making the same rows: this one waits for it" in line for line in log), "it waits")
        then()
        return second.result(timeout=20)


@pytest.fixture
def publishing(services: Services, deployment: int) -> tuple[dict[str, Any], Callable[[], None]]:
    """Another job that is under way: what it will have returned, and what makes it publish nothing at all, and end."""
    first, run = begun(services, deployment)
    result = {"rows": 0, "run": run}

    def publish() -> None:
        with jobs.holding(services.connection, first):
            runs.publish(services.connection, run, rows=0, set_aside=0)
            jobs.complete(services.connection, first, result)

    return {**result, "made_by_job": first.job_id}, publish


def test_what_was_asked_for_at_the_same_time_is_made_once(
    services: Services, deployment: int, log: list[str], look: Any, publishing: Any
) -> None:
    returned, publish = publishing
    assert beside(services, deployment, log, publish, asked_at=datetime.now(UTC) - timedelta(minutes=1)) == returned
    assert look("SELECT count(*) FROM features.doubled") == [(0,)]
    assert made(services, deployment, **DAY)["rows"] == 23


def test_what_was_asked_for_later_is_made_anew_and_seen_last(
    services: Services, deployment: int, log: list[str], look: Any, publishing: Any
) -> None:
    """The data may have changed since the other job read it."""
    _, publish = publishing
    result = beside(services, deployment, log, publish, asked_at=datetime.now(UTC))
    assert result["rows"] == 23
    assert "made_by_job" not in result
    assert look("SELECT count(*) FROM features.doubled") == [(23,)]


def test_one_that_fails_is_waited_for_no_more(services: Services, deployment: int, log: list[str]) -> None:
    first, _ = begun(services, deployment)
    result = beside(
        services, deployment, log, lambda: jobs.give_up(services.connection, first, error="it broke", again=False)
    )
    assert result["rows"] == 23
    assert "made_by_job" not in result


def test_another_interval_is_not_waited_for(services: Services, deployment: int) -> None:
    begun(services, deployment, {"start": "2013-08-02T00:00:00Z", "end": "2013-08-03T00:00:00Z"})
    assert made(services, deployment, **DAY)["rows"] == 23
