"""The DAG bundle of the folder dags, which requests another parse of files whose DAGs Airflow has lost.

Airflow parses an unchanged file only every few minutes. If a parse fails or takes too long, for example on a busy
machine, Airflow marks the DAGs of the file as stale, and their runs stop until the next parse.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.local import LocalDagBundle
from airflow.utils.file import list_py_file_paths

from modelops.airflow.parse_requests import live_dags, move_to_front

REQUEST_INTERVAL = 30.0
"""Seconds between two searches for files without DAGs."""


class DagsFolderBundle(LocalDagBundle):
    """A folder of DAG files. Every 30 seconds, a parse is requested of files of which Airflow has no DAG."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._searched_at = time.monotonic()  # Airflow parses all files at its start

    def refresh(self) -> None:
        """Request a parse of each file of which Airflow has no DAG, at most once in `REQUEST_INTERVAL`."""
        if time.monotonic() - self._searched_at < REQUEST_INTERVAL:
            return
        self._searched_at = time.monotonic()
        known = {file for file, _ in live_dags(self.name)}
        files = (str(Path(file).relative_to(self.path)) for file in list_py_file_paths(self.path))
        move_to_front(self.name, sorted(file for file in files if file not in known))
