"""Parses the DAG file of deployments, as a process of Airflow's does: `python -m bench.deployments.parse [DAG]`.

With a DAG's id, as for a task of that DAG. What it took goes to stdout, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

from modelops.airflow.preloading import preload_dags
from modelops.settings import PROJECT_ROOT


def main(dag_id: str | None) -> dict[str, float]:
    """Seconds to parse, and then to serialise for Airflow's database; and how many DAGs there were."""
    preload_dags()  # as what forks such processes has
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    if dag_id is not None:
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id  # as Airflow's worker does
    began = time.perf_counter()
    bag = DagBag(dag_folder=str(PROJECT_ROOT / "dags" / "deployments.py"))
    parsed = time.perf_counter()
    for dag in bag.dags.values():
        DagSerialization.to_dict(dag)
    return {"parse": parsed - began, "serialise": time.perf_counter() - parsed, "dags": len(bag.dags)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1] if len(sys.argv) > 1 else None)))
