"""Kills so many processes of batch predictions, and reports what was seen: `./modelops faults`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from faults.campaign import Findings, at_every_step, at_random, campaign
from faults.ground import ground
from faults.wording import counted, tried_commit
from faults.works import ROWS
from modelops.settings import PROJECT_ROOT

TEXT = """# Killing batch predictions

{date}, commit {commit}, seed {seed}; written by `./modelops faults --write`.

**{total} kills, {violations} violations.** A reader looked at the view {polls:,} times meanwhile, in {minutes} minutes.

{wrong}
| victim | killed at | kills |
| --- | --- | ---: |
{kills}

Jobs ended: {ends}. Tries that a job took (tries: jobs): {tries}. Random strikes that came too early or too late for
their victim, which don't count: {missed}.

## How it is done

A durable PostgreSQL, a deployment made by the product's own use cases, and batches of {rows:,} rows that stream through
the model in several Arrow batches. Each batch is a job that replaces the run before. A stand-in for Airflow's
supervisor starts the task, the task does what the operator does, and a task that was lost is tried again; that the same
holds under Airflow itself is tested by the end-to-end tests.

*Victims*: the task; its supervisor; the child that runs the model's code; the guard that watches over the child;
PostgreSQL with all its processes. All are killed with SIGKILL. *At a step*: a trigger holds the task where it writes
the step to the ledger, before the commit or in it, so it is certain that the step was reached. *At a random moment*:
anywhere in the time that an undisturbed job takes.

After each kill: the job is completed, or failed with a reason; a completed job has published exactly one run, with all
of its rows and statistics; no other run of it holds a row; no process of it is left. After the last, one more job runs,
and no file of any job is left. All the while a reader asks the view for jobs, rows, distinct keys and the sum of the
predictions: one job, every row, each once, or it is a violation.
"""
REPORT = PROJECT_ROOT / "docs" / "reports" / "faults.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="modelops faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    tried = tried_commit()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="modelops-faults-") as folder:
        Path(folder).chmod(0o755)
        with ground(Path(folder) / "ground") as made:
            findings = campaign(made, at_every_step(made.work), at_random(chosen.seed), kills=chosen.kills)
    text = report(findings, commit=tried, seed=chosen.seed, seconds=time.monotonic() - began)
    print(text)
    if chosen.write:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(text, encoding="utf-8")
    return 1 if findings.wrong else 0


def report(findings: Findings, *, commit: str, seed: int, seconds: float) -> str:
    """What was done and seen, as Markdown."""
    kills = "\n".join(
        f"| {victim} | {where} | {count} |" for (victim, where), count in sorted(findings.kills.items()) if count
    )
    return TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        commit=commit,
        seed=seed,
        total=findings.kills.total(),
        violations=len(findings.wrong),
        wrong="".join(f"- {wrong}\n" for wrong in findings.wrong),
        polls=findings.polls,
        minutes=max(1, round(seconds / 60)),
        kills=kills,
        ends=counted(findings.ends),
        tries=counted(findings.tries),
        missed=findings.missed,
        rows=ROWS,
    )


if __name__ == "__main__":
    sys.exit(main())
