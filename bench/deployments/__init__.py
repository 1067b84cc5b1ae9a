"""What Airflow does with many deployments: how soon their DAGs are there, what that costs, when their runs start."""
