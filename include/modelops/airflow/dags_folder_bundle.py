"""The DAG bundle of the folder dags: a file whose DAGs Airflow has lost is parsed again soon.

Airflow parses an unchanged file every few minutes only, and takes the DAGs of a file for gone if a parse of it fails or
takes too long, as on a busy machine; their runs then stand still. This bundle requests a parse of such a file.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.local import LocalDagBundle
from airflow.utils.file import list_py_file_paths

from modelops.airflow.parse_requests import live_dags, move_to_front

AGAIN_AFTER = 30.0
"""Seconds between two looks for files without DAGs."""


class DagsFolderBundle(LocalDagBundle):
    """The files of a folder; those of which Airflow has no DAG are parsed again every 30 seconds."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._looked_at = time.monotonic()  # the first parse of all files comes by itself

    def refresh(self) -> None:
        """Request a parse of each file of which Airflow has no DAG, unless it has been done lately."""
        if time.monotonic() - self._looked_at < AGAIN_AFTER:
            return
        self._looked_at = time.monotonic()
        known = {file for file, _ in live_dags(self.name)}
        files = (str(Path(file).relative_to(self.path)) for file in list_py_file_paths(self.path))
        move_to_front(self.name, sorted(file for file in files if file not in known))
