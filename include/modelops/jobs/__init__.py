"""The run of a job: what an attempt works with, and how it begins and ends. Knows nothing of Airflow."""
