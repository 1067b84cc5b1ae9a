"""What jobs do, a verb a module. They get plain values and know nothing of Airflow."""
