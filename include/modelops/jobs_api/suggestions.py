"""Adds suggestions to Airflow's trigger forms: the models, feature tasks and model files that exist when it is opened.

Airflow's form suggests the `examples` of a Param's JSON schema, which it reads from the details of the DAG. The
middleware adds the examples to that response. They are not part of the DAG itself, because each new model would then
create a new version of the DAG.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any

from modelops.domain.references import IMPORTED_MODELS, MODEL_FILES, OF_VERSIONS, SUGGESTIONS
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

DETAILS = re.compile(r"/api/v2/dags/[^/]+/details$")
FRESH_SECONDS = 3.0
"""Seconds for which the cached names are used."""
PATIENCE_SECONDS = 1.0
"""Seconds that a form waits for fresh names; after that it shows the cached ones."""
MOST = 500
"""Maximum suggestions in one list."""

Names = dict[str, list[str]]
"""The lists of suggestions, by the names in `domain.references` and the values of VersionKind."""


class NameCache:
    """A cache of the names of models and feature tasks. Only one thread at a time looks them up."""

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
        """The names in the repositories and in the registry; cached ones if the look-up is slow or fails."""
        old = self._looked_at is None or self._now() - self._looked_at > FRESH_SECONDS
        if old and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._refresh())
        if old and self._looking is not None:
            await asyncio.wait({self._looking}, timeout=self._patience)
        return self._found

    async def _refresh(self) -> None:
        try:
            self._found = await asyncio.to_thread(self._look)
        except Exception as error:  # noqa: BLE001 - a form with old suggestions is better than none
            log.warning("the names for trigger forms could not be refreshed, so cached ones are suggested: %s", error)
        self._looked_at = self._now()


class FormSuggestions:
    """ASGI middleware around Airflow's web server; it adds suggestions to the details of DAGs that declare them."""

    def __init__(self, app: ASGIApp, names: NameCache | None = None) -> None:
        self._app = app
        self._names = names or NameCache()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the suggestions to the response if it is the details of a DAG."""
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

        # Suggestions can't be added to a compressed response.
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
        await self._app({**scope, "headers": headers}, receive, complete)

    async def _with_suggestions(self, body: bytes) -> bytes:
        if SUGGESTIONS.encode() not in body:
            return body
        found, versions = await self._names.names()
        try:
            details = json.loads(body)
            for param in (details.get("params") or {}).values():
                _suggest(param["schema"], found, versions)
            return json.dumps(details, ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            log.warning("no suggestions could be added to a trigger form: %r", error)
            return body


def _suggest(schema: dict[str, Any], found: Names, versions: Names) -> None:
    if SUGGESTIONS not in schema:
        return
    listed = schema[SUGGESTIONS]
    first = versions.get(listed, []) if schema.get(OF_VERSIONS) else []
    if names := list(dict.fromkeys([*first, *found.get(listed, [])])):
        schema["examples"] = names[:MOST]


def look_up() -> tuple[Names, Names]:
    """The names in the repositories, as last fetched, and the names with a version, if the registry is available."""
    from modelops.data.model_files import inbox_files
    from modelops.domain.errors import ModelOpsError
    from modelops.jobs_api.database import reading
    from modelops.registry.write import versions
    from modelops.repository.catalogue import references
    from modelops.repository.kinds import IMPORTED_MODELS as BYOM
    from modelops.repository.kinds import MODELS, TASKS
    from modelops.settings import INBOX, Settings

    settings = Settings.from_environment()
    of_inbox = inbox_files(settings.machine.inbox) if INBOX in settings.installation.model_sources else []
    found: Names = {
        VersionKind.MODEL: references(MODELS, settings),
        VersionKind.FEATURE_TASK: references(TASKS, settings),
        IMPORTED_MODELS: references(BYOM, settings),
        MODEL_FILES: of_inbox,
    }
    try:
        with reading("modelops suggestions") as connection:
            with_versions: Names = {kind: versions.names(connection, kind, limit=MOST) for kind in VersionKind}
    except ModelOpsError as error:
        log.warning("trigger forms suggest no names from the registry: %s", error)
        with_versions = {}
    return found, with_versions
