"""A real Airflow that is brought to the moments that the tests look at, and the recording of what it answers."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from integration.observer import replay
from integration.observer.replay import Answer, name_of
from modelops.observer.airflow import AirflowReader
from modelops.runner.configuration import ROLES, USERS
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.runner.up import running
from modelops.settings import PROJECT_ROOT
from polling import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PACE = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "API_AUTH__JWT_CLI_EXPIRATION_TIME": "1",
    "CORE__PARALLELISM": "8",
    "CORE__DAGS_FOLDER": str(Path(__file__).parent / "dags"),
    "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in (ROLES | {"nobody": ""}).items()),
}
HUNG_AFTER = 300
PAGES = 101
STATES = {
    "running": "running",
    "marked_success": "running",
    "marked_failed": "running",
    "completed": "success",
    "skipped": "skipped",
    "lost": "failed",
    "deferred": "deferred",
    "retrying": "up_for_retry",
    "second_try": "running",
    "failed": "failed",
    "upstream_failed": "upstream_failed",
    "scheduled": "scheduled",
    "asking": "awaiting_input",
    "mapped": "skipped",
    "unexpanded": None,
}


@dataclass(kw_only=True)
class Live:
    """Gives the real answers and keeps them. It stands where a Replay stands otherwise."""

    installation: Installation
    clients: Mapping[str, httpx.Client]
    version: str
    url: str
    moment: str | None = None
    answers: dict[str, Answer] = field(default_factory=dict)

    def come_to(self, moment: str) -> None:
        self.save()
        MOMENTS[moment](self)
        self.moment = moment

    def reader(self) -> AirflowReader:
        observer = self.installation.accounts["observer"]
        return AirflowReader(self.url, user=observer.name, password=observer.password, transport=Recorder(self))

    def save(self) -> None:
        if self.moment is not None and self.answers:
            replay.save(self.moment, self.version, self.answers, names={str(PROJECT_ROOT): "/modelops"})
            said = (replay.FOLDER / f"{self.moment}.json").read_text()
            assert not any(account.password in said for account in self.installation.accounts.values())
        self.moment, self.answers = None, {}

    def ask(self, method: str, address: str, body: Any = None, *, account: str = "trainer") -> Any:
        answer = self.clients[account].request(method, f"/api/v2/{address}", json=body)
        assert answer.is_success, f"{method} {address}: {answer.text}"
        return answer.json() if answer.content else None

    def run(self, dag: str, run_id: str) -> None:
        self.ask("POST", f"dags/{dag}/dagRuns", {"dag_run_id": run_id, "logical_date": None})

    def states(self, dag: str, run_id: str) -> dict[str, tuple[str | None, int]]:
        found = self.ask("GET", f"dags/{dag}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
        return {one["task_id"]: (one["state"], one["try_number"]) for one in found}

    def until(self, condition: Callable[[], bool], story: str) -> None:
        until(condition, story, within=HUNG_AFTER)

    def until_state(self, task: str, state: str, number: int, *, dag: str = "recorded_chain", run_id: str) -> None:
        self.until(lambda: self.states(dag, run_id)[task] == (state, number), f"{task} is {state}, try {number}")

    def end(self) -> None:
        """Save the last moment and delete all runs, so that the next test's answers have none of them."""
        self.save()
        while runs := self.ask("GET", "dags/~/dagRuns?limit=100")["dag_runs"]:
            for run in runs:
                self.delete(run["dag_id"], run["dag_run_id"])

    def delete(self, dag: str, run_id: str) -> None:
        """Airflow deletes no run that is under way."""
        self.ask("PATCH", f"dags/{dag}/dagRuns/{run_id}", {"state": "failed"})
        self.ask("DELETE", f"dags/{dag}/dagRuns/{run_id}", account="admin")


class Recorder(httpx.HTTPTransport):
    """Keeps the answers, except those with a token."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        if request.url.path != "/auth/token":
            name = name_of(request.method, request.url.raw_path.decode())
            self._live.answers[name] = Answer(status=response.status_code, body=response.json())
        return response


def _states(live: Live) -> None:
    run = "dags/recorded_states/dagRuns/states"
    live.clients["admin"].post("/api/v2/pools", json={"name": "closed", "slots": 0})
    live.run("recorded_states", "states")

    def there() -> bool:
        now = live.states("recorded_states", "states")
        return {task: state for task, (state, _) in now.items()} == STATES and now["second_try"][1] == 2

    live.until(there, "each task is in its state")
    for task, state in {"marked_success": "success", "marked_failed": "failed"}.items():
        live.ask("PATCH", f"{run}/taskInstances/{task}", {"new_state": state})


def _states_ended(live: Live) -> None:
    live.ask("PATCH", "dags/recorded_states/dagRuns/states", {"state": "failed"}, account="reviewer")
    live.until_state("running", "failed", 1, dag="recorded_states", run_id="states")


def _under_way(live: Live) -> None:
    live.run("recorded_wait", "gone")
    live.until_state("train", "running", 1, dag="recorded_wait", run_id="gone")


def _deleted(live: Live) -> None:
    live.delete("recorded_wait", "gone")


def _pages(live: Live) -> None:
    live.run("recorded_pages", "pages")
    address = "dags/recorded_pages/dagRuns/pages/taskInstances?state=scheduled"
    live.until(lambda: live.ask("GET", address)["total_entries"] > 100, "more than a page is scheduled")


def _pages_ended(live: Live) -> None:
    """The run whose tasks are more than a page is on the second page of the runs that have ended."""
    for number in range(PAGES):
        live.run("recorded_short", f"short-{number}")
    _pages(live)
    live.ask("PATCH", "dags/recorded_pages/dagRuns/pages", {"state": "failed"})
    address = "dags/~/dagRuns?state=queued&state=running"
    live.until(lambda: live.ask("GET", address)["total_entries"] == 0, "all runs have ended")


def _began(live: Live) -> None:
    """The first attempt has come and gone."""
    live.run("recorded_chain", "again")
    address = "dags/recorded_chain/dagRuns/again"
    live.until(lambda: live.ask("GET", address)["state"] == "failed", "the run has ended")


def _again(live: Live) -> None:
    live.until_state("train", "running", 2, run_id="again")


def _cleared(live: Live) -> None:
    """After more entries than one page has that say nothing."""
    _began(live)
    for number in range(PAGES):
        note = {"note": f"note {number}"}
        live.ask("PATCH", "dags/recorded_chain/dagRuns/again/taskInstances/train", note, account="reviewer")
    clear = {"dry_run": False, "dag_run_id": "again", "task_ids": ["train"], "only_failed": False}
    live.ask("POST", "dags/recorded_chain/clearTaskInstances", clear)
    _again(live)


def _cleared_of_all(live: Live) -> None:
    """By the route of all DAGs, after more than a page of entries about runs that don't exist."""
    _began(live)
    for number in range(PAGES):
        other = {"dag_runs": [{"dag_id": "recorded_chain", "dag_run_id": f"none-{number}"}], "dry_run": False}
        live.clients["reviewer"].post("/api/v2/dags/~/clearDagRuns", json=other)
    named = {"dag_runs": [{"dag_id": "recorded_chain", "dag_run_id": "again"}], "dry_run": False}
    live.ask("POST", "dags/~/clearDagRuns", named)
    _again(live)


def _cleared_without_entry(live: Live) -> None:
    """Setting the state of a task in bulk clears the failed ones after it."""
    _began(live)
    _cleared_by_bulk(live)


def _cleared_by_bulk(live: Live) -> None:
    update = {"action": "update", "entities": [{"task_id": "extract", "new_state": "success"}]}
    live.ask("PATCH", "dags/recorded_chain/dagRuns/again/taskInstances", {"actions": [update]})
    _again(live)


def _cleared_of_none(live: Live) -> None:
    """A request that names no DAG, and is refused, leaves an entry too."""
    _began(live)
    live.clients["reviewer"].post("/api/v2/backfills", json={"from_date": "2026-01-01", "reprocess_behavior": "failed"})
    _cleared_by_bulk(live)


def _refusals(live: Live) -> None:
    account = live.installation.accounts["nobody"]
    signing = {"username": account.name, "password": account.password}
    nobody = live.clients["admin"].post("/auth/token", json=signing).json()["access_token"]
    short = live.clients["admin"].post("/auth/token/cli", json=signing).json()["access_token"]
    refused = live.clients["admin"].post("/auth/token", json={**signing, "password": "wrong"})
    with httpx.Client(base_url=live.url, transport=Recorder(live)) as client:

        def ask(name: str, token: str) -> int:
            address = name.removeprefix("GET ").removesuffix("?")
            return client.get(address, headers={"Authorization": f"Bearer {token}"}).status_code

        ask(replay.INVALID, "no token")
        ask(replay.FORBIDDEN, nobody)
        live.until(lambda: ask(replay.EXPIRED, short) == httpx.codes.UNAUTHORIZED, "the token has expired")
    live.answers[replay.SIGNING_IN] = Answer(status=refused.status_code, body=refused.json())


MOMENTS: Mapping[str, Callable[[Live], None]] = {
    "states": _states,
    "states_ended": _states_ended,
    "under_way": _under_way,
    "deleted": _deleted,
    "pages": _pages,
    "pages_ended": _pages_ended,
    "cleared": _cleared,
    "cleared_of_all": _cleared_of_all,
    "cleared_without_entry": _cleared_without_entry,
    "cleared_of_none": _cleared_of_none,
    "refusals": _refusals,
}


@contextmanager
def live_airflow(home: Path) -> Iterator[Live]:
    """A real Airflow inside, with the DAGs of these tests alone."""
    repositories = home / "repositories.yaml"
    repositories.write_text(json.dumps({"repositories": {}}))
    chosen = {f"AIRFLOW__{name}": value for name, value in PACE.items()} | {"MODELOPS_REPOSITORIES": str(repositories)}
    assert USERS in chosen
    installation = Installation(home, environ={**os.environ, **chosen})
    with running(installation, steps=Steps(), with_demo=False):
        clients = {name: installation.api(name) for name in ("admin", "trainer", "reviewer")}
        version = clients["admin"].get("/api/v2/version").json()["version"]
        yield Live(installation=installation, clients=clients, version=version, url=installation.url)
        for client in clients.values():
            client.close()
