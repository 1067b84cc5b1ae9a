"""Draws the state machine of versions from its rows, for the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def state_diagram(transitions: Iterable[Mapping[str, Any]], *, kind: str) -> str:
    """A Mermaid state diagram of one kind of version; states that nothing leaves are final."""
    rows = [row for row in transitions if row["kind"] == kind]
    steps = [
        f"    {row['from_status'] or '[*]'} --> {row['to_status']}: {row['job_type']} · {row['meaning']}"
        for row in rows
    ]
    left = {row["from_status"] for row in rows}
    final = {row["to_status"]: None for row in rows if row["to_status"] not in left}
    return "\n".join(["stateDiagram-v2", *steps, *(f"    {status} --> [*]" for status in final)])
