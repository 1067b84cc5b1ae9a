"""What a model's and a feature task's functions are given. Standard library, and Arrow where rows are read."""

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
        hyperparams: a dict of config.json's hyperParameters with what this job overrides. Both
            `context.hyperparams["max_depth"]` and `context.hyperparams.max_depth` work (only the first for a name that
            dicts have themselves, such as "copy").
        dataset_info: the dataset's `sql` (str), and its `entity_key`, `feature_names` and `target_names` (lists of
            column names).
        artifact_output_path: folder to write to. Whatever is in it when your function returns is kept: the model, plots
            (.png, .svg), and metrics.json, an object of numbers.
        artifact_input_path: when evaluating, the folder with what the training wrote; None when training.
        project_id, model_id, model_version, job_id: what this run belongs to, as str.

    The rows of the dataset, entity key, features and targets, were read before your code started; the code needs
    no database. Read them as often as you like in the way that suits the model:

        X = context.read_pandas()[context.dataset_info.feature_names]

    What you print is in the job's log at once. The working directory is empty, and removed at the end.
    """

    def __init__(self, assignment: dict[str, Any]) -> None:
        self._rows: str = assignment["rows"]
        self.hyperparams = Hyperparameters(assignment["hyperparameters"])
        # A type of the standard library, as it has to survive being sent to another process.
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
        """All rows as a pyarrow Table. The file is mapped, so what you don't touch takes no memory."""
        return self._open().read_all()

    def read_batches(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows as Arrow record batches, one after the other: for more rows than fit in memory."""
        return _batches(self._open())

    def read_pandas(self) -> pandas.DataFrame:
        """All rows as a pandas DataFrame.

        Raises:
            ModuleNotFoundError: model_modules/requirements.txt doesn't list pandas.
        """
        return _pandas(self.read_arrow, "model_modules/requirements.txt")

    def read_polars(self) -> polars.DataFrame:
        """All rows as a polars DataFrame.

        Raises:
            ModuleNotFoundError: model_modules/requirements.txt doesn't list polars.
        """
        return _polars(self.read_arrow, "model_modules/requirements.txt")

    def _open(self) -> pyarrow.ipc.RecordBatchFileReader:
        return _opened(self._rows)


class TaskContext:
    """Everything that the function of a feature task gets: the rows of its inputs, and what it runs for.

    Attributes:
        inputs: the names of the inputs, as task.yaml declares them.
        interval: the data interval, whose `start` and `end` are datetimes with a time zone; the function gives rows
            from the start to before the end. None where the task isn't incremental. In a run over all times both are
            None.
        properties: those of task.yaml, a dict.
        project_id, task_id, task_version, job_id: what this run belongs to, as str.

    The rows of the inputs were read before your code started; the code needs no database. The name of an input can be
    left out where there is only one:

        flights = context.read_pandas("flights")

    Return the rows of the table: a pyarrow Table, a pandas or a polars DataFrame; or yield such tables, one part after
    the other, and memory holds one part at a time.
    """

    def __init__(self, assignment: dict[str, Any]) -> None:
        self._paths: dict[str, str] = assignment["inputs"]
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
        """All rows of an input as a pyarrow Table. The file is mapped, so what you don't touch takes no memory."""
        return self._open(name).read_all()

    def read_batches(self, name: str | None = None) -> Iterator[pyarrow.RecordBatch]:
        """The rows of an input as Arrow record batches, one after the other: for more than fit in memory."""
        return _batches(self._open(name))

    def read_pandas(self, name: str | None = None) -> pandas.DataFrame:
        """All rows of an input as a pandas DataFrame.

        Raises:
            ModuleNotFoundError: requirements.txt doesn't list pandas.
        """
        return _pandas(lambda: self.read_arrow(name), "requirements.txt")

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
            asked = "which input is meant isn't said" if name is None else f"there is no input {name!r}"
            raise LookupError(f"{asked}; there are: {', '.join(self.inputs)}")
        return _opened(self._paths[name])


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


def _pandas(table: Callable[[], pyarrow.Table], requirements: str) -> pandas.DataFrame:
    try:
        import pandas  # noqa: F401 - for a clear message if it is missing
    except ModuleNotFoundError as missing:
        raise _not_listed("read_pandas", missing, requirements) from None
    frame: pandas.DataFrame = table().to_pandas()
    return frame


def _polars(table: Callable[[], pyarrow.Table], requirements: str) -> polars.DataFrame:
    try:
        import polars
    except ModuleNotFoundError as missing:
        raise _not_listed("read_polars", missing, requirements) from None
    frame = polars.from_arrow(table())
    assert isinstance(frame, polars.DataFrame)  # a table, not a column, was given
    return frame


class Hyperparameters(dict[str, Any]):
    """A dict whose items can be read and set as attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            there = ", ".join(self) or "none"
            raise AttributeError(f"there is no hyperparameter {name!r}; there are: {there}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        # In another process, such as a worker of joblib, this module isn't there: it arrives as a plain dict.
        return dict, (dict(self),)


def _not_listed(method: str, missing: ModuleNotFoundError, requirements: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"context.{method}() needs the package {missing.name}: add it to {requirements}", name=missing.name
    )
