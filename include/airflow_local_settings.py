"""What Airflow imports when one of its components starts: what its many short processes need, and a cluster policy.

The scheduler, a Celery worker and the DAG processor fork a process for each task and each DAG file. What they have
imported by then costs nothing in the fork; anything else is imported anew each time, for a second or more.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["task_instance_mutation_hook"]

COMPONENT = sys.argv[1:2]

if COMPONENT in (["scheduler"], ["celery"]):
    from modelops.airflow.preloading import preload_jobs

    preload_jobs()
    if COMPONENT == ["celery"]:
        from modelops.airflow.worker_heartbeat import beat_with_celery

        beat_with_celery()
elif COMPONENT == ["dag-processor"]:
    from modelops.airflow.preloading import preload_dags

    preload_dags()


def task_instance_mutation_hook(task_instance: Any, dag_run: Any) -> None:
    """Set the queue and the pool that the model of a run requests; see `modelops.airflow.placement`."""
    from modelops.airflow.placement import place_task_instance

    place_task_instance(task_instance, dag_run)
