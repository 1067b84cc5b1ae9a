"""Adapters to Airflow for operators, DAG files and the web pages: connections, timetables, forms, notifiers."""
