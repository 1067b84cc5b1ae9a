"""Versions of imported models: what the database itself refuses, and what the evidence says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import HASH, add_evaluation, add_reference, ask, imported_version, job_on, trained_version
from modelops.domain.errors import Busy, IllegalTransition
from modelops.domain.job_types import JobType
from modelops.domain.versions import VersionStatus
from modelops.registry.translation import translated
from modelops.registry.write import versions

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

SET = "UPDATE modelops.version SET status = 'evaluated', changed_by = {} WHERE id = {}"


def test_an_imported_version_is_not_evaluated_without_statistics(
    database: Database, connection: Connection[Any]
) -> None:
    version = imported_version(connection)
    evaluating = job_on(connection, version, JobType.EVALUATION)
    statement = SET.format(evaluating.job_id, version.id)
    answer = database.psql("modelops_jobs", statement)
    assert "demo/imported v1 can't be evaluated: its statistics are not computed" in answer.stderr
    add_reference(connection, version, JobType.EVALUATION)  # that of its predictions, which an evaluation may record
    assert "its statistics are not computed" in database.psql("modelops_owner", statement).stderr
    with pytest.raises(IllegalTransition, match="DAG model_statistics"), translated():
        connection.execute(statement)
    add_reference(connection, version, JobType.COMPUTE_STATISTICS, warnings=[])
    assert database.psql("modelops_jobs", statement).returncode == 0
    assert versions.find(connection, version.name, 1).status is VersionStatus.EVALUATED


def test_a_trained_version_needs_none(connection: Connection[Any]) -> None:
    version = trained_version(connection)
    add_evaluation(connection, version)
    assert versions.find(connection, version.name, 1).status is VersionStatus.EVALUATED


def test_what_an_imported_version_must_have(database: Database, connection: Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="version_pinned"):
        imported_version(connection, columns=None)
    with pytest.raises(psycopg.errors.CheckViolation, match="version_pinned"):
        imported_version(connection, definition=None)
    with pytest.raises(psycopg.errors.CheckViolation, match="version_pinned"):
        imported_version(connection, definition={"warnings": [], "file": {"sha256": HASH}})
    version = imported_version(connection)
    for change in ("dataset = '{}'", "data_rows = 1", f"data_sha256 = '{HASH}'", "columns_with_nulls = '{x}'"):
        answer = database.psql("modelops_owner", f"UPDATE modelops.version SET {change} WHERE id = {version.id}")
        assert answer.returncode != 0, change
    for change in ("definition = '{}'", "columns = '{}'"):
        answer = database.psql("modelops_owner", f"UPDATE modelops.version SET {change} WHERE id = {version.id}")
        assert "what a version pins is written once" in answer.stderr


def test_the_same_file_is_one_version_while_it_is_in_use(connection: Connection[Any]) -> None:
    first = imported_version(connection)
    with pytest.raises(Busy, match="another job has imported the same file"), translated():
        imported_version(connection)
    same = {"name": "demo/imported", "identity": "one", "code_sha256": HASH, "requirements_sha256": HASH}
    found = versions.of_file(connection, **same)
    assert found is not None
    assert found.id == first.id
    assert versions.of_file(connection, **{**same, "code_sha256": "1" * 64}) is None
    assert imported_version(connection, requirements_sha256="1" * 64).number == 2


def test_statistics_and_their_warnings_are_part_of_the_evidence(connection: Connection[Any]) -> None:
    version = imported_version(connection)
    add_reference(connection, version, JobType.COMPUTE_STATISTICS, warnings=[{"code": "large"}])
    add_evaluation(connection, version)
    _, request = ask(connection, version)
    assert request.evidence["definition"]["identity"] == "one"
    assert request.evidence["statistics"]["warnings"] == [{"code": "large"}]
    assert request.evidence["statistics"]["rows"] == 1
    assert "training" not in request.evidence
    assert request.work == "import"
    add_reference(connection, version, JobType.COMPUTE_STATISTICS, warnings=[])
    _, later = ask(connection, version)
    assert later.digest != request.digest


def test_the_evidence_of_a_trained_version_stays_as_it_was(connection: Connection[Any]) -> None:
    version = trained_version(connection)
    add_evaluation(connection, version)
    _, request = ask(connection, version)
    assert "definition" not in request.evidence
    assert "statistics" not in request.evidence
    assert request.evidence["training"]["rows"] == 1
    assert request.work == "training"
