"""A feature task in Python: inputs arrive as Arrow, its function runs in a child process, its rows are copied in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import doubled_folder
from integration.lifecycle.features.life import approved, deployed, imported, made, put_into_production, ran
from modelops.domain.datasets import ReadBounds
from modelops.domain.errors import BadInput
from modelops.settings import LogBounds

if TYPE_CHECKING:
    from pathlib import Path

    from workplace import Workplace

COLUMNS = {"id": "integer", "at": "timestamptz", "twice": "float8", "half": "text", "price": "numeric"}
INPUTS = {"rows": "SELECT id, x, timestamptz '2013-08-01T00:00Z' + id * interval '1 hour' AS at, price FROM measured"}
WHOLE = """
import pyarrow as pa, pyarrow.compute as pc

def run_task(context, **kwargs):
    rows = context.read_arrow("rows")
    print("making", rows.num_rows, "rows")
    return pa.table({
        "id": rows["id"], "at": rows["at"], "twice": pc.multiply(rows["x"], 2.0),
        "half": pa.nulls(len(rows), pa.string()), "price": rows["price"],
    })
"""
STREAM = """
import pyarrow as pa, pyarrow.compute as pc

def parts(context):
    for batch in context.read_batches():
        for start in range(0, batch.num_rows, 7):
            rows = batch.slice(start, 7)
            yield pa.table({
                "id": rows["id"], "at": rows["at"], "twice": pc.multiply(rows["x"], 2.0),
                "half": pa.array([str(context.interval.start)] * len(rows)), "price": rows["price"],
            })
"""
BY_INTERVAL = f"""
SELECT * FROM ({INPUTS["rows"]}) AS whole
WHERE at >= current_setting('modelops.interval_start')::timestamptz
  AND at < current_setting('modelops.interval_end')::timestamptz
"""
TWICE_AS_MANY = """
import pyarrow as pa, pyarrow.compute as pc

def run_task(context, **kwargs):
    rows = context.read_arrow("rows")
    for offset in (0, 1000):
        yield pa.table({
            "id": pc.add(rows["id"], offset).cast(pa.int32()), "at": rows["at"], "twice": rows["x"],
            "half": pa.nulls(len(rows), pa.string()), "price": rows["price"],
        })
"""
SEEN = "SELECT count(*), sum(twice), sum(price), count(DISTINCT half) FROM features.doubled"


def python_folder(repository: Path, python: str = WHOLE, **values: Any) -> Path:
    return doubled_folder(
        repository,
        sql=None,
        python=python,
        **{"language": "python", "columns": COLUMNS, "inputs": INPUTS} | values,
    )


@pytest.fixture(autouse=True)
def folder(repository: Path) -> Path:
    return python_folder(repository)


def test_a_whole_table(workplace: Workplace, look: Any, log: list[str]) -> None:
    result = made(workplace, deployed(workplace)["deployment"])
    assert result["rows"] == 100
    assert look(SEEN) == [(100, 1010.0, 7575, 0)]
    assert "making 100 rows" in log


def test_a_generator_for_an_interval(workplace: Workplace, repository: Path, look: Any) -> None:
    python_folder(repository, STREAM, function="parts", incremental="at", inputs={"rows": BY_INTERVAL})
    deployment = deployed(workplace)["deployment"]
    for day in (1, 2):
        ends = {"interval_start": f"2013-08-0{day}T00:00:00Z", "interval_end": f"2013-08-0{day + 1}T00:00:00Z"}
        made(workplace, deployment, **ends)
    seen = look("SELECT half, count(*) FROM features.doubled GROUP BY 1 ORDER BY 1")
    assert seen == [("2013-08-01 00:00:00+00:00", 23), ("2013-08-02 00:00:00+00:00", 24)]
    made(workplace, deployment)
    assert look("SELECT DISTINCT half, count(*) OVER () FROM features.doubled") == [("None", 100)]


def returning(expression: str) -> str:
    return WHOLE.replace("    return pa.table({", f"    return {expression}\n    return pa.table({{")


@pytest.mark.parametrize(
    ("python", "what"),
    [
        ("import no_such_package\n" + WHOLE, "the package 'no_such_package' isn't in the task's environment"),
        (returning("1 / 0"), "run_task() raised ZeroDivisionError: division by zero\n  where: task.py:7"),
        (returning("None"), "run_task() returned None\n  where: task.py\n  expected: a pyarrow Table, or a pandas"),
        (returning("rows"), "the table that run_task() gave lacks twice, half and also has x"),
        (
            returning("rows.append_column('twice', rows['x']).append_column('half', rows['x']).drop_columns('x')"),
            "run_task() gave the column 'half' as double; task.yaml declares text",
        ),
        (
            returning(
                "pa.concat_tables([pa.table({'id': rows['id'], 'at': rows['at'], 'twice': rows['x'], 'half':"
                " pa.nulls(100, pa.string()), 'price': rows['price']})] * 2)"
            ),
            "entity keys appear in more than one row; id = 1 appears more than once",
        ),
        (
            WHOLE.replace("rows.num_rows", "context.read_arrow('nothing')"),
            "there is no input 'nothing'; there are: rows",
        ),
    ],
    ids=["package", "error", "None", "columns", "type", "keys", "input"],
)
def test_what_is_wrong_is_said_and_leaves_nothing(
    workplace: Workplace, repository: Path, look: Any, python: str, what: str
) -> None:
    published = deployed(workplace)["deployment"]
    made(workplace, published)
    python_folder(repository, python)
    number = imported(workplace)["version"]
    with pytest.raises(BadInput) as refused:
        ran(workplace, number)
    assert what in str(refused.value)
    assert look("SELECT count(*), max(task_version) FROM features.doubled") == [(100, 1)]


def test_its_own_requirements(workplace: Workplace, repository: Path, look: Any) -> None:
    python = "import six\n" + WHOLE.replace(
        "pa.nulls(len(rows), pa.string())", "pa.array([six.__version__] * len(rows))"
    )
    python_folder(repository, python, files={"requirements.txt": "six==1.16.0"})
    number = approved(workplace)
    made(workplace, put_into_production(workplace, number)["deployment"])
    assert look("SELECT DISTINCT half FROM features.doubled") == [("1.16.0",)]


@pytest.mark.parametrize(
    ("most", "where"), [(99, "here/doubled/task.yaml (inputs.rows)"), (199, "the rows of here/doubled")]
)
def test_more_rows_than_a_query_may_give(workplace: Workplace, repository: Path, most: int, where: str) -> None:
    doubled_folder(repository, sql=None, language="python", columns=COLUMNS, inputs=INPUTS, python=TWICE_AS_MANY)
    few = workplace.with_installation(read_bounds=ReadBounds(rows=most))
    version = imported(few)["version"]
    with pytest.raises(BadInput, match=f"there are more than {most} rows") as refused:
        ran(few, version)
    assert refused.value.where == where


def test_what_a_task_prints_is_bounded_as_the_installation_says(
    workplace: Workplace, repository: Path, log: list[str]
) -> None:
    python_folder(repository, returning("print('t' * 5000)"))
    with pytest.raises(BadInput, match="returned None"):
        ran(workplace.with_installation(log_bounds=LogBounds(line=1000)), imported(workplace)["version"])
    assert "t" * 1000 in log
    assert not [line for line in log if "t" * 1001 in line]
