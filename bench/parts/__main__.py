"""`python -m bench.parts`: score in parts, and print the report; `./modelops bench parts` calls this."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.arguments import positive
from bench.batch import life
from bench.batch.memory import Peak, Sampler
from bench.installation import installed, make_rows
from bench.machine import commit, machine
from bench.tables import keep, passed, table
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from bench.installation import Installation

MODELS = Path(__file__).parents[1] / "batch"
MODEL, TABLE, TARGET = "bench/logistic", "measured", "parted"
MIB = 2**20
MOST = 1024 * MIB
SEEN = f"SELECT count(*), count(DISTINCT id), min(id), max(id) FROM predictions.{TARGET}"  # noqa: S608
METHOD = """\
One run of `./modelops bench parts` on an embedded PostgreSQL of its own with durable settings, in a temporary folder.
The table has a bigint key and ten float8 columns. The model, a logistic regression, was trained, evaluated, approved
and deployed by the use cases. Each part is `predict_batch` in a process of its own, as a mapped task is, as many of
them side by side as stands above; then `publish_parts` in another. Memory is that of a job's process, its guard and the
model's process, summed up and sampled every 50 ms from `/proc/<pid>/smaps_rollup`, pages that processes share counted
for each; not that of the server. The rows are counted afterwards, as readers see them.
"""


def main() -> None:
    """Measure what the command line asks for. The exit code is 1 if a row is missing or there twice."""
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("--rows", type=positive, default=50_000_000)
    parser.add_argument("--parts", type=positive, default=8)
    parser.add_argument("--workers", type=positive, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with installed(MODELS) as installation:
        make_rows(installation, TABLE, chosen.rows)
        _say(f"{chosen.rows:,} rows made")
        version = life.approved(installation, MODEL)
        deployment = life.deployed(installation, MODEL, version, target=TARGET, parts=chosen.parts)
        _say("the model is in production")
        began = time.monotonic()
        with ThreadPoolExecutor(chosen.workers) as workers:
            asked = [workers.submit(_job, installation, deployment, str(n), chosen.parts) for n in range(chosen.parts)]
            parts = [one.result() for one in asked]
        published, _ = _job(installation, deployment, "publish", chosen.parts)
        seconds = time.monotonic() - began
        _say(f"all done in {seconds:.0f} s")
        with installation.admin() as connection:
            [(rows, keys, least, most)] = connection.execute(SEEN).fetchall()
    once = (rows, keys, least, most) == (chosen.rows, chosen.rows, 1, chosen.rows)
    peak = max(peak.resident for _, peak in parts)
    report = [
        "# A batch in parts",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `./modelops bench parts`, commit {commit(PROJECT_ROOT)}.",
        f"{chosen.rows:,} rows in {chosen.parts} parts, {chosen.workers} at a time.",
        table(
            ("", "measured", "criterion", ""),
            [
                ("Rows that readers see, and their keys", f"{rows:,}, {keys:,}", "all, each once", passed(once)),
                ("Memory of a part, the most of all", f"{peak / MIB:,.0f} MiB", "≤ 1,024 MiB", passed(peak <= MOST)),
                ("From the first part's start to the publication", f"{seconds:,.0f} s", "", ""),
                ("— of it the publication", f"{published['seconds']:.2f} s", "", ""),
                ("Rows per second", f"{chosen.rows / seconds:,.0f}", "", ""),
            ],
        ),
        "## Parts",
        table(
            ("part", "rows", "seconds", "peak of memory"),
            [
                (str(n + 1), f"{done['rows']:,}", f"{done['seconds']:.1f}", f"{peak.resident / MIB:,.0f} MiB")
                for n, (done, peak) in enumerate(parts)
            ],
        ),
        "## Machine",
        table(("", ""), machine().items()),
        "## How it is measured",
        METHOD.rstrip(),
    ]
    keep("\n\n".join(report) + "\n", "batch_in_parts", write=chosen.write)
    sys.exit(0 if once else 1)


def _job(installation: Installation, deployment: int, part: str, of: int) -> tuple[dict[str, Any], Peak]:
    """Do one job in a process of its own, and look at its memory."""
    command = [sys.executable, "-m", "bench.parts.job", str(deployment), "parts_1", part, str(of)]
    environment = {**os.environ, "AIRFLOW_HOME": str(installation.folder / "airflow")}
    with (
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=PROJECT_ROOT,
            env=environment,
        ) as process,
        Sampler(process.pid) as sampler,
    ):
        out, _ = process.communicate(installation.to_json())
    if process.returncode != 0:
        raise RuntimeError(f"the job of part {part} failed")
    done: dict[str, Any] = json.loads(out)
    _say(f"part {part}: {done['rows']:,} rows in {done['seconds']:.1f} s, {sampler.peak.resident / MIB:,.0f} MiB")
    return done, sampler.peak


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
