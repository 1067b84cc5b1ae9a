"""Measures many deployments in Airflow: the delay of their DAGs, the processor time, and the delay of their runs."""
