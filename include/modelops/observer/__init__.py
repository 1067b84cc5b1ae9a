"""The process that copies what only Airflow knows into the ledger: `python -m modelops.observer`."""
