"""Drift checks of the batches of a feature task, on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from integration.lifecycle.features.life import TASK, deployed, imported, made, ran
from modelops.domain.errors import UnknownBatch
from modelops.domain.job_types import JobType
from modelops.domain.requests import DriftCheckRequest
from modelops.domain.versions import VersionKind
from modelops.kinds.check_drift import check_drift
from modelops.registry.read import drift_list
from modelops.registry.write import evidence, versions

if TYPE_CHECKING:
    from conftest import Database
    from workplace import Workplace


def checked(workplace: Workplace, deployment: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The result, and the verdict of each column."""
    job = workplace.job(JobType.DRIFT_CHECK)
    result = check_drift(DriftCheckRequest(deployment=deployment), job)
    found = drift_list.of_job(workplace.connection, job.job_id)
    assert {one["role"] for one in found} <= {"feature"}
    return result, {one["variable"]: one["verdict"] for one in found}


def test_a_batch_is_compared_with_the_run_of_its_version(workplace: Workplace, database: Database) -> None:
    deployment = deployed(workplace)["deployment"]
    with pytest.raises(UnknownBatch, match="has published no batch without an interval"):
        checked(workplace, deployment)
    made(workplace, deployment)
    result, found = checked(workplace, deployment)
    assert (result["task"], result["greatest"], result["rows"]) == ("here/doubled", None, 100)
    assert "id" not in found, "a key differs from run to run"
    assert found["twice"] == "reference_too_small", "it hasn't moved, and has a hundred rows"

    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE measured SET x = x + 1000")
    made(workplace, deployment)
    job = workplace.job(JobType.DRIFT_CHECK)
    assert check_drift(DriftCheckRequest(deployment=deployment), job)["greatest"] == "major"
    found = {one["variable"]: one for one in drift_list.of_job(workplace.connection, job.job_id)}
    assert found["twice"]["verdict"] == "major"

    finding = drift_list.finding(workplace.connection, job.job_id, "feature", "twice")
    assert finding
    bins = drift_list.distribution(workplace.connection, finding["id"])
    assert [one["rows"] for one in bins if one["meaning"] == "above"] == [100]
    assert sum(one["reference_rows"] for one in bins) == 100


def test_a_run_of_an_earlier_release_says_what_to_do(workplace: Workplace, database: Database) -> None:
    deployment = deployed(workplace)["deployment"]
    made(workplace, deployment)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.evaluation SET statistics = '[]'")
    result, found = checked(workplace, deployment)
    assert (result["compared"], set(found.values())) == (0, {"not_comparable"})


def test_a_run_beside_one_of_an_earlier_release_says_what_to_do(workplace: Workplace, database: Database) -> None:
    """It gets no number; what it says to do makes it comparable."""
    deployed(workplace)
    without = "SELECT jsonb_agg(one #- '{values,reference}') FROM jsonb_array_elements(statistics) AS one"
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(f"UPDATE modelops.evaluation SET statistics = ({without})")
    imported(workplace)
    assert ran(workplace, 2)["drift"] == {}
    version = versions.find(workplace.connection, TASK, 2, kind=VersionKind.FEATURE_TASK)
    newest = evidence.newest_evaluation(workplace.connection, version.id)
    assert newest
    assert newest.statistics
    found = [one["drift"] for one in newest.statistics if one["drift"]]
    assert {one["verdict"] for one in found} == {"not_comparable"}
    assert all("clear the task `run`" in one["why"] for one in found)
    ran(workplace, 1)
    assert set(ran(workplace, 2)["drift"]) == {"twice", "half"}
