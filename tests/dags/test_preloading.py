"""What Airflow's parent processes import before they fork the process of a task."""

from __future__ import annotations

import json
import subprocess
import sys

PRELOADED = """
import json, sys
from modelops.airflow.preloading import preload_jobs
preload_jobs()
from modelops.operators.base import JobOperator
left, jobs = [JobOperator], set()
while left:
    operator = left.pop()
    left += operator.__subclasses__()
    jobs |= {operator.use_case.partition(":")[0]} if hasattr(operator, "use_case") else set()
print(json.dumps([sorted(jobs), sorted(sys.modules)]))
"""


def test_the_work_of_every_job_is_imported_with_its_libraries() -> None:
    out = subprocess.run([sys.executable, "-c", PRELOADED], capture_output=True, text=True, check=True).stdout
    jobs, imported = json.loads(out.splitlines()[-1])
    assert "modelops.kinds.check_drift" in jobs
    assert set(jobs) <= set(imported)
    assert {"numpy", "pyarrow", "scipy.special"} <= set(imported)
