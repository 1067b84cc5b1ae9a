"""Score the rows of a deployment now."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import BatchRequest
from modelops.operators.model import PredictBatchOperator

with DAG(
    dag_id="batch_prediction",
    dag_display_name="Batch prediction",
    description="Score the rows of a deployment's dataset now.",
    doc_md="""
    ### Batch prediction

    Reads the deployment's dataset in one consistent snapshot, scores it in a stream, and publishes all rows in one
    transaction: until then, readers of the target see the previous batch. The log shows the progress; the result names
    the view.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(BatchRequest),
) as dag:
    PredictBatchOperator(task_id="predict", **arguments_of(dag, BatchRequest))
