"""Runs jobs: how an attempt begins and ends, and the resources that it uses. Independent of Airflow."""
