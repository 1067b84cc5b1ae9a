"""Fills the ledger with jobs, and Airflow's database with unrelated task instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from modelops.runner.installation import Installation

DEPLOYMENTS = 200
"""The number of DAGs of the jobs."""
MODELS = 500
PEOPLE = 100
LEDGER = """
INSERT INTO modelops.job
  (type, dag_id, run_id, task_id, subject, status, attempt, requested_by, created_at, parameters, result, error,
   ended_at, waited, worked)
SELECT (enum_range(NULL::modelops.job_type))[1 + mod(i, cardinality(enum_range(NULL::modelops.job_type)))],
       'deployment_' || mod(i, %(deployments)s),
       CASE mod(i, 7) WHEN 0 THEN 'manual__' || to_char(at - mod(i, 5999) * interval '10.001 ms', %(moment)s)
                      WHEN 1 THEN 'backfill__' || to_char(at, %(minute)s)
                      ELSE 'scheduled__' || to_char(at, %(minute)s) END, 'task',
       'repository/model_' || mod(i, %(models)s) || ' v' || mod(i, 2 * %(models)s),
       (CASE WHEN mod(i, 1000) = 0 THEN 'cancelled' WHEN mod(i, 333) = 0 THEN 'skipped'
             WHEN mod(i, 50) = 0 THEN 'failed' WHEN runs THEN 'running' ELSE 'completed' END)::modelops.job_status,
       1, 'person_' || mod(i, %(people)s), at,
       jsonb_build_object('number', i),
       '{"version": 1}', 'ValueError: the column x3 is missing',
       CASE WHEN NOT runs THEN at + interval '60 s' * (1 + mod(i, 40)) END,
       CASE WHEN NOT runs THEN interval '3 s' * (1 + mod(i, 40)) END,
       CASE WHEN NOT runs THEN interval '57 s' * (1 + mod(i, 40)) END
FROM (SELECT i, now() - (%(jobs)s - i) * interval '1 minute' AS at,
             i > %(jobs)s - 20 AND 0 NOT IN (mod(i, 1000), mod(i, 333), mod(i, 50)) AS runs
      FROM generate_series(1, %(jobs)s) AS i) AS made
"""
"""One job per minute up to now, with run ids in Airflow's format."""
MINUTE = 'YYYY-MM-DD"T"HH24:MI:00"+00:00"'
MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
EVENTS = """
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor)
SELECT job.id, history.attempt, history.event::modelops.event, job.created_at + history.after * interval '1 second',
       'worker'
FROM modelops.job
CROSS JOIN (VALUES (0, 'created', 0), (1, 'scheduled', 1), (1, 'queued', 2), (1, 'running', 3), (1, 'completed', 60))
  AS history (attempt, event, after)
WHERE history.event <> 'completed' OR job.status NOT IN ('running', 'queued')
"""
DAGS = """
INSERT INTO dag (dag_id, is_paused, is_stale, exceeds_max_non_backfill, bundle_name, timetable_type,
                 max_active_tasks, max_consecutive_failed_dag_runs, has_task_concurrency_limits, fail_fast, fileloc,
                 partition_mapper_info)
SELECT 'etl_' || i, true, false, false, 'dags-folder', 'airflow.timetables.simple.NullTimetable', 16, 0, false, false,
       'etl.py', '[]'
FROM generate_series(0, 99) AS i
"""
DAG_RUNS = """
INSERT INTO dag_run (dag_id, run_id, run_type, state, run_after, logical_date, queued_at, start_date, end_date)
SELECT 'etl_' || mod(i, 100), 'scheduled__' || i, 'scheduled', 'success', day, day, day, day, day
FROM (SELECT i, now() - i * interval '1 hour' AS day FROM generate_series(1, %(runs)s) AS i) AS runs
"""
TASK_INSTANCES = """
INSERT INTO task_instance (id, task_id, dag_id, run_id, state, try_number, max_tries, pool, pool_slots, operator,
                           start_date, end_date, queued_dttm, scheduled_dttm, duration, hostname, queue,
                           priority_weight, executor_config)
SELECT gen_random_uuid(), 'task_' || task, dag_id, run_id, CASE WHEN mod(task, 50) = 0 THEN 'failed' ELSE 'success' END,
       1, 0, 'default_pool', 1, 'PythonOperator', start_date + task * interval '1 second',
       start_date + (task + 1) * interval '1 second', start_date, start_date, 1.0, 'worker', 'default', 1,
       %(executor_config)s
FROM dag_run CROSS JOIN generate_series(1, 100) AS task WHERE dag_id LIKE 'etl\\_%%'
"""


def fill(installation: Installation, *, jobs: int, task_instances: int) -> None:
    """Insert the rows into the databases of a running installation, and analyze the tables."""
    databases = installation.databases
    server = databases.admin_url.rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/{databases.data_database}") as ledger:
        # Without triggers, which reject jobs that are inserted with their final status.
        ledger.execute("SET session_replication_role = replica")
        numbers = {"jobs": jobs, "deployments": DEPLOYMENTS, "models": MODELS, "people": PEOPLE}
        ledger.execute(LEDGER, {**numbers, "minute": MINUTE, "moment": MOMENT})
        ledger.execute(EVENTS)
    with psycopg.connect(f"{server}/{databases.airflow_database}") as airflow:
        airflow.execute(DAGS)
        airflow.execute(DAG_RUNS, {"runs": task_instances // 100})
        airflow.execute(TASK_INSTANCES, {"executor_config": _empty_executor_config()})
    for database in (databases.data_database, databases.airflow_database):
        with psycopg.connect(f"{server}/{database}", autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _empty_executor_config() -> Any:
    """An empty `executor_config` as Airflow stores it: a pickled dictionary."""
    import pickle

    return pickle.dumps({})
