"""Imports modules in the processes that fork one process for each task or DAG file, before they fork."""

from __future__ import annotations

import pkgutil
from importlib import import_module

USE_CASES = ("modelops.stages", "modelops.kinds.model", "modelops.kinds.feature_task")
"""The packages with what jobs do; they import the rest of ours."""
LIBRARIES = ("adbc_driver_postgresql.dbapi", "aiosql", "pgpq", "psycopg", "pyarrow.csv", "pyarrow.parquet")
"""What those modules import once they need it."""


def preload_dags() -> None:
    """Import what DAG files do."""
    _import_modules("modelops.operators")


def preload_jobs() -> None:
    """Import what DAG files do, and what a job does then."""
    preload_dags()
    for package in USE_CASES:
        _import_modules(package)
    for library in LIBRARIES:
        import_module(library)


def _import_modules(package: str) -> None:
    for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
        import_module(module.name)
