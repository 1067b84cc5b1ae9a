"""Whatever somebody sends, the API gives an answer that it documents: examples made from its own description."""

from __future__ import annotations

import asyncio
import itertools
import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from factories import ask, deployed, evaluated_version, take, task_key
from modelops.airflow.timetables import plan
from modelops.domain.jobs import JobStatus
from modelops.domain.schedules import Schedule
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from schemathesis import Case

    from conftest import Database

    Send = Callable[..., httpx.Response]

EXAMPLES = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 4}
"""Of each route, valid or not, the same in each run; `--hypothesis-profile=default` has others."""
DESCRIBED = json.loads((PROJECT_ROOT / "plugins/jobs_view/openapi.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(DESCRIBED)
ROUTES = {
    f"{route.method.upper()} {route.path}": route for route in (found.ok() for found in SCHEMA.get_all_operations())
}
# Where Airflow or the ledger fails, that is described: 502 and 503. No route describes 500.
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
BY_INTERVAL = "SELECT 1 AS id WHERE current_setting('modelops.interval_start') <> ''"
OVER = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED)
APPROVAL = 11
RUNNING = APPROVAL + 1 + list(JobStatus).index(JobStatus.RUNNING)
LAST_ID = APPROVAL + len(JobStatus)
FAR = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59")


@pytest.fixture(scope="module")
def filled(copy_of: Callable[[str], AbstractContextManager[Database]], template: str) -> Iterator[Database]:
    """Jobs of each status, an approval that waits, deployments with and without a schedule."""
    with copy_of(template) as database:
        with database.connect() as connection:
            deployed(connection)
            daily = plan(Schedule(text="@daily", time_zone="Europe/Paris"), datetime.now(UTC) - timedelta(days=3))
            deployed(
                connection,
                "demo/daily",
                dataset={"name": None, "sql": BY_INTERVAL},
                target="predictions.daily",
                plan=daily,
            )
            approval, _ = ask(connection, evaluated_version(connection, "demo/waiting"))
            assert approval.job_id == APPROVAL
            ids = {status: take(connection, task_key()).job_id for status in JobStatus}
        with psycopg.connect(database.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            for status, job_id in [*ids.items(), (JobStatus.AWAITING_APPROVAL, approval.job_id)]:
                over = status in OVER
                admin.execute(
                    "UPDATE modelops.job SET status = %s, result = '{}', error = %s,"
                    " ended_at = CASE WHEN %s THEN now() END WHERE id = %s",
                    (status, "x" if over else None, over, job_id),
                )
        yield database


def airflow() -> FastAPI:
    """In the place of Airflow's API: it takes what it is asked, refuses it, or fails, one after the other."""
    app = FastAPI()
    answers = [200, 400, 401, 403, 404, 409, 422, 500, 503]
    done = {"dag_run_id": "run", "conf": None, "data_interval_start": None, "data_interval_end": None}

    @app.api_route("/{path:path}", methods=["GET", "POST", "PATCH"])
    def answer(path: str) -> Any:
        answers.append(answers.pop(0))
        if answers[-1] == 200:
            return JSONResponse(done)
        detail = rb'{"detail": "half a pair: \ud800"}'
        return PlainTextResponse("no" if answers[-1] == 401 else detail, answers[-1])

    return app


@pytest.fixture(scope="module")
def app(filled: Database) -> Iterator[Any]:
    """The API as Airflow's web server has it, for somebody who is signed in and may do all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from modelops.jobs_api import app as api
        from modelops.jobs_api import permissions
        from modelops.jobs_api.approval_middleware import ROOT
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user

    made = api.make_app()
    made.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="vera", role="admin")
    stand_in = airflow()

    async def within_airflow(scope: Any, receive: Any, send: Any) -> None:
        await made({**scope, ROOT: stand_in}, receive, send)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_MODELOPS_READER", filled.url("modelops_reader"))
        patch.setattr(permissions, "get_auth_manager", SimpleAuthManager)
        yield within_airflow


@pytest.fixture(scope="module")
def send(app: Any) -> Send:
    """One request after the other; an exception is an answer too: the web server's 500."""

    async def answered(method: str, address: str, **how: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, address, **how)

    return lambda method, address, **how: asyncio.run(answered(method, address, **how))


def is_documented(route: str, answer: httpx.Response) -> bool:
    method, path = route.split(" ")
    return str(answer.status_code) in DESCRIBED["paths"][path][method.lower()]["responses"]


def about_something(case: Case, number: int) -> None:
    """Random numbers are of no job."""
    if "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = number % LAST_ID + 1


def modes_of(route: str) -> list[GenerationMode]:
    """Of a GET of a model none is invalid for the generator, as any text is a name; odd values are tried below."""
    names_only = route.startswith("GET ") and "{repository}" in route
    return [mode for mode in GenerationMode if mode.is_positive or not names_only]


@pytest.mark.parametrize(("route", "mode"), [(route, mode) for route in ROUTES for mode in modes_of(route)])
def test_each_answer_is_as_described(send: Send, route: str, mode: GenerationMode) -> None:
    sent = itertools.count()

    @settings(
        max_examples=EXAMPLES[mode],
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(ROUTES[route].as_strategy(generation_mode=mode))
    def answers(case: Case) -> None:
        number = next(sent)
        if mode.is_positive or number % 2:
            about_something(case, number)
        how = case.as_transport_kwargs(base_url="http://here")
        del how["cookies"]  # none of the routes describes any
        if isinstance(how.get("data"), bytes):
            how["content"] = how.pop("data")
        how["headers"] = [(name.encode(), text.encode("latin-1")) for name, text in how["headers"].items()]
        answer = send(how.pop("method"), how.pop("url"), **how)
        case.validate_response(Response.from_httpx(answer, verify=True), checks=CHECKS)

    answers()


ODD = [
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "%",
        "_\\",
        "'",
        "x" * 251,
        "x" * 5000,
        "\u202e",
        "\U0010ffff",
        "\ufffe",
        "İ" * 250,
        "a" * 250,
    ),
    *("0", "-1", "1.5", "1e400", "NaN", "Infinity", "-2147483649", "2147483648", "9223372036854775807"),
    *(
        "9223372036854775808",
        "-9223372036854775809",
        "1" * 400,
        "1" * 5000,
        "\u0661",
        "0x10",
        "true",
        "null",
        "[]",
        "{}",
    ),
    *FAR,
    *("2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+99:00", "10000-01-01T00:00:00Z", "-1e15"),
    *(f"{moment}~1" for moment in FAR),
    *("~", "~1", "2026-01-01T00:00:00Z~", f"2026-01-01T00:00:00Z~{10**240}", "2026-01-01T00:00:00Z~-1"),
]
"""Values for any parameter; some fit, and are at the end of what can be."""
RAW = ("%FF", "%ED%A0%80", "%C0%80", "%F4%90%80%80", "%", "%zz", "%00", "a%26b", "+", "%2e%2e%2f")
"""What isn't UTF-8: half of a character, of a pair, an overlong NUL, beyond Unicode; and odd escapes."""


def alike_once(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of those that are described alike; a place (`after`) is a text with an inner form."""
    kinds = {}
    for parameter in parameters:
        schema = {**parameter["schema"], "title": parameter["name"] == "after"}
        kinds.setdefault(json.dumps(schema), parameter)
    return list(kinds.values())


@pytest.mark.parametrize("route", ROUTES)
def test_odd_values_of_each_parameter(send: Send, route: str) -> None:
    method, path = route.split(" ")
    parameters = alike_once(DESCRIBED["paths"][path][method.lower()].get("parameters", []))
    body = {"json": {}} if method == "POST" else {}
    fitting = path.replace("{id}", "1").replace("{action}", "stop").replace("{sha256}", "a" * 64)
    undocumented = {}
    for parameter, odd in itertools.product(parameters, [*(quote(value, safe="") for value in ODD), *RAW]):
        name = parameter["name"]
        if parameter["in"] == "query":
            address = f"{fitting}?{name}={odd}&{name}={odd}"
        else:
            address = path.replace(f"{{{name}}}", odd)
            address = address.replace("{id}", "1").replace("{action}", "stop").replace("{sha256}", "a" * 64)
        answer = send(method, address, **body)
        elsewhere = parameter["in"] == "path" and answer.status_code in {307, 405}  # such as no id at all
        if not elsewhere and not is_documented(route, answer):
            undocumented[address] = (answer.status_code, answer.text)
    assert undocumented == {}


@pytest.mark.parametrize("last_end", [quote(moment) for moment in FAR])
@pytest.mark.parametrize("last_start", [quote(moment) for moment in FAR])
def test_far_ends_of_intervals(send: Send, last_start: str, last_end: str) -> None:
    """Of the deployment with a schedule."""
    answer = send("GET", f"/api/deployments/2/intervals?last_start={last_start}&last_end={last_end}")
    assert answer.status_code == httpx.codes.OK, answer.text


@pytest.mark.parametrize("created_before", FAR)
@pytest.mark.parametrize("created_from", FAR)
@pytest.mark.parametrize("address", ["/api/jobs", "/api/analysis", "/api/analysis/slowest"])
def test_far_ends_of_a_time(send: Send, address: str, created_from: str, created_before: str) -> None:
    asked = {"created_from": created_from, "created_before": created_before}
    assert is_documented(f"GET {address}", send("GET", address, params=asked))


BODIES = {
    "no JSON": b"{",
    "not UTF-8": b'{"comment": "\xff"}',
    "a half of a pair": rb'{"comment": "\ud800"}',
    "a half of a pair as a name": rb'{"\ud800": 1}',
    "NUL": rb'{"comment": "\u0000"}',
    "no number": b'{"comment": NaN}',
    "infinite": b'{"comment": -Infinity}',
    "a large number": b'{"comment": 1' + b"0" * 5000 + b"}",
    "deep": b'{"comment": ' + b"[" * 500 + b"]" * 500 + b"}",
    "deeper": b'{"comment": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "many names": json.dumps({f"n{number}": 1 for number in range(10_000)}).encode(),
    "long": json.dumps({"comment": "x" * 10_001}).encode(),
    "a list": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("action", ["stop", "reject"])
def test_odd_bodies(send: Send, action: str, body: str) -> None:
    """Of the job that runs, and of the approval that waits."""
    for number in (APPROVAL, RUNNING):
        answer = send(
            "POST", f"/api/jobs/{number}/{action}", content=BODIES[body], headers={"Content-Type": "application/json"}
        )
        assert is_documented("POST /api/jobs/{id}/{action}", answer), answer.text
        assert len(answer.content) < 10_000, "what was sent comes back"


@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_credentials_that_are_not_ascii(send: Send, name: str) -> None:
    """Other applications on the same host may set any cookie."""
    for _ in range(9):
        answer = send("POST", f"/api/jobs/{APPROVAL}/reject", json={}, headers=[(name.encode(), "Bearer é".encode())])
        assert is_documented("POST /api/jobs/{id}/{action}", answer), answer.text


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "http://here:port", "é"])
def test_origins_that_are_none(send: Send, origin: str) -> None:
    answer = send("POST", "/api/jobs/1/stop", json={}, headers=[(b"Origin", origin.encode())])
    assert is_documented("POST /api/jobs/{id}/{action}", answer), answer.text


def test_what_airflow_answers_is_passed_on_or_said(send: Send) -> None:
    """Its refusals are ours; where it fails, that is said, and it isn't we who failed."""
    answers = [send("POST", f"/api/jobs/{APPROVAL}/reject", json={}) for _ in range(9)]
    assert sorted(answer.status_code for answer in answers) == [202, 400, 401, 403, 409, 409, 422, 502, 503]
    [failed] = [answer for answer in answers if answer.status_code == 502]
    detail = "Airflow failed to process the request (status 500); see the log of its API server"
    assert failed.json() == {"detail": detail, "code": "airflow_failed", "values": {"status": "500"}}
