"""The observer, a process that copies facts from Airflow into the ledger: `python -m modelops.observer`."""
