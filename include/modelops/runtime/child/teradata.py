"""Stand-ins for the packages aoa, tmo, teradatamodelops and teradataml, so that models written for them run unchanged.

main.py loads this module by its path when the model's code imports one of them. It needs no network and no database:
the rows are those of the context, and tables that the code writes are kept in memory for this run alone.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

    import pandas

    from modelops.runtime.child.teradata_run import (
        NoStandInError,
        StandInError,
        StandInState,
        listed,
        refuse_without_stand_in,
    )
else:
    from _modelops_teradata_run import NoStandInError, StandInError, StandInState, listed, refuse_without_stand_in


class DataFrame:
    """The rows of a query or a table, with the methods that models use before to_pandas()."""

    def __init__(self, table_name: str | None = None, *_unused: Any, query: str | None = None, **_options: Any) -> None:
        if table_name is None and query is None:
            raise StandInError("DataFrame() names no query", right="DataFrame.from_query(context.dataset_info.sql)")
        self._source = _run().table(table_name) if table_name is not None else _run().source(str(query))

    @classmethod
    def from_query(cls, query: str, *_unused: Any, **_options: Any) -> DataFrame:
        """The rows of the dataset, or of a table that this run has written."""
        return cls(query=query)

    @classmethod
    def from_table(cls, table_name: str, *_unused: Any, **_options: Any) -> DataFrame:
        """The rows of a table that this run has written."""
        return cls(table_name)

    def to_pandas(
        self, index_column: Any = None, num_rows: int | None = None, all_rows: bool = False, **_options: Any
    ) -> pandas.DataFrame:
        """All rows, whether `all_rows` is set or not; `num_rows` rows if only that is given."""
        frame = self._source()
        if num_rows is not None and not all_rows:
            frame = frame.head(num_rows)
        return frame if index_column is None else frame.set_index(index_column)

    @property
    def columns(self) -> list[str]:
        return _run().columns(self._source)

    @property
    def shape(self) -> tuple[int, int]:
        return self._source().shape

    def head(self, n: int = 10) -> DataFrame:
        return self._of(lambda frame: frame.head(n))

    def sample(self, n: int | None = None, frac: float | None = None, **_options: Any) -> DataFrame:
        """A random sample of `n` rows, or of the fraction `frac`, with a fixed seed."""
        return self._of(lambda frame: frame.sample(n=n, frac=frac, random_state=0))

    def select(self, select_expression: Any) -> DataFrame:
        names = [select_expression] if isinstance(select_expression, str) else list(select_expression)
        _check_columns("DataFrame.select", self, names)
        return self._of(lambda frame: frame[names])

    def drop(self, columns: Any = None, axis: int = 1, **_options: Any) -> DataFrame:
        if columns is None or axis != 1:
            refuse_without_stand_in("DataFrame.drop without columns")
        names = [columns] if isinstance(columns, str) else list(columns)
        _check_columns("DataFrame.drop", self, names)
        return self._of(lambda frame: frame.drop(columns=names))

    def to_sql(self, table_name: str, *_unused: Any, **options: Any) -> None:
        copy_to_sql(self, table_name, **options)

    def __getitem__(self, names: Any) -> DataFrame:
        if not isinstance(names, (str, list, tuple)) or not all(isinstance(name, str) for name in names):
            refuse_without_stand_in("DataFrame[...] with a condition")
        return self.select(names)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse_without_stand_in(f"DataFrame.{name}")

    def __repr__(self) -> str:
        return repr(self._source())

    def _of(self, change: Callable[[pandas.DataFrame], pandas.DataFrame]) -> DataFrame:
        made = object.__new__(DataFrame)
        source = self._source
        made._source = lambda: change(source())
        return made


def copy_to_sql(
    df: Any,
    table_name: str,
    schema_name: str | None = None,  # noqa: ARG001 - arguments are those of Teradata's packages
    if_exists: str = "append",
    index: bool = False,
    index_label: Any = None,
    primary_index: Any = None,  # noqa: ARG001
    temporary: bool = False,
    **_options: Any,
) -> None:
    """Keep the rows for this run. While scoring, the rows of the table of predictions are the predictions."""
    frame = df.to_pandas() if isinstance(df, DataFrame) else df
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(frame, pandas.DataFrame):
        raise StandInError(
            f"copy_to_sql() got a {type(df).__module__}.{type(df).__qualname__}", right="a pandas DataFrame"
        )
    if index:
        frame = frame.reset_index() if index_label is None else frame.rename_axis(index_label).reset_index()
    _run().write(str(table_name), frame, temporary=temporary, if_exists=if_exists)


class Connection:
    """Stands in for a connection: there is none, and remove_context() has nothing to close."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse_without_stand_in(f"the connection's {name}")


def create_context(*_unused: Any, **_options: Any) -> Connection:
    """Return a stand-in for a connection."""
    return Connection()


def remove_context() -> bool:
    """Do nothing, as there is no connection."""
    return True


def record_training_stats(
    df: Any,
    features: Iterable[str] = (),
    targets: Iterable[str] | None = None,
    categorical: Iterable[str] | None = None,
    context: Any = None,  # noqa: ARG001
    feature_importance: Any = None,
    **_options: Any,
) -> dict[str, Any]:
    """Check that the columns exist; the job computes the statistics."""
    _check_columns("record_training_stats", df, [*features, *(targets or ()), *(categorical or ())])
    return _recorded("record_training_stats", feature_importance)


def record_evaluation_stats(
    features_df: Any,
    predicted_df: Any,
    feature_importance: Any = None,
    context: Any = None,  # noqa: ARG001
    importance: Any = None,
    **_options: Any,
) -> dict[str, Any]:
    """Check that both are data frames; the job computes the statistics."""
    for frame in (features_df, predicted_df):
        _check_columns("record_evaluation_stats", frame, [])
    return _recorded("record_evaluation_stats", feature_importance or importance)


def record_scoring_stats(features_df: Any, predicted_df: Any, **_options: Any) -> dict[str, Any]:
    """Check that both are data frames; the job computes the statistics."""
    for frame in (features_df, predicted_df):
        _check_columns("record_scoring_stats", frame, [])
    return _recorded("record_scoring_stats", None)


def save_plot(title: str, dpi: int = 500, context: Any = None) -> None:
    """Save matplotlib's current figure under its title among the artifacts, and clear it."""
    plots = importlib.import_module("matplotlib.pyplot")
    folder = (context or _run().context).artifact_output_path
    if folder is None:
        raise StandInError("save_plot() was called while scoring", right="plots in train() and evaluate() alone")
    name = re.sub(r"[^\w.-]+", "_", title).strip("._").lower() or "plot"
    if not name.endswith((".png", ".svg", ".pdf", ".jpg")):
        name += ".png"
    plots.title(title)
    plots.gcf().savefig(os.path.join(folder, name), dpi=dpi, bbox_inches="tight")
    plots.clf()


def _recorded(called: str, importance: Any) -> dict[str, Any]:
    kept = "; feature_importance is not kept: write it to a file in context.artifact_output_path" if importance else ""
    _run().log_once(f"{called}: jobs compute the statistics of their rows themselves{kept}")
    return {}


def _check_columns(called: str, frame: Any, names: list[str]) -> None:
    columns = getattr(frame, "columns", None)
    if columns is None:
        raise StandInError(
            f"{called}() got {type(frame).__qualname__} where a data frame belongs",
            right="DataFrame.from_query(context.dataset_info.sql)",
        )
    columns = list(columns)
    missing = [name for name in names if name not in columns]
    if missing:
        raise StandInError(
            f"{called}() names {listed(missing)}; the columns are {listed(columns)}", right="names of these columns"
        )


_RUN: StandInState | None = None


def _run() -> StandInState:
    assert _RUN is not None  # main.py calls begin() before user code can import these names
    return _RUN


def begin(context: Any, *, verb: str) -> None:
    """Activate the stand-ins for the code of this context."""
    global _RUN
    _RUN = StandInState(context, verb=verb)


def scorer(score: Callable[[Any], Any]) -> type:
    """A ModelScorer that calls the model's score(context) for each batch of rows."""

    class ScoreFunction:
        frame = "pandas"

        def __init__(self, context: Any) -> None:
            _run().give()
            if context.artifact_output_path is None:  # files that are written there while scoring are not kept
                os.makedirs("artifacts/output", exist_ok=True)
                context.artifact_output_path = os.path.abspath("artifacts/output")

        def predict(self, data: Any) -> Any:
            return _run().predict(score, data)

    return ScoreFunction


CLIENT_PACKAGES, DATABASE_PACKAGE = ("aoa", "tmo", "teradatamodelops"), "teradataml"
_OF_CLIENT = {
    "aoa_create_context": create_context,
    "copy_to_sql": copy_to_sql,
    "record_evaluation_stats": record_evaluation_stats,
    "record_scoring_stats": record_scoring_stats,
    "record_training_stats": record_training_stats,
    "save_plot": save_plot,
    "tmo_create_context": create_context,
    "ModelContext": None,  # the class of the present context
}
_OF_DATABASE = {
    "DataFrame": DataFrame,
    "copy_to_sql": copy_to_sql,
    "create_context": create_context,
    "get_connection": create_context,
    "get_context": create_context,
    "remove_context": remove_context,
}
_CLIENT_MODULES = (
    "", ".context", ".context.model_context", ".stats", ".stats.stats", ".util", ".util.artifacts", ".util.connections",
    ".util.context", ".util.wrappers",
)  # fmt: skip
_DATABASE_MODULES = ("", ".context", ".context.context", ".dataframe", ".dataframe.copy_to", ".dataframe.dataframe")
MODULES: Mapping[str, Mapping[str, Any]] = {
    **{f"{client}{module}": _OF_CLIENT for client in CLIENT_PACKAGES for module in _CLIENT_MODULES},
    **{f"{DATABASE_PACKAGE}{module}": _OF_DATABASE for module in _DATABASE_MODULES},
}
"""The names in each module; modelops.domain.teradata has the same names, for the check of models."""


class Loader:
    """Fills a module with its stand-ins."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Return None: Python creates the module."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        names = {key: value for key, value in MODULES[name].items() if value is not None}
        if "ModelContext" in MODULES[name]:
            names["ModelContext"] = type(_run().context)
        module.__dict__.update(names, __all__=sorted(MODULES[name]))

        def missing(attribute: str) -> NoReturn:
            if attribute.startswith("_") or f"{name}.{attribute}" in MODULES:
                raise AttributeError(attribute)
            refuse_without_stand_in(f"{name}.{attribute}", NoStandInError)

        module.__dict__["__getattr__"] = missing


def spec(name: str) -> ModuleSpec:
    """The import spec of a stand-in module.

    Raises:
        NoStandInError: the module has no stand-in.
    """
    if name not in MODULES:
        refuse_without_stand_in(f"the module {name}", NoStandInError)
    return ModuleSpec(name, Loader(), is_package=True)  # type: ignore[arg-type] # create_module and exec_module suffice
