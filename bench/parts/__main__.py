"""Measures a batch in partitions, and prints the report: `./modelops bench parts`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.arguments import positive
from bench.batch.lifecycle import approve_version, deploy_version
from bench.installation import make_rows, temporary_installation
from bench.memory import Peak
from bench.reports import passed, progress, publish, render, table
from bench.task import run_job

if TYPE_CHECKING:
    from bench.installation import Installation

MODELS = Path(__file__).parents[1] / "batch"
MODEL, TABLE, TARGET = "bench/logistic", "measured", "parted"
MIB = 2**20
MEMORY_LIMIT = 1024 * MIB
PUBLISHED = f"SELECT count(*), count(DISTINCT id), min(id), max(id) FROM predictions.{TARGET}"  # noqa: S608
METHOD = """\
One run of `./modelops bench parts` on an embedded PostgreSQL of its own with durable settings, in a temporary folder.
The table has a bigint key and ten float8 columns. The model, a logistic regression, was trained, evaluated, approved
and deployed by the use cases. Each partition is scored by `predict_batch` in a process of its own, like a mapped task,
and the number of concurrent processes is given above; then `publish_parts` runs in another process. Memory is the sum
for a job's process, its guard and the model's process, sampled every 50 ms from `/proc/<pid>/smaps_rollup`; pages that
processes share are counted for each of them. The memory of the server is not included. The rows are counted at the end,
as readers see them.
"""


def main() -> None:
    """Run the benchmark with the options of the command line. The exit code is 1 if a row is missing or duplicated."""
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("--rows", type=positive, default=50_000_000)
    parser.add_argument("--parts", type=positive, default=8)
    parser.add_argument("--workers", type=positive, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with temporary_installation(MODELS) as installation:
        make_rows(installation, TABLE, chosen.rows)
        progress(f"{chosen.rows:,} rows made")
        version = approve_version(installation, MODEL)
        deployment = str(deploy_version(installation, MODEL, version, target=TARGET, parts=chosen.parts))
        progress("the model is in production")
        began = time.monotonic()
        with ThreadPoolExecutor(chosen.workers) as workers:
            jobs = [
                workers.submit(_job, installation, "predict_part", deployment, str(part), str(chosen.parts))
                for part in range(chosen.parts)
            ]
            parts = [job.result() for job in jobs]
        published, _ = _job(installation, "publish", deployment)
        seconds = time.monotonic() - began
        with installation.admin() as connection:
            [(rows, keys, first, last)] = connection.execute(PUBLISHED).fetchall()
    is_complete = (rows, keys, first, last) == (chosen.rows, chosen.rows, 1, chosen.rows)
    peak = max(peak.resident for _, peak in parts)
    report = render(
        "A batch in partitions",
        f"{chosen.rows:,} rows in {chosen.parts} partitions, {chosen.workers} at a time.",
        table(
            ("", "measured", "criterion", ""),
            [
                ("Published rows, distinct keys", f"{rows:,}, {keys:,}", "each row once", passed(is_complete)),
                ("Peak memory of a job", f"{peak / MIB:,.0f} MiB", "≤ 1,024 MiB", passed(peak <= MEMORY_LIMIT)),
                ("Time from the first start to the publication", f"{seconds:,.0f} s", "", ""),
                ("— of which the publication", f"{published['seconds']:.2f} s", "", ""),
                ("Rows per second", f"{chosen.rows / seconds:,.0f}", "", ""),
            ],
        ),
        "## Partitions",
        table(
            ("partition", "rows", "seconds", "peak memory"),
            [
                (str(number), f"{result['rows']:,}", f"{result['seconds']:.1f}", f"{peak.resident / MIB:,.0f} MiB")
                for number, (result, peak) in enumerate(parts, start=1)
            ],
        ),
        command="parts",
        method=METHOD,
    )
    publish(report, "batch_in_parts", write=chosen.write)
    sys.exit(0 if is_complete else 1)


def _job(installation: Installation, *arguments: str) -> tuple[dict[str, Any], Peak]:
    peak = Peak()
    result = run_job(installation, "--preload", *arguments, peak=peak)
    size = f"{peak.resident / MIB:,.0f} MiB"
    progress(f"{' '.join(arguments)}: {result['rows']:,} rows in {result['seconds']:.1f} s, {size}")
    return result, peak


if __name__ == "__main__":
    main()
