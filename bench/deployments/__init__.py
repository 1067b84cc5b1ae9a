"""How long Airflow takes to parse the DAGs of many deployments."""
