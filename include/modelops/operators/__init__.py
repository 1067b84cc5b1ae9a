"""The stages of a life cycle as Airflow operators. The only package that imports airflow."""
