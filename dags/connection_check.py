"""Check the logins of the data database, as the machine that runs the job reaches it."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import ConnectionCheckRequest
from modelops.operators.connections import CheckConnectionsOperator

with DAG(
    dag_id="connection_check",
    dag_display_name="Connection check",
    description="Try what the logins of the data database must be able to do, and what they must not.",
    doc_md="""
    ### Connection check

    Signs in as `modelops_jobs`, `modelops_sql` and `modelops_features`, as jobs do, and tries statements that each
    login must be able to execute, or must not; all is rolled back. The privileges of the other logins are compared by
    the catalogue. The log has each finding with the statement that mends it, and the job fails if there is one.

    On a machine that has the passwords of all logins, `./modelops check-connections` checks all of them.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(ConnectionCheckRequest),
) as dag:
    CheckConnectionsOperator(task_id="check", **arguments_of(dag, ConnectionCheckRequest))
