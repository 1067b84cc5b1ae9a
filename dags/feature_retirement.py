"""Retire a deployment of a feature task."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import RetirementRequest
from modelops.operators.feature import RetireFeatureTaskOperator

with DAG(
    dag_id="feature_retirement",
    dag_display_name="Feature retirement",
    description="Retire a deployment of a feature task at once. Its table and its history stay.",
    doc_md="""
    ### Retirement

    Ends a deployment at once. A batch that is still running publishes nothing. When its last deployment is retired, the
    version is retired too, which is final.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(RetirementRequest),
) as dag:
    RetireFeatureTaskOperator(task_id="retire", **arguments_of(dag, RetirementRequest))
