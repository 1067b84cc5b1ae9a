"""Checks the health of one service of docker-compose.yaml. Cheap, as it runs every few seconds: no Airflow is imported.

`api-server`, `scheduler`, `dag_processor` and `triggerer` are as the api-server reports them; `heartbeat` is the age of
the file that the observer and the workers touch.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request

from modelops import heartbeat

URL = "http://api-server:8080/api/v2/monitor/health"
DATABASE = "metadatabase"
COMPONENTS = {
    "api-server": DATABASE,
    "scheduler": "scheduler",
    "dag_processor": "dag_processor",
    "triggerer": "triggerer",
}
"""What of the answer tells the health of a service: the api-server itself is well if it reaches its database."""
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
    component = COMPONENTS[service]
    try:
        # No proxy has any business with the network of the services.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=TIMEOUT) as answer:
            status = json.load(answer)[component]["status"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        return f"can't read the health of {component} from the api-server: {error}"
    return None if status == "healthy" else f"{component} is {status}"


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1]))
