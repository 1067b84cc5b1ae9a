"""Parts of cards, in the Markdown of Airflow's own page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelops.domain.decisions import ApprovalRequest


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> str:
    """A table, of whose columns the last so many hold numbers."""
    rules = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))


def hashes(rows: Iterable[tuple[str, str]], commit: str | None) -> str:
    """What is pinned, by its SHA-256, and the commit if there is one."""
    lines = [(what, f"`{sha256}`") for what, sha256 in rows]
    return table(("what", "SHA-256"), [*lines, *([("git commit", f"`{commit}`")] if commit else [])])


def who(request: ApprovalRequest) -> str:
    """Who may decide, and how."""
    barred = ", ".join(map(text, request.requesters))
    may = ", ".join(text(person) for person in request.approvers if person not in request.requesters)
    return _unknown(request) + (
        f"May decide: **{may or 'anybody else'}**; {barred} asked for it and can't."
        " A rejection needs a comment. The answer is put on record, bound to the hash of all of this evidence."
    )


def _unknown(request: ApprovalRequest) -> str:
    """Why nobody could decide when the card was written: it stays, and the observer brings the requester later."""
    if not request.unrequested:
        return ""
    attempts = ", ".join(map(str, request.unrequested))
    return (
        f"⚠ **Nobody can decide yet.** When this card was written, it wasn't on record who had cleared the"
        f" {request.work} before attempt {attempts}. An answer counts as soon as it is, usually within seconds. If an answer is still"
        " refused after some minutes, Airflow's audit log doesn't tell: start a new run.\n\n"
    )


def value(found: Any) -> str:
    """A number or anything else, as people read it."""
    match found:
        case None:
            return "\N{EN DASH}"
        case bool():
            return str(found).lower()
        case int():
            return f"{found:,}"
        case float():
            return f"{found:,.4f}"
        case _:
            return text(json.dumps(found) if isinstance(found, (dict, list)) else str(found))


def difference(new: Any, old: Any) -> str:
    """How much a number has changed; empty for what is none."""
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in (new, old)):
        return ""
    changed = new - old
    return f"{changed:+,}" if isinstance(changed, int) else f"{changed:+,.4f}"


def text(said: str) -> str:
    """Names come from people: they shall not draw tables or links."""
    escaped = "".join(f"\\{character}" if character in "\\`*_[]<>|#!&" else character for character in said)
    return " ".join(escaped.split())
