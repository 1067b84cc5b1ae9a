"""Deployments with labels, and the measurement of their predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.lifecycle.life import put_into_production
from modelops.domain.job_types import JobType
from modelops.domain.requests import PerformanceRequest
from modelops.kinds.model.measure_performance import measure_performance

if TYPE_CHECKING:
    from workplace import Workplace

OBSERVED = "SELECT id, late FROM observed"
OF_INTERVAL = """
SELECT id, x, y
FROM (SELECT *, timestamptz '2013-08-01 00:00Z' + id * interval '1 hour' AS at FROM measured) AS hourly
WHERE at >= current_setting('modelops.interval_start')::timestamptz
  AND at < current_setting('modelops.interval_end')::timestamptz
"""
AUGUST = {"interval_start": "2013-08-01T00:00:00+00:00", "interval_end": "2013-09-01T00:00:00+00:00"}
DAYS = [
    {"interval_start": f"2013-08-0{day}T00:00:00+00:00", "interval_end": f"2013-08-0{day + 1}T00:00:00+00:00"}
    for day in (1, 2, 3)
]


def deployed(workplace: Workplace, version: int = 1, **asked: Any) -> int:
    number: int = put_into_production(workplace, version, truth=OBSERVED, **asked)["deployment"]
    return number


def measured(workplace: Workplace, deployment: int, **asked: Any) -> tuple[int, dict[str, Any]]:
    job = workplace.job(JobType.PERFORMANCE_MEASUREMENT)
    return job.job_id, measure_performance(PerformanceRequest(deployment=deployment, **asked), job)


def metrics(look: Any, job_id: int) -> dict[str, float]:
    return dict(
        look(
            "SELECT metric, value FROM modelops.performance_metric JOIN modelops.performance"
            f" ON performance.id = performance_id WHERE job_id = {job_id}"
        )
    )
