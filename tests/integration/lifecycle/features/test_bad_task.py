"""What can be wrong with a feature task: each is said, with where and what would be right; nothing is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import DOUBLED, DOUBLED_SQL, doubled_folder
from integration.lifecycle.features.life import deployed, imported, made, ran, retired
from modelops.domain.datasets import ReadBounds
from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace

PUBLISHED = "SELECT count(*), sum(twice), max(task_version) FROM features.doubled"
WHOLE = [(100, 1010.0, 1)]
PYTHON = {"sql": None, "language": "python", "inputs": {"rows": "public.measured"}}


@pytest.fixture
def published(workplace: Workplace, look: Any) -> int:
    """The number of a deployment whose table is there."""
    deployment: int = deployed(workplace)["deployment"]
    made(workplace, deployment)
    assert look(PUBLISHED) == WHOLE
    return deployment


def test_more_rows_than_a_query_may_give(workplace: Workplace, published: int, look: Any) -> None:
    few = workplace.with_installation(read_bounds=ReadBounds(rows=99))
    with pytest.raises(BadInput, match="there are more than 99 rows") as refused:
        made(few, published)
    assert refused.value.where == "here/doubled/task.sql"
    assert look(PUBLISHED) == WHOLE


def test_a_released_table_with_the_view_of_a_killed_run(workplace: Workplace, repository: Path, look: Any) -> None:
    """A killed run leaves the view through which it added rows; another version takes the table all the same."""
    retired(workplace, deployed(workplace)["deployment"])
    with workplace.connect() as connection:
        connection.execute("CREATE VIEW staging.job_1_1_insert AS SELECT * FROM features.doubled_rows")
    doubled_folder(
        repository, columns=DOUBLED["columns"] | {"twice": "text"}, sql=DOUBLED_SQL.replace("x * 2", "(x * 2)::text")
    )
    made(workplace, deployed(workplace)["deployment"])
    assert look("SELECT count(*), max(twice) FROM features.doubled")[0][0] == 100


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (
            {**PYTHON, "python": "def rum_task(context): ..."},
            (
                "there is no function run_task\n  where: here/doubled/task.py\n"
                "  expected: def run_task(context, **kwargs):"
            ),
        ),
        (
            {"sql": "SELECT id,\n  now( AS at FROM measured"},
            'syntax error at or near "AS"\n  where: here/doubled/task.sql, line 2 of its SQL',
        ),
        (
            {"sql": DOUBLED_SQL.replace("measured", "measurd")},
            'relation "measurd" does not exist\n  where: here/doubled/task.sql, line 3 of its SQL',
        ),
        (
            {"sql": "DELETE FROM measured RETURNING *"},
            "PostgreSQL refuses the dataset's SQL",
        ),
        (
            {"sql": DOUBLED_SQL.replace("x * 2", "(x * 2)::numeric")},
            """the column twice is numeric; task.yaml declares it as double precision
  where: here/doubled/task.sql
  expected: twice::double precision in the SELECT, or twice: numeric in task.yaml""",
        ),
        (
            {"sql": "SELECT id, x * 2 AS twice, y FROM measured"},
            """the SELECT lacks at, half and also gives y, unlike task.yaml
  where: here/doubled/task.sql
  expected: exactly the columns id, at, twice, half""",
        ),
        (
            {**PYTHON, "python": "def run_task(context): ...", "inputs": {"rows": "nowhere.at_all"}},
            'relation "nowhere.at_all" does not exist\n  where: here/doubled/task.yaml (inputs.rows)',
        ),
    ],
    ids=["function", "syntax", "table", "no SELECT", "type", "columns", "input"],
)
@pytest.mark.usefixtures("published")
def test_found_by_the_import(
    workplace: Workplace, repository: Path, look: Any, task: dict[str, Any], said: str
) -> None:
    doubled_folder(repository, **task)
    with pytest.raises(BadInput) as refused:
        imported(workplace)
    assert said in str(refused.value)
    assert look("SELECT max(number) FROM modelops.version WHERE name = 'here/doubled'") == [(1,)]
    assert look(PUBLISHED) == WHOLE


ROWS = [
    (
        "SELECT id / 2 AS id, at, twice, half",
        (
            "the key isn't unique; id = 1 appears more than once\n  where: here/doubled/task.sql\n"
            "  expected: one row per id"
        ),
    ),
    (
        "SELECT nullif(id, 50) AS id, at, twice, half",
        "the column id is null in a row\n  where: here/doubled/task.sql\n  expected: a value of id in every row",
    ),
    (
        "SELECT id, at, twice / (id - 50) AS twice, half",
        "PostgreSQL refuses the dataset's SQL: division by zero\n  where: here/doubled/task.sql",
    ),
]
NUMBERS = [
    (
        "WHERE false",
        (
            "the task gave 0 rows\n  where: here/doubled/task.yaml (rows, empty)\n"
            "  expected: from 50 to 100; or other bounds"
        ),
    ),
    (
        "CROSS JOIN generate_series(1, 10) AS n",
        "the task gave 1,000 rows\n  where: here/doubled/task.yaml (rows)\n  expected: from 50 to 100",
    ),
]


@pytest.mark.parametrize(("columns", "said"), ROWS, ids=["twice", "null", "division"])
@pytest.mark.usefixtures("published")
def test_found_by_the_run(workplace: Workplace, repository: Path, look: Any, columns: str, said: str) -> None:
    doubled_folder(repository, sql=f"{columns} FROM ({DOUBLED_SQL}) AS it")
    refuse(workplace, said)
    assert look(PUBLISHED) == WHOLE


@pytest.mark.parametrize(("rest", "said"), NUMBERS, ids=["none", "ten times too many"])
@pytest.mark.usefixtures("published")
def test_the_number_of_rows(workplace: Workplace, repository: Path, look: Any, rest: str, said: str) -> None:
    rows = f"SELECT row_number() OVER ()::integer AS id, at, twice, half FROM ({DOUBLED_SQL}) AS it {rest}"
    doubled_folder(repository, sql=rows, rows={"min": 50, "max": 100})
    refuse(workplace, said)
    assert look(PUBLISHED) == WHOLE


def refuse(workplace: Workplace, said: str) -> None:
    number = imported(workplace)["version"]
    with pytest.raises(BadInput) as refused:
        ran(workplace, number)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "ALTER TABLE measured DROP CONSTRAINT measured_pkey; INSERT INTO measured SELECT * FROM measured",
            "isn't unique",
        ),
        (
            """ALTER TABLE measured DROP CONSTRAINT measured_pkey, ALTER id DROP NOT NULL;
            UPDATE measured SET id = NULL WHERE id = 50""",
            "the column id is null in a row",
        ),
        ("TRUNCATE measured", "the task gave 0 rows"),
        (
            "INSERT INTO measured SELECT id + n * 100, x, y, price, late FROM measured, generate_series(1, 10) n",
            "the task gave 1,100 rows",
        ),
        ("ALTER TABLE measured ENABLE ROW LEVEL SECURITY", "row-level security may hide rows"),
        ("ALTER TABLE measured RENAME x TO z", 'column "x" does not exist'),
    ],
    ids=["twice", "null", "none", "too many", "policy", "column"],
)
def test_found_by_a_batch_run(
    workplace: Workplace, database: Database, look: Any, published: int, change: str, said: str
) -> None:
    """What it reads has changed since it was deployed; what is published stays, and nothing is left half-written."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(change.encode())
    with pytest.raises(BadInput, match=said):
        made(workplace, published)
    assert look(PUBLISHED) == WHOLE
    assert look("SELECT count(*) FROM modelops.batch_run WHERE published_at IS NOT NULL") == [(1,)]


def test_a_table_of_others(workplace: Workplace, repository: Path, database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE features.theirs (id int)")
    doubled_folder(repository, output="theirs")
    with pytest.raises(BadInput, match=r"features\.theirs already exists: a table of"):
        deployed(workplace)
    doubled_folder(repository, output="doubled")
    deployed(workplace)
    doubled_folder(repository, "other")
    with pytest.raises(BadInput, match=r"features\.doubled holds the features of here/doubled"):
        deployed(workplace, "here/other")


def test_a_column_of_another_type(workplace: Workplace, repository: Path, published: int) -> None:
    columns = DOUBLED["columns"] | {"twice": "numeric"}
    doubled_folder(repository, columns=columns, sql=DOUBLED_SQL.replace("x * 2", "(x * 2)::numeric"))
    with pytest.raises(BadInput, match=r"has the column twice of type double precision; this version gives numeric"):
        deployed(workplace)
    assert made(workplace, published)["rows"] == 100


class TestTheLoginOfFeatureTasks:
    """It can add rows of the run that it is let in for, and nothing else: tried from psql."""

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM modelops.version",
            "CREATE TABLE staging.mine (id int)",
            "CREATE TABLE features.mine (id int)",
            "DELETE FROM features.doubled_rows",
            "INSERT INTO features.doubled_rows (run_id, id, at) VALUES (1, 1, now())",
            "INSERT INTO features.doubled (id, at) VALUES (1, now())",
            "DELETE FROM measured",
            "SET ROLE modelops_jobs",
        ],
    )
    def test_what_it_may_not(self, database: Database, published: int, sql: str) -> None:
        assert published
        done = database.psql("modelops_features", sql)
        assert done.returncode != 0
        assert "permission denied" in done.stderr or "cannot insert into view" in done.stderr

    def test_it_adds_rows_of_its_run_only(self, workplace: Workplace, database: Database, published: int) -> None:
        from modelops.data.insert_select import insert_view
        from modelops.domain.targets import Target

        target = Target(schema="features", name="doubled")
        columns = ["id", "at", "twice", "half"]
        with workplace.connect() as connection, insert_view(connection, target, 99, columns, tag="job-1-1") as view:
            assert published
            for sql in (
                f"INSERT INTO {view} (run_id, id, at) VALUES (1, 1000, now())",
                f"DELETE FROM {view}",
                f"UPDATE {view} SET id = 7",
                f"SELECT * FROM {view}",
            ):
                assert "permission denied" in database.psql("modelops_features", sql).stderr
            added = database.psql("modelops_features", f"INSERT INTO {view} (id, at) VALUES (1000, now())")
            assert added.returncode == 0, added.stderr
        found = workplace.connection.execute("SELECT run_id FROM features.doubled_rows WHERE id = 1000").fetchall()
        assert found == [(99,)]
