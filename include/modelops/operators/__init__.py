"""The stages of a life cycle as Airflow operators, and what else runs in Airflow's own processes."""
