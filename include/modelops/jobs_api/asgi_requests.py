"""Helpers for ASGI middleware: read the body of a request, replay it, and find the signed-in user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from starlette.types import Message, Receive, Scope


async def read_body(receive: Receive) -> list[Message]:
    """Read all messages of the request's body."""
    messages: list[Message] = []
    while not messages or (messages[-1]["type"] == "http.request" and messages[-1].get("more_body")):
        messages.append(await receive())
    return messages


def replay(messages: list[Message], receive: Receive) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """A `receive` that returns these messages again and then the following ones."""
    kept = list(messages)

    async def next_message() -> MutableMapping[str, Any]:
        return kept.pop(0) if kept else await receive()

    return next_message


async def signed_in_user(scope: Scope) -> Any:
    """The signed-in user, as Airflow authenticates the request; None if there is none."""
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from fastapi import HTTPException
    from starlette.requests import Request

    request = Request(scope)
    try:
        return await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        return None
