"""The evidence of a job: as shown or current, compared with the champion's, and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import add_evaluation, artifact, ask, deployed, evaluated_version, job_on, take, trained_version
from modelops.data.predictions import sample
from modelops.domain.errors import TargetError
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobId
from modelops.domain.targets import Target
from modelops.domain.versions import ArtifactRole, VersionKind
from modelops.registry.read import catalogue, job_evidence
from modelops.registry.write import evidence, jobs, runs, statistics, versions

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

DAGS = ["model_lifecycle"]


@pytest.fixture
def reader(database: Database) -> Any:
    with database.connect("modelops_reader") as connection:
        yield connection


def test_before_there_is_a_version(connection: Connection[Any], reader: Connection[Any]) -> None:
    job = take(connection).job_id
    assert job_evidence.evidence_of(reader, DAGS, job) is None
    assert job_evidence.artifacts_of(reader, DAGS, job) == []
    assert job_evidence.published_by(reader, [], job) is None


def test_a_training_that_nobody_has_evaluated(connection: Connection[Any], reader: Connection[Any]) -> None:
    version = trained_version(connection)
    found = job_evidence.evidence_of(reader, DAGS, JobId(version.job_id))
    assert found is not None
    assert (found["version"], found["evaluations"], found["champion"]) == (version.number, None, None)


def test_the_champion_beside_it(connection: Connection[Any], reader: Connection[Any]) -> None:
    deployed(connection)
    version = evaluated_version(connection, auc=0.8)
    found = job_evidence.evidence_of(reader, DAGS, JobId(version.job_id))
    assert found is not None
    assert [one["metrics"] for one in found["evaluations"]] == [{"auc": 0.8}]
    assert (found["champion"]["version"], found["champion"]["metrics"]) == (1, {"auc": 0.75})


def test_an_approval_has_what_was_shown(connection: Connection[Any], reader: Connection[Any]) -> None:
    version = evaluated_version(connection, auc=0.8)
    attempt, request = ask(connection, version)
    add_evaluation(connection, version, auc=0.9)
    assert job_evidence.evidence_of(reader, DAGS, attempt.job_id) == request.evidence
    now = job_evidence.evidence_of(reader, DAGS, JobId(version.job_id))
    assert now is not None
    assert [one["metrics"]["auc"] for one in now["evaluations"]] == [0.8, 0.9]


def test_details_belong_to_what_is_approved(connection: Connection[Any], reader: Connection[Any]) -> None:
    """The evidence has their hash, the headline and the reasons; a reader gets the rest by the evaluation's digest."""
    version = trained_version(connection)
    details = {"headline": ["auc"], "undefined": {"f1": "no label is 1"}, "plots": [{"kind": "roc"}]}
    metrics = {"auc": 0.7, "mcc": 0.2, "f1": None}
    made = []
    for of in (None, details, details | {"plots": []}):
        attempt = job_on(connection, version, JobType.EVALUATION)
        with jobs.fenced(connection, attempt):
            _, digest = evidence.add_evaluation(
                connection, version, attempt, dataset={}, data_sha256="0" * 64, data_rows=1, metrics=metrics, details=of
            )
        made.append((attempt.job_id, digest))
    assert len({digest for _, digest in made}) == 3
    found = job_evidence.evidence_of(reader, DAGS, JobId(version.job_id))
    assert found is not None
    without, first, second = found["evaluations"]
    assert {"details_sha256", "headline", "undefined"}.isdisjoint(without)
    assert (first["headline"], first["undefined"]) == (details["headline"], details["undefined"])
    assert first["details_sha256"] != second["details_sha256"]
    (_, none), (job, digest), _ = made
    assert job_evidence.details_of(reader, DAGS, job, digest) == details
    assert job_evidence.details_of(reader, DAGS, job, none) == {}
    assert job_evidence.details_of(reader, DAGS, job, "0" * 64) is None
    assert job_evidence.details_of(reader, ["other"], job, digest) is None
    [listed] = catalogue.versions(reader, DAGS, kind=VersionKind.MODEL, model=None, after=None, limit=1)
    assert listed["metrics"] == {"auc": 0.7}


def test_the_files_of_each_job(connection: Connection[Any], reader: Connection[Any]) -> None:
    version = trained_version(connection)
    evaluating = []
    for name in ("first.png", "second.png"):
        attempt = job_on(connection, version, JobType.EVALUATION)
        with jobs.fenced(connection, attempt):
            made, _ = evidence.add_evaluation(
                connection, version, attempt, dataset={}, data_sha256="0" * 64, data_rows=1, metrics={}
            )
            evidence.add_artifacts(connection, [artifact(name)], evaluation_id=made)
        evaluating.append(attempt.job_id)

    def names(job_id: int) -> list[str]:
        return [left.artifact.name for left in job_evidence.artifacts_of(reader, DAGS, JobId(job_id))]

    assert names(version.job_id) == ["model.bin"]
    assert [names(job_id) for job_id in evaluating] == [["first.png"], ["second.png"]]
    assert names(job_on(connection, version, JobType.APPROVAL).job_id) == ["first.png", "model.bin", "second.png"]
    assert job_evidence.artifacts_of(reader, DAGS, JobId(version.job_id))[0].artifact.role is ArtifactRole.OUTPUT


def test_of_a_training_that_is_not_to_be_seen(connection: Connection[Any], reader: Connection[Any]) -> None:
    version = evaluated_version(connection)
    approving, _ = ask(connection, version)
    assert job_evidence.evidence_of(reader, ["other"], approving.job_id) is None
    assert job_evidence.artifacts_of(reader, ["other"], approving.job_id) == []


def test_a_view_that_is_gone(reader: Connection[Any]) -> None:
    with pytest.raises(TargetError, match=r"the view predictions\.gone can't be read: relation .* does not exist"):
        sample(reader, Target(schema="predictions", name="gone"), JobId(1), rows=20)


def test_a_batch_that_was_cleared_has_the_statistics_of_its_newest_run(
    connection: Connection[Any], reader: Connection[Any]
) -> None:
    deployment = deployed(connection)
    version = versions.find(connection, deployment.model, deployment.version)
    for number, rows in ((1, 10), (2, 20)):
        batch = job_on(connection, version, JobType.BATCH_PREDICTION, number=number)
        with jobs.fenced(connection, batch):
            run = runs.begin(connection, deployment, batch, None)
            column = {"variable": "x", "kind": "other", "values": {"rows": rows, "nulls": 0}}
            statistics.add(connection, "feature", [column], run_id=run)
            runs.publish(connection, run, rows=rows, set_aside=0)
        assert [one["values"]["rows"] for one in job_evidence.statistics_of(reader, batch.job_id)] == [rows]
