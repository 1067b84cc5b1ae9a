"""The words of the field and their rules. Standard library only; knows nothing of tables, files or Airflow."""
