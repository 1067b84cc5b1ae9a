"""An installation with data is brought to the newest schema: it loses nothing, and has what a new one has.

`installation_0018.sql.gz` is a pg_dump of an installation at migration 0018: models and feature tasks in every state,
batches whole, in parts and rejected in part, jobs in every state. `installation_0011.sql.gz` is one of the release
before, at the migration where this release begins: deployments of a model and a feature task with their batches.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from factories import task_key
from modelops.domain.drift import Rule, Verdict
from modelops.domain.errors import ModelOpsError, UnknownSchema
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Claim, JobStatus
from modelops.domain.versions import VersionKind
from modelops.kinds.check_drift import NO_REFERENCE
from modelops.registry import migrate as registry_migrate
from modelops.registry import schema
from modelops.registry.migrate import migrate
from modelops.registry.read import analysis, catalogue, job_evidence, job_list
from modelops.registry.write import (
    deployments,
    evidence,
    jobs,
    observation,
    runs,
    schedules,
    statistics,
    versions,
    work_list,
)
from modelops.statistics.drift import Cause, compare_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conftest import Database

DUMPS = Path(__file__).parent
INCLUDE = str(Path(__file__).parents[3] / "include")
TABLES = """
SELECT tablename FROM pg_tables
WHERE schemaname = 'modelops' AND tablename NOT IN ('migration', 'schema_script') ORDER BY tablename
"""
VIEWS = {
    "published": "SELECT * FROM modelops.published_run ORDER BY run_id",
    "history": "SELECT * FROM modelops.run_history ORDER BY run_id",
    "schedules": "SELECT * FROM modelops.deployment_schedule ORDER BY deployment_id",
    "times": """
        SELECT id, waited, worked FROM modelops.job_summary
        WHERE status IN ('completed', 'failed', 'cancelled', 'skipped') ORDER BY id
    """,
    "production": "SELECT deployment FROM modelops.deployment, modelops.in_production_at(started_at) ORDER BY 1",
    "work": """
        SELECT deployment.id, list.source_id, list.covers, list.is_pending
        FROM modelops.deployment, modelops.work_list(deployment.id) AS list
        ORDER BY deployment.id, source_id
    """,
    "evidence": """
        SELECT id, modelops.digest(modelops.evidence(id, modelops.champion_evaluation(id)))
        FROM modelops.version ORDER BY id
    """,
    "requesters": """
        SELECT id, modelops.attempts_without_requester(id), modelops.requesters(id) FROM modelops.version ORDER BY id
    """,
    "predictions": "SELECT * FROM predictions.scored ORDER BY id",
    "all predictions": "SELECT * FROM predictions.scored_history ORDER BY job_id, id",
    "features": "SELECT * FROM features.doubled ORDER BY id",
}
"""What people and programs read, apart from the tables."""
OPEN = [status for status in JobStatus if not status.is_final]
TIMES = """
SELECT status, started_at, min(at) FILTER (WHERE event = 'running'), ended_at,
       max(at) FILTER (WHERE event::text IN (status::text, 'repeated') AND status > 'retrying')
FROM modelops.job LEFT JOIN modelops.job_event ON job_id = job.id AND job_event.attempt = job.attempt
GROUP BY job.id
"""
COMPLETED = """
WITH job AS (
  INSERT INTO modelops.job
    (type, dag_id, run_id, task_id, subject, status, attempt, fence, requested_by, created_at, ended_at, result)
  VALUES ('training', 'model_lifecycle', %(run_id)s, 'train', 'a', 'completed', 1, 1, 'alice', now(), now(), %(result)s)
  RETURNING id
)
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor) SELECT id, 1, 'running', now(), 'worker' FROM job
"""


@contextmanager
def restored_from(migration: str, copy_of: Callable[..., AbstractContextManager[Database]]) -> Iterator[str]:
    """The name of a database with the dump, to be copied; the logins are those of the template."""
    with copy_of("template0", opened=False) as database:
        subprocess.run(
            [database.server.bin / "psql", database.admin_url, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=gzip.decompress((DUMPS / f"installation_{migration}.sql.gz").read_bytes()),
            check=True,
            capture_output=True,
        )
        yield database.name


@pytest.fixture(scope="module")
def restored(copy_of: Callable[..., AbstractContextManager[Database]], template: str) -> Iterator[str]:
    with restored_from("0018", copy_of) as name:
        yield name


@pytest.fixture
def of_the_release_before(
    copy_of: Callable[..., AbstractContextManager[Database]], template: str
) -> Iterator[Database]:
    """At migration 0011, with data."""
    with restored_from("0011", copy_of) as name, copy_of(name, opened=False) as database:
        yield database


@pytest.fixture
def installation(copy_of: Callable[..., AbstractContextManager[Database]], restored: str) -> Iterator[Database]:
    """At migration 0018, with data."""
    with copy_of(restored, opened=False) as database:
        yield database


def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table."""
    with psycopg.connect(database.admin_url) as admin:
        return {
            table: [row for (row,) in admin.execute(f"SELECT to_jsonb(t) FROM modelops.{table} AS t ORDER BY t")]
            for (table,) in admin.execute(TABLES).fetchall()
        }


def views(database: Database) -> dict[str, list[Any]]:
    with psycopg.connect(database.admin_url) as admin:
        return {name: admin.execute(query).fetchall() for name, query in VIEWS.items()}


def schema_of(database: Database) -> dict[str, str]:
    """Each object of the schema with its owner and rights, as pg_dump writes it; and the state machine."""
    done = subprocess.run(
        [database.server.bin / "pg_dump", "--schema-only", "--schema=modelops", database.admin_url],
        capture_output=True,
        text=True,
        check=True,
    )
    _, *objects = re.split(
        r"^-- Name: (.*)\n", done.stdout.partition("\n--\n-- PostgreSQL database dump complete")[0], flags=re.MULTILINE
    )
    with psycopg.connect(database.admin_url) as admin:
        rows = admin.execute("SELECT t::text FROM modelops.transition AS t ORDER BY 1").fetchall()
        scripts = admin.execute("SELECT name, sha256 FROM modelops.schema_script").fetchall()
    return dict(zip(objects[::2], objects[1::2], strict=True)) | {"rows of transition": str(rows)} | dict(scripts)


def test_an_upgraded_installation_has_the_schema_of_a_new_one(installation: Database, database: Database) -> None:
    migrate(installation.owner_url)
    assert schema_of(installation) == schema_of(database)


def test_nothing_is_lost(installation: Database) -> None:
    before, read_before = contents(installation), views(installation)
    assert all(before.values()), "the dump has rows of each table"
    assert all(read_before.values())
    for job in before["job"]:
        if job["status"] in OPEN:  # what is kept of the times before it was cleared is no more
            job["waited"] = job["worked"] = None
    migrate(installation.owner_url)
    after = contents(installation)
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]]  # a migration may add columns and rows
        assert [row for row in rows if row not in kept] == [], table
    assert views(installation) == read_before


def test_an_installation_of_the_release_before(of_the_release_before: Database, database: Database) -> None:
    """It has the schema of a new one afterwards, every row, and what people read."""
    installation = of_the_release_before
    before = contents(installation)
    assert len(before["job"]) == 27
    with psycopg.connect(installation.admin_url) as admin:
        shown = {name: admin.execute(VIEWS[name]).fetchall() for name in ("predictions", "features", "history")}
    assert all(shown.values())
    migrate(installation.owner_url)
    assert schema_of(installation) == schema_of(database)
    after = contents(installation)
    for table, rows in before.items():
        kept = [{name: row.get(name) for name in rows[0]} for row in after[table]] if rows else []
        assert [row for row in rows if row not in kept] == [], table
    with psycopg.connect(installation.admin_url) as admin:
        assert {name: admin.execute(VIEWS[name]).fetchall() for name in shown} == shown
    with installation.connect() as connection:
        assert len(deployments.active(connection)) == 1
        assert versions.artifacts_unchanged(connection, versions.find(connection, "here/scored", 1))


def test_jobs_have_the_times_of_their_events(installation: Database) -> None:
    migrate(installation.owner_url)
    with installation.connect() as connection:
        rows = connection.execute(TIMES).fetchall()
    assert {status for status, *_ in rows} == set(JobStatus)
    for status, *times in rows:
        started, started_by_event, ended, ended_by_event = times
        assert (started, ended) == (started_by_event, ended_by_event), status


def test_what_the_registry_reads_is_there(installation: Database) -> None:
    migrate(installation.owner_url)
    with installation.connect() as connection:
        dags = sorted(job_list.dag_ids(connection))
        page = job_list.page(connection, dags, job_list.JobFilter(search="scored"), limit=50)
        assert page
        assert {count.status for count in job_list.counts(connection, dags)} == set(JobStatus)
        span = analysis.Span(
            types=list(JobType),
            created_from=datetime(2026, 1, 1, tzinfo=UTC),
            created_before=datetime(2027, 1, 1, tzinfo=UTC),
        )
        assert analysis.by_type(connection, dags, span, unit="day", zone="UTC")
        assert analysis.slowest(connection, dags, span, limit=10)
        records = jobs.of_runs(connection, [row["run_id"] for row in page])
        assert len(records) >= len(page)
        assert all(jobs.events(connection, record.id) for record in records)
        assert any(job_evidence.evidence_of(connection, dags, record.id) for record in records)
        assert any(job_evidence.artifacts_of(connection, dags, record.id) for record in records)
        assert any(job_evidence.published_by(connection, [], record.id) for record in records)
        for kind, name in ((VersionKind.MODEL, "here/scored"), (VersionKind.FEATURE_TASK, "here/doubled")):
            version = versions.find(connection, name, 1, kind=kind)
            assert versions.artifacts_unchanged(connection, version)
            assert evidence.evaluations_of(connection, version.id)
            assert catalogue.versions(connection, dags, kind=kind, model=None, after=None, limit=10)
        assert catalogue.deployments(connection, dags, model=None, active=False, after=None, limit=10)
        active = deployments.active(connection)
        assert len(active) == 3
        assert any(work_list.pending_intervals(connection, each.id) for each in active)
        assert all(runs.intervals(connection, dags, each.id, [], before=None, limit=10) for each in active)
        assert len(schedules.deployed(connection)) >= len(active)
        assert len(observation.open_jobs(connection)) == 7
        assert observation.last_seen(connection) is not None


def test_statistics_of_an_earlier_release_are_never_compared(installation: Database) -> None:
    """They have no bins that can be: each column says what to do."""
    migrate(installation.owner_url)
    remedy = NO_REFERENCE[VersionKind.MODEL]
    with installation.connect() as connection:
        of_runs = "SELECT DISTINCT run_id FROM modelops.statistics WHERE run_id IS NOT NULL ORDER BY 1"
        recorded = statistics.in_use(connection, versions.find(connection, "here/scored", 1).id)
        before = {one["variable"]: one for one in recorded if one["role"] == "feature"}
        compared = []
        for (run_id,) in connection.execute(of_runs).fetchall():
            now = [one for one in statistics.of_run(connection, run_id) if one["variable"] in before]
            compared += compare_all(before, now, Rule(), remedies={Cause.NO_REFERENCE: remedy})
        assert {one.verdict for one in compared} == {Verdict.NOT_COMPARABLE}
        assert all(remedy in (one.why or "") for one in compared)


def test_migrating_again_changes_nothing(installation: Database) -> None:
    migrate(installation.owner_url)
    before = schema_of(installation)
    with psycopg.connect(installation.admin_url) as admin:
        applied = admin.execute("SELECT * FROM modelops.schema_script ORDER BY name").fetchall()
    migrate(installation.owner_url)
    assert schema_of(installation) == before
    with psycopg.connect(installation.admin_url) as admin:
        assert admin.execute("SELECT * FROM modelops.schema_script ORDER BY name").fetchall() == applied


def test_two_who_migrate_take_turns(installation: Database, database: Database) -> None:
    program = f"from modelops.registry.migrate import migrate; migrate({installation.owner_url!r})"
    both = [
        subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": INCLUDE}) for _ in range(2)
    ]
    assert [one.wait() for one in both] == [0, 0]
    assert schema_of(installation) == schema_of(database)


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("0010", "migration 0011 or later: run `./modelops migrate` with commit"),
        ("9999", "use the release that migrated the database, or a later one"),
    ],
)
def test_a_migration_that_is_not_known(installation: Database, revision: str, expected: str) -> None:
    with psycopg.connect(installation.admin_url, autocommit=True) as admin:
        admin.execute("UPDATE modelops.migration SET version_num = %s", (revision,))
        with pytest.raises(UnknownSchema, match=f"is at migration {revision}") as refused:
            migrate(installation.owner_url)
        assert expected in refused.value.expected
        assert refused.value.where == "the table modelops.migration"
        assert admin.execute("SELECT to_regclass('modelops.schema_script')").fetchone() == (None,)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the schema, to be changed."""
    folder = tmp_path / "schema"
    shutil.copytree(schema.HOME, folder)
    monkeypatch.setattr(schema, "HOME", folder)
    return folder


def test_a_script_that_has_changed_is_applied(database: Database, scripts: Path) -> None:
    script = scripts / "functions/evidence.sql"
    script.write_text(script.read_text() + "COMMENT ON FUNCTION modelops.digest IS 'changed';\n")
    migrate(database.owner_url)
    said = database.psql("modelops_owner", "SELECT obj_description('modelops.digest'::regproc)").stdout
    assert said == "changed\n"


@pytest.fixture
def newer(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A release with one more migration, which makes a table, for a database at the migration that is returned."""
    folder = tmp_path / "migrations"
    shutil.copytree(registry_migrate.MIGRATIONS, folder)
    monkeypatch.setattr(registry_migrate, "MIGRATIONS", folder)
    head = database.psql("modelops_owner", "SELECT version_num FROM modelops.migration").stdout.strip()
    (folder / "versions/9999_more.py").write_text(
        f"from alembic import op\n\nrevision = '9999'\ndown_revision = {head!r}\n\n\n"
        "def upgrade() -> None:\n    op.execute('CREATE TABLE modelops.added ()')\n"
    )
    return head


def state(database: Database) -> list[str]:
    """The migration, whether the table of the newer release is there, and what is said of a function."""
    asked = (
        "SELECT version_num, to_regclass('modelops.added'), obj_description('modelops.digest'::regproc)"
        " FROM modelops.migration"
    )
    return database.psql("modelops_owner", asked).stdout.strip().split("|")


CHANGED = "COMMENT ON FUNCTION modelops.digest IS 'changed';\n"


def test_migrations_and_scripts_are_applied(database: Database, scripts: Path, newer: str) -> None:
    (scripts / "functions/last.sql").write_text(CHANGED)
    migrate(database.owner_url)
    assert state(database) == ["9999", "modelops.added", "changed"]


@pytest.mark.parametrize(
    "mistake",
    [
        "SELECT FROM modelops.no_table;",
        "CREATE OR REPLACE FUNCTION modelops.digest(content jsonb) RETURNS text LANGUAGE sql AS 'SELECT no_column';",
    ],
)
def test_a_script_with_a_mistake_changes_nothing(database: Database, scripts: Path, newer: str, mistake: str) -> None:
    """Not even the tables: the migrations and the scripts are one transaction."""
    before = state(database)
    assert before[:2] == [newer, ""]
    (scripts / "functions/last.sql").write_text(CHANGED + mistake)
    with pytest.raises(ModelOpsError, match="no_"):
        migrate(database.owner_url)
    assert state(database) == before


def test_all_table_files_are_run() -> None:
    assert sorted(schema.TABLES) == sorted(path.stem for path in (schema.HOME / "tables").iterdir())


def test_nobody_else_may_call_a_function(connection: psycopg.Connection[Any]) -> None:
    """Each script takes from PUBLIC what PostgreSQL gives it with a new function."""
    callable_by_all = connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace = 'modelops'::regnamespace AND has_function_privilege('modelops_sql', oid, 'EXECUTE')"
    ).fetchall()
    assert callable_by_all == []


def test_a_result_from_before_there_were_bounds_is_returned_to_a_retry(database: Database) -> None:
    result: dict[str, Any] = {}
    for _ in range(300):
        result = {"in": result}
    asked: dict[str, Any] = {"type": JobType.TRAINING, "first": 1, "subject": "a", "requested_by": "alice"}
    key = task_key()
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(COMPLETED, {"run_id": key.run_id, "result": Jsonb(result)})
    with database.connect() as connection:
        again = jobs.claim(connection, Claim(key=key, number=2, parameters={}, **asked))
        assert again.recorded_result == result
