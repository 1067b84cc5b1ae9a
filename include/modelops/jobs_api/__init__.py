"""What the web page needs beyond Airflow's own API."""
