"""Compare a published batch of a deployment with the reference of its version."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import DriftCheckRequest
from modelops.operators.bases import CheckDriftOperator

with DAG(
    dag_id="drift_check",
    dag_display_name="Drift check",
    description="Compare a published batch of a deployment with the reference of its version.",
    doc_md="""
    ### Drift check of a batch

    Compares the columns of a published batch, of predictions or of features, with the reference of its version, and
    records how far each has moved. Give the interval of the batch; without one, the newest batch of a deployment whose
    batches have no intervals is checked. The batch doesn't change.

    The DAG of each deployment of a model checks each batch, unless the deployment's parameter *Check drift* is off.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(DriftCheckRequest),
) as dag:
    CheckDriftOperator(task_id="check_drift", **arguments_of(dag, DriftCheckRequest))
