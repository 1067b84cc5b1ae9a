"""Middleware for answers to approvals: records an answer as the decision or refuses it, and keeps the card up to date.

Airflow may lose an answer that it has accepted: if the waiting attempt fails, the next attempt asks again. So the
request that brings the answer also writes the decision, in a transaction that commits only if Airflow accepts the
answer. The operator then returns the recorded decision. Airflow also keeps the first text of a task's question, even if
the task is retried or cleared and has other evidence; the middleware replaces that text.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from modelops.domain.decisions import Answer, Verdict
from modelops.domain.errors import (
    Busy,
    DecisionRefused,
    EvidenceChanged,
    IllegalTransition,
    IncompleteAnswer,
    ModelOpsError,
    NotAwaited,
    StaleCard,
    Unavailable,
)
from modelops.domain.jobs import TaskKey
from modelops.domain.refusals import Code, Refusal
from modelops.jobs_api.asgi_requests import read_body, replay, signed_in_user

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from modelops.domain.refusals import Value
    from modelops.registry.write.observation import Queueing

log = logging.getLogger(__name__)

ROOT = "modelops.airflow"
"""The key of Airflow's web application in the scope of a request; applications that are mounted in it need it."""
CREATED = 201
ANSWER = re.compile(
    r"/api/v2/dags/(?P<dag_id>[^/]+)/dagRuns/(?P<run_id>[^/]+)/taskInstances/(?P<task_id>[^/]+)/(?P<map_index>[^/]+)"
    r"/hitlDetails$"
)
QUESTION = re.compile(r"/execution/hitlDetails/(?P<task_instance>[0-9a-f-]{36})$")
APPROVAL_FIELDS = {"comment", "evidence"}
"""The fields of the form of an ApproveModelOperator; no other operator has both."""
LEDGER = "modelops"
"""The Airflow connection whose login writes the ledger."""
TOO_EARLY = "too early: Airflow can't take an answer to this approval yet; try again in a moment"
UNKNOWN_JOB = "the ledger does not have the job of this approval, so nothing is decided; clear its task to ask again"
LEDGER_UNAVAILABLE = "the ledger can't be reached, so nothing is decided; try again in a moment"
LEDGER_BUSY = "the ledger is busy, so nothing is decided; try again in a moment"
STATUSES = {
    IncompleteAnswer: HTTPStatus.BAD_REQUEST,
    StaleCard: HTTPStatus.CONFLICT,
    EvidenceChanged: HTTPStatus.CONFLICT,
    DecisionRefused: HTTPStatus.FORBIDDEN,
    IllegalTransition: HTTPStatus.CONFLICT,
    NotAwaited: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of the response to each error; the first matching class applies."""
REVIEW_AGAIN = "; it is shown as it is now in a moment: look at it, and answer again"


class NotAccepted(Exception):
    """Airflow refuses the answer, so nothing is decided; `response` is its refusal."""

    def __init__(self, status: int, response: list[Message]) -> None:
        super().__init__(status)
        self.status = status
        self.response = response


class ApprovalMiddleware:
    """ASGI middleware around Airflow's web server; it handles the questions and answers of approvals.

    It passes all other requests, and answers that it can't parse, on to Airflow.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        scope[ROOT] = scope.get("app")
        if scope["type"] == "http" and scope["method"] == "POST" and (question := QUESTION.search(scope["path"])):
            await self._pass_on_question(question["task_instance"], scope, receive, send)
            return
        match = ANSWER.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PATCH" else None
        if match is None:
            await self._app(scope, receive, send)
            return
        messages = await read_body(receive)
        response = await self._response_to_answer(scope, match, messages, receive)
        if response is None:
            await self._app(scope, replay(messages, receive), send)
        for message in response or ():
            await send(message)

    async def _response_to_answer(
        self, scope: Scope, match: re.Match[str], messages: list[Message], receive: Receive
    ) -> list[Message] | None:
        """The response to an answer to an approval; None if the request isn't one, or can't be parsed."""
        from starlette.concurrency import run_in_threadpool

        user, key = await signed_in_user(scope), _key_of(match)
        if user is None or key is None:
            return None
        is_approval = await run_in_threadpool(_is_approval, user, key)
        if is_approval is False:
            return None

        async def airflow() -> list[Message]:
            """Airflow's response to the request."""
            response: list[Message] = []
            await self._app(scope, replay(messages, receive), _collect(response))
            return response

        try:
            answer = _answer_of(user.get_name(), b"".join(message.get("body", b"") for message in messages))
            if answer is None:
                return None
            response = await _decide(key, answer, airflow)
            # Airflow would accept the answer, and it would have no effect.
            return (
                _refusal(HTTPStatus.CONFLICT, Code.APPROVAL_UNKNOWN, UNKNOWN_JOB)
                if response is None and is_approval
                else response
            )
        except NotAccepted as refused:
            return _early() if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT} else refused.response
        except EvidenceChanged as error:
            await airflow()  # resumes the task, which then asks again
            return _refusal(HTTPStatus.CONFLICT, Code.EVIDENCE_CHANGED, error.what + REVIEW_AGAIN)
        except ModelOpsError as error:
            return _refusal_for(error)

    async def _pass_on_question(self, task_instance: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a task's question on; if Airflow accepts it, make sure that it shows the text of this request."""
        from starlette.concurrency import run_in_threadpool

        messages = await read_body(receive)
        status = 0

        async def note_status(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self._app(scope, replay(messages, receive), note_status)
        if status == CREATED:
            body = b"".join(message.get("body", b"") for message in messages)
            try:
                await run_in_threadpool(_refresh, task_instance, body)
            except Exception as error:  # noqa: BLE001 - Airflow has already accepted the question
                log.warning(
                    "the card of task instance %s could not be updated and may be out of date: %s", task_instance, error
                )


def _refresh(task_instance: str, body: bytes) -> None:
    """Replace the text of an unanswered question with the text of this request."""
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session
    from sqlalchemy import select

    question: dict[str, Any] = json.loads(body)
    if not APPROVAL_FIELDS.issubset(question.get("params") or {}):
        return
    with create_session() as session:
        shown = session.scalar(select(HITLDetail).where(HITLDetail.ti_id == task_instance))
        if shown is not None and not shown.response_received and shown.body != question["body"]:
            shown.subject, shown.body, shown.params = question["subject"], question["body"], question["params"]


def _is_approval(user: Any, key: TaskKey) -> bool | None:
    """Whether the question is that of an approval that Airflow lets this user answer; None: there is no question."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from modelops.jobs_api.permissions import may

    if not may(user, key.dag_id, "PUT", DagAccessEntity.HITL_DETAIL):
        return False
    query = select(HITLDetail.params).join(TaskInstance, HITLDetail.ti_id == TaskInstance.id)
    with create_session() as session:
        shown = session.execute(query.where(*_is_task(key))).first()
    return None if shown is None else APPROVAL_FIELDS.issubset(shown.params or {})


async def _decide(
    key: TaskKey, answer: Answer, airflow: Callable[[], Awaitable[list[Message]]]
) -> list[Message] | None:
    """Write the decision, pass the answer on, and commit if Airflow accepts it; None if no job waits for it.

    Raises:
        NotAccepted: Airflow refuses the answer.
        ModelOpsError: the answer is refused, or the ledger can't be reached.
    """
    from fastapi.concurrency import contextmanager_in_threadpool

    async with contextmanager_in_threadpool(_decision(key, answer)) as decided:
        if decided is None:
            return None
        response = await airflow()
        status = response[0]["status"]
        if not 200 <= status < 300:
            raise NotAccepted(status, response)
    return response


@contextmanager
def _decision(key: TaskKey, answer: Answer) -> Iterator[dict[str, Any] | None]:
    """The decision, written but not yet committed."""
    from modelops.jobs_api.database import approval_connection
    from modelops.registry.write import observation
    from modelops.stages.approve import decide

    queueing = _queueing_of(key)
    with approval_connection("modelops answers", login=LEDGER) as connection, decide(connection, key, answer) as result:
        if result is not None and queueing is not None:
            observation.note_queueing(connection, key, queueing)
        yield result


def _queueing_of(key: TaskKey) -> Queueing | None:
    """When the waiting task was scheduled and queued; Airflow overwrites both times when it resumes the task."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from modelops.registry.write.observation import Queueing

    times = select(TaskInstance.try_number, TaskInstance.scheduled_dttm, TaskInstance.queued_dttm)
    with create_session() as session:
        row = session.execute(times.where(*_is_task(key))).first()
    return None if row is None else Queueing.read(*row)


def _is_task(key: TaskKey) -> list[Any]:
    """Conditions that select a task instance in Airflow's database."""
    from airflow.models.taskinstance import TaskInstance

    columns = (TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, TaskInstance.map_index)
    named = (key.dag_id, key.run_id, key.task_id, key.map_index)
    return [column == value for column, value in zip(columns, named, strict=True)]


def _answer_of(person: str, body: bytes) -> Answer | None:
    """The answer in a request's body; None if it can't be parsed, which Airflow then reports.

    Raises:
        IncompleteAnswer: it is out of bounds or can't be stored.
    """
    try:
        content: Any = json.loads(body)
        verdict = {("Approve",): Verdict.APPROVED, ("Reject",): Verdict.REJECTED}[tuple(content["chosen_options"])]
        fields = dict(content.get("params_input") or {})
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return None
    return Answer.from_fields(person, verdict, fields)


def _refusal_for(error: ModelOpsError) -> list[Message]:
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)
    if status is None:
        raise error
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("an answer to an approval is refused: %s", error)
        busy = isinstance(error, Busy)
        return _refusal(
            status, Code.UNDECIDED_BUSY if busy else Code.UNDECIDED_AWAY, LEDGER_BUSY if busy else LEDGER_UNAVAILABLE
        )
    if isinstance(refusal := getattr(error, "refusal", None), Refusal):
        return _refusal(status, refusal.code, refusal.detail, refusal.values)
    code = Code.NO_DECISION_AWAITED if isinstance(error, IllegalTransition) else None
    return _refusal(status, code, getattr(error, "what", str(error)))


def _early() -> list[Message]:
    return _refusal(HTTPStatus.CONFLICT, Code.TOO_EARLY, TOO_EARLY)


def _refusal(
    status: HTTPStatus, code: Code | None, detail: str, values: Mapping[str, Value] | None = None
) -> list[Message]:
    from starlette.responses import JSONResponse

    from modelops.jobs_api.refusals import body

    response = JSONResponse(body(detail, code, values or {}), status_code=status)
    start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    return [start, {"type": "http.response.body", "body": response.body}]


def _key_of(match: re.Match[str]) -> TaskKey | None:
    """The task that the answer is for. Airflow reads a map index "-1.0" as -1, and so does this."""
    from pydantic import TypeAdapter, ValidationError

    try:
        map_index = TypeAdapter(int).validate_python(match["map_index"])
    except ValidationError:
        return None
    return TaskKey(dag_id=match["dag_id"], run_id=match["run_id"], task_id=match["task_id"], map_index=map_index)


def _collect(answer: list[Message]) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    """A `send` that appends the messages to `answer`."""

    async def take(message: MutableMapping[str, Any]) -> None:
        answer.append(message)

    return take
