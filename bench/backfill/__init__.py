"""Whether a year of daily intervals, by Airflow's own backfill, gives the rows that one whole run gives."""
