"""Check the logins of the data database from the machine that runs the job."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import ConnectionCheckRequest
from modelops.operators.connections import CheckConnectionsOperator

with DAG(
    dag_id="connection_check",
    dag_display_name="Connection check",
    description="Test the privileges of the logins of the data database.",
    doc_md="""
    ### Connection check

    Connects as `modelops_jobs`, `modelops_sql` and `modelops_features`, as jobs do, and executes statements that must
    succeed or fail for each login; all are rolled back. The privileges of the other logins are read from the system
    catalog. The log has each finding with the statement that fixes it, and the job fails if there is a finding.

    On a machine that has the passwords of all logins, `./modelops check-connections` checks all of them.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(ConnectionCheckRequest),
) as dag:
    CheckConnectionsOperator(task_id="check", **arguments_of(dag, ConnectionCheckRequest))
