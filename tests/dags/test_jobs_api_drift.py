"""The API shows what a drift check has found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from asking import signed_in
from factories import deployed, job_on
from modelops.domain.drift import Rule
from modelops.domain.job_types import JobType
from modelops.registry.write import drift, jobs, runs, versions
from modelops.statistics.drift import Cause, compare_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest
    from psycopg import Connection

    from conftest import Database

BINS = {"edges": [0.0, 1.0, 2.0, 3.0]}
REFERENCE: Mapping[str, Any] = {
    "moved": {"reference": {**BINS, "blocks": [[0, 100, 100, 100, 0, 0, 0]] * 10}},
    "none": {"reference": None},
}
NOW = {
    "bins": {**BINS, "below": 0, "counts": [0, 150, 150], "above": 0},
    **dict.fromkeys(("nulls", "nan", "positive_infinities", "negative_infinities"), 0),
}


def test_what_a_drift_check_has_found_is_shown_as_sql_gives_it(
    monkeypatch: pytest.MonkeyPatch, connection: Connection[Any], database: Database
) -> None:
    ask = signed_in(database, monkeypatch)
    deployment = deployed(connection)
    version = versions.find(connection, deployment.model, deployment.version)
    batch = job_on(connection, version, JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
        runs.publish(connection, run, rows=100, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    reference = {name: {"variable": name, "kind": "continuous", "values": values} for name, values in REFERENCE.items()}
    now = [{**one, "values": NOW} for one in reference.values()]
    found = compare_all(reference, now, Rule(), remedies={Cause.OTHER_KIND: "…"})
    checking = job_on(connection, version, JobType.DRIFT_CHECK)
    assert ask("GET", f"/{checking.job_id}/drift").json()["columns"] == []
    with jobs.fenced(connection, checking):
        drift.add(connection, checking, run, "feature", [one.as_record() for one in found])
        jobs.complete(connection, checking, {"run": run})
    answer = ask("GET", f"/{checking.job_id}/drift").json()
    first, second = answer["columns"]
    assert (first["variable"], first["verdict"], first["most_moved"][0]["bin"]) == ("moved", "major", "0 … 1")
    assert (second["variable"], second["verdict"]) == ("none", "not_comparable")
    assert second["reason"] == "none has no finite value in the reference: …"
    with database.connect("modelops_reader") as reader:
        rows = reader.cursor(row_factory=dict_row).execute(answer["statement"]).fetchall()
    assert rows == answer["columns"]
