"""`docker compose up` with the file as it is: what runs, who reaches it, and a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.conftest import ROWS, fine

if TYPE_CHECKING:
    from engine.conftest import Stack
    from signed_in import SignedIn

STORES = {"metadata", "data", "broker"}
OVER = {"success", "failed"}


@pytest.mark.parametrize("secret", ["MODELOPS_JWT_SECRET", "MODELOPS_BROKER_PASSWORD"])
def test_nothing_starts_without_a_secret(stack: Stack, secret: str) -> None:
    lines = (stack.folder / ".env").read_text().splitlines(keepends=True)
    (stack.folder / "lacking.env").write_text("".join(line for line in lines if not line.startswith(f"{secret}=")))
    before = {one["ID"] for one in stack.containers()}
    done = stack.compose("up", "--detach", env="lacking.env", check=False)
    assert done.returncode != 0
    assert secret in done.stderr
    assert {one["ID"] for one in stack.containers()} == before


def test_all_services_are_healthy_with_two_workers(up: Stack) -> None:
    once = STORES | {"api-server", "scheduler", "dag-processor", "triggerer", "observer"}
    running = [(service, "running", "healthy", 0) for service in [*once, "worker", "worker"]]
    wanted = sorted([*running, ("init", "exited", "", 0)])

    def found() -> list[tuple[Any, ...]]:
        return sorted((one["Service"], one["State"], one["Health"], one["ExitCode"]) for one in up.containers())

    # A single health check may have come too late.
    up.eventually("all services are healthy", lambda: found() == wanted)


def test_no_service_runs_as_root(up: Stack) -> None:
    for one in up.containers():
        if one["State"] == "running" and one["Service"] not in STORES:
            assert up.engine.docker("exec", one["ID"], "id", "-u").stdout.strip() == "1000", one["Service"]


def test_only_the_api_server_is_reached_from_outside_and_on_loopback(up: Stack) -> None:
    published = {one["Service"]: one["Ports"] for one in up.containers() if "->" in one["Ports"]}
    assert published == {"api-server": "127.0.0.1:8080->8080/tcp"}
    assert up.engine.ports() - {up.outside} == {"127.0.0.1:8080"}


def test_a_batch_goes_through(up: Stack, api: SignedIn, life: str) -> None:
    answer = {"chosen_options": ["Approve"], "params_input": {"comment": "as it should be"}}
    question = f"{life}/taskInstances/approve/-1/hitlDetails"
    assert api.call("PATCH", question, "reviewer", json=answer).is_success
    up.eventually("it is deployed", lambda: fine(up, api, life)["deploy"] == "success")
    deployment = api.get(f"{life}/taskInstances/deploy/xcomEntries/return_value")["value"]["deployment"]

    dag = f"deployment_{deployment}"
    up.eventually("the deployment has its DAG", lambda: api.call("GET", f"dags/{dag}").is_success)
    batch = api.start(dag, "batch")
    up.eventually("the batch ends", lambda: fine(up, api, batch) and api.get(batch)["state"] in OVER)
    assert api.get(batch)["state"] == "success", up.story()
    assert up.sql("SELECT count(*), count(DISTINCT id) FROM predictions.small") == f"{ROWS}|{ROWS}"
    # Host names are container ids: both workers have done some of the work, or one all of it.
    workers = {one["ID"][:12] for one in up.containers() if one["Service"] == "worker"}
    tasks = api.get(f"{batch}/taskInstances")["task_instances"]
    assert {task["hostname"] for task in tasks if task["task_id"] == "predict"} <= workers
