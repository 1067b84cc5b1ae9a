"""Compare published predictions with the labels that have become known since, every hour and on request."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import DuePerformanceRequest
from modelops.operators.alert_events import ALERTS_ALIAS
from modelops.operators.due_labels import DueLabelsOperator
from modelops.operators.model import MeasurePerformanceOperator

with DAG(
    dag_id="model_performance",
    dag_display_name="Model performance",
    description="Compare published predictions with the labels that have become known since.",
    doc_md="""
    ### Performance of published predictions

    Every hour, this DAG measures the published batches whose labels are due: *maturity_days* after the end of their
    data interval, if the deployment has a dataset *truth*. It measures each batch with its rows as they were published.
    Batches with missing labels are measured again, at growing intervals.

    To measure the batches of a deployment now, also those with missing labels, trigger the DAG with its number. Add an
    interval to measure the batches of that interval again.
    """,
    schedule="@hourly",
    catchup=False,
    max_active_runs=4,
    is_paused_upon_creation=False,
    tags=["modelops"],
    default_args={"owner": "modelops", "retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(DuePerformanceRequest),
) as dag:
    due = DueLabelsOperator(task_id="due", **arguments_of(dag, DuePerformanceRequest))
    MeasurePerformanceOperator.partial(task_id="measure", outlets=[ALERTS_ALIAS]).expand_kwargs(due.output)
