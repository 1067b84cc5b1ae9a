"""A DAG for each deployment, and the one that changes their schedules."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.operators.deployed import deployment_dags
from modelops.operators.params import deployment_param, late_after_param, paused_param, schedule_param, time_zone_param
from modelops.operators.subjects import ChangeScheduleOperator

with DAG(
    dag_id="deployment_schedule",
    dag_display_name="Deployment schedule",
    description="Change when a deployment's batches run, or pause them.",
    doc_md="""
    ### When a deployment's batches run

    Gives an active deployment another schedule, from now on: nothing that was due before is run for it. The log shows
    the next five times, in the schedule's own time zone. Who changed what, when, stays on record.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "deployment": deployment_param(),
        "schedule": schedule_param("as it is"),
        "time_zone": time_zone_param("as it is"),
        "paused": paused_param(),
        "late_after": late_after_param("as it is"),
    },
) as dag:
    ChangeScheduleOperator(
        task_id="change",
        deployment=dag.param("deployment"),
        schedule=dag.param("schedule"),
        time_zone=dag.param("time_zone"),
        paused=dag.param("paused"),
        late_after=dag.param("late_after"),
    )

globals().update(deployment_dags())
