"""The stages of a life cycle as Airflow operators, and other code that runs in Airflow's processes."""
