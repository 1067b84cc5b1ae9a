"""Put an approved version of a model into production; an earlier one again, to roll back."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.domain.requests import DeploymentRequest
from modelops.operators.model import DeployModelOperator, PredictBatchOperator
from modelops.operators.params import given, params_of, predict_now_param

with DAG(
    dag_id="model_deployment",
    dag_display_name="Model deployment",
    description="Put an approved version of a model into production; an earlier one again, to roll back.",
    doc_md="""
    ### Deployment

    Takes the place of the version that serves the target, in one transaction. Deploying an earlier approved version
    again is the rollback. A version that nobody has approved is refused, by the database too. With *Predict now* its
    predictions take the place of those before in one transaction, as soon as they are made.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(DeploymentRequest) | {"predict_now": predict_now_param()},
) as dag:
    deploy = DeployModelOperator(task_id="deploy", **given(dag, DeploymentRequest))
    predict = PredictBatchOperator(
        task_id="predict",
        deployment=deploy.output["deployment"],
        interval_start=deploy.output["interval_start"],
        interval_end=deploy.output["interval_end"],
        wanted=dag.param("predict_now"),
    )

    deploy >> predict
