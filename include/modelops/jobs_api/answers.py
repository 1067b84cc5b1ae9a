"""Stands between Airflow's pages and approvals: refuses answers that can't count, and keeps the card up to date.

The operator refuses such answers too, and the database. But here the person hears why, at once, and the task isn't
disturbed. And Airflow keeps the first text of a task's question for ever, also when the task is tried again or cleared
and puts other evidence before the reviewers.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from modelops.domain.decisions import OTHER_EVIDENCE, REASON_MISSING, UNSTORABLE
from modelops.domain.jobs import TaskKey
from modelops.domain.text import storable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from modelops.domain.decisions import ApprovalRequest

log = logging.getLogger(__name__)

ROOT = "modelops.airflow"
"""In the scope of a request: Airflow's whole web application, for those of ours that are mounted in it."""
CREATED = 201
ANSWER = re.compile(
    r"/api/v2/dags/(?P<dag_id>[^/]+)/dagRuns/(?P<run_id>[^/]+)/taskInstances/(?P<task_id>[^/]+)/(?P<map_index>[^/]+)"
    r"/hitlDetails$"
)
QUESTION = re.compile(r"/execution/hitlDetails/(?P<task_instance>[0-9a-f-]{36})$")
OURS = {"comment", "evidence"}
"""The fields of the form of an ApproveModelOperator; no other operator has these."""


class AnswerGuard:
    """ASGI middleware around Airflow's web server; it looks at questions and answers of approvals, and at nothing else.

    What it can't find out (who it is, whether the registry has such an approval) it leaves to Airflow and to the
    operator.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        scope[ROOT] = scope.get("app")
        if scope["type"] == "http" and scope["method"] == "POST" and (question := QUESTION.search(scope["path"])):
            await self._pass_on_question(question["task_instance"], scope, receive, send)
            return
        asked = ANSWER.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PATCH" else None
        if asked is None:
            await self._app(scope, receive, send)
            return
        messages = await _body_of(receive)
        refusal = await _refusal(scope, asked, b"".join(message.get("body", b"") for message in messages))
        if refusal is None:
            await self._app(scope, _again(messages, receive), send)
            return
        from starlette.responses import JSONResponse

        status, reason = refusal
        await JSONResponse({"detail": reason}, status_code=status)(scope, receive, send)

    async def _pass_on_question(self, task_instance: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Airflow take a task's question, and if it did, see to it that the text is the one that was given."""
        from starlette.concurrency import run_in_threadpool

        messages = await _body_of(receive)
        status = 0

        async def note_status(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self._app(scope, _again(messages, receive), note_status)
        if status == CREATED:
            body = b"".join(message.get("body", b"") for message in messages)
            try:
                await run_in_threadpool(_refresh, task_instance, body)
            except Exception as error:  # noqa: BLE001 - Airflow has said already that it took the question
                log.warning("the card of task instance %s may show what it showed before: %s", task_instance, error)


def _refresh(task_instance: str, body: bytes) -> None:
    """Replace the text of a question that waits for its answer by the one that the task has given now."""
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session
    from sqlalchemy import select

    question: dict[str, Any] = json.loads(body)
    if not OURS.issubset(question.get("params") or {}):
        return
    with create_session() as session:
        shown = session.scalar(select(HITLDetail).where(HITLDetail.ti_id == task_instance))
        if shown is not None and not shown.response_received and shown.body != question["body"]:
            shown.subject, shown.body, shown.params = question["subject"], question["body"], question["params"]


async def _refusal(scope: Scope, asked: re.Match[str], body: bytes) -> tuple[int, str] | None:
    """The status and the reason, or None where the answer may count."""
    from starlette.concurrency import run_in_threadpool

    person, key = await _person(scope), _key_of(asked)
    if person is None or key is None:
        return None  # Airflow says what is wrong
    try:
        request = await run_in_threadpool(_awaited, key)
    except Exception as error:  # noqa: BLE001 - whatever it is, answers to tasks of other people must get through
        log.warning("an answer to %s is passed on without a look at it: %s", key, error)
        return None
    if request is None:
        return None
    if objection := request.objection(person):
        return 403, objection
    return _flaw(body, request)


def _flaw(body: bytes, request: ApprovalRequest) -> tuple[int, str] | None:
    """What is wrong with an answer, whoever gives it."""
    try:
        answer: Any = json.loads(body)
        given = answer.get("params_input") or {}
        comment, evidence = given.get("comment"), given.get("evidence")
        rejected = answer["chosen_options"] == ["Reject"]
    except (ValueError, LookupError, AttributeError, TypeError):
        return None  # Airflow says what is wrong with it
    if storable(answer) != answer:
        return 400, UNSTORABLE  # Airflow would take it, and then fail to hand it on
    if rejected and not str(comment or "").strip():
        return 400, REASON_MISSING
    if evidence is not None and evidence != request.digest:
        return 409, OTHER_EVIDENCE
    return None


async def _person(scope: Scope) -> str | None:
    """The name of who asks; Airflow finds it out, so that it is whom the answer would be of."""
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from fastapi import HTTPException
    from starlette.requests import Request

    request = Request(scope)
    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        return None
    return user.get_name()


def _key_of(asked: re.Match[str]) -> TaskKey | None:
    """The task that is answered. Airflow reads "-1.0" as -1, and so must we."""
    from pydantic import TypeAdapter, ValidationError

    try:
        map_index = TypeAdapter(int).validate_python(asked["map_index"])
    except ValidationError:
        return None
    return TaskKey(dag_id=asked["dag_id"], run_id=asked["run_id"], task_id=asked["task_id"], map_index=map_index)


def _awaited(key: TaskKey) -> ApprovalRequest | None:
    from modelops.jobs_api.ledger import reading
    from modelops.registry import decisions

    with reading("modelops answers") as connection:
        return decisions.awaited(connection, key)


async def _body_of(receive: Receive) -> list[Message]:
    messages: list[Message] = []
    while not messages or (messages[-1]["type"] == "http.request" and messages[-1].get("more_body")):
        messages.append(await receive())
    return messages


def _again(messages: list[Message], receive: Receive) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """What was received, once more, and then what comes."""
    kept = list(messages)

    async def next_message() -> MutableMapping[str, Any]:
        return kept.pop(0) if kept else await receive()

    return next_message
