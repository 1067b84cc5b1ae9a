"""A feature task's folder: what is read from it, and what a wrong one is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from factories import task_folder
from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import BadInput
from modelops.domain.feature_tasks import FeatureTask, Language, RowBounds
from modelops.domain.targets import Target
from modelops.repository.task_definition import read_task

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = "demo/speed"

HEAD = "name: Speed\nlanguage: sql\noutput: speed\nkey: id\n"
COLUMNS = "columns: {id: bigint, at: date}\n"

PYTHON: dict[str, Any] = {"language": "python"}


def refused(folder: Path) -> BadInput:
    with pytest.raises(BadInput) as refusal:
        read_task(folder, REFERENCE)
    return refusal.value


def told(folder: Path) -> tuple[str, str, str]:
    error = refused(folder)
    return error.what, error.where, error.expected


def declared(folder: Path, text: str) -> Path:
    return task_folder(folder, files={"task.yaml": text})


def test_a_complete_task_in_sql(tmp_path: Path) -> None:
    folder = task_folder(
        tmp_path,
        sql="SELECT 1;\n",
        files={"policy.yaml": "approvers: [grace]"},
        name="Flight features",
        description="How fast?",
        inputs={"flights": "demo.flight", "weather": "WITH w AS (SELECT 1) SELECT * FROM w"},
        output="flight_features",
        key=["id", "at"],
        columns={"id": "int8", "at": "timestamptz", "speed": "double"},
        incremental="at",
        rows={"min": 0, "max": 500},
        properties={"owner": "data", "cost": 1.5, "level": 3, "live": True},
    )
    assert read_task(folder, REFERENCE) == FeatureTask(
        reference=REFERENCE,
        name="speed",
        title="Flight features",
        description="How fast?",
        language=Language.SQL,
        function="",
        sql="SELECT 1;\n",
        inputs={"flights": 'SELECT * FROM "demo"."flight"', "weather": "WITH w AS (SELECT 1) SELECT * FROM w"},
        output=Target(schema="features", name="flight_features"),
        key=("id", "at"),
        columns={"id": "bigint", "at": "timestamp with time zone", "speed": "double precision"},
        incremental="at",
        time_zone=None,
        rows=RowBounds(least=0, most=500),
        empty=Emptiness.ALWAYS,
        properties={"owner": "data", "cost": 1.5, "level": 3, "live": True},
        requirements=None,
        approvers=("grace",),
    )


def test_the_least_that_a_task_needs(tmp_path: Path) -> None:
    task = read_task(declared(tmp_path, HEAD + COLUMNS), REFERENCE)
    assert (task.description, task.inputs, task.key, task.incremental) == ("", {}, ("id",), None)
    assert (task.rows, task.properties, task.approvers) == (RowBounds(least=1, most=None), {}, ())
    assert task.empty is Emptiness.INTERVALS


def test_a_task_in_python(tmp_path: Path) -> None:
    task = read_task(task_folder(tmp_path, files={"requirements.txt": "numpy\n"}, **PYTHON), REFERENCE)
    assert (task.language, task.function, task.sql, task.requirements) == (Language.PYTHON, "run_task", None, "numpy\n")


def test_a_function_of_another_name(tmp_path: Path) -> None:
    folder = task_folder(tmp_path, **PYTHON, function="build", python="def build(context): ...\n")
    assert read_task(folder, REFERENCE).function == "build"


def test_the_record_is_json_and_keeps_the_order_of_the_columns(tmp_path: Path) -> None:
    columns = {"z": "text", "a": "uuid", "id": "bigint"}
    task = read_task(task_folder(tmp_path, columns=columns, rows={"max": 9}, properties={"a": 1}), REFERENCE)
    assert json.loads(json.dumps(task.as_record())) == {
        "title": "Totals",
        "description": "",
        "language": "sql",
        "function": "",
        "sql": task.sql,
        "inputs": {"measured": 'SELECT * FROM "public"."measured"'},
        "output": "features.totals",
        "key": ["id"],
        "columns": [["z", "text"], ["a", "uuid"], ["id", "bigint"]],
        "incremental": None,
        "rows": {"min": 1, "max": 9},
        "empty": "intervals",
        "properties": {"a": 1},
        "nullable_types": True,
    }


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        *(("int2", "smallint"), ("int", "integer"), ("int4", "integer"), ("int8", "bigint"), ("BigInt", "bigint")),
        *(("float4", "real"), ("float8", "double precision"), ("double", "double precision")),
        *(("numeric", "numeric"), ("bool", "boolean"), ("text", "text"), ("uuid", "uuid"), ("bytea", "bytea")),
        *(("varchar", "character varying"), ("character  varying", "character varying"), ("date", "date")),
        *(("timestamp", "timestamp without time zone"), ("timestamptz", "timestamp with time zone")),
        *((name, name) for name in ("timestamp with time zone", "timestamp without time zone", "double precision")),
    ],
)
def test_the_usual_spellings_of_types(tmp_path: Path, spelling: str, name: str) -> None:
    task = read_task(task_folder(tmp_path, columns={"id": "text", "x": spelling}), REFERENCE)
    assert task.columns == {"id": "text", "x": name}


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ("demo.flight", 'SELECT * FROM "demo"."flight"'),
        (" demo.order\n", 'SELECT * FROM "demo"."order"'),
        ("Größe.x$1", 'SELECT * FROM "Größe"."x$1"'),
        ('SELECT * FROM demo."my flights"', 'SELECT * FROM demo."my flights"'),
        ("-- all\nselect 1", "-- all\nselect 1"),
    ],
)
def test_an_input_is_a_table_or_a_query(tmp_path: Path, given: str, query: str) -> None:
    assert read_task(task_folder(tmp_path, inputs={"a": given}), REFERENCE).inputs == {"a": query}


@pytest.mark.parametrize(
    ("text", "what", "place", "right"),
    [
        ("", "the content is empty", "", "a mapping with the keys name, description, language"),
        ("name: [\n", "this isn't YAML", ":2:1", "YAML: entries of one level indented alike"),
        ("language: sql\noutput: a\nkey: id\n" + COLUMNS, "name is missing", "", "a short text for people"),
        ("name: a\noutput: a\nkey: id\n" + COLUMNS, "language is missing", "", "sql, for one SELECT in task.sql"),
        (
            "name: a\nlanguage: sql\nkey: id\n" + COLUMNS,
            "output is missing",
            "",
            "schema.name, or a name in the schema",
        ),
        ("name: a\nlanguage: sql\noutput: a\n" + COLUMNS, "key is missing", "", "the column or columns that identify"),
        (HEAD, "columns is missing", "", "every column of the output, in order"),
        (
            HEAD + COLUMNS + "colums: {}\n",
            "'colums' is unknown here (did you mean columns?)",
            ":6 (colums)",
            "only these",
        ),
        (HEAD + COLUMNS + "name: b\n", "the key 'name' appears for the second time", ":6:1", "every key once"),
        (HEAD.replace("Speed", "' '") + COLUMNS, "name is blank", ":1 (name)", "a short text"),
        (HEAD.replace("sql", "R") + COLUMNS, "language is 'R'", ":2 (language)", "sql, for one SELECT in task.sql"),
        (HEAD.replace("sql", "1") + COLUMNS, "language is a number", ":2 (language)", "sql, for one SELECT"),
        (
            HEAD.replace(": speed", ": Speed") + COLUMNS,
            "'Speed' isn't a plain name",
            ":3 (output)",
            "the schema features",
        ),
        (
            HEAD.replace(": speed", ": modelops.x") + COLUMNS,
            "can't have features",
            ":3 (output)",
            "the schema features",
        ),
        (HEAD.replace(": speed", ": x_rows") + COLUMNS, "the name x_rows ends in _rows", ":3 (output)", "another name"),
        (HEAD.replace(": id", ": [id, id]") + COLUMNS, "key has 'id' more than once", ":4 (key)", "each once"),
        (HEAD.replace(": id", ": []") + COLUMNS, "key has no columns", ":4 (key)", "key: [flight_id]"),
        (HEAD.replace(": id", ": di") + COLUMNS, "key names 'di', which is not", ":4 (key)", "of the columns id, at"),
        (HEAD + "columns: {}\n", "columns has no columns", ":5 (columns)", "every column of the output"),
        (HEAD + "columns: [id]\n", "columns is a list", ":5 (columns)", "columns: {flight_id: bigint}"),
        (
            HEAD + "columns:\n  id: money\n",
            "columns.id has the type 'money'",
            ":6 (columns.id)",
            "smallint, integer, big",
        ),
        (HEAD + "columns:\n  id: varchar(9)\n", "columns.id has the type", ":6 (columns.id)", "character varying"),
        (HEAD + "columns:\n  id:\n", "columns.id is empty", ":6 (columns.id)", "the types are smallint"),
        (HEAD + "columns:\n  2024: int\n", "columns[2024] is a number", "(columns[2024])", "under a name of your own"),
        (HEAD + "columns:\n  '': int\n", "columns. is blank", ":6 (columns.)", "under a name of your own"),
        (HEAD + f"columns:\n  {'é' * 32}: int\n", "longer than the 63 bytes", ":6 (columns.é", "every column"),
        (
            HEAD + "columns:\n  id: int\n  job_id: int\n",
            "columns.job_id is reserved",
            ":7 (columns.job_id)",
            "of your own",
        ),
        (
            HEAD + "columns:\n  xmin: int\n",
            "columns.xmin is reserved: PostgreSQL has",
            ":6 (columns.xmin)",
            "of your own",
        ),
        (
            HEAD + "columns: {id: real}\n",
            "the column 'id' of type real is in the key",
            ":4 (key)",
            "other than real, double",
        ),
        (HEAD + COLUMNS + "incremental: on_day\n", "incremental names 'on_day'", ":6 (incremental)", "columns id, at;"),
        (HEAD + COLUMNS + "incremental: id\n", "'id' of type bigint is not a time", ":6 (incremental)", "zone or date"),
        (
            HEAD + COLUMNS + "inputs: {a: flight}\n",
            "inputs.a is neither schema.table nor",
            ":6 (inputs.a)",
            "tables or SEL",
        ),
        (HEAD + COLUMNS + "inputs: {a: ' '}\n", "inputs.a is blank", ":6 (inputs.a)", "tables or SELECT statements"),
        (
            HEAD + COLUMNS + "inputs: {a-b: a.b}\n",
            "inputs.a-b is no name",
            ":6 (inputs.a-b)",
            "names of letters, digits",
        ),
        (HEAD + COLUMNS + "rows: 9\n", "rows is a number", ":6 (rows)", "a mapping with the keys min, max"),
        (HEAD + COLUMNS + "empty: maybe\n", "empty is 'maybe'", ":6 (empty)", "which runs may give no row"),
        (HEAD + COLUMNS + "rows: {mim: 1}\n", "'mim' is unknown here (did you mean min?)", ":6 (rows.mim)", "min, max"),
        (HEAD + COLUMNS + "rows: {min: -1}\n", "min is negative", ":6 (rows.min)", "a whole number, 0 or more"),
        (HEAD + COLUMNS + "rows: {max: many}\n", "max is text", ":6 (rows.max)", "a whole number, min or more"),
        (
            HEAD + COLUMNS + "rows: {max: 0}\n",
            "rows has a min of 1 and a max of 0",
            ":6 (rows)",
            "without it, min is 1",
        ),
        (
            HEAD + COLUMNS + "properties: {a: [1]}\n",
            "properties.a is neither text",
            ":6 (properties.a)",
            "text, numbers",
        ),
        (
            HEAD + COLUMNS + "properties: {a: .nan}\n",
            "properties.a is not a finite",
            ":6 (properties.a)",
            "text, numbers",
        ),
        (HEAD + COLUMNS + "properties: {a: 2024-01-01}\n", "is neither text", ":6 (properties.a)", "a date in quotes"),
        (HEAD + COLUMNS + "function: run\n", "function is given for a task in SQL", ":6 (function)", "no function"),
        (
            HEAD + COLUMNS + "function: class\n",
            "function is a word of Python's own",
            ":6 (function)",
            "the name of a func",
        ),
        (HEAD + COLUMNS + "function: a b\n", "function is no name", ":6 (function)", "without it run_task"),
    ],
)
def test_a_wrong_task_yaml(tmp_path: Path, text: str, what: str, place: str, right: str) -> None:
    error = refused(declared(tmp_path, text))
    assert what in error.what
    assert error.where.startswith(f"{REFERENCE}/task.yaml")
    assert place in error.where
    assert right in error.expected


@pytest.mark.parametrize("name", ["run_id", "task_version", "job_id", "published_at"])
def test_names_that_every_feature_table_has_itself(tmp_path: Path, name: str) -> None:
    assert f"columns.{name} is reserved" in refused(task_folder(tmp_path, columns={"id": "int", name: "text"})).what


@pytest.mark.parametrize("type_", ["real", "double precision", "bytea"])
def test_types_that_a_key_can_not_have(tmp_path: Path, type_: str) -> None:
    assert "is in the key" in refused(task_folder(tmp_path, key=["id", "x"], columns={"id": "int", "x": type_})).what


@pytest.mark.parametrize("type_", ["timestamptz", "timestamp", "date"])
def test_types_by_which_rows_belong_to_an_interval(tmp_path: Path, type_: str) -> None:
    folder = task_folder(tmp_path, columns={"id": "int", "at": type_}, incremental="at")
    assert read_task(folder, REFERENCE).incremental == "at"


def test_no_task_yaml(tmp_path: Path) -> None:
    what, where, right = told(tmp_path)
    assert (what, where) == ("there is no such file", f"{REFERENCE}/task.yaml")
    assert right.startswith("a file with name, language")


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (None, "there is no such file"),
        ("", "this file is blank"),
        (" ;\n", "this file is blank"),
        ("SELECT '\0'", "holds the character U+0000"),
    ],
)
def test_a_wrong_task_sql(tmp_path: Path, sql: str | None, what: str) -> None:
    error = refused(task_folder(tmp_path, sql=sql))
    assert what in error.what
    assert error.where == f"{REFERENCE}/task.sql"
    assert error.expected


def test_packages_for_a_task_in_sql(tmp_path: Path) -> None:
    what, where, right = told(task_folder(tmp_path, files={"requirements.txt": "numpy"}))
    assert (what, where) == ("a task in SQL can't have packages", f"{REFERENCE}/requirements.txt")
    assert right == "no such file: the database runs task.sql; or language: python"


def test_a_task_in_python_without_inputs(tmp_path: Path) -> None:
    for number, inputs in enumerate((None, {})):
        what, where, right = told(task_folder(tmp_path / str(number), **PYTHON, inputs=inputs))
        assert what == "a task in Python needs at least one input"
        assert where.startswith(f"{REFERENCE}/task.yaml")
        assert right.endswith("inputs: {flights: demo.flight, weather: SELECT …}")


@pytest.mark.parametrize(
    ("python", "what", "place"),
    [
        (None, "there is no such file", ""),
        ("def run(context): ...\n", "there is no function run_task", ""),
        ("\nasync def run_task(context): ...\n", "run_task is async", ":2"),
        ("def run_task(context, rows): ...\n", "run_task also requires rows", ":1"),
        ("def run_task(\n", "this isn't Python", ":1"),
    ],
)
def test_a_wrong_task_py(tmp_path: Path, python: str | None, what: str, place: str) -> None:
    error = refused(task_folder(tmp_path, **PYTHON, python=python))
    assert what in error.what
    assert error.where == f"{REFERENCE}/task.py{place}"
    assert error.expected


def test_the_code_is_not_run(tmp_path: Path) -> None:
    python = "raise SystemExit\ndef run_task(context, **kwargs): ...\n"
    assert read_task(task_folder(tmp_path, **PYTHON, python=python), REFERENCE).function == "run_task"


def test_a_wrong_policy(tmp_path: Path) -> None:
    what, where, _ = told(task_folder(tmp_path, files={"policy.yaml": "approver: [grace]"}))
    assert "the key 'approver' is unknown here (did you mean approvers?)" in what
    assert where == f"{REFERENCE}/policy.yaml:1 (approver)"
