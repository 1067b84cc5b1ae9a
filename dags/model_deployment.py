"""Put an approved version of a model into production, or roll back to an earlier one."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of, predict_now_param
from modelops.domain.requests import DeploymentRequest
from modelops.operators.model import DeployModelOperator, PredictBatchOperator

with DAG(
    dag_id="model_deployment",
    dag_display_name="Model deployment",
    description="Put an approved version of a model into production, or roll back to an earlier one.",
    doc_md="""
    ### Deployment

    Replaces the version that serves the target, in one transaction. To roll back, deploy an earlier approved version
    again. The database refuses a version without an approval. With *Predict now*, the new version's predictions are
    made at once and replace the previous ones in one transaction.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(DeploymentRequest) | {"predict_now": predict_now_param()},
) as dag:
    deploy = DeployModelOperator(task_id="deploy", **arguments_of(dag, DeploymentRequest))
    predict = PredictBatchOperator(
        task_id="predict",
        deployment=deploy.output["deployment"],
        interval_start=deploy.output["interval_start"],
        interval_end=deploy.output["interval_end"],
        wanted=dag.param("predict_now"),
    )

    deploy >> predict
