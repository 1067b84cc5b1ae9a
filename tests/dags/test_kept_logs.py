"""The log of an attempt whose task instance Airflow has no longer, from the log store."""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import airflow_home  # noqa: F401
from factories import take, task_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from psycopg import Connection

    from conftest import Database

    Get = Callable[..., httpx.Response]
    Write = Callable[..., Path]

SECRET = "secret"
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file")  # Airflow's reader leaves that to Python


@pytest.fixture
def may_read() -> list[Any]:
    """What Airflow was asked about somebody who may read logs, except those of the DAG `secret`."""
    return []


@pytest.fixture
def get(database: Database, monkeypatch: pytest.MonkeyPatch, may_read: list[Any]) -> Get:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from modelops.jobs_api import app as api
        from modelops.jobs_api import kept_logs
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user

    def may(_user: Any, dag_id: str, method: str, entity: Any) -> bool:
        may_read.append((dag_id, method, entity.value))
        return dag_id != SECRET

    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))
    monkeypatch.setattr(kept_logs, "may", may)
    made = api.make_app()
    made.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="vera", role="viewer")

    async def answered(address: str, **parameters: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://here") as client:
            return await client.get(f"/api/jobs/{address}", params=parameters)

    return lambda address, **parameters: asyncio.run(answered(address, **parameters))


@pytest.fixture
def templates() -> Iterator[Callable[[str], None]]:
    """Adds a template of file names to Airflow's database, which has nothing else; the first is Airflow's own."""
    from airflow.configuration import conf
    from airflow.models.tasklog import LogTemplate
    from airflow.settings import engine
    from airflow.utils.session import create_session

    def add(filename: str) -> None:
        with create_session() as session:
            session.add(LogTemplate(filename=filename, elasticsearch_id=""))

    LogTemplate.__table__.drop(engine, checkfirst=True)
    LogTemplate.__table__.create(engine)
    add(conf.get("logging", "log_filename_template"))
    yield add
    LogTemplate.__table__.drop(engine)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, templates: Any) -> Path:
    """Where Airflow keeps logs."""
    from airflow.utils.log.log_reader import TaskLogReader

    base = tmp_path / "logs"
    base.mkdir()
    monkeypatch.setattr(TaskLogReader().log_handler, "local_base", str(base))
    return base


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a log file as Airflow's worker does."""

    def written(path: str, *events: str, **more: Any) -> Path:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [{"timestamp": "2026-03-01T12:00:00.5Z", "event": event, "level": "info", **more} for event in events]
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return file

    return written


def events(answer: httpx.Response) -> list[str]:
    assert answer.status_code == httpx.codes.OK, answer.text
    return [line["event"] for line in answer.json()["content"]]


def test_the_log_of_an_attempt_that_airflow_forgot(
    get: Get, write: Write, connection: Connection[Any], may_read: list[Any]
) -> None:
    job = take(connection, task_key(run_id="manual__1+00:00"), number=2, first=1).job_id
    run = "dag_id=model_lifecycle/run_id=manual__1+00:00/task_id=train"
    write(f"{run}/attempt=2.log", "begun", "train finished", logger="task.stdout")
    write(f"{run}/attempt=20.log", "another attempt")
    answer = get(f"{job}/logs/2")
    assert events(answer) == ["begun", "train finished"]
    assert answer.json()["next"] is None
    assert answer.json()["content"][0] == {
        "timestamp": "2026-03-01T12:00:00.500000Z",
        "event": "begun",
        "level": "info",
        "logger": "task.stdout",
    }
    assert may_read == [("model_lifecycle", "GET", "TASK_LOGS")]


def test_the_log_of_a_mapped_task(get: Get, write: Write, connection: Connection[Any]) -> None:
    job = take(connection, task_key(run_id="r", map_index=3)).job_id
    write("dag_id=model_lifecycle/run_id=r/task_id=train/map_index=3/attempt=1.log", "of the third")
    assert events(get(f"{job}/logs/1")) == ["of the third"]


def test_a_log_that_is_not_to_be_read(get: Get, write: Write, connection: Connection[Any]) -> None:
    job = take(connection, task_key(dag_id=SECRET, run_id="r")).job_id
    write(f"dag_id={SECRET}/run_id=r/task_id=train/attempt=1.log", "secret")
    hidden, unknown = get(f"{job}/logs/1"), get(f"{job + 1}/logs/1")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.json()["detail"].replace(str(job), "N") == unknown.json()["detail"].replace(str(job + 1), "N")


def test_the_log_store_has_nothing(get: Get, folder: Path, connection: Connection[Any]) -> None:
    job = take(connection).job_id
    answer = get(f"{job}/logs/1")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        f"the log store has no log of attempt 1 of job {job}",
    )


def test_an_attempt_that_the_ledger_does_not_know(get: Get, write: Write, connection: Connection[Any]) -> None:
    job = take(connection, task_key(run_id="r")).job_id
    write("dag_id=model_lifecycle/run_id=r/task_id=train/attempt=2.log", "of nobody")
    assert get(f"{job}/logs/2").json()["detail"] == f"job {job} has no attempt 2"


@pytest.mark.parametrize(
    ("ids", "file"),
    [
        ({"run_id": "x/../../dag_id=secret/run_id=r"}, "dag_id=secret/run_id=r/task_id=train/attempt=1.log"),
        ({"run_id": "x/../../../outside"}, "../outside/task_id=train/attempt=1.log"),
        ({"dag_id": "secret/run_id=r", "run_id": "../run_id=r"}, "dag_id=secret/run_id=r/task_id=train/attempt=1.log"),
        ({"dag_id": "secret/sub", "run_id": "r"}, "dag_id=secret/sub/run_id=r/task_id=train/attempt=1.log"),
        ({"run_id": "r", "task_id": "../a"}, "dag_id=model_lifecycle/run_id=r/a/attempt=1.log"),
    ],
)
def test_ids_do_not_lead_to_other_logs(
    get: Get, write: Write, folder: Path, connection: Connection[Any], ids: dict[str, str], file: str
) -> None:
    (folder / "dag_id=model_lifecycle/run_id=x").mkdir(parents=True)
    (folder / "dag_id=model_lifecycle/run_id=r/task_id=").mkdir(parents=True)
    write(file, "secret")
    job = take(connection, task_key(**ids)).job_id
    answer = get(f"{job}/logs/1")
    assert answer.status_code == 404
    assert "secret" not in json.dumps(answer.json().get("content", ""))


def test_a_link_does_not_lead_out_of_the_folder(
    get: Get, folder: Path, connection: Connection[Any], tmp_path: Path
) -> None:
    (tmp_path / "private").write_text("secret\n")
    job = take(connection, task_key(run_id="r")).job_id
    link = folder / "dag_id=model_lifecycle/run_id=r/task_id=train/attempt=1.log"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "private")
    assert get(f"{job}/logs/1").status_code == 404


@pytest.mark.parametrize("run_id", ["team/a", "v1..v2", "50%2F50", "a b é", "*"])
def test_an_id_of_a_run_is_in_the_path_as_airflow_puts_it(
    get: Get, write: Write, connection: Connection[Any], run_id: str
) -> None:
    job = take(connection, task_key(run_id=run_id)).job_id
    write(f"dag_id=model_lifecycle/run_id={run_id}/task_id=train/attempt=1.log", "own")
    write("dag_id=model_lifecycle/run_id=other/task_id=train/attempt=1.log", "another's")
    assert events(get(f"{job}/logs/1")) == ["own"]


def test_a_log_that_was_written_under_an_earlier_template(
    get: Get, write: Write, connection: Connection[Any], templates: Callable[[str], None]
) -> None:
    job = take(connection, task_key(run_id="r")).job_id
    write("dag_id=model_lifecycle/run_id=r/task_id=train/attempt=1.log", "earlier")
    templates("{dag_id}/{run_id}/{task_id}/{try_number}.log")
    assert events(get(f"{job}/logs/1")) == ["earlier"]
    write("model_lifecycle/r/train/1.log", "now")
    assert events(get(f"{job}/logs/1")) == ["now"]


def test_a_long_log_comes_in_pages(
    get: Get, write: Write, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelops.jobs_api import kept_logs

    monkeypatch.setattr(kept_logs, "MAX_LINES", 400)
    job = take(connection, task_key(run_id="r")).job_id
    lines = [f"line {number}" for number in range(1000)]
    write("dag_id=model_lifecycle/run_id=r/task_id=train/attempt=1.log", *lines)
    read: list[str] = []
    offsets = [0]
    while offsets[-1] is not None:
        page = get(f"{job}/logs/1", offset=offsets[-1])
        read += events(page)
        offsets.append(page.json()["next"])
    assert (read, offsets) == (lines, [0, 400, 800, None])
    assert all(earlier < later for earlier, later in pairwise(offsets[:-1]))
    assert events(get(f"{job}/logs/1", offset=5000)) == []


def test_a_page_is_bounded_in_characters(
    get: Get, write: Write, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelops.jobs_api import kept_logs

    monkeypatch.setattr(kept_logs, "MAX_CHARACTERS", 1000)
    job = take(connection, task_key(run_id="r")).job_id
    write("dag_id=model_lifecycle/run_id=r/task_id=train/attempt=1.log", "a" * 100_000, "b" * 2000, "c")
    first = get(f"{job}/logs/1").json()
    assert first["next"] == 1
    [line] = first["content"]
    assert line == {
        "timestamp": "2026-03-01T12:00:00.500000Z",
        "event": "a" * kept_logs.LONGEST_LINE + "…",
        "level": "info",
    }
    assert events(get(f"{job}/logs/1", offset=2)) == ["c"]


def test_what_takes_too_long_is_not_read_on(
    get: Get, write: Write, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelops.jobs_api import kept_logs

    monkeypatch.setattr(kept_logs, "SECONDS", -1)
    job = take(connection, task_key(run_id="r")).job_id
    write("dag_id=model_lifecycle/run_id=r/task_id=train/attempt=1.log", "a", "b", "c")
    first = get(f"{job}/logs/1")
    assert (events(first), first.json()["next"]) == (["a"], 1)
    answer = get(f"{job}/logs/1", offset=2)
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "line 2 of the log can't be reached within -1 seconds",
    )


def test_a_bounded_number_of_logs_is_read_at_once(
    get: Get, folder: Path, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelops.jobs_api import kept_logs

    job = take(connection).job_id
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(kept_logs, "_readers", full)
    monkeypatch.setattr(kept_logs, "PATIENCE", 0)
    assert get(f"{job}/logs/1").status_code == 503


class Store:
    """A remote log store."""

    def __init__(self, said: Any) -> None:
        self.said = said
        self.asked: list[str] = []

    def read(self, path: str, _task_instance: Any) -> Any:
        self.asked.append(path)
        if isinstance(self.said, Exception):
            raise self.said
        return ["from the store"], self.said


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Store]:
    def made(said: Any) -> Store:
        from airflow import logging_config

        remote = Store(said)
        monkeypatch.setattr(logging_config, "get_remote_task_log", lambda: remote)
        return remote

    return made


def test_a_remote_log_store(get: Get, write: Write, connection: Connection[Any], store: Callable[[Any], Store]) -> None:
    job = take(connection, task_key(run_id="r")).job_id
    remote = store(['{"event": "from afar"}\nplain\n'])
    path = "dag_id=model_lifecycle/run_id=r/task_id=train/attempt=1.log"
    write(path, "local")
    assert events(get(f"{job}/logs/1")) == ["from afar", "plain"]
    assert remote.asked == [path]
    store(None)
    assert events(get(f"{job}/logs/1")) == ["local"]


def test_a_remote_log_store_that_is_away(
    get: Get, folder: Path, connection: Connection[Any], store: Callable[[Any], Store]
) -> None:
    job = take(connection).job_id
    store(OSError("no route to host"))
    answer = get(f"{job}/logs/1")
    assert (answer.status_code, answer.json()) == (
        503,
        {"detail": "The log store can't be read; try again in a moment.", "code": "log_store_away", "values": {}},
    )
