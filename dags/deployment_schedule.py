"""Change the schedule of a deployment."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import ScheduleRequest
from modelops.operators.bases import ChangeScheduleOperator

with DAG(
    dag_id="deployment_schedule",
    dag_display_name="Deployment schedule",
    description="Change when a deployment's batches run, or pause them.",
    doc_md="""
    ### Schedule of a deployment

    Gives an active deployment another schedule from now on. Data intervals that were due before are not run. The log
    shows the next five times, in the time zone of the schedule. Each change is recorded with its author.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(ScheduleRequest),
) as dag:
    ChangeScheduleOperator(task_id="change", **arguments_of(dag, ScheduleRequest))
