"""What Airflow's answer about its health says of each component. Imports nothing: health checks must be cheap."""

from __future__ import annotations

PATH = "/api/v2/monitor/health"
PARTS = {
    "api-server": "metadatabase",
    "scheduler": "scheduler",
    "triggerer": "triggerer",
    "dag-processor": "dag_processor",
}
"""The part of the answer by component: the api-server, which gives it, is well if it reaches its database."""
