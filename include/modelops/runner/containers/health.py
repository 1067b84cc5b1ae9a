"""Checks the health of one service of docker-compose.yaml. It runs every few seconds, so it doesn't import Airflow.

The argument is `api-server`, `scheduler`, `dag-processor` or `triggerer`, whose health the api-server reports, or
`heartbeat`, which checks the age of the file that the observer and the workers touch.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

from modelops import heartbeat
from modelops.runner.airflow_health import HEALTH_KEYS, HEALTH_PATH

URL = f"http://api-server:8080{HEALTH_PATH}"
TIMEOUT = 5
HEARTBEAT_TIMEOUT = 30
"""Maximum age of a heartbeat in seconds. The workers and the observer update it every two seconds."""


def problem(service: str, url: str = URL) -> str | None:
    """The problem of a service; None if it is healthy."""
    if service == "heartbeat":
        age = heartbeat.age()
        if age is None:
            return f"no heartbeat in {os.environ.get(heartbeat.VARIABLE)}"
        return f"the last heartbeat was {age:.0f} s ago" if age > HEARTBEAT_TIMEOUT else None
    key = HEALTH_KEYS[service]
    try:
        # No proxy is used in the network of the services.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=TIMEOUT) as answer:
            status = json.load(answer)[key]["status"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        return f"can't read the health of {service} from the api-server: {error}"
    return None if status == "healthy" else f"{key} is {status}"


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1]))
