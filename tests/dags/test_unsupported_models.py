"""A request to run a DAG for a model that can't run is refused before there is a run."""

from __future__ import annotations

import asyncio
import json
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from modelops.domain.errors import RepositoryError
from modelops.jobs_api import unsupported_models
from modelops.jobs_api.unsupported_models import PINNING, UnsupportedModelMiddleware, allowed

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PATH = "/api/v2/dags/model_lifecycle/dagRuns"
IN_R = {"conf": {"model": "published/r"}, "logical_date": None}
WHY = RepositoryError("this model is written in R", where="published/r/model.json", expected="Python")


class Airflow:
    """Says what it received."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"Airflow: " + body})


def asked(body: Any, *, path: str = PATH, method: str = "POST", allowed: bool = True) -> httpx.Response:
    async def may_trigger(_scope: Scope, dag_id: str) -> bool:
        assert dag_id == "model_lifecycle"
        return allowed

    guard = UnsupportedModelMiddleware(Airflow(), lambda model: WHY if model == "published/r" else None, may_trigger)

    async def answer() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://here") as client:
            return await client.request(method, path, content=body)

    return asyncio.run(answer())


def test_the_reason_is_the_answer() -> None:
    answer = asked(json.dumps(IN_R))
    assert answer.status_code == 400
    assert answer.json() == {"detail": str(WHY)}


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (json.dumps(IN_R), {"allowed": False}),
        (json.dumps(IN_R), {"path": PATH.replace("dagRuns", "details")}),
        (json.dumps(IN_R), {"path": f"{PATH}/run_1/clear"}),
        (json.dumps(IN_R), {"path": PATH.replace("model_lifecycle", "model_deployment")}),
        (json.dumps(IN_R), {"path": PATH.replace("model_lifecycle", "model_evaluation")}),
        (json.dumps(IN_R), {"path": PATH.replace("model_lifecycle", "somebodys_own")}),
        (json.dumps(IN_R), {"method": "PUT"}),
        (json.dumps({"conf": {"model": "published/python"}}), {}),
        (json.dumps({"conf": {"model": ["published/r"]}}), {}),
        (json.dumps({"conf": None}), {}),
        ("[]", {}),
        ("no JSON", {}),
        ("", {}),
        ("[" * 100_000, {}),
    ],
)
def test_every_other_request_reaches_airflow_as_it_is(body: str, more: dict[str, Any]) -> None:
    answer = asked(body, **more)
    assert (answer.status_code, answer.text) == (200, f"Airflow: {body}")


def test_repositories_are_read_for_those_alone_who_may_run_the_dag() -> None:
    def reason_for(_model: str) -> RepositoryError | None:
        raise AssertionError("it was asked for somebody who may not run the DAG")

    async def may_trigger(_scope: Scope, _dag_id: str) -> bool:
        return False

    async def answer() -> httpx.Response:
        guard = UnsupportedModelMiddleware(Airflow(), reason_for, may_trigger)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://here") as client:
            return await client.post(PATH, content=json.dumps(IN_R))

    assert asyncio.run(answer()).status_code == 200


def test_these_are_the_dags_that_pin_a_models_code(dags: dict[str, Any]) -> None:
    trains = {name for name, dag in dags.items() if any(task.task_type == "TrainModelOperator" for task in dag.tasks)}
    assert trains == PINNING


@pytest.mark.parametrize(("role", "answer"), [("viewer", False), ("user", True), (None, False)])
def test_only_who_may_run_the_dag_is_told(monkeypatch: pytest.MonkeyPatch, role: str | None, answer: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from modelops.jobs_api import permissions
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    async def signed_in_user(_scope: Scope) -> Any:
        return None if role is None else SimpleAuthManagerUser(username="vera", role=role)

    monkeypatch.setattr(permissions, "get_auth_manager", SimpleAuthManager)
    monkeypatch.setattr(unsupported_models, "signed_in_user", signed_in_user)
    assert asyncio.run(allowed({"type": "http"}, "model_lifecycle")) is answer
