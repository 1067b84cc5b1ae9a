"""Waits for a condition, and tells the story when it doesn't come."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import httpx
import psycopg
import pytest

from modelops.polling import poll

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY = 0.2
"""Seconds between two looks; each costs a request or a query, and the machine has other work."""

HUNG_AFTER = 600
"""Seconds after which no wait goes on: what is waited for hangs. No test judges how fast something comes, because that
depends on what else the machine does."""

T = TypeVar("T")


def eventually(what: str, look: Callable[[], T], *, story: Callable[[], str], every: float = LOOK_EVERY) -> T:
    """The first true answer of `look`. A server that is being started again counts as "not yet".

    Args:
        what: the end of the sentence "after … seconds it isn't true that".
        story: what the failure shows.
    """
    last: object = None
    for _ in poll(every=every, within=HUNG_AFTER):
        try:
            answer = look()
        except (httpx.TransportError, psycopg.OperationalError) as error:
            last = error
        except httpx.HTTPStatusError as error:
            if not error.response.is_server_error:
                raise
            last = error
        else:
            if answer:
                return answer
            last = answer
    pytest.fail(f"after {HUNG_AFTER} s it isn't true that {what} (last answer: {last!r})\n\n{story()}", pytrace=False)
