"""What Airflow imports when one of its components starts: here, what the component's many short processes need.

The scheduler, a Celery worker and the DAG processor fork a process for each task and each DAG file. What they have
imported by then costs nothing in the fork; anything else is imported anew each time, for a second or more.
"""

import sys

__all__: list[str] = []

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
