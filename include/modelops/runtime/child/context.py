"""The context that a model's and a feature task's functions get. Standard library, and Arrow where rows are read."""

from __future__ import annotations

import types
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas
    import polars
    import pyarrow


class ModelContext:
    """Everything that your code gets: hyperparameters, the rows, and folders for its files.

    Attributes:
        hyperparams: a dict: the hyperParameters of config.json, with the values that this job overrides. Both
            `context.hyperparams["max_depth"]` and `context.hyperparams.max_depth` work (only the first for a name that
            dicts have themselves, such as "copy").
        dataset_info: the dataset's `sql` (str), and its `entity_key`, `feature_names` and `target_names` (lists of
            column names).
        artifact_output_path: folder to write to. All files in it are kept when your function returns: the model, plots
            (.png, .svg), and metrics.json, an object of numbers.
        artifact_input_path: in an evaluation, the folder with the files that the training wrote; None in a training.
        project_id, model_id, model_version, job_id: what this run belongs to, as str.

    The rows of the dataset, entity key, features and targets, were read before your code started; the code needs
    no database. Read them as often as you like in the way that suits the model:

        X = context.read_pandas()[context.dataset_info.feature_names]

    What you print is in the job's log at once. The working directory is empty, and removed at the end.
    """

    def __init__(self, assignment: dict[str, Any]) -> None:
        self._rows: str = assignment["rows"]
        self._had_nulls: dict[str, bool] | None = assignment["had_nulls"]
        self.hyperparams = Hyperparameters(assignment["hyperparameters"])
        # A type of the standard library, so that it can be sent to another process.
        self.dataset_info = types.SimpleNamespace(**assignment["dataset"])
        self.artifact_input_path: str | None = assignment["artifact_input"]
        self.artifact_output_path: str = assignment["artifact_output"]
        self.project_id: str = assignment["project_id"]
        self.model_id: str = assignment["model_id"]
        self.model_version: str = assignment["model_version"]
        self.job_id: str = assignment["job_id"]

    def __repr__(self) -> str:
        return f"<ModelContext of {self.model_id} version {self.model_version}, job {self.job_id}>"

    def read_arrow(self) -> pyarrow.Table:
        """All rows as a pyarrow Table. The file is memory-mapped, so rows that you don't use take no memory."""
        return self._open().read_all()

    def read_batches(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows as Arrow record batches, one after another, for more rows than fit into memory."""
        return _batches(self._open())

    def read_pandas(self) -> pandas.DataFrame:
        """All rows as a pandas DataFrame, whose types are those of the training.

        A column of integers or of true and false that had a null in training is float64, or object with None; one that
        had none is int16 to int64, or bool. So predict(data) gets them too, whatever rows are in a batch. A column of
        arrays has a numpy array in each row: np.stack(rows["embedding"]) has the shape (rows, length).

        Raises:
            ModuleNotFoundError: model_modules/requirements.txt doesn't list pandas.
            UnexpectedNullError: a value is null in such a column that had none in training.
        """
        return _pandas(self._all_in_pandas, "model_modules/requirements.txt")

    def read_polars(self) -> polars.DataFrame:
        """All rows as a polars DataFrame.

        Raises:
            ModuleNotFoundError: model_modules/requirements.txt doesn't list polars.
        """
        return _polars(self.read_arrow, "model_modules/requirements.txt")

    def _open(self) -> pyarrow.ipc.RecordBatchFileReader:
        return _opened(self._rows)

    def _all_in_pandas(self) -> pandas.DataFrame:
        table = self.read_arrow()
        for name in self._never_null(table.schema):
            if table[name].null_count:
                raise UnexpectedNullError(name, table[name].null_count, table.num_rows, str(table[name].type))
        return self._in_pandas(table)

    def _never_null(self, schema: pyarrow.Schema) -> list[str]:
        """The columns whose type in pandas has no null: they had none in training."""
        if self._had_nulls is None:
            return []
        return [
            field.name for field in schema if _is_without_null(field.type) and not self._had_nulls.get(field.name, True)
        ]

    def _in_pandas(self, table: pyarrow.Table) -> pandas.DataFrame:
        """The rows in the types of the training. A version without recorded types gets those that the values imply."""
        truths = []
        for number, field in enumerate(table.schema):
            if not (self._had_nulls and self._had_nulls.get(field.name) and _is_without_null(field.type)):
                continue
            if str(field.type) == "bool":
                truths.append(field.name)
            else:
                table = table.set_column(number, field.name, table.column(number).cast("float64", safe=False))
        frame: pandas.DataFrame = table.to_pandas()
        for name in truths:
            frame[name] = frame[name].astype(object)
        return frame


class TaskContext:
    """Everything that the function of a feature task gets: the rows of its inputs, and what it runs for.

    Attributes:
        inputs: the names of the inputs, as task.yaml declares them.
        interval: the data interval, whose `start` and `end` are datetimes with a time zone; the function gives rows
            from the start to before the end. None where the task isn't incremental. In a run over all times both are
            None.
        properties: the properties in task.yaml, a dict.
        project_id, task_id, task_version, job_id: what this run belongs to, as str.

    The rows of the inputs were read before your code started; the code needs no database. The name of an input can be
    left out where there is only one:

        flights = context.read_pandas("flights")

    Return the rows of the table: a pyarrow Table, a pandas or a polars DataFrame; or yield such tables one after
    another, so that only one at a time is in memory.
    """

    def __init__(self, assignment: dict[str, Any]) -> None:
        self._paths: dict[str, str] = assignment["inputs"]
        self._nullable_types: bool = assignment["nullable_types"]
        self.inputs = list(self._paths)
        self.interval = None if assignment["interval"] is None else _interval(*assignment["interval"])
        self.properties: dict[str, Any] = assignment["properties"]
        self.project_id: str = assignment["project_id"]
        self.task_id: str = assignment["task_id"]
        self.task_version: str = assignment["task_version"]
        self.job_id: str = assignment["job_id"]

    def __repr__(self) -> str:
        return f"<TaskContext of {self.task_id} version {self.task_version}, job {self.job_id}>"

    def read_arrow(self, name: str | None = None) -> pyarrow.Table:
        """All rows of an input as a pyarrow Table. The file is memory-mapped: unused rows take no memory."""
        return self._open(name).read_all()

    def read_batches(self, name: str | None = None) -> Iterator[pyarrow.RecordBatch]:
        """The rows of an input as Arrow record batches, one after another, for more rows than fit into memory."""
        return _batches(self._open(name))

    def read_pandas(self, name: str | None = None) -> pandas.DataFrame:
        """All rows of an input as a pandas DataFrame.

        Integers are of the types Int16 to Int64, true and false of the type boolean, with pandas.NA for null: so types
        are the same for every data interval, whether one of its values is null or not.

        Raises:
            ModuleNotFoundError: requirements.txt doesn't list pandas.
        """
        return _pandas(lambda: self._in_pandas(self.read_arrow(name)), "requirements.txt")

    def read_polars(self, name: str | None = None) -> polars.DataFrame:
        """All rows of an input as a polars DataFrame.

        Raises:
            ModuleNotFoundError: requirements.txt doesn't list polars.
        """
        return _polars(lambda: self.read_arrow(name), "requirements.txt")

    def _open(self, name: str | None) -> pyarrow.ipc.RecordBatchFileReader:
        if name is None and len(self.inputs) == 1:
            name = self.inputs[0]
        if name not in self._paths:
            problem = "the name of the input is missing" if name is None else f"there is no input {name!r}"
            raise LookupError(f"{problem}; there are: {', '.join(self.inputs)}")
        return _opened(self._paths[name])

    def _in_pandas(self, table: pyarrow.Table) -> pandas.DataFrame:
        if self._nullable_types:
            return _with_nullable_types(table)
        frame: pandas.DataFrame = table.to_pandas()
        return frame


def _interval(start: str | None, end: str | None) -> types.SimpleNamespace:
    ends = {"start": start, "end": end}
    moments = {name: None if text is None else datetime.fromisoformat(text) for name, text in ends.items()}
    return types.SimpleNamespace(**moments)


def _opened(path: str) -> pyarrow.ipc.RecordBatchFileReader:
    import pyarrow

    return pyarrow.ipc.open_file(pyarrow.memory_map(path))


def _batches(reader: pyarrow.ipc.RecordBatchFileReader) -> Iterator[pyarrow.RecordBatch]:
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _pandas(frame: Callable[[], pandas.DataFrame], requirements: str) -> pandas.DataFrame:
    try:
        import pandas  # noqa: F401 - for a clear message if it is missing
    except ModuleNotFoundError as missing:
        raise _not_listed("read_pandas", missing, requirements) from None
    return frame()


def _is_without_null(type_: pyarrow.DataType) -> bool:
    """Whether NumPy's type for it has no value that stands for null."""
    return str(type_) in {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}


def _with_nullable_types(table: pyarrow.Table) -> pandas.DataFrame:
    import pandas

    nullable = {
        "int16": pandas.Int16Dtype(),
        "int32": pandas.Int32Dtype(),
        "int64": pandas.Int64Dtype(),
        "bool": pandas.BooleanDtype(),
    }
    frame: pandas.DataFrame = table.to_pandas(types_mapper=lambda type_: nullable.get(str(type_)))
    return frame


def _polars(table: Callable[[], pyarrow.Table], requirements: str) -> polars.DataFrame:
    try:
        import polars
    except ModuleNotFoundError as missing:
        raise _not_listed("read_polars", missing, requirements) from None
    frame = polars.from_arrow(table())
    assert isinstance(frame, polars.DataFrame)  # a table, not a column, was given
    return frame


class UnexpectedNullError(Exception):
    """A null in a column that had none in training. `name` holds the `expected` part of the message."""

    kind = "wrong_result"

    def __init__(self, column: str, nulls: int, rows: int, type_: str) -> None:
        super().__init__(f"{column} is null in {nulls:,} of {rows:,} rows; in training it never was, so it is {type_}")
        self.name = (
            f"rows in which {column} is not null; or a new version, with {column}::float8 in every dataset, or with"
            " nulls among the rows of its training"
        )


class Hyperparameters(dict[str, Any]):
    """A dict whose items can be read and set as attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            names = ", ".join(self) or "none"
            raise AttributeError(f"there is no hyperparameter {name!r}; there are: {names}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        # In another process, such as a worker of joblib, this module isn't there: it arrives there as a plain dict.
        return dict, (dict(self),)


def _not_listed(method: str, missing: ModuleNotFoundError, requirements: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"context.{method}() needs the package {missing.name}: add it to {requirements}", name=missing.name
    )
