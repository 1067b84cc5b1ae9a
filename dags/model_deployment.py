"""Put an approved version of a model into production; an earlier one again, to roll back."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.operators.model import DeployModelOperator, PredictBatchOperator
from modelops.operators.params import (
    dataset_param,
    empty_param,
    late_after_param,
    model_param,
    parts_param,
    predict_now_param,
    schedule_param,
    set_aside_budget_param,
    target_param,
    time_zone_param,
    version_param,
)

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
    params={
        "model": model_param(of_versions=True),
        "version": version_param("the newest that is approved"),
        "dataset": dataset_param("predict", "batch predictions"),
        "target": target_param(),
        "set_aside_budget": set_aside_budget_param(),
        "empty": empty_param(),
        "parts": parts_param(),
        "schedule": schedule_param(),
        "time_zone": time_zone_param(),
        "late_after": late_after_param(),
        "predict_now": predict_now_param(),
    },
) as dag:
    deploy = DeployModelOperator(
        task_id="deploy",
        model=dag.param("model"),
        version=dag.param("version"),
        dataset=dag.param("dataset"),
        target=dag.param("target"),
        set_aside_budget=dag.param("set_aside_budget"),
        empty=dag.param("empty"),
        parts=dag.param("parts"),
        schedule=dag.param("schedule"),
        time_zone=dag.param("time_zone"),
        late_after=dag.param("late_after"),
    )
    predict = PredictBatchOperator(
        task_id="predict",
        deployment=deploy.output["deployment"],
        interval_start=deploy.output["interval_start"],
        interval_end=deploy.output["interval_end"],
        wanted=dag.param("predict_now"),
    )

    deploy >> predict
