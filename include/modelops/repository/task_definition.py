"""Reads the definition of a feature task: task.yaml, task.sql or task.py, and policy.yaml."""

from __future__ import annotations

import keyword
import math
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import RepositoryError
from modelops.domain.feature_tasks import FEATURES, RUN_COLUMNS, FeatureTask, Language, RowBounds
from modelops.domain.findings import Findings
from modelops.domain.resources import ResourceRequest
from modelops.domain.targets import Target
from modelops.repository.column_types import NOT_IN_KEYS, TIMES, TYPES, column_type
from modelops.repository.entry_points import require_function
from modelops.repository.fields import Column, Identifier, KeyColumns, Label, Text, at_least_one
from modelops.repository.policy import read_approvers
from modelops.repository.reading import read_sql, read_text_if_any, read_yaml
from modelops.repository.resources import EXAMPLE, read_resources

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.repository.documents import Document

_FUNCTION = "run_task"
_OF_POSTGRESQL = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
"""Every table has these columns already."""
_TABLE = re.compile(r"([^\W\d][\w$]*)\.([^\W\d][\w$]*)")


def read_task(folder: Path, reference: str) -> FeatureTask:
    """Read and check a task's folder; `reference` ("demo/flight_features") names it in messages.

    Raises:
        RepositoryError: a file or the function is missing or wrong.
        TargetError: the output can't be a feature table.
        SeveralErrors: there are several mistakes.
    """
    document = read_yaml(
        folder / "task.yaml", f"{reference}/task.yaml", expected="a file with name, language, output, …"
    )
    declared = document.read_as(_TaskFile)
    findings = Findings()
    output = rows = sql = requirements = None
    function = ""
    approvers: tuple[str, ...] = ()
    resources = ResourceRequest()
    with findings.collecting():
        _check_key(document, declared)
    with findings.collecting():
        _check_incremental(document, declared)
    with findings.collecting():
        sql, function, requirements = _code(folder, reference, document, declared)
    with findings.collecting():
        output = Target.parse(declared.output, where=document.where("output"), default_schema=FEATURES)
    with findings.collecting():
        rows = _rows(document, declared)
    with findings.collecting():
        resources = read_resources(document)
        _check_resources(document, declared, resources)
    with findings.collecting():
        approvers = read_approvers(folder / "policy.yaml", f"{reference}/policy.yaml")
    findings.raise_if_any()
    assert output is not None
    assert rows is not None
    return FeatureTask(
        reference=reference,
        name=PurePath(reference).name,
        title=declared.name,
        description=declared.description or "",
        language=declared.language,
        function=function,
        sql=sql,
        inputs=declared.inputs,
        output=output,
        key=tuple(declared.key),
        columns=declared.columns,
        incremental=declared.incremental,
        time_zone=declared.time_zone,
        rows=rows,
        empty=declared.empty or (Emptiness.INTERVALS if rows.least else Emptiness.ALWAYS),
        properties=declared.properties,
        requirements=requirements,
        approvers=approvers,
        resources=resources,
    )


def _language(value: object) -> object:
    if isinstance(value, str):
        if value not in list(Language):
            raise ValueError(f"is {value!r}")
        return Language(value)
    return value


def _emptiness(value: object) -> object:
    if isinstance(value, str):
        if value not in list(Emptiness):
            raise ValueError(f"is {value!r}")
        return Emptiness(value)
    return value


def _function(value: str) -> str:
    if keyword.iskeyword(value):
        raise ValueError("is a word of Python's own")
    return value


def _input(value: str) -> str:
    """The SELECT of an input; for a table name, a SELECT of all its columns with the names quoted."""
    table = _TABLE.fullmatch(value.strip())
    if table:
        return f'SELECT * FROM "{table[1]}"."{table[2]}"'  # noqa: S608 - neither name can hold a quote
    if not re.search(r"\bselect\b", value, re.IGNORECASE):
        raise ValueError("is neither schema.table nor a SELECT")
    return value


def _own(name: str) -> str:
    if name in RUN_COLUMNS:
        raise ValueError(
            "is reserved: every feature table has a column of this name, which identifies the run of a row"
        )
    if name in _OF_POSTGRESQL:
        raise ValueError("is reserved: PostgreSQL has a column of this name in every table")
    return name


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no time zone") from None
    return name


def _property(value: object) -> object:
    if not isinstance(value, str | int | float):  # true and false are ints
        raise ValueError("is neither text, nor a number, nor true or false")  # noqa: TRY004 - pydantic's
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


def _count(value: int) -> int:
    if value < 0:
        raise ValueError("is negative")
    return value


class _TaskFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Label = Field(description="a short text for people")
    description: str | None = Field(None, description="a text for people")
    language: Annotated[Language, BeforeValidator(_language)] = Field(
        description="sql, for one SELECT in task.sql, or python, for a function in task.py"
    )
    function: Annotated[Identifier, AfterValidator(_function)] | None = Field(
        None, description=f"the name of a function in task.py; without it {_FUNCTION}"
    )
    inputs: dict[Identifier, Annotated[Text, AfterValidator(_input)]] = Field(
        {},
        description="tables or SELECT statements under names of letters, digits and _:"
        " inputs: {flights: demo.flight, weather: SELECT …}",
    )
    output: Text = Field(description=f"schema.name, or a name in the schema {FEATURES}: output: flight_features")
    key: KeyColumns = Field(description="the column or columns that identify a row, each once: key: [flight_id]")
    columns: Annotated[
        dict[Annotated[Column, AfterValidator(_own)], Annotated[str, AfterValidator(column_type)]],
        AfterValidator(at_least_one),
    ] = Field(
        description="every column of the output, in order, under a name of your own:"
        f" columns: {{flight_id: bigint}}; the types are {', '.join(TYPES)}"
    )
    incremental: str | None = Field(
        None, description="the column by which rows belong to a data interval: incremental: departed_at"
    )
    time_zone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None,
        description="where dates and times without a zone in the incremental column are meant:"
        " time_zone: America/New_York; without it where the schedule is",
    )
    rows: object = Field(
        None, description="bounds of the number of rows of one run that has rows: rows: {min: 1, max: 500000}"
    )
    empty: Annotated[Emptiness, BeforeValidator(_emptiness)] | None = Field(
        None,
        description="which runs may give no row: never, intervals (those for a data interval; the default), or always",
    )
    resources: dict[str, Any] | None = Field(None, description=f"a mapping: {EXAMPLE}")
    properties: dict[Text, Annotated[Any, AfterValidator(_property)]] = Field(
        {},
        description="text, numbers, true or false under names: properties: {owner: data-platform}; a date in quotes",
    )


class _RowsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    min: Annotated[int, AfterValidator(_count)] = Field(1, description="a whole number, 0 or more")
    max: Annotated[int, AfterValidator(_count)] | None = Field(None, description="a whole number, min or more")


def _code(folder: Path, reference: str, document: Document, declared: _TaskFile) -> tuple[str | None, str, str | None]:
    """The SQL (None in Python), the name of the function (empty in SQL), and the requirements."""
    requirements = folder / "requirements.txt"
    shown = f"{reference}/requirements.txt"
    if declared.language is Language.SQL:
        if declared.function is not None:
            raise RepositoryError(
                "function is given for a task in SQL",
                where=document.where("function"),
                expected="no function: task.sql is all that runs; or language: python",
            )
        if requirements.exists():
            raise RepositoryError(
                "a task in SQL can't have packages",
                where=shown,
                expected="no such file: the database runs task.sql; or language: python",
            )
        return _select(folder / "task.sql", f"{reference}/task.sql"), "", None
    if not declared.inputs:
        raise RepositoryError(
            "a task in Python needs at least one input",
            where=document.where("inputs"),
            expected=str(_TaskFile.model_fields["inputs"].description),
        )
    function = declared.function or _FUNCTION
    require_function(folder / "task.py", f"{reference}/task.py", function)
    return None, function, read_text_if_any(requirements, shown)


def _select(file: Path, shown: str) -> str:
    text = read_sql(file, shown, expected="a file with one SELECT; or language: python and a file task.py")
    if not text.strip("; \t\r\n"):
        raise RepositoryError("this file is blank", where=shown, expected="one SELECT")
    return text


def _check_key(document: Document, declared: _TaskFile) -> None:
    for column in declared.key:
        _require_column(document, declared, "key", column)
        if declared.columns[column] in NOT_IN_KEYS:
            raise RepositoryError(
                f"the column {column!r} of type {declared.columns[column]} is in the key",
                where=document.where("key"),
                expected=f"a key must compare exactly: columns of types other than {', '.join(NOT_IN_KEYS)}",
            )


def _check_incremental(document: Document, declared: _TaskFile) -> None:
    column = declared.incremental
    if column is None:
        return
    _require_column(document, declared, "incremental", column)
    if declared.columns[column] not in TIMES:
        raise RepositoryError(
            f"the column {column!r} of type {declared.columns[column]} is not a time",
            where=document.where("incremental"),
            expected=f"a column of type {', '.join(TIMES[:-1])} or {TIMES[-1]}",
        )


def _require_column(document: Document, declared: _TaskFile, role: str, column: str) -> None:
    if column not in declared.columns:
        raise RepositoryError(
            f"{role} names {column!r}, which is not among the columns",
            where=document.where(role),
            expected=f"of the columns {', '.join(declared.columns)}; or {column!r} among them, with its type",
        )


def _check_resources(document: Document, declared: _TaskFile, resources: ResourceRequest) -> None:
    for key in ("memory", "cpu_seconds", "seconds"):
        if declared.language is Language.SQL and getattr(resources, key) is not None:
            raise RepositoryError(
                f"a task in SQL has resources.{key}",
                where=document.where("resources", key),
                expected="queue and pool alone: the database runs task.sql, within the limits of its login",
            )


def _rows(document: Document, declared: _TaskFile) -> RowBounds:
    if declared.rows is None:
        return RowBounds()
    bounds = document.read_as(_RowsFile, "rows")
    if bounds.max is not None and bounds.min > bounds.max:
        raise RepositoryError(
            f"rows has a min of {bounds.min:,} and a max of {bounds.max:,}",
            where=document.where("rows"),
            expected="a min that isn't more than max; without it, min is 1",
        )
    return RowBounds(least=bounds.min, most=bounds.max)
