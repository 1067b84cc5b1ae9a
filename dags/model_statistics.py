"""Compute the statistics of an existing version of a model, with which its batches are compared."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import StatisticsRequest
from modelops.operators.model import ComputeStatisticsOperator

with DAG(
    dag_id="model_statistics",
    dag_display_name="Model statistics",
    description="Compute the reference with which the batches of an existing version are compared.",
    doc_md="""
    ### Statistics of an existing version

    Records the distribution of each feature and target in a dataset, and of each prediction of the version's
    `ModelScorer` for another dataset. Batches that start later are compared with these distributions. The version keeps
    its status.

    The training and the first evaluation of a version record these statistics; this DAG computes them again, from the
    same rows or from others. An imported model has none before: it can't be evaluated without them.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(StatisticsRequest),
) as dag:
    ComputeStatisticsOperator(task_id="compute_statistics", **arguments_of(dag, StatisticsRequest))
