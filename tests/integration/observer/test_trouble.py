"""Airflow refuses, breaks off or doesn't answer: the observer records what it can, and the rest at the next look."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from factories import take
from integration.observer.replay import COMMAND, FOLDER, FORBIDDEN, INVALID, SIGNING_IN, Answer, Answerless, recorded
from integration.observer.test_recorded import LOST, jobs, look, states_key
from modelops.domain.errors import Unavailable
from modelops.observer.watch import Watch
from modelops.registry.write import observation

if TYPE_CHECKING:
    from psycopg import Connection

    from integration.observer.replay import Replay

BROKEN = Answer(status=500, body={"detail": "Internal Server Error"})
TASKS = "/dags/~/dagRuns/~/taskInstances"


@pytest.fixture
def replay(replay: Replay, connection: Connection[Any]) -> Replay:
    """At the moment with a task in each state; a worker had begun the one that is lost."""
    take(connection, states_key("lost"))
    replay.come_to("states")
    return replay


def test_the_recordings_are_of_the_airflow_that_is_installed() -> None:
    made_with = {file.stem: json.loads(file.read_text())["airflow"] for file in FOLDER.glob("*.json")}
    assert set(made_with.values()) == {version("apache-airflow-core")}, f"record them anew: {COMMAND}"


@pytest.mark.parametrize("path", ["/eventLogs", "/taskInstances/lost", "/tasks/lost"])
def test_what_concerns_one_task_holds_up_no_other(replay: Replay, connection: Connection[Any], path: str) -> None:
    replay.instead[path] = BROKEN
    look(replay, connection)
    known = jobs(connection)
    assert (known["lost"], known["scheduled"]) == (("running", 1, None), ("scheduled", 1, None))
    replay.instead.clear()
    look(replay, connection)
    assert jobs(connection)["lost"] == ("failed", 1, LOST)


@pytest.mark.parametrize("path", ["/eventLogs", "/taskInstances/lost", "/tasks/lost"])
def test_what_the_observer_may_not_read_is_told(replay: Replay, connection: Connection[Any], path: str) -> None:
    """Who ended or cleared a task is in the audit log. The other tasks are recorded, and the ledger is not complete."""
    replay.instead[path] = recorded("refusals")[FORBIDDEN]
    with replay.reader() as reader, pytest.raises(Unavailable, match=rf"account not read .*{path}"):
        Watch(reader, connection).look()
    assert observation.last_seen(connection) is None
    known = jobs(connection)
    assert (known["lost"], known["scheduled"]) == (("running", 1, None), ("scheduled", 1, None))
    replay.instead.clear()
    look(replay, connection)
    assert jobs(connection)["lost"] == ("failed", 1, LOST)


@pytest.mark.parametrize(
    ("path", "answer", "error"),
    [
        (TASKS, recorded("refusals")[INVALID], httpx.HTTPStatusError),
        ("/auth/token", recorded("refusals")[SIGNING_IN], httpx.HTTPStatusError),
        (TASKS, BROKEN, httpx.HTTPStatusError),
        (TASKS, Answerless.CUT, httpx.RemoteProtocolError),
        (TASKS, Answer(body=b'{"task_instances": ['), httpx.DecodingError),
        (TASKS, Answer(body=[]), httpx.DecodingError),
        (TASKS, Answerless.SILENT, httpx.TimeoutException),
    ],
    ids=["no-token", "wrong-password", "broken", "cut", "cut-by-a-proxy", "no-object", "silent"],
)
def test_a_look_that_fails_is_made_up_for(
    replay: Replay, connection: Connection[Any], path: str, answer: Answer | Answerless, error: type[httpx.HTTPError]
) -> None:
    replay.instead[path] = answer
    with replay.reader(timeout=0.2 if answer is Answerless.SILENT else 60) as reader, pytest.raises(error):
        Watch(reader, connection).look()
    assert jobs(connection) == {"lost": ("running", 1, None)}
    assert observation.last_seen(connection) is None
    replay.instead.clear()
    look(replay, connection)
    assert jobs(connection)["lost"] == ("failed", 1, LOST)


def test_an_expired_token_is_renewed(replay: Replay, connection: Connection[Any]) -> None:
    with replay.reader() as reader:
        watch = Watch(reader, connection)
        watch.look()
        replay.token = "second"
        watch.look()
    assert jobs(connection)["lost"] == ("failed", 1, LOST)
