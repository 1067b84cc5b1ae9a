"""Formats reports in Markdown, and writes them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.machine import commit, machine
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.timing import Steps

REPORTS = PROJECT_ROOT / "docs" / "benchmarks"


def render(
    title: str,
    *sections: str,
    command: str,
    method: str,
    server: Mapping[str, str] | None = None,
    details: Mapping[str, str] | None = None,
) -> str:
    """A report: the sections, then the machine, the settings of PostgreSQL, and the method.

    Args:
        command: the benchmark and its arguments, as `./modelops bench` takes them.
        server: the settings of PostgreSQL.
        details: more rows for the table of the machine.
    """
    parts = [
        f"# {title}",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `./modelops bench {command}`, commit {commit(PROJECT_ROOT)}.",
        *sections,
        "## Machine",
        table(("", ""), (machine() | dict(details or {})).items()),
    ]
    if server is not None:
        parts += ["## PostgreSQL", table(("setting", "value"), server.items())]
    return "\n\n".join([*parts, "## Method", method.rstrip()]) + "\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "| " + " | ".join("---" for _ in head) + " |", *lines[1:]])


def step_table(steps: Steps, seconds: float) -> str:
    """A table of the steps in a job's log, and of its completion after `seconds`."""
    rows = [(at, line.removeprefix("▸ ").partition(" (")[0]) for at, line in steps if line.startswith("▸ ")]
    return table(("after", "step"), ((f"{at:.2f} s", step) for at, step in [*rows, (seconds, "completed")]))


def passed(is_met: bool) -> str:
    """The outcome of a criterion."""
    return "pass" if is_met else "**fail**"


def publish(report: str, name: str, *, write: bool) -> None:
    """Print a report; with `write`, also save it to the folder of the committed reports."""
    if write:
        REPORTS.mkdir(exist_ok=True)
        (REPORTS / f"{name}.md").write_text(report, encoding="utf-8")
        progress(f"written to {(REPORTS / name).relative_to(PROJECT_ROOT)}.md")
    print(report)


def progress(line: str) -> None:
    """Print the progress of a benchmark to stderr."""
    print(f"· {datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)
