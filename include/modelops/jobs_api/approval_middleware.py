"""Middleware for answers to approvals: records an answer as the decision or refuses it, and keeps the card up to date.

An answer that Airflow takes may be lost: Airflow fails the attempt that waited for it, and the next one asks anew. So
the decision is written in the request that brings the answer, in a transaction that commits if Airflow takes the answer
too. The operator only returns what is on record then. And Airflow keeps the first text of a task's question for ever,
also when the task is tried again or cleared and puts other evidence before the reviewers.
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
"""In the scope of a request: Airflow's whole web application, for those of ours that are mounted in it."""
CREATED = 201
ANSWER = re.compile(
    r"/api/v2/dags/(?P<dag_id>[^/]+)/dagRuns/(?P<run_id>[^/]+)/taskInstances/(?P<task_id>[^/]+)/(?P<map_index>[^/]+)"
    r"/hitlDetails$"
)
QUESTION = re.compile(r"/execution/hitlDetails/(?P<task_instance>[0-9a-f-]{36})$")
OURS = {"comment", "evidence"}
"""The fields of the form of an ApproveModelOperator; no other operator has these."""
LEDGER = "modelops"
"""The Airflow connection of the login that writes the ledger."""
TOO_EARLY = "too early: Airflow can't take an answer to this approval yet; try again in a moment"
UNKNOWN = "the ledger does not have the job of this approval, so nothing is decided; clear its task to ask again"
AWAY = "the ledger can't be reached, so nothing is decided; try again in a moment"
BUSY = "the ledger is busy, so nothing is decided; try again in a moment"
STATUSES = {
    IncompleteAnswer: HTTPStatus.BAD_REQUEST,
    StaleCard: HTTPStatus.CONFLICT,
    EvidenceChanged: HTTPStatus.CONFLICT,
    DecisionRefused: HTTPStatus.FORBIDDEN,
    IllegalTransition: HTTPStatus.CONFLICT,
    NotAwaited: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What a refusal answers; the first class that fits counts."""
ASKS_AGAIN = "; it is shown as it is now in a moment: look at it, and answer again"


class NotTaken(Exception):
    """Airflow doesn't take an answer, so nothing is decided; `said` is its own refusal."""

    def __init__(self, status: int, said: list[Message]) -> None:
        super().__init__(status)
        self.status = status
        self.said = said


class ApprovalMiddleware:
    """ASGI middleware around Airflow's web server; it looks at questions and answers of approvals, and at nothing else.

    What isn't an answer to an approval of ours, or not one that can be understood, it leaves to Airflow.
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
        messages = await read_body(receive)
        answered = await self._decided(scope, asked, messages, receive)
        if answered is None:
            await self._app(scope, replay(messages, receive), send)
        for message in answered or ():
            await send(message)

    async def _decided(
        self, scope: Scope, asked: re.Match[str], messages: list[Message], receive: Receive
    ) -> list[Message] | None:
        """What is answered to an answer to an approval of ours; None where this is none, or makes no sense."""
        from starlette.concurrency import run_in_threadpool

        user, key = await signed_in_user(scope), _key_of(asked)
        if user is None or key is None:
            return None
        is_ours = await run_in_threadpool(_is_ours, user, key)
        if is_ours is False:
            return None

        async def airflow() -> list[Message]:
            """Airflow's answer to it."""
            said: list[Message] = []
            await self._app(scope, replay(messages, receive), _collect(said))
            return said

        try:
            answer = _answer_of(user.get_name(), b"".join(message.get("body", b"") for message in messages))
            if answer is None:
                return None
            said = await _decide(key, answer, airflow)
            # Airflow would take the answer, and nobody would hear of it again.
            return _refusal(HTTPStatus.CONFLICT, Code.APPROVAL_UNKNOWN, UNKNOWN) if said is None and is_ours else said
        except NotTaken as refused:
            return _early() if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT} else refused.said
        except EvidenceChanged as error:
            await airflow()  # wakes the task, which then asks again
            return _refusal(HTTPStatus.CONFLICT, Code.EVIDENCE_CHANGED, error.what + ASKS_AGAIN)
        except ModelOpsError as error:
            return _refusal_for(error)

    async def _pass_on_question(self, task_instance: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Airflow take a task's question, and if it did, see to it that the text is the one that was given."""
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


def _is_ours(user: Any, key: TaskKey) -> bool | None:
    """Whether the question is an approval of ours that Airflow lets this person answer; None: no question is known."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from modelops.jobs_api.permissions import may

    if not may(user, key.dag_id, "PUT", DagAccessEntity.HITL_DETAIL):
        return False
    asked = select(HITLDetail.params).join(TaskInstance, HITLDetail.ti_id == TaskInstance.id)
    with create_session() as session:
        shown = session.execute(asked.where(*_is_task(key))).first()
    return None if shown is None else OURS.issubset(shown.params or {})


async def _decide(
    key: TaskKey, answer: Answer, airflow: Callable[[], Awaitable[list[Message]]]
) -> list[Message] | None:
    """Write the decision, let Airflow take the answer, and commit if it does; None where no job of ours is asked.

    Raises:
        NotTaken: Airflow refuses the answer.
        ModelOpsError: the answer is refused, or the ledger can't be reached.
    """
    from fastapi.concurrency import contextmanager_in_threadpool

    async with contextmanager_in_threadpool(_decision(key, answer)) as decided:
        if decided is None:
            return None
        said = await airflow()
        status = said[0]["status"]
        if not 200 <= status < 300:
            raise NotTaken(status, said)
    return said


@contextmanager
def _decision(key: TaskKey, answer: Answer) -> Iterator[dict[str, Any] | None]:
    """The decision, written and not committed yet."""
    from modelops.jobs_api.database import approval_connection
    from modelops.registry.write import observation
    from modelops.stages.approve import decide

    queueing = _queueing_of(key)
    with approval_connection("modelops answers", login=LEDGER) as connection, decide(connection, key, answer) as result:
        if result is not None and queueing is not None:
            observation.note_queueing(connection, key, queueing)
        yield result


def _queueing_of(key: TaskKey) -> Queueing | None:
    """When the task that asks was scheduled and queued: once it has its answer, Airflow overwrites that."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from modelops.registry.write.observation import Queueing

    times = select(TaskInstance.try_number, TaskInstance.scheduled_dttm, TaskInstance.queued_dttm)
    with create_session() as session:
        row = session.execute(times.where(*_is_task(key))).first()
    return None if row is None else Queueing.read(*row)


def _is_task(key: TaskKey) -> list[Any]:
    """The conditions of a query of Airflow's task instances."""
    from airflow.models.taskinstance import TaskInstance

    columns = (TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, TaskInstance.map_index)
    named = (key.dag_id, key.run_id, key.task_id, key.map_index)
    return [column == value for column, value in zip(columns, named, strict=True)]


def _answer_of(person: str, body: bytes) -> Answer | None:
    """The answer; None where it makes no sense, and Airflow says what is wrong with it.

    Raises:
        IncompleteAnswer: it is out of bounds or can't be stored.
    """
    try:
        said: Any = json.loads(body)
        verdict = {("Approve",): Verdict.APPROVED, ("Reject",): Verdict.REJECTED}[tuple(said["chosen_options"])]
        fields = dict(said.get("params_input") or {})
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return None
    return Answer.from_fields(person, verdict, fields)


def _refusal_for(error: ModelOpsError) -> list[Message]:
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)
    if status is None:
        raise error
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("an answer is refused: %s", error)
        busy = isinstance(error, Busy)
        return _refusal(status, Code.UNDECIDED_BUSY if busy else Code.UNDECIDED_AWAY, BUSY if busy else AWAY)
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


def _key_of(asked: re.Match[str]) -> TaskKey | None:
    """The task that is answered. Airflow reads "-1.0" as -1, and so must we."""
    from pydantic import TypeAdapter, ValidationError

    try:
        map_index = TypeAdapter(int).validate_python(asked["map_index"])
    except ValidationError:
        return None
    return TaskKey(dag_id=asked["dag_id"], run_id=asked["run_id"], task_id=asked["task_id"], map_index=map_index)


def _collect(answer: list[Message]) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    """Takes the place of `send`."""

    async def take(message: MutableMapping[str, Any]) -> None:
        answer.append(message)

    return take
