"""The requests that are compared, and their times, as an HTTP client measures them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from bench.timing import Times

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

JOBS = "/modelops/api/jobs"
AIRFLOW = "/api/v2/dags/~/dagRuns/~/taskInstances"
NEWEST_FIRST = {"limit": 50, "order_by": "-start_date"}
AIRFLOW_EVERY = 5
"""Airflow's list takes longer, so it is requested only in every fifth round."""
WARM_UP_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request. Its `group` determines whether the criterion applies to it."""

    name: str
    address: str
    parameters: Mapping[str, Any]
    group: str

    @property
    def is_airflow(self) -> bool:
        """Whether it requests Airflow's own list."""
        return self.address.startswith("/api/")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A request, the number of rows in its response, and its times."""

    request: Request
    rows: int
    times: Times

    @property
    def p95(self) -> float:
        """The 95th percentile of the times, in seconds."""
        ordered = sorted(self.times.seconds)
        return ordered[ceil(0.95 * len(ordered)) - 1]


def requests(client: httpx.Client, *, jobs: int, task_instances: int) -> list[Request]:
    """The requests that are compared. The cursor of a later page comes from the response for the previous page."""
    now = datetime.now(UTC)
    oldest = now - timedelta(minutes=jobs)
    middle = (now - timedelta(minutes=jobs // 2)).isoformat()
    [some_job, *_] = client.get(JOBS, params={"created_before": middle}).raise_for_status().json()["jobs"]
    run_id = some_job["run_id"]
    day_of_run = run_id.partition("__")[2].partition("T")[0]
    day = {
        "created_from": (oldest + timedelta(days=30)).isoformat(),
        "created_before": (oldest + timedelta(days=31)).isoformat(),
    }
    lists: dict[str, tuple[str, dict[str, Any]]] = {
        "first page": ("first page", {}),
        "type": ("filter", {"type": "retirement"}),
        "two types": ("filter", {"type": ["training", "approval"]}),
        "status failed": ("filter", {"status": "failed"}),
        "status running": ("filter", {"status": "running"}),
        "status of no job": ("filter", {"status": "retrying"}),
        "type and status": ("filter", {"type": "training", "status": "cancelled"}),
        "rare type and status": ("filter", {"type": "training", "status": "running"}),
        "two types, two statuses": ("filter", {"type": ["training", "approval"], "status": ["failed", "skipped"]}),
        "model": ("filter", {"subject": "repository/model_77"}),
        "version": ("filter", {"subject": "repository/model_77 v77"}),
        "unknown model": ("filter", {"subject": "repository/nothing"}),
        "person": ("filter", {"person": "person_3"}),
        "person and status": ("filter", {"person": "person_50", "status": "failed"}),
        "person and type": ("filter", {"person": "person_3", "type": "evaluation"}),
        "unknown person": ("filter", {"person": "nobody"}),
        "a day, long ago": ("filter", day),
        "a day, long ago, and type": ("filter", {**day, "type": "retirement"}),
        "a day, long ago, and status": ("filter", {**day, "status": "failed"}),
        "search, many matches": ("filter", {"search": "model_7"}),
        "search, some matches": ("filter", {"search": "repository/model_77 v"}),
        "search, a version": ("filter", {"search": "model_77 v577"}),
        "search, a run": ("filter", {"search": run_id}),
        "search, a day": ("filter", {"search": day_of_run}),
        "search, runs of a day": ("filter", {"search": f"scheduled__{day_of_run}"}),
        "search, an hour of any month": ("filter", {"search": "03T04"}),
        "search, a number": ("filter", {"search": "123456"}),
        "search, no match": ("filter", {"search": "elephant"}),
        "search, matches of each word only": ("filter", {"search": "model_77 v3"}),
        "search and status": ("filter", {"search": "model_77", "status": "failed"}),
        "DAG run": ("filter", {"dag_id": some_job["dag_id"], "run_id": run_id}),
    }
    found = [
        Request(name=name, address=JOBS, parameters=parameters, group=group)
        for name, (group, parameters) in lists.items()
    ]
    paged = ("first page", "type", "status failed", "type and status", "model", "person")
    for name in (*paged, "search, many matches", "search, some matches"):
        parameters = lists[name][1]
        half_way = client.get(JOBS, params={**parameters, "created_before": middle}).raise_for_status().json()["after"]
        of = "all" if name == "first page" else name
        if half_way is not None:
            found.append(
                Request(
                    name=f"later page, half-way: {of}",
                    address=JOBS,
                    parameters={**parameters, "after": half_way},
                    group="later page",
                )
            )
    found += [
        Request(name="counts by type and status", address=f"{JOBS}/counts", parameters={}, group="other"),
        Request(name="one job", address=f"{JOBS}/{some_job['id']}", parameters={}, group="other"),
        Request(name="analysis of 30 days", address="/modelops/api/analysis", parameters={}, group="other"),
        Request(
            name="analysis of a year, by month",
            address="/modelops/api/analysis",
            parameters={"created_from": (now - timedelta(days=365)).isoformat(), "unit": "month"},
            group="other",
        ),
        Request(name="Airflow's list, first page", address=AIRFLOW, parameters=NEWEST_FIRST, group="Airflow"),
        Request(
            name="Airflow's list, state failed",
            address=AIRFLOW,
            parameters={**NEWEST_FIRST, "state": "failed"},
            group="Airflow",
        ),
        Request(
            name="Airflow's list, one DAG",
            address=AIRFLOW,
            parameters={**NEWEST_FIRST, "dag_id_pattern": "etl_77"},
            group="Airflow",
        ),
        Request(
            name="Airflow's list, later page, half-way",
            address=AIRFLOW,
            parameters={**NEWEST_FIRST, "offset": task_instances // 2},
            group="Airflow",
        ),
    ]
    return found


def measure(client: httpx.Client, selected: list[Request], *, rounds: int) -> Iterator[Measured]:
    """Send each request once per round, so that caches affect all of them equally. Warm-up rounds are not counted."""
    times = {request.name: Times() for request in selected}
    rows: dict[str, int] = {}
    for number in range(-WARM_UP_ROUNDS, rounds):
        for request in selected:
            if request.is_airflow and number % AIRFLOW_EVERY:
                continue
            began = time.perf_counter()
            answer = client.get(request.address, params=request.parameters).raise_for_status()
            if number >= 0:
                times[request.name].add(time.perf_counter() - began)
            rows[request.name] = _rows(answer.json())
    for request in selected:
        yield Measured(request=request, rows=rows[request.name], times=times[request.name])


def _rows(answer: Any) -> int:
    """The number of rows in a response."""
    if isinstance(answer, list):
        return len(answer)
    return next((len(answer[name]) for name in ("jobs", "task_instances", "types") if name in answer), 1)
