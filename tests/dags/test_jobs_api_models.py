"""Models in the API: the list, the page of one, comparisons, actions, and the decisions that wait for a person."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from asking import OUTLINE, SECRET, signed_in
from factories import ask as ask_reviewers
from factories import deployed, evaluated_version, trained_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from conftest import Database

    Ask = Callable[..., httpx.Response]

MODEL = "/../models/demo/arrival_delay"
TERMS = {
    "target": "predictions.arrival_delay",
    "predict_dataset": "predict",
    "set_aside_budget": 3,
    "empty": "intervals",
    "parts": 1,
    "check_drift": True,
    "measure_performance": False,
    "truth": None,
    "maturity_days": None,
}


@pytest.fixture
def ask(database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Signed in as vera, a viewer who sees nothing of the DAG `secret`, and no results of the DAG `outline`."""
    return signed_in(database, monkeypatch)


@pytest.fixture
def may_act(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow lets vera trigger all DAGs and answer all approvals."""
    from modelops.jobs_api import decision_list, model_actions

    for module in (decision_list, model_actions):
        monkeypatch.setattr(module, "allowed", lambda _user, dags, _needed: list(dags))


def hide_trainings(database: Database, dag_id: str) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.job SET dag_id = %s WHERE type = 'training'", (dag_id,))


def await_answers(database: Database) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "UPDATE modelops.job SET status = 'awaiting_approval' WHERE type = 'approval' AND status = 'running'"
        )


def test_the_list_of_models(ask: Ask, connection: Connection[Any]) -> None:
    number = deployed(connection).id
    evaluated_version(connection, rows=9, auc=0.8)
    trained_version(connection, "demo/other")
    first = ask("GET", "/../models", params={"limit": 1}).json()
    [shown] = first["models"]
    assert (shown["model"], shown["number"], shown["status"]) == ("demo/arrival_delay", 2, "evaluated")
    assert shown["metric"] == {"name": "auc", "value": 0.8, "version": 2, "better": "higher"}
    assert [(one["id"], one["version"]) for one in shown["production"]] == [(number, 1)]
    rest = ask("GET", "/../models", params={"after": first["after"]}).json()
    assert ([one["model"] for one in rest["models"]], rest["after"]) == (["demo/other"], None)
    assert rest["models"][0]["metric"] is None
    assert [one["model"] for one in ask("GET", "/../models", params={"search": "OTH"}).json()["models"]] == [
        "demo/other"
    ]


def test_the_page_of_a_model(ask: Ask, connection: Connection[Any]) -> None:
    deployed(connection)
    page = ask("GET", MODEL).json()
    assert (page["kind"], page["model"], page["actions"]) == ("model", "demo/arrival_delay", [])
    [active] = page["deployments"]
    assert (active["approver"], active["comment"], active["previous"]) == ("grace", "looks right", None)
    assert (page["hyperparameters"], page["better"]) == ({}, {"auc": "higher"})


@pytest.mark.parametrize("hidden", [SECRET, OUTLINE])
def test_models_of_hidden_dags_are_not_told(
    ask: Ask, connection: Connection[Any], database: Database, hidden: str, may_act: None
) -> None:
    deployed(connection)
    ask_reviewers(connection, evaluated_version(connection))
    await_answers(database)
    assert ask("GET", "/../decisions/count").json() == {"number": 1, "more": False}
    hide_trainings(database, hidden)
    assert ask("GET", "/../models").json()["models"] == []
    assert ask("GET", "/../decisions").json()["decisions"] == []
    assert ask("GET", "/../decisions/count").json()["number"] == 0
    said = {
        "detail": "there is no model demo/arrival_delay, or you may not see it",
        "code": "unknown_model",
        "values": {"model": "demo/arrival_delay"},
    }
    for answer in (ask("GET", MODEL), ask("POST", f"{MODEL}/train", json={})):
        assert (answer.status_code, answer.json()) == (404, said)
    assert ask("GET", f"{MODEL}/comparison", params={"version": [1]}).status_code == httpx.codes.NOT_FOUND


def test_versions_side_by_side(ask: Ask, connection: Connection[Any]) -> None:
    evaluated_version(connection, auc=0.7, bias=0.1)
    evaluated_version(connection, auc=0.8)
    found = ask("GET", f"{MODEL}/comparison", params={"version": [2, 1]}).json()
    assert [(one["number"], one["metrics"]) for one in found["versions"]] == [
        (1, {"auc": 0.7, "bias": 0.1}),
        (2, {"auc": 0.8}),
    ]
    assert found["better"] == {"auc": "higher"}
    missing = ask("GET", f"{MODEL}/comparison", params={"version": [1, 9]})
    assert (missing.status_code, missing.json()["values"]) == (404, {"model": "demo/arrival_delay", "version": 9})


@pytest.mark.parametrize("action", ["train", "evaluate", "deploy"])
def test_a_viewer_may_do_nothing(ask: Ask, connection: Connection[Any], action: str) -> None:
    evaluated_version(connection)
    refused = ask("POST", f"{MODEL}/{action}", json={"version": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


def test_other_sites_pages_can_not_act(ask: Ask, connection: Connection[Any]) -> None:
    evaluated_version(connection)
    refused = ask("POST", f"{MODEL}/train", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (refused.status_code, refused.json()["code"]) == (403, "other_site")


@pytest.fixture
def triggered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The runs that Airflow has been asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from modelops.jobs_api import model_actions
    found: list[tuple[str, Any]] = []

    async def trigger(_request: Any, dag_id: str, conf: Any, **_: Any) -> str:
        found.append((dag_id, conf))
        return "run"

    monkeypatch.setattr(model_actions, "trigger", trigger)
    return found


@pytest.mark.usefixtures("may_act")
def test_what_airflow_is_asked_for(ask: Ask, connection: Connection[Any], triggered: list[tuple[str, Any]]) -> None:
    deployed(connection, set_aside_budget=3)
    evaluated_version(connection)
    model = {"model": "demo/arrival_delay"}
    target = {"target": "predictions.arrival_delay"}
    terms = {("dataset" if name == "predict_dataset" else name): value for name, value in TERMS.items()}
    for action, body, expected in [
        ("train", {}, ("model_lifecycle", {**model, "hyperparameters": {}})),
        ("train", {"hyperparameters": {"depth": 3}}, ("model_lifecycle", {**model, "hyperparameters": {"depth": 3}})),
        ("train", target, ("model_lifecycle", {**model, **TERMS, "hyperparameters": {}})),
        ("evaluate", {"version": 2}, ("model_evaluation", {**model, "version": 2})),
        ("deploy", {"version": 1}, ("model_deployment", {**model, "version": 1})),
        ("deploy", {"version": 1, **target}, ("model_deployment", {**model, **terms, "version": 1})),
    ]:
        accepted = ask("POST", f"{MODEL}/{action}", json=body)
        assert (accepted.status_code, accepted.json()) == (202, {"run_id": "run", "dag_id": expected[0]}), accepted.text
        assert triggered.pop() == expected
    assert ask("GET", MODEL).json()["actions"] == ["train", "evaluate", "deploy"]


@pytest.mark.usefixtures("may_act")
@pytest.mark.parametrize(
    ("action", "body", "status", "code"),
    [
        ("deploy", {"version": 2}, 409, "not_deployable"),
        ("deploy", {"version": 9}, 404, "unknown_version"),
        ("evaluate", {}, 400, "no_version"),
        ("train", {"target": "predictions.other"}, 404, "not_in_production"),
        ("train", {"wrong": 1}, 422, None),
        ("dream", {}, 422, None),
    ],
)
def test_what_can_not_be_done(
    ask: Ask,
    connection: Connection[Any],
    triggered: list[tuple[str, Any]],
    action: str,
    body: dict[str, Any],
    status: int,
    code: str | None,
) -> None:
    deployed(connection)
    evaluated_version(connection)
    refused = ask("POST", f"{MODEL}/{action}", json=body)
    assert (refused.status_code, refused.json().get("code")) == (status, code)
    assert triggered == []


@pytest.mark.usefixtures("may_act")
def test_a_feature_task_is_only_imported_anew(
    ask: Ask, connection: Connection[Any], database: Database, triggered: list[tuple[str, Any]]
) -> None:
    trained_version(connection)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.version SET kind = 'feature_task', definition = '{}'")
    task = {"kind": "feature_task"}
    assert ask("GET", MODEL, params=task).json()["actions"] == ["train"]
    assert ask("GET", MODEL).status_code == httpx.codes.NOT_FOUND
    assert ask("POST", f"{MODEL}/train", params=task, json={}).is_success
    assert triggered == [("feature_pipeline", {"task": "demo/arrival_delay"})]
    assert ask("POST", f"{MODEL}/deploy", params=task, json={"version": 1}).json()["code"] == "no_dag"


@pytest.mark.usefixtures("may_act")
def test_decisions_with_the_metrics_of_the_champion(ask: Ask, connection: Connection[Any], database: Database) -> None:
    deployed(connection)
    attempt, request = ask_reviewers(connection, evaluated_version(connection, auc=0.8, loss=0.3))
    await_answers(database)
    found = ask("GET", "/../decisions").json()
    assert (found["number"], found["more"]) == (1, False)
    [decision] = found["decisions"]
    assert (decision["job_id"], decision["digest"]) == (attempt.job_id, request.digest)
    assert (decision["model"], decision["version"], decision["requesters"]) == ("demo/arrival_delay", 2, ["ada"])
    assert decision["metrics"] == {"auc": 0.8, "loss": 0.3}
    assert decision["champion"] == {"version": 1, "metrics": {"auc": 0.75, "loss": None}, "same_rows": True}
    assert decision["better"] == {"auc": "higher", "loss": "lower"}


def test_who_may_answer_nothing_has_nothing_to_decide(
    ask: Ask, connection: Connection[Any], database: Database
) -> None:
    """A viewer sees that the version waits, and isn't asked."""
    attempt, _ = ask_reviewers(connection, evaluated_version(connection))
    await_answers(database)
    assert ask("GET", "/../decisions/count").json() == {"number": 0, "more": False}
    [shown] = ask("GET", "/../models").json()["models"]
    assert shown["waiting"] == [{"job_id": attempt.job_id, "version": 1}]
