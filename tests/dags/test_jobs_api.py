"""The API returns only jobs of DAGs that the person may see, and reports errors of the ledger."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from asking import OUTLINE, SECRET, signed_in
from factories import deployed, evaluated_version, take, task_key
from modelops.data.artifacts import ArtifactStore
from modelops.domain.resources import Usage
from modelops.domain.versions import ArtifactRole
from modelops.jobs_api import database as api_database
from modelops.registry.write import jobs
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from psycopg import Connection

    from conftest import Database

    Ask = Callable[..., httpx.Response]
    Get = Callable[..., httpx.Response]

CATALOGUE = [("versions", "versions"), ("deployments", "deployments"), ("production", "found")]


@pytest.fixture
def ask(database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Signed in as somebody whom Airflow lets see nothing of the DAG `secret`, and no results of the DAG `outline`."""
    return signed_in(database, monkeypatch)


@pytest.fixture
def get(ask: Ask) -> Get:
    return lambda address="", **parameters: ask("GET", address, params=parameters)


def test_the_hidden_audit_log_is_for_those_who_may_read_all_of_it(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelops.jobs_api import audit

    monkeypatch.setattr(audit, "ALL", SECRET)
    wanted = {"included_events": "clear_dag_runs", "after": "2026-01-01T00:00:00Z"}
    assert ask("GET", "/../hidden-audit-log", params=wanted).status_code == httpx.codes.FORBIDDEN


def test_jobs_of_a_dag_that_is_not_to_be_seen(get: Get, connection: Connection[Any]) -> None:
    seen = take(connection, task_key()).job_id
    hidden = take(connection, task_key(dag_id=SECRET)).job_id
    assert [job["id"] for job in get().json()["jobs"]] == [seen]
    assert [count["number"] for count in get("/counts").json()] == [1]
    assert get(f"/{seen}").json()["status"] == "running"
    answer = get(f"/{hidden}")
    assert (answer.status_code, answer.json()) == (
        404,
        {
            "detail": f"there is no job {hidden}, or you may not see it",
            "code": "unknown_job",
            "values": {"job": hidden},
        },
    )


def test_a_job_whose_result_is_not_to_be_seen_is_listed_only(get: Get, connection: Connection[Any]) -> None:
    job = take(connection, task_key(dag_id=OUTLINE)).job_id
    assert [listed["id"] for listed in get().json()["jobs"]] == [job]
    assert get(f"/{job}").status_code == httpx.codes.NOT_FOUND


def test_the_reason_of_a_failure_is_listed_and_found_by_those_who_may_see_it(
    ask: Ask, connection: Connection[Any]
) -> None:
    failed = {}
    for dag_id, error in (
        ("model_lifecycle", "there is no column late\n  where: datasets.yaml"),
        ("model_evaluation", "2 errors:\nthere is no column late\nthere is no column early"),
        ("feature_pipeline", "there is no column late, " + "x" * 400),
        (OUTLINE, "there is no column late"),
    ):
        attempt = take(connection, task_key(dag_id=dag_id))
        jobs.give_up(connection, attempt, error=error, again=False)
        failed[dag_id] = attempt.job_id
    reasons = {
        "model_lifecycle": "there is no column late",
        "model_evaluation": "2 errors: there is no column late",
        "feature_pipeline": "there is no column late, " + "x" * 275 + "…",
        OUTLINE: None,
    }
    assert {job["dag_id"]: job["reason"] for job in ask("GET", "").json()["jobs"]} == reasons
    found = ask("GET", "", params={"search": "Column Late"}).json()["jobs"]
    assert {job["dag_id"] for job in found} == reasons.keys() - {OUTLINE}
    assert len(ask("GET", "", params={"search": "run"}).json()["jobs"]) == len(reasons)
    assert ask("GET", f"/{failed['model_evaluation']}").json()["reason"] == "2 errors: there is no column late"


@pytest.mark.parametrize("dag_id", [SECRET, OUTLINE])
def test_what_stands_behind_such_a_job_is_not_told(ask: Ask, connection: Connection[Any], dag_id: str) -> None:
    job = take(connection, task_key(dag_id=dag_id)).job_id
    for part in ("evidence", "predictions", "drift", f"artifacts/{'0' * 64}"):
        assert ask("GET", f"/{job}/{part}").status_code == httpx.codes.NOT_FOUND, part


@pytest.mark.parametrize("hidden", [SECRET, OUTLINE])
def test_what_came_of_such_jobs_is_not_told_through_others(
    ask: Ask, connection: Connection[Any], database: Database, hidden: str
) -> None:
    """The training is hidden; the approval and the deployment of its version aren't."""
    deployment = deployed(connection)
    job = connection.execute("SELECT job_id FROM modelops.deployment WHERE id = %s", (deployment.id,)).fetchone()
    assert job is not None
    [deploying] = job
    assert ask("GET", f"/{deploying}/evidence").json()["evidence"]["version"] == 1
    assert len(ask("GET", f"/{deploying}/evidence").json()["artifacts"]) == 1
    assert [len(ask("GET", f"/../{name}").json()[rows]) for name, rows in CATALOGUE] == [1, 1, 1]
    intervals = f"/../deployments/{deployment.id}/intervals"
    assert ask("GET", intervals).json()["schedule"] == "manual"
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.job SET dag_id = %s WHERE type = 'training'", (hidden,))
    assert ask("GET", f"/{deploying}/evidence").json() == {"evidence": None, "artifacts": [], "statistics": []}
    assert [ask("GET", f"/../{name}").json()[rows] for name, rows in CATALOGUE] == [[], [], []]
    assert ask("GET", intervals).status_code == httpx.codes.NOT_FOUND


def test_jobs_that_are_not_to_be_seen_do_not_count_over_time(ask: Ask, connection: Connection[Any]) -> None:
    for dag_id in ("model_lifecycle", OUTLINE, SECRET):
        attempt = take(connection, task_key(dag_id=dag_id))
        with jobs.fenced(connection, attempt):
            jobs.complete(connection, attempt, {})
    [training] = ask("GET", "/../analysis").json()["types"]
    assert training["whole"]["number"] == 2
    assert [period["number"] for period in training["periods"]] == [2]
    slowest = ask("GET", "/../analysis/slowest").json()["jobs"]
    assert sorted(job["dag_id"] for job in slowest) == ["model_lifecycle", OUTLINE]


def test_a_zone_that_only_this_machine_has(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as localtime, where the operating system has a file of that name."""
    from modelops.jobs_api import analysis

    monkeypatch.setattr(analysis, "available_timezones", lambda: {"Mars/Olympus"})
    answer = ask("GET", "/../analysis", params={"zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "there is no time zone 'Mars/Olympus'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"zone": "Paris"}, "there is no time zone 'Paris'; give a name such as Europe/Paris, or UTC"),
        ({"unit": "year"}, "'hour', 'day', 'week' or 'month'"),
        (
            {"unit": "hour", "created_from": "2026-01-01T00:00Z", "created_before": "2026-03-01T00:00Z"},
            "there are more than 400 periods (hour); choose a shorter time or longer periods",
        ),
        (
            {"created_from": "2026-03-01T00:00Z", "created_before": "2026-03-01T00:00Z"},
            "created_from: 2026-03-01T00:00:00+00:00 isn't before created_before",
        ),
        ({"created_before": "0001-01-01T00:00Z"}, "created_from: 0001-01-01T00:00:00+00:00 isn't before"),
    ],
)
def test_what_can_not_be_analysed(ask: Ask, asked: dict[str, str], said: str) -> None:
    answer = ask("GET", "/../analysis", params=asked)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert said in answer.text


def test_the_last_page_says_that_it_is(get: Get, connection: Connection[Any]) -> None:
    for number in range(3):
        take(connection, task_key(run_id=f"run-{number}"))
    first = get(limit=2).json()
    last = get(limit=2, after=first["after"]).json()
    assert [len(page["jobs"]) for page in (first, last)] == [2, 1]
    assert last["after"] is None
    assert "+" not in first["after"]  # it may be pasted into an address


def test_the_ledger_is_away(get: Get, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", "postgresql://modelops_reader:x@127.0.0.1:1/modelops")
    answer = get()
    assert answer.status_code == 503
    assert answer.json() == {
        "detail": "The ledger can't be reached or is too busy; try again in a moment.",
        "code": "ledger_away",
        "values": {},
    }


def test_the_ledger_takes_too_long(get: Get, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_database, "SECONDS", 1)
    with database.connect("modelops_owner") as owner, owner.transaction():
        owner.execute("LOCK TABLE modelops.job")
        assert get().status_code == 503


def test_the_view_is_made_for_this_api(get: Get, pytestconfig: pytest.Config) -> None:
    """The view's types are generated from this file."""
    from modelops.jobs_api.app import make_app

    file = PROJECT_ROOT / "plugins/jobs_view/openapi.json"
    described = json.dumps(make_app().openapi(), indent=2) + "\n"
    if pytestconfig.getoption("--write-docs"):
        file.write_text(described)
    assert file.read_text() == described, "`./modelops test dags --write-docs` mends it; then build the view anew"


def test_too_many_at_once(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_database, "_reader_slots", threading.BoundedSemaphore(1))
    with api_database._reader_slots:
        assert get().status_code == 503
    assert get().is_success


ACTIONS = ["stop", "retry", "run_now", "approve", "reject"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_viewer_may_do_nothing(ask: Ask, get: Get, connection: Connection[Any], action: str) -> None:
    job = take(connection, task_key()).job_id
    answer = ask("POST", f"/{job}/{action}", json={})
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert get(f"/{job}").json()["actions"] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_done_about_a_job_that_is_not_to_be_seen(ask: Ask, connection: Connection[Any], action: str) -> None:
    job = take(connection, task_key(dag_id=SECRET)).job_id
    answer = ask("POST", f"/{job}/{action}", json={})
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.json()["detail"] == f"there is no job {job}, or you may not see it"


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://here"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_other_sites_pages_can_not_act(
    ask: Ask, connection: Connection[Any], action: str, headers: dict[str, str], status: int
) -> None:
    job = take(connection, task_key()).job_id
    answer = ask("POST", f"/{job}/{action}", content="{}", headers={"Content-Type": "application/json"} | headers)
    assert answer.status_code == status


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://here"}])
def test_the_own_page_and_programs_can(ask: Ask, connection: Connection[Any], headers: dict[str, str]) -> None:
    """The refusal is the next one: there is no such job."""
    answer = ask("POST", "/1/retry", json={}, headers=headers)
    assert answer.status_code == httpx.codes.NOT_FOUND


def test_what_a_job_is_not_ready_for(ask: Ask, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from modelops.jobs_api import actions

    monkeypatch.setattr(actions, "may", lambda *_: True)
    job = take(connection, task_key()).job_id
    answer = ask("POST", f"/{job}/retry", json={})
    assert answer.status_code == httpx.codes.CONFLICT
    assert answer.json() == {
        "detail": f"job {job} is running, so there is no retry for it now",
        "code": "not_now",
        "values": {"job": job, "status": "running", "action": "retry"},
    }


@pytest.mark.parametrize(
    ("address", "body"), [("/1/burn", {}), ("/1/stop", {"commment": "x"}), ("/0/stop", {}), ("/1/stop", [])]
)
def test_what_can_not_be_asked_for(ask: Ask, address: str, body: Any) -> None:
    assert ask("POST", address, json=body).status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_who_may_only_look_runs_no_deployment(ask: Ask, connection: Connection[Any]) -> None:
    number = deployed(connection).id
    [shown] = ask("GET", "/../deployments").json()["deployments"]
    assert (shown["id"], shown["can_run"]) == (number, False)
    refused = ask("POST", f"/../deployments/{number}/run_now", json={})
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert refused.json()["detail"] == f"Airflow doesn't let you do this with the DAG deployment_{number}"
    unknown = ask("POST", f"/../deployments/{number + 1}/run_now", json={})
    assert unknown.status_code == httpx.codes.NOT_FOUND


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern")  # of Airflow, when the store is opened
def test_files_of_equal_content_keep_their_names(
    get: Get, connection: Connection[Any], database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELOPS_ARTIFACTS", (tmp_path / "store").as_uri())
    (tmp_path / "same").write_bytes(b"same")
    store = ArtifactStore(tmp_path / "store")
    put = [
        store.put(tmp_path / "same", role=ArtifactRole.OUTPUT, name=name, tag="job-1-1")
        for name in ("a.json", "plots/b.png")
    ]
    deployment = deployed(connection)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        for file in put:
            admin.execute(
                "INSERT INTO modelops.artifact (version_id, role, name, sha256, size, media_type, uri)"
                " SELECT version_id, 'output', %s, %s, %s, %s, %s FROM modelops.deployment WHERE id = %s",
                (file.name, file.sha256, file.size, file.media_type, file.uri, deployment.id),
            )
    job = connection.execute("SELECT job_id FROM modelops.deployment WHERE id = %s", (deployment.id,)).fetchone()
    assert job is not None
    address = f"/{job[0]}/artifacts/{put[0].sha256}"
    answers = [get(address, name=file.name) for file in put]
    assert [answer.headers["content-type"] for answer in answers] == ["application/json", "image/png"]
    assert [answer.headers["content-disposition"] for answer in answers] == [
        "attachment; filename*=UTF-8''a.json",
        "inline; filename*=UTF-8''b.png",
    ]
    assert get(address, name="c").status_code == httpx.codes.NOT_FOUND


def test_what_was_stored_before_there_were_bounds(get: Get, connection: Connection[Any], database: Database) -> None:
    """One version's metrics must not take the list from everybody."""
    for table in ("evaluation", "job"):
        database.psql("modelops_owner", f"ALTER TABLE modelops.{table} DISABLE TRIGGER {table}_bounds")
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    evaluated_version(connection, "demo/deep", auc=deep)
    for _ in range(260):
        deep = [deep]
    evaluated_version(connection, "demo/deeper", auc=deep)
    evaluated_version(connection, "demo/large", n=10**20, **{f"m{number:03}": 1 for number in range(100)})
    evaluated_version(connection, "demo/fine", auc=0.5)
    answer = get("/../versions")
    assert answer.status_code == 200
    fine, large, deeper, middling = (version["metrics"] for version in answer.json()["versions"])
    assert fine == {"auc": 0.5}
    assert len(large) == 50
    assert large["…"] is None
    assert deeper == {"…": None}
    assert list(middling) == ["auc"]
    for job in get().json()["jobs"]:
        assert get(f"/{job['id']}").status_code == 200
        assert get(f"/{job['id']}/evidence").status_code == 200


def test_what_a_job_has_used(get: Get, connection: Connection[Any]) -> None:
    """The jobs of a DAG whose results a person may not see count for nothing there."""
    for dag_id, memory in ((OUTLINE, 2**40), ("model_lifecycle", 2**30)):
        attempt = take(connection, task_key(dag_id=dag_id), subject="demo/late")
        with jobs.fenced(connection, attempt):
            jobs.complete(connection, attempt, {}, usage=Usage(peak_memory=memory, cpu_seconds=40, seconds=9))
    nothing = dict.fromkeys(["queue", "pool", "memory", "cpu_seconds", "seconds"])
    assert get(f"/{attempt.job_id}/usage").json() == {
        "peak_memory": 2**30,
        "peak_allocated": 0,
        "cpu_seconds": 40,
        "requested": nothing,
        "recent": {
            "jobs": 1,
            "peak_memory": 2**30,
            "peak_allocated": 0,
            "cpu_seconds": 40,
            "memory": 1280 * 2**20,
            "cpu_seconds_to_request": 120,
        },
    }
    hidden = take(connection, task_key(dag_id=SECRET), subject="demo/late")
    assert get(f"/{hidden.job_id}/usage").status_code == httpx.codes.NOT_FOUND
