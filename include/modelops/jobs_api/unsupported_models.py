"""Refuses a request to train a model that can't run, with the reason, before there is a run.

The trigger form doesn't suggest such models, but it accepts any text. The form and the REST API send the same request.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from modelops.jobs_api.asgi_requests import read_body, replay, signed_in_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from modelops.domain.errors import RepositoryError

TRIGGER = re.compile(r"/api/v2/dags/(?P<dag_id>[^/]+)/dagRuns$")
PINNING = frozenset({"model_lifecycle"})
"""The DAGs that pin a model's code. The other DAGs use versions that exist, with their pinned code."""
MODEL = "model"
"""The parameter of these DAGs that names the model."""


class UnsupportedModelMiddleware:
    """ASGI middleware around Airflow's web server; it handles requests to run a DAG of PINNING only.

    Args:
        reason_for: gives the reason why a model can't run, None if there is none; it may block.
        may_trigger: whether the user may run the DAG; if not, Airflow refuses the request itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        reason_for: Callable[[str], RepositoryError | None] | None = None,
        may_trigger: Callable[[Scope, str], Any] | None = None,
    ) -> None:
        self._app = app
        self._reason_for = reason_for or reason_in_repositories
        self._may_trigger = may_trigger or allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import JSONResponse

        match = TRIGGER.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        dag_id = "" if match is None else unquote(match["dag_id"])
        if dag_id not in PINNING or not await self._may_trigger(scope, dag_id):
            await self._app(scope, receive, send)
            return
        messages = await read_body(receive)
        reference = _model_of(b"".join(message.get("body", b"") for message in messages))
        error = None if reference is None else await run_in_threadpool(self._reason_for, reference)
        if error is None:
            await self._app(scope, replay(messages, receive), send)
        else:
            await JSONResponse({"detail": str(error)}, HTTPStatus.BAD_REQUEST)(scope, receive, send)


def reason_in_repositories(reference: str) -> RepositoryError | None:
    """Why a model can't run, according to the repositories as last fetched."""
    from modelops.repository.catalogue import unsupported_reason_of
    from modelops.settings import Settings

    return unsupported_reason_of(reference, Settings.from_environment())


async def allowed(scope: Scope, dag_id: str) -> bool:
    """Whether Airflow lets the signed-in user run this DAG."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from starlette.concurrency import run_in_threadpool

    from modelops.jobs_api.permissions import may

    user = await signed_in_user(scope)
    return user is not None and await run_in_threadpool(may, user, dag_id, "POST", DagAccessEntity.RUN)


def _model_of(body: bytes) -> str | None:
    """The model that the request names; None if it names none or is invalid, which Airflow then reports."""
    try:
        model = json.loads(body)["conf"][MODEL]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return model if isinstance(model, str) else None
