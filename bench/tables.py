"""Formats reports in Markdown, and writes them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REPORTS = PROJECT_ROOT / "docs" / "benchmarks"


def table(head: Iterable[str], rows: Iterable[Iterable[str]] | Mapping[str, str]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "| " + " | ".join("---" for _ in head) + " |", *lines[1:]])


def passed(is_met: bool) -> str:
    """The outcome of a criterion."""
    return "pass" if is_met else "**fail**"


def keep(report: str, name: str, *, write: bool) -> None:
    """Print a report; with `write`, also save it to the folder of the committed reports."""
    if write:
        REPORTS.mkdir(exist_ok=True)
        (REPORTS / f"{name}.md").write_text(report, encoding="utf-8")
        print(f"· written to {(REPORTS / name).relative_to(PROJECT_ROOT)}.md", file=sys.stderr, flush=True)
    print(report)
