"""What Airflow's parent processes import before they fork the process of a task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache

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
imported = set(sys.modules)
from modelops.jobs.execution import execute
from modelops.airflow.connections import url_of
url_of("modelops")
print(json.dumps([sorted(jobs), sorted(imported), sorted(set(sys.modules) - imported)]))
"""
ADDRESS = {"AIRFLOW_CONN_MODELOPS": "postgresql://modelops_jobs:secret@localhost/modelops"}


@lru_cache
def preloaded() -> list[list[str]]:
    """The modules of the use cases, those that are preloaded, and those that a task imports nevertheless."""
    answer = subprocess.run(
        [sys.executable, "-c", PRELOADED], env={**os.environ, **ADDRESS}, capture_output=True, text=True, check=True
    )
    modules: list[list[str]] = json.loads(answer.stdout.splitlines()[-1])
    return modules


def test_the_work_of_every_job_is_imported_with_its_libraries() -> None:
    jobs, imported, _ = preloaded()
    assert "modelops.kinds.check_drift" in jobs
    assert set(jobs) <= set(imported)
    assert {"numpy", "pyarrow", "scipy.special"} <= set(imported)


def test_a_task_imports_nothing_more_to_reach_the_ledger() -> None:
    """In particular `loaded_code`: imported by the task, it would take files that have changed for what is loaded."""
    _, imported, left = preloaded()
    assert "modelops.loaded_code" in imported
    assert [name for name in left if not name.startswith("airflow.sdk.")] == []  # its supervisor has these
