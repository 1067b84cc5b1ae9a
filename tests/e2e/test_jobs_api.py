"""The API of the jobs on a real Airflow: what it tells, to whom, and how it says no."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse
from urllib.request import url2pathname

import httpx
import pytest

from e2e.system import EVALUATION, LIFECYCLE
from modelops.domain.jobs import JobStatus
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from e2e.system import Run, System

API = "/modelops/api/jobs"
PARTS = ("evidence", "predictions", "drift", "distribution", "performance", "usage")
LISTS = (
    "versions",
    "models",
    "deployments",
    "production",
    "decisions",
    "decisions/count",
    "analysis",
    "analysis/slowest",
)
MODEL = "/api/models/{repository}/{name}"
OF_ONE = [f"{API}/1/{part}" for part in (*PARTS, *(f"{name}/{'0' * 64}" for name in ("artifacts", "evaluations")))]
INTERVALS = "/modelops/api/deployments/1/intervals"
OF_ALL = [*(f"/modelops/api/{name}" for name in (*LISTS, "models/here/quick", "deployments/1")), INTERVALS]
FILES = [f"/modelops/view/{file}" for file in ("jobs_view.js", "icon.svg", "icon-dark.svg")]


def ask(system: System, address: str = API, *, account: str = "observer", **parameters: Any) -> httpx.Response:
    """As who may only look, unless it is said."""
    with system.installation.api(account) as client:
        return client.get(address, params=parameters or None)


def told(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def runs(system: System) -> tuple[Run, Run]:
    """One whose training fails, and an evaluation of what never was."""
    failed = system.run(name="fails", model="here/quick", hyperparameters={"fail": "on purpose"})
    failed.await_end()
    unknown = system.run(EVALUATION, name="unknown", model="here/quick", version=9999)
    unknown.await_end()
    return failed, unknown


def test_a_job_is_found_by_what_is_known_of_it(system: System, runs: tuple[Run, Run]) -> None:
    failed, _ = runs
    job = failed.job()
    page = told(ask(system, type="training", status="failed", subject="here/quick", person="trainer"))
    [row] = [row for row in page["jobs"] if row["id"] == job.id]
    assert (row["dag_id"], row["run_id"], row["task_id"], row["map_index"]) == (LIFECYCLE, failed.run_id, "train", -1)
    assert {(each["type"], each["status"]) for each in page["jobs"]} == {("training", "failed")}
    assert page["known_up_to"] is not None
    assert told(ask(system, status="failed", person="nobody"))["jobs"] == []
    of_run = {"dag_id": LIFECYCLE, "run_id": failed.run_id}
    assert len(told(ask(system, **of_run))["jobs"]) == 4
    [of_task] = told(ask(system, **of_run, task_id="train", map_index=-1))["jobs"]
    assert of_task["id"] == job.id


def test_pages_follow_each_other(system: System, runs: tuple[Run, Run]) -> None:
    first = told(ask(system, limit=1))
    second = told(ask(system, limit=1, after=first["after"]))
    both = told(ask(system, limit=2))
    assert [row["id"] for row in first["jobs"] + second["jobs"]] == [row["id"] for row in both["jobs"]]


def test_one_job_with_its_life(system: System, runs: tuple[Run, Run]) -> None:
    job = runs[0].await_status(JobStatus.FAILED)
    shown = told(ask(system, f"{API}/{job.id}"))
    assert "on purpose" in shown["error"]
    assert isinstance(shown["worked"], float)
    assert shown["parameters"]["hyperparameters"] == {"fail": "on purpose"}
    assert [event["event"] for event in shown["events"]][-1] == "failed"
    known = lambda: {event["actor"] for event in told(ask(system, f"{API}/{job.id}"))["events"]}  # noqa: E731
    runs[0].eventually("it is known who acted", lambda: known() == {"trainer", "airflow", "worker"})


def test_counts(system: System, runs: tuple[Run, Run]) -> None:
    counted = told(ask(system, f"{API}/counts"))
    [failed] = [row for row in counted if (row["type"], row["status"]) == ("evaluation", "failed")]
    assert failed["number"] >= 1
    assert failed["more"] is False


def test_the_documentation_tells_of_every_route(system: System) -> None:
    paths = told(ask(system, "/modelops/openapi.json"))["paths"]
    one = "/api/jobs/{id}"
    reads = {
        "/api/jobs",
        "/api/jobs/counts",
        *(f"/api/{name}" for name in LISTS),
        one,
        *(f"{one}/{part}" for part in PARTS),
        f"{one}/artifacts/{{sha256}}",
        f"{one}/evaluations/{{digest}}",
        f"{one}/logs/{{attempt}}",
        MODEL,
        f"{MODEL}/comparison",
        "/api/deployments/{id}",
        "/api/deployments/{id}/alerts",
        "/api/deployments/{id}/intervals",
        "/api/deployments/{id}/drift",
        "/api/deployments/{id}/performance",
    }
    writes = {f"{one}/{{action}}", f"{MODEL}/{{action}}", "/api/deployments/{id}/run_now"}
    assert {path for path, does in paths.items() if set(does) == {"get"}} == reads
    assert {path for path, does in paths.items() if set(does) == {"post"}} == writes
    assert set(paths) == reads | writes


@pytest.mark.parametrize(
    "address", [API, f"{API}/counts", f"{API}/1", f"{API}/1/logs/1", "/modelops/openapi.json", *FILES, *OF_ONE, *OF_ALL]
)
def test_nobody_is_told_anything_without_signing_in(system: System, address: str) -> None:
    answer = httpx.get(system.installation.url + address, trust_env=False)
    assert answer.status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize("action", ["stop", "retry", "run_now", "approve", "reject"])
def test_nobody_does_anything_without_signing_in(system: System, action: str) -> None:
    answer = httpx.post(f"{system.installation.url}{API}/1/{action}", json={}, trust_env=False)
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_a_file_that_was_changed_is_not_given_out(system: System) -> None:
    run = system.run(name="file", model="here/quick")
    run.await_end()  # the evaluation reads the file too
    [file] = run.artifacts("output")
    address = f"{API}/{run.job().id}/artifacts/{file['sha256']}"
    answer = ask(system, address)
    assert sha256(answer.content).hexdigest() == file["sha256"]
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''model.json"
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert ask(system, f"{API}/{run.job().id}/artifacts/{'0' * 64}").status_code == httpx.codes.NOT_FOUND
    stored = Path(url2pathname(urlparse(file["uri"]).path))
    before = stored.read_bytes()
    stored.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    try:
        refused = ask(system, address)
    finally:
        stored.write_bytes(before)
    assert refused.status_code == httpx.codes.CONFLICT
    assert refused.json()["detail"] == "artifact model.json was changed after it was recorded; it isn't given out"


@pytest.mark.parametrize("address", FILES)
def test_the_files_of_the_view(system: System, address: str) -> None:
    answer = ask(system, address)
    assert answer.is_success
    assert answer.content == (PROJECT_ROOT / "plugins/jobs_view/dist" / address.rpartition("/")[2]).read_bytes()
    assert answer.headers["cache-control"] == "no-cache"
    kept = ask(system, f"{address}?{sha256(answer.content).hexdigest()[:16]}")
    assert kept.headers["cache-control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "address", ["/modelops/view/", "/modelops/view/../main.tsx", "/modelops/docs", "/modelops/redoc", "/modelops/api"]
)
def test_there_is_nothing_else(system: System, address: str) -> None:
    assert ask(system, address, account="admin").status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"type": "trainings"}, "'training', 'evaluation'"),
        ({"limit": 201}, "less than or equal to 200"),
        ({"created_from": "2026-03-01T12:00:00"}, "timezone"),
        ({"after": "yesterday"}, "use the value of `after` from the previous page"),
        ({"after": "2026-03-01T12:00:00~1"}, "use the value of `after` from the previous page"),
        ({"subject": "a\0b"}, "pattern"),
    ],
)
def test_what_cannot_be_asked_is_said(system: System, asked: dict[str, Any], said: str) -> None:
    answer = ask(system, **asked)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert said in answer.text


def test_a_job_that_there_is_not(system: System) -> None:
    answer = ask(system, f"{API}/{2**62}")
    assert (answer.status_code, answer.json()["detail"]) == (404, f"there is no job {2**62}, or you may not see it")
    assert ask(system, f"{API}/{2**63}").status_code == httpx.codes.UNPROCESSABLE_ENTITY
