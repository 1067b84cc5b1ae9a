"""Generated secrets, the init job's refusals, heartbeats and health checks of the services in docker-compose.yaml."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time
from contextlib import nullcontext
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from documents import ROOT
from modelops import heartbeat
from modelops.airflow.worker_heartbeat import beat_with_celery
from modelops.domain.errors import BadInput, Unavailable
from modelops.observer import __main__ as observer
from modelops.observer.waiting import Waits
from modelops.runner.containers import init
from modelops.runner.containers.health import HEARTBEAT_TIMEOUT, problem
from modelops.runner.containers.secrets_file import SECRET, write_env

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GIVEN = {
    "AIRFLOW__CORE__AUTH_MANAGER": init.FAB,
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://airflow:x@metadata/airflow",
    "MODELOPS_DATABASE_URL": "postgresql://modelops_admin:x@data/modelops",
    **{f"MODELOPS_DATABASE_PASSWORD_{login}": "x" for login in ("OWNER", "JOBS", "READER", "SQL", "FEATURES")},
    **{f"MODELOPS_ACCOUNT_PASSWORD_{name}": "x" for name in ("ADMIN", "TRAINER", "REVIEWER", "VIEWER", "OBSERVER")},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def values(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", file.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_secret_is_generated_and_no_two_are_alike(folder: Path) -> None:
    made = values(write_env(folder))
    assert set(made) == set(SECRET.findall((folder / ".env.example").read_text(encoding="utf-8")))
    assert len(set(made.values())) == len(made)
    assert len(base64.urlsafe_b64decode(made.pop("MODELOPS_FERNET_KEY"))) == 32
    assert [name for name, value in made.items() if not re.fullmatch(r"[\w-]{43}", value)] == []


def test_two_installations_have_no_secret_in_common(folder: Path) -> None:
    first = set(values(write_env(folder)).values())
    (folder / ".env").unlink()
    assert not first & set(values(write_env(folder)).values())


def test_only_the_owner_may_read_it_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        file = write_env(folder)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_left_as_it_is_and_what_it_lacks_is_named(folder: Path) -> None:
    file = folder / ".env"
    file.write_text("MODELOPS_JWT_SECRET=mine\nMODELOPS_FERNET_KEY=\n", encoding="utf-8")
    with pytest.raises(BadInput, match="was not changed; it lacks MODELOPS_METADATA_PASSWORD, ") as refused:
        write_env(folder)
    assert "MODELOPS_FERNET_KEY" in str(refused.value)
    assert "MODELOPS_JWT_SECRET" not in str(refused.value)
    assert file.read_text(encoding="utf-8") == "MODELOPS_JWT_SECRET=mine\nMODELOPS_FERNET_KEY=\n"


def test_a_link_to_a_file_elsewhere_is_not_followed(folder: Path) -> None:
    (folder / ".env").symlink_to(folder / "elsewhere")
    with pytest.raises(BadInput, match="already exists"):
        write_env(folder)
    assert not (folder / "elsewhere").exists()


def test_a_folder_without_an_example(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"\.env\.example"):
        write_env(tmp_path)


def test_all_secrets_are_taken_from_the_environment_or_from_files(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("from a file\n", encoding="utf-8")
    given = GIVEN | {"MODELOPS_DATABASE_PASSWORD_JOBS": "", "MODELOPS_DATABASE_PASSWORD_JOBS_FILE": f"{tmp_path}/jobs"}
    logins, accounts = init.passwords_from(given)
    assert logins == {"owner": "x", "jobs": "from a file", "reader": "x", "sql": "x", "features": "x"}
    assert accounts == dict.fromkeys(("admin", "trainer", "reviewer", "viewer", "observer"), "x")


@pytest.mark.parametrize("name", sorted(GIVEN.keys() - {"AIRFLOW__CORE__AUTH_MANAGER"}))
def test_the_init_job_refuses_a_missing_secret_by_its_name(name: str) -> None:
    for given in (GIVEN | {name: ""}, {key: value for key, value in GIVEN.items() if key != name}):
        with pytest.raises(BadInput, match=f"^{name} is not set"):
            init.passwords_from(given)


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(BadInput, match=r"^MODELOPS_DATABASE_URL, .*_PASSWORD_OWNER, .*_PASSWORD_OBSERVER are not set"):
        init.passwords_from({"AIRFLOW__CORE__AUTH_MANAGER": init.FAB})


def test_another_auth_manager_has_no_such_accounts() -> None:
    with pytest.raises(BadInput, match="needs Airflow's FAB auth manager"):
        init.passwords_from(GIVEN | {"AIRFLOW__CORE__AUTH_MANAGER": "SimpleAuthManager"})


def test_the_command_says_it_in_one_line_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    assert init.main([]) == 1
    assert capsys.readouterr().err.startswith("modelops: the init job needs Airflow's FAB")


def test_a_process_without_the_variable_has_no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(heartbeat.VARIABLE, raising=False)
    heartbeat.beat()
    assert heartbeat.age() is None


def test_an_old_heartbeat_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "beat"
    monkeypatch.setenv(heartbeat.VARIABLE, str(file))
    assert problem("heartbeat") == f"no heartbeat in {file}"
    heartbeat.beat()
    assert problem("heartbeat") is None
    os.utime(file, (0, time.time() - 10 * HEARTBEAT_TIMEOUT))
    assert "the last heartbeat was 300 s ago" in str(problem("heartbeat"))
    heartbeat.beat()
    assert problem("heartbeat") is None


def test_the_observer_beats_after_each_look_that_succeeds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ended, beats = threading.Event(), list[float | None]()

    class NoDatabase(nullcontext[None]):
        def execute(self, *_: object) -> None: ...

    class Watching:
        def __init__(self, *_: object) -> None: ...

        def look(self) -> None:
            beats.append(heartbeat.age())
            if len(beats) == 2:
                ended.set()
                raise Unavailable("Airflow doesn't answer")

    monkeypatch.setattr(observer, "Watch", Watching)
    monkeypatch.setattr(observer.AirflowReader, "unreadable", lambda _: [])
    monkeypatch.setattr(observer.psycopg, "connect", lambda *_, **__: NoDatabase())
    monkeypatch.setattr(observer, "check_schema", lambda _: None)
    monkeypatch.setattr(observer, "await_turn", lambda *_: None)
    monkeypatch.setattr(observer, "LOOK_EVERY", timedelta(0))
    monkeypatch.setenv(heartbeat.VARIABLE, str(tmp_path / "beat"))
    for name in (
        "MODELOPS_AIRFLOW_URL",
        "MODELOPS_OBSERVER_USER",
        "MODELOPS_OBSERVER_PASSWORD",
        "AIRFLOW_CONN_MODELOPS",
    ):
        monkeypatch.setenv(name, "http://airflow")
    with pytest.raises(Unavailable):
        observer._watch(ended, Waits())
    assert beats[0] is None
    assert beats[1] is not None


def test_a_worker_beats_with_celery(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    signals = pytest.importorskip("celery.signals", reason="the packages of requirements-cluster.txt are not installed")
    monkeypatch.setenv(heartbeat.VARIABLE, str(tmp_path / "beat"))
    beat_with_celery()
    signals.heartbeat_sent.send(sender=None)
    assert heartbeat.age() is not None


@pytest.fixture
def answering() -> Iterator[Callable[[str], str]]:
    """Serves a text as the api-server's answer, and returns its address."""
    servers = []

    def serve(text: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/health"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_health_of_a_service_is_what_the_api_server_says(answering: Callable[[str], str]) -> None:
    answer = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")}
    address = answering(json.dumps(answer | {"triggerer": {"status": "unhealthy"}}))
    assert problem("api-server", address) is None
    assert problem("scheduler", address) is None
    assert problem("dag-processor", address) is None
    assert problem("triggerer", address) == "triggerer is unhealthy"


@pytest.mark.parametrize("text", ["<html>", "[]", "{}", '{"scheduler": null}'])
def test_an_answer_that_says_nothing_is_a_problem(answering: Callable[[str], str], text: str) -> None:
    assert "can't read the health of scheduler from the api-server" in str(problem("scheduler", answering(text)))


def test_no_proxy_is_asked_for_the_health(answering: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert problem("scheduler", answering('{"scheduler": {"status": "healthy"}}')) is None
