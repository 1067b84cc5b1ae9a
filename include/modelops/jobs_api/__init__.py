"""The part of the product that runs in Airflow's web server."""
