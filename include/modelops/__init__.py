"""ModelOps on Apache Airflow and PostgreSQL: every stage in the life of a model is a job."""
