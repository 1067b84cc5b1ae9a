"""Times in requests."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelops.domain.errors import BadInput


def parse_time(text: str, *, where: str, error: type[BadInput]) -> datetime:
    """Parse ISO 8601 with an offset.

    Raises:
        BadInput: of the type `error`: it is not a time, or has no time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        what = "is not a time" if moment is None else "has no time zone"
        raise error(f"{text!r} {what}", where=where, expected="ISO 8601 with an offset: 2013-08-01T00:00:00Z")
    return moment
