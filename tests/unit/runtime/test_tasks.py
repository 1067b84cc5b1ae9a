"""Functions of feature tasks: what they may return, how it is converted, and what is said where it can't be."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from modelops.domain.errors import ChildLost, UserCodeError
from modelops.runtime.tasks import TaskAssignment, run_task
from modelops.settings import LogBounds
from unit.runtime.models import HERE, of_memory, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLUMNS = {"id": ("int32", "integer"), "x": ("double", "double precision")}
TYPES = {
    "text": ("string", "text"),
    "numeric": ("string", "numeric"),
    "real": ("float", "real"),
    "day": ("date32[day]", "date"),
    "at": ("timestamp[us, tz=UTC]", "timestamp with time zone"),
    "local": ("timestamp[us]", "timestamp without time zone"),
    "flag": ("bool", "boolean"),
    "bytes": ("binary", "bytea"),
}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., pa.Table]:
    """Writes task.py with this body of run_task, runs it, and reads what it gave."""
    write_rows(tmp_path / "rows.arrow", [{"id": number, "x": number / 2} for number in range(10)])
    write_rows(tmp_path / "more.arrow", [{"id": 1, "name": "one"}])

    def go(
        body: str,
        columns: dict[str, tuple[str, str]] | None = None,
        *,
        lines: list[str] | None = None,
        memory: int | None = None,
        **given: Any,
    ) -> pa.Table:
        folder = tmp_path / "task"
        folder.mkdir(exist_ok=True)
        text = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        (folder / "task.py").write_text(f"def run_task(context, **kwargs):\n{text}\n")
        named: dict[str, Any] = {"folder": folder, "function": "run_task", "interval": None, "nullable_types": True}
        named["properties"] = {"owner": "ada"}
        ids = {"project_id": "demo", "task_id": "made", "task_version": "3", "job_id": "7"}
        assignment = TaskAssignment(
            **named | ids | given,
            inputs={"rows": tmp_path / "rows.arrow", "more": tmp_path / "more.arrow"},
            output=tmp_path / "output.arrow",
            columns=[(name, *types) for name, types in (columns or COLUMNS).items()],
        )
        said = [] if lines is None else lines
        run_task(
            assignment,
            environment=HERE,
            workdir=tmp_path / "work",
            allowance=of_memory(memory),
            log_bounds=LogBounds(),
            on_line=said.append,
        )
        with pa.memory_map(str(tmp_path / "output.arrow")) as source:
            made: pa.Table = pa.ipc.open_file(source).read_all()
        return made

    return go


def refused(run: Callable[..., pa.Table], body: str, columns: dict[str, tuple[str, str]] | None = None) -> str:
    with pytest.raises(UserCodeError) as error:
        run(body, columns)
    return str(error.value)


@pytest.mark.parametrize(
    "returned",
    [
        "context.read_arrow('rows')",
        "context.read_arrow('rows').to_batches()[0]",
        "context.read_arrow('rows').to_reader()",
        "context.read_pandas('rows')",
        "context.read_pandas('rows')[['x', 'id']]",
        "(batch for batch in context.read_batches('rows'))",
        "iter([context.read_pandas('rows')[:5], context.read_arrow('rows').slice(5)])",
    ],
)
def test_what_may_be_returned(run: Callable[..., pa.Table], returned: str) -> None:
    made = run(f"return {returned}")
    assert made.to_pydict() == {"id": list(range(10)), "x": [number / 2 for number in range(10)]}
    assert made.schema.types == [pa.int32(), pa.float64()]


def test_what_the_context_tells(run: Callable[..., pa.Table]) -> None:
    lines: list[str] = []
    ends = ("2013-08-01T00:00:00+00:00", None)
    body = """
        print(context, context.inputs, context.properties["owner"], context.project_id)
        print(context.interval.start, context.interval.end)
        return context.read_arrow("rows").slice(0, 0)
    """
    assert run(body, lines=lines, interval=ends).num_rows == 0
    confinement, *told = lines
    assert confinement.startswith("users' code is ")
    assert told == [
        "<TaskContext of made version 3, job 7> ['rows', 'more'] ada demo",
        "2013-08-01 00:00:00+00:00 None",
    ]


def test_a_hostile_task_reads_and_writes_nothing_of_others(run: Callable[..., pa.Table], tmp_path: Path) -> None:
    lines: list[str] = []
    (tmp_path / "secret").write_text("of the installation")
    body = f"""
        import os, socket
        attempts = (
            lambda: open({str(tmp_path / "secret")!r}),
            lambda: open(__file__, "a"),
            lambda: open({str(tmp_path / "rows.arrow")!r}, "a"),
            lambda: os.unlink({str(tmp_path / "output.arrow")!r}),
            lambda: socket.socket(),
        )
        for attempt in attempts:
            try:
                attempt()
                print("done")
            except PermissionError:
                print("refused")
        return context.read_arrow("rows").slice(0, 0)
    """
    assert run(body, lines=lines).num_rows == 0
    assert lines[1:] == ["refused"] * 5


FRAME = "import pandas as pd, numpy as np, decimal, datetime; return pd.DataFrame({{'c': {}}})"


def test_values_that_fit(run: Callable[..., pa.Table]) -> None:
    """Of pandas: what is missing there is null, whatever stands for it."""
    cases: list[tuple[tuple[str, str], str, list[Any]]] = [
        (TYPES["text"], "['a', None]", ["a", None]),
        (TYPES["text"], "pd.Categorical(['a', 'b'])", ["a", "b"]),
        (TYPES["text"], "[np.nan, np.nan]", [None, None]),
        (TYPES["day"], "[pd.NaT, pd.NaT]", [None, None]),
        (TYPES["numeric"], "[1.5, np.nan]", ["1.5", None]),
        (TYPES["numeric"], "[decimal.Decimal('1.10')] * 2", ["1.10", "1.10"]),
        (TYPES["real"], "[0.5, np.inf]", [0.5, float("inf")]),
        (TYPES["flag"], "[True, None]", [True, None]),
        (TYPES["bytes"], "[b'x', b'']", [b"x", b""]),
        (("int32", "integer"), "[1.0, np.nan]", [1, None]),
    ]
    frame = ", ".join(f"'c{number}': {values}" for number, (_, values, _) in enumerate(cases))
    body = f"import pandas as pd, numpy as np, decimal; return pd.DataFrame({{{frame}}})"
    made = run(body, {f"c{number}": types for number, (types, _, _) in enumerate(cases)})
    for number, (types, _, expected) in enumerate(cases):
        assert made[f"c{number}"].to_pylist() == expected, types


@pytest.mark.parametrize(
    ("declared", "values", "said"),
    [
        (("int32", "integer"), "[1.5]", "as double; task.yaml declares integer: Float value 1.5"),
        (("int16", "smallint"), "[40000]", "as int64; task.yaml declares smallint: Integer value 40000 not in range"),
        (TYPES["text"], "[1]", "gave the column 'c' as int64; task.yaml declares text"),
        (TYPES["flag"], "[1]", "gave the column 'c' as int64; task.yaml declares boolean"),
        (TYPES["real"], "[1e300]", "task.yaml declares real: a number is too large for it"),
        (
            TYPES["at"],
            "[pd.Timestamp('2013-08-01')]",
            "expected: times with a zone in c: in pandas, .dt.tz_localize('UTC')",
        ),
        (TYPES["local"], "[pd.Timestamp('2013-08-01', tz='UTC')]", "in pandas, .dt.tz_localize(None)"),
        (TYPES["day"], "[pd.Timestamp('2013-08-01')]", "expected: days in c: in pandas, .dt.date"),
        (TYPES["text"], "['a', 1]", "the data frame that run_task() gave can't become Arrow"),
    ],
)
def test_values_that_do_not_fit(
    run: Callable[..., pa.Table], declared: tuple[str, str], values: str, said: str
) -> None:
    assert said in refused(run, FRAME.format(values), {"c": declared})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "return None",
            "run_task() returned None\n  where: task.py\n  expected: a pyarrow Table, or a pandas or",
        ),
        ("return [context.read_arrow('rows')]", "run_task() returned a list"),
        ("yield 1", "run_task() gave a int"),
        ("return context.read_arrow('more')", "the table that run_task() gave lacks x and also has name"),
        ("return context.read_pandas('rows').set_index('id')", "the column 'id' is in the index of the DataFrame"),
        ("return context.read_arrow()", "the name of the input is missing; there are: rows, more"),
        ("return context.read_arrow('row')", "there is no input 'row'; there are: rows, more"),
        ("raise ValueError('no')", "run_task() raised ValueError: no\n  where: task.py:2"),
        ("import nothing_there", "the package 'nothing_there' isn't in the task's environment"),
        ("import sys; sys.exit(3)", "run_task() left the program with sys.exit(3)"),
    ],
)
def test_what_is_wrong_is_said(run: Callable[..., pa.Table], body: str, said: str) -> None:
    assert said in refused(run, body)


def test_another_name_of_the_function(run: Callable[..., pa.Table]) -> None:
    with pytest.raises(UserCodeError, match=r"task\.py has no function build"):
        run("return None", function="build")


def test_memory_holds_one_part(run: Callable[..., pa.Table]) -> None:
    """Ten parts of 48 MB each, with less memory than all of them take."""
    body = """
        import numpy as np, pyarrow as pa
        for part in range(10):
            values = np.full(4_000_000, part, dtype="float64")
            yield pa.table({"id": pa.nulls(len(values), pa.int32()), "x": pa.array(values)})
            del values
    """
    assert run(body, memory=320 * 2**20).num_rows == 40_000_000


def test_killed_from_outside(run: Callable[..., pa.Table]) -> None:
    with pytest.raises(ChildLost):
        run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_a_task_written_for_teradata_is_told_what_a_task_is_here(run: Callable[..., pa.Table]) -> None:
    imports = "from teradataml import DataFrame, copy_to_sql\nfrom aoa import ModelContext, aoa_create_context\n"
    told = refused(run, f"{imports}aoa_create_context()\nDataFrame.from_query('sel * from patients')")
    assert "a feature task reads no query, as it has no database" in told
    assert "context.read_pandas(name) of an input that task.yaml declares" in told
    told = refused(run, f"{imports}return copy_to_sql(df=context.read_pandas('rows'), table_name='age')")
    assert "a feature task writes no table, as it has no database" in told
    assert "return the rows" in told
    assert "a feature task reads no table" in refused(run, f"{imports}DataFrame('age_table')")
