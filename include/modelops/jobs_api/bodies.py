"""Bodies of requests, for middleware that reads one and passes the request on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from starlette.types import Message, Receive


async def received(receive: Receive) -> list[Message]:
    """All messages of the request's body."""
    messages: list[Message] = []
    while not messages or (messages[-1]["type"] == "http.request" and messages[-1].get("more_body")):
        messages.append(await receive())
    return messages


def again(messages: list[Message], receive: Receive) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """What was received, once more, and then what comes."""
    kept = list(messages)

    async def next_message() -> MutableMapping[str, Any]:
        return kept.pop(0) if kept else await receive()

    return next_message
