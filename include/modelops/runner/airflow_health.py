"""The path of Airflow's health endpoint, and the keys of its response. Imports nothing: health checks must be cheap."""

from __future__ import annotations

HEALTH_PATH = "/api/v2/monitor/health"
HEALTH_KEYS = {
    "api-server": "metadatabase",
    "scheduler": "scheduler",
    "triggerer": "triggerer",
    "dag-processor": "dag_processor",
}
"""The key of each component in the response. The api-server is healthy if it can reach the metadata database."""
