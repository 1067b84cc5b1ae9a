"""An HTTP server on this machine that gives the recorded answers of an Airflow, or does worse."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from modelops.observer.airflow import AirflowReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).parent / "recorded"
COMMAND = "./modelops test integration -n 0 -k test_recorded --record-airflow"
SIGNING_IN = "POST /auth/token?"
EXPIRED, FORBIDDEN, INVALID = ("GET /api/v2/pools?", "GET /api/v2/eventLogs?", "GET /api/v2/dags?")
"""Requests in the recording `refusals`: with an expired token, without the right, with what is no token."""
ANY_VALUE = {"after", "before", "end_date_gte", "operator", "included_events"}
"""Parameters of a request whose values differ from one time to the next, or with the operators that we have."""
MASKED = ("hostname", "host_name", "unixname", "file_token")
"""Fields with names of the machine that records, and a signature of the Airflow there."""


def name_of(method: str, address: str) -> str:
    """How a recording names a request."""
    parts = urlsplit(address)
    given = {(name, "*" if name in ANY_VALUE else value) for name, value in parse_qsl(parts.query, True)}
    query = "&".join(f"{name}={quote(value, safe='*~')}" for name, value in sorted(given))
    return f"{method} {parts.path}?{query}"


class Answerless(Enum):
    """What a server does that doesn't answer."""

    CUT = auto()
    """It ends the connection in the middle of the answer."""
    SILENT = auto()
    """It says nothing until the client gives up."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: Any

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(kw_only=True)
class Replay:
    """The answers of one moment, by request, for whoever has the token; first those in `instead`, by part of a path."""

    url: str = ""
    token: str = "first"
    answers: dict[str, Answer] = field(default_factory=dict)
    instead: dict[str, Answer | Answerless] = field(default_factory=dict)
    not_recorded: list[str] = field(default_factory=list)

    def come_to(self, moment: str) -> None:
        self.answers = recorded(moment)

    def reader(self, *, timeout: float = 60) -> AirflowReader:
        return AirflowReader(self.url, user="observer", password="replayed", timeout=timeout)

    def answer(self, name: str, authorization: str | None) -> Answer | Answerless:
        for part, answer in self.instead.items():
            if part in name.partition("?")[0]:
                return answer
        if name == SIGNING_IN:
            return Answer(status=201, body={"access_token": self.token})
        if authorization != f"Bearer {self.token}":
            return recorded("refusals")[EXPIRED]
        if name not in self.answers:
            self.not_recorded.append(name)
            return Answer(status=501, body={"detail": f"not recorded: {name}"})
        return self.answers[name]


def recorded(moment: str) -> dict[str, Answer]:
    said: Mapping[str, Any] = json.loads((FOLDER / f"{moment}.json").read_text())["answers"]
    return {name: Answer(**answer) for name, answer in said.items()}


def save(moment: str, version: str, answers: Mapping[str, Answer], *, names: Mapping[str, str]) -> None:
    """Write a recording, a line for each request. `names` are those of this machine → what stands for them."""
    lines = [
        f"  {json.dumps(name)}: {json.dumps({'status': answer.status, 'body': answer.body})}"
        for name, answer in sorted(answers.items())
    ]
    text = f'{{"airflow": "{version}", "answers": {{\n' + ",\n".join(lines) + "\n}}\n"
    for name, instead in names.items():
        text = text.replace(name, instead)
    for name in MASKED:
        text = re.sub(rf'({name}\\?": \\?")[^"\\]*', rf"\1{name}", text)
    (FOLDER / f"{moment}.json").write_text(text)


@contextmanager
def serving() -> Iterator[Replay]:
    """A server inside, on a port that was free. A request that isn't recorded is an error after."""
    replay = Replay()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(replay.answer(name_of("GET", self.path), self.headers["Authorization"]))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(replay.answer(name_of("POST", self.path), None))

        def _answer(self, answer: Answer | Answerless) -> None:
            if answer is Answerless.SILENT:
                self.rfile.read(1)  # returns when the client closes the connection
                return
            told = answer if isinstance(answer, Answer) else Answer(body={"task_instances": []})
            self.send_response(told.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content if answer is told else told.content[:9])

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        replay.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield replay
        finally:
            server.shutdown()
            thread.join()
    assert not replay.not_recorded, f"not recorded: {replay.not_recorded}; if the observer is right: {COMMAND}"
