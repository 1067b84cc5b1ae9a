"""Checks the health of one service of docker-compose.yaml. Cheap, as it runs every few seconds: no Airflow is imported.

`api-server`, `scheduler`, `dag-processor` and `triggerer` are as the api-server reports them; `heartbeat` is the age of
the file that the observer and the workers touch.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

from modelops import heartbeat
from modelops.runner.airflow_health import PARTS, PATH

URL = f"http://api-server:8080{PATH}"
TIMEOUT = 5
OLDEST = 30
"""Seconds after which a heartbeat is too old. Workers beat every two seconds, and so does the observer."""


def problem(service: str, url: str = URL) -> str | None:
    """What is wrong with a service; None if nothing is."""
    if service == "heartbeat":
        age = heartbeat.age()
        if age is None:
            return f"no heartbeat in {os.environ.get(heartbeat.VARIABLE)}"
        return f"the last heartbeat was {age:.0f} s ago" if age > OLDEST else None
    part = PARTS[service]
    try:
        # No proxy has any business with the network of the services.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=TIMEOUT) as answer:
            status = json.load(answer)[part]["status"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        return f"can't read the health of {service} from the api-server: {error}"
    return None if status == "healthy" else f"{part} is {status}"


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1]))
