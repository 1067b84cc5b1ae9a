"""What a trigger form asks for, and what it suggests. No DAG contains suggestions: a new model would change it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from modelops.airflow.params import params_of
from modelops.domain.import_requests import ModelImportRequest
from modelops.domain.references import IMPORTED_MODELS, MODEL_FILES
from modelops.domain.requests import EvaluationRequest, ImportRequest, RetirementRequest, TrainingRequest
from modelops.domain.versions import VersionKind
from modelops.jobs_api.suggestions import FormSuggestions, NameCache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Param
    from starlette.types import Message, Receive, Scope, Send

TRAINING, MODEL = params_of(TrainingRequest), params_of(TrainingRequest)["model"]
IMPORT = params_of(ModelImportRequest)
OF_VERSION, TASK = params_of(EvaluationRequest)["model"], params_of(ImportRequest)["task"]
KINDS = [pytest.param(MODEL, "model", id="model"), pytest.param(TASK, "feature task", id="feature task")]
FOUND = {
    VersionKind.MODEL: ["demo/new", "demo/old"],
    VersionKind.FEATURE_TASK: ["demo/rates"],
    IMPORTED_MODELS: ["demo/onnx"],
    MODEL_FILES: ["flights/late.onnx"],
}
VERSIONS = {VersionKind.MODEL: ["demo/gone", "demo/old"]}


@pytest.mark.parametrize(("made", "word"), KINDS)
def test_a_reference(made: Param, word: str) -> None:
    """What there is isn't looked up: a DAG's file reads no repository, and its task needs none."""
    assert (made.schema["title"], made.description) == (
        word.capitalize(),
        f"<repository>/<{word}>: a {word} in a repository that repositories.yaml lists.",
    )
    assert {"enum", "examples"}.isdisjoint(made.schema)
    assert made.resolve("nowhere/a b") == "nowhere/a b"


@pytest.mark.parametrize(("given", "said"), [("delay", "does not match"), ("a/b/c", "does not match"), (3, "type")])
def test_what_can_be_no_reference(given: Any, said: str) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError, match=said):
        MODEL.resolve(given)
    with pytest.raises(ParamValidationError, match="too long"):
        MODEL.resolve("demo/" + "x" * 300)


@pytest.mark.anyio
async def test_suggestions() -> None:
    params = {
        "model": MODEL,
        "of_version": OF_VERSION,
        "task": TASK,
        "imported": IMPORT["model"],
        "file": IMPORT["file"],
    }
    details = {name: {"value": None, "schema": dict(param.schema)} for name, param in params.items()}
    details["other"] = {"value": 1, "schema": {"type": "integer"}}
    answer = await ask(
        NameCache(lambda: (FOUND, VERSIONS), patience=60), json.dumps({"dag_id": "d", "params": details}).encode()
    )
    assert {name: param["schema"].get("examples") for name, param in answer["params"].items()} == {
        "model": ["demo/new", "demo/old"],
        "of_version": ["demo/gone", "demo/old", "demo/new"],
        "task": ["demo/rates"],
        "imported": ["demo/onnx"],
        "file": ["flights/late.onnx"],
        "other": None,
    }
    for param in answer["params"].values():
        param["schema"].pop("examples", None)
    assert answer == {"dag_id": "d", "params": details}


@pytest.mark.anyio
async def test_what_was_known_is_suggested_as_long_as_nothing_newer_can_be() -> None:
    body = json.dumps({"params": {"model": {"schema": dict(MODEL.schema)}}}).encode()
    looks = [({VersionKind.MODEL: [f"demo/{number}"]}, {}) for number in (1, 0)]
    time = [0.0]
    known = NameCache(looks.pop, now=lambda: time[0], patience=60)

    async def suggested() -> Any:
        return (await ask(known, body))["params"]["model"]["schema"].get("examples")

    assert [await suggested(), await suggested()] == [["demo/0"], ["demo/0"]]  # looked up once
    time[0] += 60
    assert await suggested() == ["demo/1"]
    time[0] += 60
    assert await suggested() == ["demo/1"]  # there is no third look: it fails


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/api/v2/dags/a/details", "/api/v2/dags/a", "/api/v2/monitor/health"])
@pytest.mark.parametrize("status", [200, 404])
async def test_every_other_answer_is_passed_on_as_it_is(path: str, status: int) -> None:
    body = b'{"params": {"model":   {"schema": {"type": "string"}}}}'
    if status != 200:
        body = b'{"detail": "x-modelops-suggestions"}'
    assert await ask_raw(NameCache(refuse), body, path=path, status=status) == (status, body)


def refuse() -> Any:
    raise AssertionError("nothing is to be looked up")


async def ask(known: NameCache, body: bytes) -> Any:
    status, answer = await ask_raw(known, body)
    assert status == 200
    return json.loads(answer)


async def ask_raw(
    known: NameCache, body: bytes, *, path: str = "/api/v2/dags/a/details", status: int = 200
) -> tuple[int, bytes]:
    """What comes through the middleware of an application that answers in two pieces, compressed where it may."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if path.endswith("details"):
            assert b"accept-encoding" not in dict(scope["headers"])
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:9], "more_body": True})
        await send({"type": "http.response.body", "body": body[9:]})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Mapping[str, Any]:
        raise AssertionError("a GET has no body")

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept-encoding", b"gzip")]}
    await FormSuggestions(app, known)(scope, receive, send)
    whole = b"".join(message.get("body", b"") for message in sent[1:])
    assert dict(sent[0]["headers"])[b"content-length"] == str(len(whole)).encode()
    return sent[0]["status"], whole


def nested(levels: int) -> Any:
    """That many lists within each other."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"n": 2**63},
        {"n": 2**64},
        {"deep": {"er": [2**70]}},
        {"n": -(2**63) - 1},
        {"n": 1e20},
        {"n": 1e308},
        {"n": math.nan},
        {"n": [math.inf]},
        {"n": nested(16)},
        {"n": nested(300)},
        {"n": "a\0"},
        {"n": "\ud800"},
        {"n": "x" * 100_001},
        {"n": list(range(10_001))},
        {"": 1},
        {"a": {"x" * 201: 1}},
    ],
    ids=range(16),
)
def test_hyperparameters_that_no_task_could_be_given(value: Any) -> None:
    """Airflow answers 400 then. The task would be given it as msgpack, and end without a word."""
    with pytest.raises(ParamValidationError):
        TRAINING["hyperparameters"].resolve(value)


def test_hyperparameters_within_the_bounds() -> None:
    value = {
        "n": 2**63 - 1,
        "least": -(2**63),
        "rate": 5e-324,
        "deep": nested(15),
        "who": "né\n",
        "x" * 200: [None, True],
    }
    assert TRAINING["hyperparameters"].resolve(value) == value


@pytest.mark.parametrize("param", [params_of(RetirementRequest)["reason"], TRAINING["dataset"]])
@pytest.mark.parametrize("value", ["x" * 2**20, "a\0", "\udc00"])
def test_texts_that_the_registry_could_not_keep(param: Param, value: str) -> None:
    with pytest.raises(ParamValidationError):
        param.resolve(value)
