"""How much the database reads for the list of models, the page of one, and the decisions that wait: of many, few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import deployed
from integration.registry.year import rows_read
from modelops.domain.versions import VersionKind
from modelops.registry.queries import Queries
from modelops.registry.read import decision_list, model_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conftest import Database

DAGS = ["model_lifecycle", "other"]
VERSIONS, MODELS, WAITING = 60_000, 300, 150
MADE = """
INSERT INTO modelops.job
  (type, dag_id, run_id, task_id, subject, status, attempt, requested_by, created_at, ended_at, result, version_id)
SELECT 'training', 'model_lifecycle', 'run-' || i, 'train', 'repo/model_' || mod(i, %(models)s) || ' v' || i,
       'completed', 1, 'ada', now() - (%(versions)s - i) * interval '1 minute', now(), '{}', i + 100
FROM generate_series(1, %(versions)s) AS i;
"""
OF_VERSIONS = """
INSERT INTO modelops.version
  (id, kind, name, number, status, job_id, changed_by, created_by, hyperparameters, dirty, code_sha256,
   requirements_sha256, dataset, data_sha256, data_rows, columns, artifact_sha256)
OVERRIDING SYSTEM VALUE
SELECT job.version_id, 'model', split_part(subject, ' ', 1), job.version_id, 'evaluated', job.id, job.id, 'ada', '{}',
       false, sha, sha, '{}', sha, 1, '{}', sha
FROM modelops.job CROSS JOIN (SELECT repeat('a', 64)) AS of (sha) WHERE run_id LIKE 'run-%%' AND version_id > 100
"""
EVALUATED = """
INSERT INTO modelops.evaluation
  (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows, metrics, digest)
SELECT id, artifact_sha256, job_id, 1, '{}', data_sha256, 1, '{"auc": 0.5}', data_sha256
FROM modelops.version WHERE id > 100
"""
ANSWERED = """
INSERT INTO modelops.approval_request (version_id, job_id, attempt, approvers, artifact_sha256, evidence, digest)
SELECT id, job_id, 1, '{}', artifact_sha256, '{}', artifact_sha256 FROM modelops.version WHERE id > 100
"""
ASKED = """
WITH waiting AS (
  INSERT INTO modelops.job
    (type, dag_id, run_id, task_id, subject, status, attempt, requested_by, created_at, version_id)
  SELECT 'approval', 'model_lifecycle', 'ask-' || id, 'approve', name || ' v' || number, 'awaiting_approval', 1, 'ada',
         now(), id
  FROM modelops.version WHERE id > 100 ORDER BY id DESC LIMIT %(waiting)s
  RETURNING id, version_id
)
INSERT INTO modelops.approval_request (version_id, job_id, attempt, approvers, artifact_sha256, evidence, digest)
SELECT version_id, id, 1, '{}', repeat('a', 64), '{}', repeat('a', 64) FROM waiting
"""
PAGE = 51


class Explaining(psycopg.Cursor[Any]):
    """Tells how a query was answered, instead of the answer."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        return super().execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query, params, **how)


@pytest.fixture(scope="module")
def many(copy_of: Callable[[str], AbstractContextManager[Database]], template: str) -> Iterator[Database]:
    with copy_of(template) as database:
        with database.connect() as connection:
            deployed(connection)
        with psycopg.connect(database.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            counts = {"versions": VERSIONS, "models": MODELS, "waiting": WAITING}
            for statement in (MADE, OF_VERSIONS, EVALUATED, ANSWERED, ASKED):
                admin.execute(statement, counts)
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(
                "VACUUM ANALYZE modelops.job, modelops.version, modelops.evaluation, modelops.approval_request"
            )
        yield database


@pytest.fixture
def explaining(many: Database) -> Any:
    with many.connect("modelops_reader") as connection:
        connection.prepare_threshold = None
        connection.cursor_factory = Explaining
        yield connection


def of_tables(rows: Any) -> tuple[int, set[str]]:
    [row] = rows
    read, whole = rows_read(row["QUERY PLAN"][0]["Plan"])
    return read, set(whole)


@pytest.mark.parametrize("after", [None, "repo/model_150"], ids=["first page", "later page"])
def test_a_page_of_models_reads_no_more_than_its_models(explaining: Any, after: str | None) -> None:
    read, whole = of_tables(model_list.models(explaining, DAGS, kind=VersionKind.MODEL, after=after, limit=PAGE))
    assert not {"job", "version", "evaluation", "approval_request"} & whole
    # The job and the version of each of six parts, and all that waits.
    assert read < PAGE * 20 + WAITING * 3


def test_a_model_is_found_by_its_name(explaining: Any) -> None:
    of_model: dict[str, Any] = {"kind": VersionKind.MODEL, "name": "repo/model_77"}
    values = {**of_model, "search": None, "after": None, "limit": 1}
    read, whole = of_tables(model_list._models(explaining, DAGS, **values))
    assert not {"job", "version", "evaluation"} & whole
    assert read < VERSIONS / MODELS + WAITING * 3
    for found in (
        model_list.versions(explaining, DAGS, **of_model, numbers=[177, 477]),
        model_list._rows(explaining, "hyperparameters", DAGS, **of_model),
        model_list.production(explaining, DAGS, **of_model),
    ):
        read, whole = of_tables(found)
        assert not {"job", "version", "evaluation"} & whole
        assert read < 50


def test_what_waits_is_found_by_its_status(explaining: Any) -> None:
    values = {"types": decision_list.APPROVALS, "dag_ids": DAGS, "deciding": DAGS, "person": "grace"}
    answer = Queries("decision_list").execute(explaining, "awaited", **values, limit=decision_list.LOOKED_AT)
    read, whole = of_tables(answer.fetchall())
    assert not {"job", "version", "approval_request"} & whole
    assert read < WAITING * 10
