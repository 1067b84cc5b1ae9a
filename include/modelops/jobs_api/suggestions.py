"""Adds suggestions to Airflow's trigger forms: the models and feature tasks that exist when a form is opened.

They are no part of a DAG, of which every new model would make a new version. Airflow's form shows the `examples` of a
Param's JSON schema as suggestions, and reads that schema from the details of the DAG: that answer is completed here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any

from modelops.domain.references import OF_VERSIONS, SUGGESTIONS
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

DETAILS = re.compile(r"/api/v2/dags/[^/]+/details$")
FRESH_SECONDS = 3.0
"""What is known is looked up anew if it is older."""
PATIENCE_SECONDS = 1.0
"""So long a form waits for that; then it shows what was known before."""
MOST = 500
"""Suggestions in one list."""

Names = dict[VersionKind, list[str]]


class Known:
    """The models and feature tasks of the repositories and of the registry. One thread looks them up at a time."""

    def __init__(
        self,
        look: Callable[[], tuple[Names, Names]] | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._look = look or look_up
        self._now = now
        self._patience = patience
        self._found: tuple[Names, Names] = ({}, {})
        self._looked_at: float | None = None
        self._looking: asyncio.Task[None] | None = None

    async def names(self) -> tuple[Names, Names]:
        """The names, from the last look-up if a new one takes long or fails."""
        old = self._looked_at is None or self._now() - self._looked_at > FRESH_SECONDS
        if old and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._refresh())
        if old and self._looking is not None:
            await asyncio.wait({self._looking}, timeout=self._patience)
        return self._found

    async def _refresh(self) -> None:
        try:
            self._found = await asyncio.to_thread(self._look)
        except Exception as error:  # noqa: BLE001 - a form without new suggestions is better than none
            log.warning("trigger forms suggest what was known before: %s", error)
        self._looked_at = self._now()


class FormSuggestions:
    """ASGI middleware around Airflow's web server; it completes the details of DAGs whose Params want suggestions."""

    def __init__(self, app: ASGIApp, known: Known | None = None) -> None:
        self._app = app
        self._known = known or Known()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and complete the answer if it is such a DAG's."""
        if scope["type"] != "http" or scope["method"] != "GET" or not DETAILS.search(scope["path"]):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def complete(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message
            elif message["type"] == "http.response.body" and start is not None:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    whole = await self._with_suggestions(bytes(body))
                    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
                    await send({**start, "headers": [*headers, (b"content-length", str(len(whole)).encode())]})
                    await send({"type": "http.response.body", "body": whole})
            else:
                await send(message)

        # An answer that is compressed can't be completed.
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
        await self._app({**scope, "headers": headers}, receive, complete)

    async def _with_suggestions(self, body: bytes) -> bytes:
        if SUGGESTIONS.encode() not in body:
            return body
        found, versions = await self._known.names()
        try:
            details = json.loads(body)
            for param in (details.get("params") or {}).values():
                _suggest(param["schema"], found, versions)
            return json.dumps(details, ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            log.warning("a trigger form has no suggestions: %r", error)
            return body


def _suggest(schema: dict[str, Any], found: Names, versions: Names) -> None:
    if SUGGESTIONS not in schema:
        return
    kind = VersionKind(schema[SUGGESTIONS])
    first = versions.get(kind, []) if schema.get(OF_VERSIONS) else []
    if names := list(dict.fromkeys([*first, *found.get(kind, [])])):
        schema["examples"] = names[:MOST]


def look_up() -> tuple[Names, Names]:
    """What the repositories have, as last fetched, and what has a version, if the registry answers."""
    from modelops.domain.errors import ModelOpsError
    from modelops.jobs_api.database import reading
    from modelops.registry.write import versions
    from modelops.repository.catalogue import references
    from modelops.repository.kinds import MODELS, TASKS
    from modelops.settings import Settings

    settings = Settings.from_environment()
    found = {VersionKind.MODEL: references(MODELS, settings), VersionKind.FEATURE_TASK: references(TASKS, settings)}
    try:
        with reading("modelops suggestions") as connection:
            with_versions = {kind: versions.names(connection, kind, limit=MOST) for kind in VersionKind}
    except ModelOpsError as error:
        log.warning("trigger forms suggest nothing of the registry: %s", error)
        with_versions = {}
    return found, with_versions
