"""The API shows what a drift check has found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg.rows import dict_row

from asking import signed_in
from factories import deployed, job_on
from modelops.domain.datasets import Dataset
from modelops.domain.drift import Rule
from modelops.domain.job_types import JobType
from modelops.registry.write import drift, jobs, runs, statistics, versions
from modelops.statistics.drift import Cause, compare_all

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        drift.add(connection, checking, run, "feature", [one.as_record() for one in found], references={})
        jobs.complete(connection, checking, {"run": run})
    answer = ask("GET", f"/{checking.job_id}/drift").json()
    first, second = answer["columns"]
    assert (first["variable"], first["verdict"], first["most_moved"][0]["bin"]) == ("moved", "major", "0 … 1")
    assert (second["variable"], second["verdict"]) == ("none", "not_comparable")
    assert second["reason"] == "none has no finite value in the reference: …"
    with database.connect("modelops_reader") as reader:
        rows = reader.cursor(row_factory=dict_row).execute(answer["statement"]).fetchall()
    assert rows == answer["columns"]


CATEGORIES = {
    "reference": {"categories": ["b", "a"], "blocks": [[30, 20, 10, 0]] * 10, "weights": [300, 200, 100, 0]},
}
OF_BATCH = {"rows": 100, "nulls": 5, "frequencies": {"b": 10, "a": 60}, "unseen": {"new": 20}, "other": 5}


def test_distributions_and_drift_over_time(
    monkeypatch: pytest.MonkeyPatch, connection: Connection[Any], database: Database
) -> None:
    ask = signed_in(database, monkeypatch)
    deployment = deployed(connection)
    version = versions.find(connection, deployment.model, deployment.version)
    reference = [
        {"variable": "moved", "kind": "continuous", "values": REFERENCE["moved"]},
        {"variable": "o'clock", "kind": "categorical", "values": CATEGORIES},
    ]
    now = [{**reference[0], "values": NOW}, {**reference[1], "values": OF_BATCH}]
    computing = job_on(connection, version, JobType.COMPUTE_STATISTICS)
    with jobs.fenced(connection, computing):
        dataset = Dataset(
            name="train", sql="SELECT 1", entity_key=("id",), feature_names=("moved",), target_names=("late",)
        )
        rows = {"data_sha256": "0" * 64, "data_rows": 600, "records": {"feature": reference}}
        statistics.add_reference(connection, version, computing, dataset=dataset, **rows)
        jobs.complete(connection, computing, {})
    checks, batches = [], []
    for _ in range(3):
        batch = job_on(connection, version, JobType.BATCH_PREDICTION)
        with jobs.fenced(connection, batch):
            run = runs.begin(connection, deployment, batch, None)
            statistics.add(connection, "feature", now, run_id=run)
            runs.publish(connection, run, rows=100, set_aside=0)
            jobs.complete(connection, batch, {"run": run})
        batches.append(batch.job_id)
        checking = job_on(connection, version, JobType.DRIFT_CHECK)
        if len(checks) != 1:  # one of them isn't checked
            found = compare_all({one["variable"]: one for one in reference}, now, Rule(), remedies={})
            with jobs.fenced(connection, checking):
                records = [one.as_record() for one in found]
                used = {one["variable"]: one["reference_id"] for one in statistics.in_use(connection, version.id)}
                drift.add(connection, checking, run, "feature", records, references=used)
                jobs.complete(connection, checking, {"run": run})
        checks.append((run, checking.job_id))

    run, check = checks[0]
    answer = ask("GET", f"/{check}/distribution?role=feature&variable=o%27clock").json()
    assert answer["run_id"] == run
    assert [tuple(one.values()) for one in answer["bins"]] == [
        ("“b”", 300, 10, 0.5, 0.1),
        ("“a”", 200, 60, 200 / 600, 0.6),
        ("rare or new", 100, 25, 100 / 600, 0.25),
        ("null", 0, 5, 0.0, 0.05),
    ]
    numbers = ask("GET", f"/{check}/distribution?role=feature&variable=moved").json()
    assert [(one["bin"], one["reference_rows"], one["rows"]) for one in numbers["bins"]] == [
        ("below 0", 0, 0),
        ("0 … 1", 1000, 0),
        ("1 … 2", 1000, 150),
        ("2 … 3", 1000, 150),
        ("above 3", 0, 0),
        ("null", 0, 0),
        ("not finite", 0, 0),
    ]
    with database.connect("modelops_reader") as reader:
        for one in (answer, numbers):
            rows = reader.cursor(row_factory=dict_row).execute(one["statement"]).fetchall()
            shown = [{name: each[name] for name in ("reference_rows", "rows")} for each in rows]
            assert shown == [{name: each[name] for name in ("reference_rows", "rows")} for each in one["bins"]]
            for share in ("before", "now"):
                assert [float(each[share]) for each in rows] == pytest.approx([each[share] for each in one["bins"]])
    unknown = ask("GET", f"/{check}/distribution?role=feature&variable=unknown")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "nothing_checked")
    assert ask("GET", f"/{check}/distribution?role=key&variable=id").status_code == 422
    unchecked = ask("GET", f"/{checks[1][1]}/distribution?role=feature&variable=moved")
    assert (unchecked.status_code, unchecked.json()["code"]) == (404, "nothing_checked")

    over = ask("GET", f"/../deployments/{deployment.id}/drift?limit=2").json()
    assert [(one["run_id"], one["checked"], one["check_job_id"]) for one in over["batches"]] == [
        (checks[2][0], True, checks[2][1]),
        (checks[1][0], False, None),
    ]
    assert (over["more"], over["columns_left_out"], over["reference_job"]) == (True, 0, computing.job_id)
    assert ask("GET", f"/{checks[0][1]}/evidence").json()["statistics"] == []
    of_words = ask("GET", f"/{batches[0]}/evidence").json()["statistics"][1]["values"]
    assert list(of_words["frequencies"].items()) == [("a", 60), ("new", 20), ("b", 10)], "new categories are named too"
    first_batch = ask("GET", f"/{batches[0]}/evidence").json()["statistics"]
    assert [(one["role"], one["variable"]) for one in first_batch] == [("feature", "moved"), ("feature", "o'clock")]
    assert [(one["variable"], [each and each["verdict"] for each in one["results"]]) for one in over["columns"]] == [
        ("moved", ["major", None]),
        ("o'clock", ["major", None]),
    ]
    with database.connect("modelops_reader") as reader:
        rows = reader.cursor(row_factory=dict_row).execute(over["statement"]).fetchall()
    newest = {row["variable"]: row for row in rows if row["run_id"] == checks[2][0]}
    for column in over["columns"]:
        for name, value in column["results"][0].items():
            assert newest[column["variable"]][name] == value
