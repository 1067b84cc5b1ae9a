"""The state of the stand-ins in a run: its rows, the tables that the code writes, and its predictions.

main.py loads this module by its path, for teradata.py. pandas is imported where it is needed.
"""

from __future__ import annotations

import importlib
import os
import re
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas

PREDICTIONS_DATABASE, PREDICTIONS_TABLE = "modelops", "predictions"
JOB = "job_id"
"""A column that models for Teradata ModelOps write; every row of predictions has the job's id anyway."""
IN_SQL = "the same in the SQL of datasets.yaml; or to_pandas() first, and then in pandas"
INPUT = "context.read_pandas(name) of an input that task.yaml declares"
COPY = "copy_to_sql(df=frame, table_name=context.dataset_info.predictions_table)"


class StandInError(Exception):
    """The code uses a feature that needs a Teradata database. `name` holds the `expected` part of the message."""

    kind = "wrong_result"
    name: str | None

    def __init__(self, what: str, *, right: str) -> None:
        super().__init__(what)
        self.name = right


class NoStandInError(StandInError, ImportError):
    """The code imports a name without a stand-in; it may catch the error."""


class Table(NamedTuple):
    """A table that the code has written."""

    frame: pandas.DataFrame
    temporary: bool


class StandInState:
    """What the stand-ins share during one run of user code: dataset rows, tables in memory, predictions."""

    def __init__(self, context: Any, *, verb: str) -> None:
        self.context = context
        self.verb = verb
        self.tables: dict[str, Table] = {}
        self.key: list[str] = []
        self._given: pandas.DataFrame | None = None
        self._read: Callable[[], pandas.DataFrame] = context.read_pandas
        self._said: set[str] = set()
        if verb != "run_task":
            self._complete(context)

    def _complete(self, context: Any) -> None:
        """Add the attributes that only the Teradata ModelOps layout has."""
        info = context.dataset_info
        self.key = list(info.entity_key)
        if len(self.key) == 1:
            info.entity_key = self.key[0]
        info.predictions_database, info.predictions_table = PREDICTIONS_DATABASE, PREDICTIONS_TABLE
        # Of the standard library, so that the context can still be sent to another process.
        info.get_predictions_metadata_fqtn = f"{PREDICTIONS_DATABASE}.{PREDICTIONS_TABLE}".lower
        for name, path in (("input", context.artifact_input_path), ("output", context.artifact_output_path)):
            if path is not None and not os.path.lexists(f"artifacts/{name}"):
                os.makedirs("artifacts", exist_ok=True)
                os.symlink(path, f"artifacts/{name}")

    def log_once(self, line: str) -> None:
        """Print a line to the log, once in this process."""
        if line not in self._said:
            self._said.add(line)
            print(line, flush=True)

    def rows(self) -> pandas.DataFrame:
        """The rows of the dataset, with the entity key as columns and, where it is one column, as the index too."""
        frame = self._read() if self._given is None else self._given.copy()
        if len(self.key) == 1:
            frame.index = importlib.import_module("pandas").Index(frame[self.key[0]].to_numpy())
        return frame

    def columns(self, source: Callable[[], pandas.DataFrame]) -> list[str]:
        """The columns that a source gives; those of the dataset without reading its rows."""
        if source != self.rows:
            return list(source().columns)
        if self._given is not None:
            return list(self._given.columns)
        names: list[str] = self.context.read_arrow().schema.names
        return names

    def give(self) -> None:
        """Make the context return the rows for which score(context) is called."""
        self.context.read_pandas = lambda: self._read() if self._given is None else self._given.copy()

    def source(self, sql: str) -> Callable[[], pandas.DataFrame]:
        """A function that returns the rows of a query.

        Raises:
            StandInError: the query is neither the dataset's nor one that reads a whole table that the code has written.
        """
        self._refuse_in_task("reads no query", INPUT)
        query = _canonical(sql)
        if _is_dataset_query(query, _canonical(self.context.dataset_info.sql)):
            return self.rows
        if found := re.fullmatch(r"sel(?:ect)? \* from ([\w.\"]+)(?: where job_id = '[^']*')?", query, re.IGNORECASE):
            return self.table(found[1])
        raise StandInError(
            f"there is no database for the query {query[:200]!r}",
            right="DataFrame.from_query(context.dataset_info.sql): its rows come with the context. Write any other"
            " query into the SQL of datasets.yaml",
        )

    def table(self, name: str) -> Callable[[], pandas.DataFrame]:
        """A function that returns the rows of a table that the code has written.

        Raises:
            StandInError: the code has written no table of this name.
        """
        self._refuse_in_task("reads no table", INPUT)
        kept = self.tables.get(_table_name(name))
        if kept is None:
            raise StandInError(
                f"there is no table {name!r}: the code has no database, and has written none of this name itself",
                right="DataFrame.from_query(context.dataset_info.sql), with that table in the SQL of datasets.yaml",
            )
        return kept.frame.copy

    def write(self, name: str, frame: pandas.DataFrame, *, temporary: bool, if_exists: str) -> None:
        """Keep a table for as long as the run lasts."""
        self._refuse_in_task(
            "writes no table", "return the rows: the job writes them to the table that task.yaml declares"
        )
        existing = self.tables.get(_table_name(name))
        if existing is not None and if_exists == "fail":
            raise StandInError(f"the table {name!r} has been written already", right='if_exists="append" or "replace"')
        if existing is not None and if_exists == "append":
            if list(existing.frame.columns) != list(frame.columns):
                raise StandInError(
                    f"rows with the columns {listed(frame.columns)} are appended to the table {name!r}, which has"
                    f" {listed(existing.frame.columns)}",
                    right="the same columns in the same order",
                )
            frame = importlib.import_module("pandas").concat([existing.frame, frame], ignore_index=True)
        self.tables[_table_name(name)] = Table(frame.copy(), temporary)
        if self.verb != "score":
            self.log_once(f"the table {name} is kept in memory for this run only")

    def predict(self, score: Callable[[Any], Any], data: pandas.DataFrame) -> pandas.DataFrame:
        """Call score(context) for some rows, and return the predictions that it wrote, in the order of the rows.

        Row numbers stand in for the entity key, which the model never gets.

        Raises:
            StandInError: it wrote no predictions, or not one for each row.
        """
        numbered = data.reset_index(drop=True)
        for name in reversed(self.key):
            numbered.insert(0, name, range(len(numbered)))
        self._given = numbered
        self.tables.clear()
        try:
            returned = score(self.context)
        finally:
            self._given = None
        if isinstance(returned, (CoroutineType, GeneratorType)):
            raise StandInError(
                f"score() returned a {type(returned).__name__}, so none of its code has run",
                right="an ordinary function score(context, **kwargs), without yield and without async",
            )
        return _matched(self._predictions(), self.key, len(numbered))

    def _refuse_in_task(self, what: str, right: str) -> None:
        if self.verb == "run_task":
            raise StandInError(f"a feature task {what}, as it has no database", right=right)

    def _predictions(self) -> pandas.DataFrame:
        lasting = {name: table for name, table in self.tables.items() if not table.temporary}
        found = lasting.get(PREDICTIONS_TABLE) or (next(iter(lasting.values())) if len(lasting) == 1 else None)
        if found is None:
            written = f"wrote the tables {listed(lasting)}" if lasting else "wrote no table"
            raise StandInError(f"score() {written}, and so no predictions", right=COPY)
        return found.frame


def _matched(frame: pandas.DataFrame, key: list[str], rows: int) -> pandas.DataFrame:
    """The predictions in the order of the rows, without the key columns."""
    to_numeric = importlib.import_module("pandas").to_numeric
    right = (
        "one row for each row of DataFrame.from_query(context.dataset_info.sql), with"
        f" {listed(key)} as it is there: row numbers stand in for the entity key"
    )
    for name in key:
        if list(frame.columns).count(name) != 1:
            raise StandInError(f"the predictions that score() wrote have no single column {name!r}", right=right)
    numbers = to_numeric(frame[key[0]], errors="coerce").astype("float64")
    foreign = ~numbers.isin(range(rows))
    for name in key[1:]:
        foreign |= to_numeric(frame[name], errors="coerce").astype("float64") != numbers
    if foreign.any():
        values = ", ".join(repr(frame[name][foreign.to_numpy()].tolist()[0]) for name in key)
        raise StandInError(
            f"score() wrote a prediction for the entity key {values}, which is not among the rows that it got",
            right=right,
        )
    if numbers.duplicated().any():
        count = int(numbers.value_counts().max())
        raise StandInError(f"score() wrote {count} predictions for one row", right=right)
    if len(numbers) < rows:
        raise StandInError(f"score() wrote predictions for {len(numbers):,} of {rows:,} rows", right=right)
    kept = [name for name in frame.columns if name not in {*key, JOB}]
    if not kept:
        raise StandInError(f"score() wrote only {listed(frame.columns)}, and no column of predictions", right=right)
    ordered: pandas.DataFrame = frame[kept].iloc[numbers.to_numpy().argsort()].reset_index(drop=True)
    return ordered


def refuse_without_stand_in(what: str, error: type[StandInError] = StandInError) -> NoReturn:
    raise error(f"{what} has no stand-in: jobs have no Teradata database", right=IN_SQL)


def listed(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names))


def _canonical(sql: str) -> str:
    return " ".join(sql.split()).rstrip("; ")


def _is_dataset_query(query: str, dataset: str) -> bool:
    """Whether a query is the dataset's, or selects everything from it."""
    wrapped = re.fullmatch(r"sel(?:ect)? \* from \(\s?(.*?)[;\s]*\)(?: as)?(?: \w+)?", query, re.IGNORECASE)
    return query == dataset or (wrapped is not None and wrapped[1] == dataset)


def _table_name(name: str) -> str:
    return name.replace('"', "").rpartition(".")[2].lower()
