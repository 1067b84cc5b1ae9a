"""The table and the view of a target: made once, never half, never over something else."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from modelops.data.query import Column
from modelops.data.target import columns_for, ensure_target
from modelops.domain.errors import TargetError, Unavailable
from modelops.domain.targets import Target, TargetColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Database

DELAY = Target(schema="predictions", name="delay")
KEY = (TargetColumn(name="flight_id", type="bigint"),)
OUTPUTS = (TargetColumn(name="late", type="integer"), TargetColumn(name="p", type="double precision"))


@pytest.fixture
def jobs(database: Database, publish: Callable[[str, int], None]) -> Iterator[psycopg.Connection[Any]]:
    """A job's connection, within a transaction."""
    with closing(psycopg.connect(database.url("modelops_jobs"))) as connection:
        yield connection


def ensure(connection: psycopg.Connection[Any], target: Target = DELAY, **values: Any) -> None:
    ensure_target(connection, target, **({"key": KEY, "outputs": OUTPUTS} | values))
    connection.commit()


def administer(database: Database, *statements: str) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


def test_readers_see_published_rows_only(
    database: Database, jobs: psycopg.Connection[Any], publish: Callable[[str, int], None]
) -> None:
    ensure(jobs)
    with jobs.transaction():
        jobs.execute("INSERT INTO predictions.delay_rows VALUES (1, 5, 1, 0.9), (2, 6, 0, 0.1)")
    for login in ("modelops_reader", "modelops_sql"):
        assert database.psql(login, "SELECT * FROM predictions.delay").stdout == ""
    publish("predictions.delay", 1)
    publish("predictions.other", 2)
    for login in ("modelops_reader", "modelops_sql", "modelops_features"):
        seen = database.psql(
            login,
            "SELECT flight_id, late, p, model_version, job_id, scored_at > '2026-01-01', interval_start, interval_end"
            " FROM predictions.delay",
        )
        assert seen.stdout == "5|1|0.9|3|7|t|2026-05-01 00:00:00+00|2026-05-02 00:00:00+00\n"
        refused = database.psql(login, "SELECT * FROM predictions.delay_rows")
        assert "permission denied for table delay_rows" in refused.stderr


def test_what_the_table_says_of_itself(database: Database, jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    described = jobs.execute(
        "SELECT obj_description('predictions.delay_rows'::regclass), obj_description('predictions.delay'::regclass),"
        " (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'delay_rows_pkey')"
    ).fetchone()
    assert described == (
        "Predictions of all runs, written by jobs. The view predictions.delay shows those of the published runs.",
        "Predictions of the published runs, one row per entity key and interval.",
        "PRIMARY KEY (run_id, flight_id)",
    )


def test_versions_share_a_target(jobs: psycopg.Connection[Any]) -> None:
    composite = (*KEY, TargetColumn(name='say "x", Größe', type="bpchar"))
    ensure(jobs, key=composite)
    ensure(jobs, key=composite)
    ensure(jobs, key=composite[::-1], outputs=OUTPUTS[::-1])


@pytest.mark.parametrize(
    "type_",
    [
        '"bit"',
        "bpchar",
        "character varying",
        "numeric",
        "uuid",
        "interval",
        "inet",
        "timestamp with time zone",
        "bytea",
    ],
)
def test_a_type_is_found_again_as_it_was_written(jobs: psycopg.Connection[Any], type_: str) -> None:
    for _ in range(2):
        ensure(jobs, key=(TargetColumn(name="k", type=type_),))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (
            {"outputs": (TargetColumn(name="late", type="text"), OUTPUTS[1])},
            "predictions.delay_rows has the column late of type integer; this model gives text",
        ),
        ({"outputs": OUTPUTS[:1]}, "has the column p of type double precision, which this model doesn't give"),
        ({"outputs": (*OUTPUTS, TargetColumn(name="q", type="real"))}, "lacks the column q of type real"),
        (
            {"key": (TargetColumn(name="id", type="bigint"),)},
            "lacks the column id of type bigint, and has the column flight_id of type bigint, which",
        ),
        (
            {"key": (*KEY, OUTPUTS[0]), "outputs": OUTPUTS[1:]},
            r"has the primary key \(run_id, flight_id\); this model needs \(run_id, flight_id, late\)",
        ),
    ],
)
def test_another_models_table(jobs: psycopg.Connection[Any], values: dict[str, Any], complaint: str) -> None:
    ensure(jobs)
    with pytest.raises(TargetError, match=complaint) as caught:
        ensure(jobs, **values)
    assert caught.value.expected.startswith("another target")


def test_a_table_that_was_altered(database: Database, jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    administer(database, "ALTER TABLE predictions.delay_rows ALTER p DROP NOT NULL")
    with pytest.raises(TargetError, match="has the column p without NOT NULL"):
        ensure(jobs)
    administer(
        database,
        "ALTER TABLE predictions.delay_rows ALTER p SET NOT NULL",
        "ALTER TABLE predictions.delay_rows DROP CONSTRAINT delay_rows_pkey",
    )
    with pytest.raises(TargetError, match=r"has the primary key \(\); this model needs \(run_id, flight_id\)"):
        ensure(jobs)


def test_a_view_that_was_dropped_is_made_anew(database: Database, jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    administer(database, "DROP VIEW predictions.delay")
    ensure(jobs)
    assert database.psql("modelops_reader", "SELECT count(*) FROM predictions.delay").stdout == "0\n"


def test_a_view_that_was_altered(database: Database, jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    administer(database, "ALTER VIEW predictions.delay RENAME late TO early")
    with pytest.raises(
        TargetError, match=r"the view predictions\.delay differs from the one that ModelOps made.*early"
    ):
        ensure(jobs)


@pytest.mark.parametrize(
    ("there", "complaint"),
    [
        ("CREATE TABLE predictions.delay (x int)", r"predictions\.delay already exists: a table of postgres"),
        ("CREATE VIEW predictions.delay AS SELECT 1 AS x", r"predictions\.delay already exists: a view of postgres"),
        ("CREATE MATERIALIZED VIEW predictions.delay AS SELECT 1 AS x", "a materialized view of postgres"),
        ("CREATE SEQUENCE predictions.delay", "a relation of postgres"),
        (
            "CREATE TABLE predictions.delay_rows (x int)",
            r"predictions\.delay_rows already exists: a table of postgres",
        ),
        ("CREATE VIEW predictions.delay_rows AS SELECT 1 AS x", "a view of postgres"),
        (
            "SET ROLE modelops_jobs; CREATE VIEW predictions.delay AS SELECT 1 AS x",
            r"predictions\.delay is a view that was not made for predictions",
        ),
        ("SET ROLE modelops_jobs; CREATE TABLE predictions.delay (x int)", "a table of modelops_jobs"),
        (
            "SET ROLE modelops_jobs; CREATE TABLE predictions.delay_rows (x int)",
            "lacks the column run_id of type bigint",
        ),
        (
            "CREATE TYPE predictions.delay AS ENUM ('x')",
            r'refuses to make predictions\.delay: type "delay" already exists',
        ),
    ],
)
def test_what_is_there_stays(database: Database, jobs: psycopg.Connection[Any], there: str, complaint: str) -> None:
    administer(database, there)
    relations = "SELECT relname FROM pg_class WHERE relnamespace = 'predictions'::regnamespace ORDER BY relname"
    before = jobs.execute(relations).fetchall()
    earlier = jobs.execute("SELECT pg_current_xact_id()").fetchone()
    with pytest.raises(TargetError, match=complaint):
        ensure_target(jobs, DELAY, key=KEY, outputs=OUTPUTS)
    # The caller's transaction goes on, and nothing was half made.
    assert jobs.execute("SELECT pg_current_xact_id()").fetchone() == earlier
    assert jobs.execute(relations).fetchall() == before


def test_a_schema_that_is_missing_or_closed(database: Database, jobs: psycopg.Connection[Any]) -> None:
    target = Target(schema="risk", name="churn")
    grants = (
        "GRANT USAGE, CREATE ON SCHEMA risk TO modelops_jobs; "
        "GRANT USAGE ON SCHEMA risk TO modelops_reader, modelops_sql"
    )
    with pytest.raises(TargetError, match="there is no schema risk") as caught:
        ensure(jobs, target)
    assert caught.value.expected == f"run: CREATE SCHEMA risk; {grants}"
    administer(database, "CREATE SCHEMA risk")
    for _ in range(2):
        with pytest.raises(TargetError, match="modelops_jobs may not make tables in the schema risk") as caught:
            ensure(jobs, target)
        assert caught.value.expected == f"run: {grants}"
        administer(database, "GRANT USAGE ON SCHEMA risk TO modelops_jobs")
    administer(database, grants)
    ensure(jobs, target)
    assert database.psql("modelops_reader", "SELECT count(*) FROM risk.churn").stdout == "0\n"


def test_two_deployers_at_once(database: Database, jobs: psycopg.Connection[Any]) -> None:
    outcome: list[object] = []

    def deploy() -> None:
        with psycopg.connect(database.url("modelops_jobs")) as other:
            outcome.append(ensure_target(other, DELAY, key=KEY, outputs=OUTPUTS))

    second = threading.Thread(target=deploy)
    with jobs.transaction():
        ensure_target(jobs, DELAY, key=KEY, outputs=OUTPUTS)
        second.start()
        second.join(0.3)
        assert second.is_alive(), "the second one waits for the end of the first one's transaction"
    second.join(10)
    assert outcome == [None]


def test_a_database_that_went_away(database: Database, jobs: psycopg.Connection[Any]) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (jobs.info.backend_pid,))
    with pytest.raises(Unavailable):
        ensure_target(jobs, DELAY, key=KEY, outputs=OUTPUTS)


def test_columns_of_a_model() -> None:
    key = [Column(name="id", type="int8", sql_type="bigint"), Column(name="kind", type="unknown", sql_type="text")]
    arrow = {"a": "uint16", "b": "double", "c": "string", "d": "timestamp[us, tz=UTC]", "e": "timestamp[ns]"}
    assert columns_for(key, arrow) == (
        (TargetColumn(name="id", type="bigint"), TargetColumn(name="kind", type="text")),
        (
            TargetColumn(name="a", type="integer"),
            TargetColumn(name="b", type="double precision"),
            TargetColumn(name="c", type="text"),
            TargetColumn(name="d", type="timestamp with time zone"),
            TargetColumn(name="e", type="timestamp without time zone"),
        ),
    )


@pytest.mark.parametrize(
    "arrow", ["uint64", "list<item: string>", "dictionary<values=string, indices=int8, ordered=0>"]
)
def test_a_prediction_that_no_column_is_made_for(arrow: str) -> None:
    with pytest.raises(TargetError, match="the prediction x has the type"):
        columns_for([], {"x": arrow})
