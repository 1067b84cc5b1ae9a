"""One part of a batch, or its publication, in a process of its own: `python -m bench.parts.job DEPLOYMENT RUN PART OF`.

PART is `publish` for the publication. The installation comes by stdin; what the job took goes to stdout, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from typing import Any

from bench.installation import Installation
from bench.task import claim
from modelops.airflow.preloading import preload_jobs
from modelops.domain.job_types import JobType
from modelops.domain.jobs import TaskKey

DAG = "bench"


def main(deployment: int, run: str, part: str, of: int) -> dict[str, Any]:
    """Claim the job and do it; the time is that from before its claim to its completion."""
    installation = Installation.from_json(sys.stdin.read())
    preload_jobs()  # as what forks the processes of tasks has
    from modelops.domain.requests import BatchRequest, PartRequest
    from modelops.kinds.model.predict_batch import predict_batch
    from modelops.kinds.model.publish_parts import publish_parts

    began = time.perf_counter()
    publishing = part == "publish"
    key = TaskKey(dag_id=DAG, run_id=run, task_id="predict", map_index=-1 if publishing else int(part))
    with installation.connect() as connection:
        log = partial(print, file=sys.stderr, flush=True)
        job = claim(installation, connection, JobType.BATCH_PREDICTION, key=key, log=log)
        if publishing:
            result = publish_parts(BatchRequest(deployment=deployment), job)
        else:
            request = PartRequest(deployment=deployment, part=int(part), parts=of)
            result = predict_batch(request, job)
    return {"seconds": time.perf_counter() - began, "rows": result["rows"]}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))))
