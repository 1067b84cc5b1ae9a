"""The process that brings what Airflow alone knows into the ledger: `python -m modelops.observer`."""
