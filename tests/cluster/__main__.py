"""Strikes a cluster so often, and reports what was found: `./modelops faults --cluster`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.campaign import BATCHES, LULL, MAX_DOWN, MAX_OF_A_PHASE, Campaign, Findings
from cluster.models import LANES, PARTS, ROWS
from cluster.running import HOME, running
from cluster.strikes import at_random
from faults.wording import counted, tried_commit
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT = """# Faults of a cluster

{date}, commit {commit}, seed {seed}; written by `./modelops faults --cluster --write`.

**{total} faults, {violations} violations**, in {minutes} minutes. In the meantime {lives} life cycles and {batches}
batches ended, and a reader looked at the predictions {polls:,} times.

{wrong}
| struck | in training | in approval | in a batch |
| --- | ---: | ---: | ---: |
{strikes}

Jobs ended: {ends}. Tries that a job took (tries: jobs): {tries}.
{reasons}
| the longest of all | seconds |
| --- | ---: |
{longest}

## How it is done

All services of `docker-compose.yaml` run as [hosts without Docker](../how-to/run-the-cluster-without-docker.md), two
of them workers with two slots each, with the settings of the file. {lanes} lanes go on at once. Each has a model of its
own and goes from one life cycle to the next: training, evaluation, approval by a reviewer, deployment, then {in_words}
batches of {rows:,} rows in {parts} partitions. Requests that meet a dead server are repeated, as a person would.

The seed decides which host is struck, in the middle of what, how many seconds after its beginning, and for how long. A
host is *killed* with all its processes, as in a power cut, and started again after up to eight seconds. Up to {down}
hosts are down or starting at once, but never both workers. A worker is *cut off* from the network for up to a quarter
of a minute, or for more than a minute, which is longer than Airflow waits for a sign of life. A fault strikes all
lanes, and counts once; {most} are aimed at a lane in each of its phases, and more if none came for {lull:.0f} s.

After each life and its batches: every job has ended, completed once, or failed with a reason after its last try; the
ledger tells what became of each attempt; each task has one job; the training made one version, and the decision and the
deployment are on record once; one run is visible, with every row, each key once; nothing of it is left in Airflow. The
reader sees the rows of one job or none, every row, each key once. At the end no job and no session of a job is open.
"""
REPORT = PROJECT_ROOT / "docs" / "reports" / "faults_of_a_cluster.md"
COLUMNS = ("training", "approval", "batch")
FAILED = "Jobs failed with these reasons, and what followed them was skipped:"
IN_WORDS = {1: "one", 2: "two", 3: "three"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="modelops faults --cluster", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    # A shell lets what it starts in the background ignore the signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tried = tried_commit()
    kept = os.environ.get(HOME)
    with tempfile.TemporaryDirectory(prefix="modelops-cluster-") as folder:
        Path(folder).chmod(0o755)
        with running(Path(kept) if kept else Path(folder), keep=bool(kept)) as cluster:
            began = time.monotonic()
            findings = Campaign(cluster, say=_say).run(at_random(chosen.seed), faults=chosen.kills)
            seconds = time.monotonic() - began
            if findings.examined.violations:
                _say(cluster.story())
    text = report(findings, commit=tried, seed=chosen.seed, seconds=seconds)
    print(text)
    if chosen.write:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(text, encoding="utf-8")
    return 1 if findings.examined.violations else 0


def report(findings: Findings, *, commit: str, seed: int, seconds: float) -> str:
    """What was done and found, as Markdown."""
    examined = findings.examined
    victims = sorted({victim for victim, _ in findings.strikes})
    counts = {victim: [str(findings.strikes[victim, phase]) for phase in COLUMNS] for victim in victims}
    strikes = "\n".join(f"| {' | '.join([victim, *counts[victim]])} |" for victim in victims)
    reasons = _lines(f"{count} times: {reason}" for reason, count in Counter(examined.reasons).most_common())
    return TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        commit=commit,
        seed=seed,
        total=findings.strikes.total(),
        violations=len(examined.violations),
        wrong=_lines(examined.violations),
        minutes=max(1, round(seconds / 60)),
        lives=findings.lives,
        batches=findings.batches,
        polls=findings.polls,
        strikes=strikes,
        ends=counted(examined.ends),
        tries=counted(examined.tries),
        reasons=f"\n{FAILED}\n\n{reasons}" if reasons else "",
        longest="\n".join(f"| {what} | {seconds:.0f} |" for what, seconds in sorted(findings.longest.items())),
        lanes=LANES,
        down=IN_WORDS[MAX_DOWN],
        most=IN_WORDS[MAX_OF_A_PHASE],
        lull=LULL,
        in_words=IN_WORDS[BATCHES],
        rows=ROWS,
        parts=PARTS,
    )


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"- {text}\n" for text in texts)


if __name__ == "__main__":
    sys.exit(main())
