"""Imports modules in Airflow's processes before they fork a process for each task or DAG file."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from modelops.registry.schema import loaded_files

JOBS = ("modelops.jobs", "modelops.stages", "modelops.kinds")
"""The run of a job and the use cases; they import the other packages of ModelOps.

`modelops.jobs` also records the loaded code: a task compares it with the files, so its parent process must import it.
"""
LIBRARIES = (
    "adbc_driver_postgresql.dbapi",
    "aiosql",
    "airflow.providers.postgres.hooks.postgres",
    "pgpq",
    "psycopg",
    "pyarrow.csv",
    "pyarrow.parquet",
)
"""Libraries that these modules import only when they use them."""


def preload_dags() -> None:
    """Import the modules that DAG files import."""
    _import_modules("modelops.operators")


def preload_jobs() -> None:
    """Import the modules that DAG files and jobs import."""
    preload_dags()
    for package in JOBS:
        _import_modules(package)
    for library in LIBRARIES:
        import_module(library)
    loaded_files()  # reads the files now, for the check of the database schema


def _import_modules(package: str) -> None:
    for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
        import_module(module.name)
