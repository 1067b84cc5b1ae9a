"""Make a feature table now."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.operators.feature import ExecuteFeatureBatchOperator
from modelops.operators.params import deployment_param, interval_param

with DAG(
    dag_id="feature_batch",
    dag_display_name="Feature batch",
    description="Run a deployed feature task now, whole or for a data interval.",
    doc_md="""
    ### Batch run of a feature task

    Makes the rows, checks them, and publishes all of them or none: readers of the table see the rows before until the
    new ones are all there. For an interval exactly its rows are replaced. The result names the table; other DAGs can be
    scheduled on its asset.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "deployment": deployment_param(),
        "interval_start": interval_param("start"),
        "interval_end": interval_param("end"),
    },
) as dag:
    ExecuteFeatureBatchOperator(
        task_id="execute",
        deployment=dag.param("deployment"),
        interval_start=dag.param("interval_start"),
        interval_end=dag.param("interval_end"),
    )
