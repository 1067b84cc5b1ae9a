"""Reads Airflow's REST API with an account of its own. Independent of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from modelops.domain.jobs import TaskKey

PAGE = 100
SIGN_IN = "/auth/token"
MAX_NAMED = 10
"""Maximum paths that a message names."""
HIDDEN = "/modelops/api/hidden-audit-log"
"""Route of the ModelOps plugin with audit log entries that Airflow's own list omits, such as those of `dags/~/…`."""

READS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "DAGs": ("/dags", {"limit": 1}),
    "DAG runs": ("/dags/~/dagRuns", {"limit": 1}),
    "task instances": ("/dags/~/dagRuns/~/taskInstances", {"limit": 1}),
    "pools": ("/pools", {"limit": 1}),
    "the audit log": ("/eventLogs", {"limit": 1}),
    "audit log entries of `dags/~`": (
        HIDDEN,
        {"included_events": "clear", "after": "2000-01-01T00:00:00Z", "before": "2000-01-02T00:00:00Z"},
    ),
}
"""A request for each kind of record that the observer reads."""


def is_forbidden(error: httpx.HTTPStatusError) -> bool:
    """Whether the account may not read this. It is signed in."""
    return error.response.status_code == httpx.codes.FORBIDDEN and error.request.url.path != SIGN_IN


def no_permission(user: str, unreadable: Iterable[str]) -> str:
    """The sentence that says so; of many paths, the first ones."""
    named = sorted(unreadable)
    more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    shown = ", ".join(named[:MAX_NAMED])
    return f"the account {user} has no permission to read {shown}{more} in Airflow, so the ledger is incomplete"


class AirflowReader:
    """Reads the task instances, DAG runs and audit log of an Airflow.

    Args:
        timeout: seconds without a byte of the answer after which a request fails.

    Raises from every method:
        httpx.HTTPError: Airflow doesn't respond, or responds with an error.
    """

    def __init__(
        self, url: str, *, user: str, password: str, timeout: float = 10, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._client = httpx.Client(base_url=url, timeout=timeout, transport=transport)
        self.user = user
        self._is_accepted = False
        self._credentials = {"username": user, "password": password}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections to Airflow."""
        self._client.close()

    def unreadable(self) -> list[str]:
        """What the account may not read of Airflow, of all that the observer reads."""
        return [what for what, (path, wanted) in READS.items() if not self._may_read(path, wanted)]

    def task_instances(self, *, operators: Iterable[str], states: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """All task instances of these operators in these states, page by page."""
        parameters: dict[str, Any] = {
            "operator": sorted(operators),
            "state": list(states),
            "order_by": "id",
            "limit": PAGE,
            "cursor": "",
        }
        while True:
            page = self._get("/dags/~/dagRuns/~/taskInstances", parameters)
            yield from page["task_instances"]
            if not page.get("next_cursor"):
                return
            parameters["cursor"] = page["next_cursor"]

    def task_instances_of(self, dag_id: str, run_id: str, operators: Iterable[str]) -> list[Mapping[str, Any]]:
        """The task instances of one DAG run."""
        path = f"/dags/{dag_id}/dagRuns/{_segment(run_id)}/taskInstances"
        found: list[Mapping[str, Any]] = []
        while True:
            page = self._find(path, {"operator": sorted(operators), "limit": PAGE, "offset": len(found)})
            found += page["task_instances"] if page else []
            if page is None or len(page["task_instances"]) < PAGE:
                return found

    def task_instance(self, key: TaskKey) -> Mapping[str, Any] | None:
        """One task instance; None if Airflow has no record of it (any more)."""
        path = f"/dags/{key.dag_id}/dagRuns/{_segment(key.run_id)}/taskInstances/{key.task_id}"
        return self._find(path if key.map_index < 0 else f"{path}/{key.map_index}")

    def tries(self, key: TaskKey) -> list[Mapping[str, Any]]:
        """One entry for each attempt at a task, the current one too, shaped as a task instance."""
        path = f"/dags/{key.dag_id}/dagRuns/{_segment(key.run_id)}/taskInstances/{key.task_id}"
        answer = self._find(f"{path}/tries" if key.map_index < 0 else f"{path}/{key.map_index}/tries")
        return list((answer or {}).get("task_instances", []))

    def dag_run(self, dag_id: str, run_id: str) -> Mapping[str, Any] | None:
        """One DAG run; None if Airflow has no record of it (any more)."""
        return self._find(f"/dags/{dag_id}/dagRuns/{_segment(run_id)}")

    def runs_ended_since(self, moment: str) -> list[Mapping[str, Any]]:
        """The DAG runs that ended since an ISO 8601 time."""
        offset = 0
        found: list[Mapping[str, Any]] = []
        while True:
            page = self._get("/dags/~/dagRuns", {"end_date_gte": moment, "limit": PAGE, "offset": offset})["dag_runs"]
            found += page
            if len(page) < PAGE:
                return found
            offset += PAGE

    def dag(self, dag_id: str) -> Mapping[str, Any] | None:
        """A DAG's details: its Params and owners."""
        return self._find(f"/dags/{dag_id}/details")

    def task(self, dag_id: str, task_id: str) -> Mapping[str, Any] | None:
        """A task's properties, such as `retries`."""
        return self._find(f"/dags/{dag_id}/tasks/{task_id}")

    def upstream(self, dag_id: str, task_id: str) -> list[str]:
        """The ids of the tasks directly upstream of a task."""
        tasks = (self._find(f"/dags/{dag_id}/tasks") or {}).get("tasks", [])
        return sorted(task["task_id"] for task in tasks if task_id in (task["downstream_task_ids"] or ()))

    def active_runs(self, dag_id: str) -> int:
        """The number of running DAG runs of a DAG."""
        return int(self._get(f"/dags/{dag_id}/dagRuns", {"state": "running", "limit": 1})["total_entries"])

    def busy(self, dag_id: str, run_id: str) -> int:
        """The number of queued or running tasks of a DAG run, or with `~` of all DAG runs."""
        path = f"/dags/{dag_id}/dagRuns/{run_id if run_id == '~' else _segment(run_id)}/taskInstances"
        return int(self._get(path, {"state": ["queued", "running"], "limit": 1})["total_entries"])

    def pool(self, name: str) -> Mapping[str, Any] | None:
        """A pool, with the number of its open slots."""
        return self._find(f"/pools/{_segment(name)}")

    def audit_log(self, dag_id: str, run_id: str, *, events: Iterable[str]) -> list[Mapping[str, Any]]:
        """The newest hundred entries of these kinds in the audit log of a DAG run, newest first."""
        wanted = {"dag_id": dag_id, "run_id": run_id, "included_events": sorted(events)}
        found = self._get("/eventLogs", {**wanted, "order_by": "-when", "limit": PAGE})
        entries: list[Mapping[str, Any]] = found["event_logs"]
        return entries

    def audit_log_between(
        self, since: datetime, until: datetime | None, *, events: Iterable[str]
    ) -> Iterator[Mapping[str, Any]]:
        """All entries of these kinds between two times (None: until now), oldest first, for all DAGs."""
        wanted: dict[str, Any] = {"included_events": sorted(events), "after": since.isoformat()}
        if until is not None:
            wanted["before"] = until.isoformat()
        yield from self._audit_pages("/eventLogs", {**wanted, "order_by": "event_log_id", "limit": PAGE})
        yield from self._audit_pages(HIDDEN, wanted)

    def _audit_pages(self, path: str, wanted: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while page := self._find(path, {**wanted, "offset": offset}):
            yield from page["event_logs"]
            offset += len(page["event_logs"])
            if not page["event_logs"] or offset >= page["total_entries"]:
                return

    def _may_read(self, path: str, wanted: Mapping[str, Any]) -> bool:
        try:
            self._get(path, wanted)
        except httpx.HTTPStatusError as error:
            if is_forbidden(error):
                return False
            raise
        return True

    def _find(self, path: str, parameters: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
        try:
            return self._get(path, parameters or {})
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None
            raise

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        address = path if path == HIDDEN else f"/api/v2{path}"
        if "Authorization" not in self._client.headers:
            self._log_in()
        response = self._client.get(address, params=parameters)
        # Airflow answers an invalid token with 403 too. A token that has been accepted once is not invalid.
        expired = response.status_code == httpx.codes.FORBIDDEN and not self._is_accepted
        if expired or response.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            response = self._client.get(address, params=parameters)
        response.raise_for_status()
        self._is_accepted = True
        return _object(response)

    def _log_in(self) -> None:
        self._client.headers.pop("Authorization", None)
        self._is_accepted = False
        response = self._client.post(SIGN_IN, json=self._credentials)
        response.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {_object(response)['access_token']}"


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError as error:
        raise httpx.DecodingError(f"{response.url} is not JSON: {error}", request=response.request) from error
    if not isinstance(answer, dict):
        raise httpx.DecodingError(f"{response.url} is no JSON object", request=response.request)
    return answer


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
