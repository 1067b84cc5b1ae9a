"""Update a feature table now."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import FeatureBatchRequest
from modelops.operators.feature import ExecuteFeatureBatchOperator

with DAG(
    dag_id="feature_batch",
    dag_display_name="Feature batch",
    description="Run a deployed feature task now, for all times or for a data interval.",
    doc_md="""
    ### Batch run of a feature task

    Computes the rows, checks them, and publishes all of them in one transaction: until then, readers see the previous
    rows. A run for a data interval replaces exactly the rows of that interval. The result names the table;
    other DAGs can be scheduled on its asset.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(FeatureBatchRequest),
) as dag:
    ExecuteFeatureBatchOperator(task_id="execute", **arguments_of(dag, FeatureBatchRequest))
