"""Airflow's own parsing of our DAG files."""

from __future__ import annotations

import airflow_home  # noqa: F401
