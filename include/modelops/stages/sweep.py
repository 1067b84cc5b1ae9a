"""Removes rows that no reader sees: rows of abandoned runs and of superseded runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.sweeping import sweep_rows
from modelops.domain.targets import Target
from modelops.registry.translation import translated
from modelops.registry.write import sweeping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from modelops.jobs.run import JobRun

MOST = 100
"""Maximum runs of one transaction. A batch leaves at most one run per partition, of which there are at most 64."""
MAX_ROWS = 1_000_000
"""Maximum rows that one transaction of `prune` removes, unless a single batch has more."""


def sweep(target: Target, run: JobRun, *, with_superseded: bool = False) -> None:
    """Remove the rows of a target's abandoned runs and, if requested, of superseded runs; at most MOST runs each.

    Raises:
        FenceLost: a newer attempt has the job.
    """
    with run.fenced() as ledger, translated():
        found = sweeping.unpublishable_runs(ledger, str(target), most=MOST)
        ids = [one["id"] for one in found]
        finished = [one["id"] for one in found if one["is_finished"]]
        if with_superseded:
            old = sweeping.superseded(ledger, str(target), days=0, most=MOST)
            held = sweeping.runs_with_rows(ledger, [one["id"] for one in old])
            ids, finished = ids + held, finished + held
        swept = sweep_rows(ledger, target, ids) if ids else 0
        sweeping.note_swept(ledger, finished)
    if swept:
        run.log(f"{swept:,} rows of superseded or abandoned runs were removed")


def prune(connection: Connection[Any], target: str, *, days: int) -> Iterator[int]:
    """Remove the rows that were superseded at least `days` ago; yields the number of rows after each transaction.

    A batch is removed whole: `<target>_history` shows all of it or none of it. After a kill, the next call continues.
    """
    while True:
        with translated(), connection.transaction():
            chosen: list[int] = []
            room = MAX_ROWS
            for one in sweeping.superseded(connection, target, days=days, most=MOST):
                room -= one["rows"]
                if chosen and room < 0:
                    break
                chosen.append(one["id"])
            if not chosen:
                return
            held = sweeping.runs_with_rows(connection, chosen)
            rows = sweep_rows(connection, Target.parse(target, where="modelops.batch_run"), held)
            sweeping.note_swept(connection, held)
        yield rows
