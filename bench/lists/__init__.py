"""How fast lists of jobs are, where there are many jobs, beside Airflow's own list of task instances."""
