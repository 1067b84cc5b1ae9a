"""Compares the speed of lists of many jobs with that of Airflow's list of task instances."""
