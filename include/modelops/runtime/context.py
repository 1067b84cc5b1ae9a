"""What a model's train() and evaluate() are given. Standard library, and Arrow where rows are read."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        reader = self._open()
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)

    def read_pandas(self) -> pandas.DataFrame:
        """All rows as a pandas DataFrame.

        Raises:
            ModuleNotFoundError: model_modules/requirements.txt doesn't list pandas.
        """
        try:
            import pandas  # noqa: F401 - for a clear message if it is missing
        except ModuleNotFoundError as missing:
            raise _not_listed("read_pandas", missing) from None
        frame: pandas.DataFrame = self.read_arrow().to_pandas()
        return frame

    def read_polars(self) -> polars.DataFrame:
        """All rows as a polars DataFrame.

        Raises:
            ModuleNotFoundError: model_modules/requirements.txt doesn't list polars.
        """
        try:
            import polars
        except ModuleNotFoundError as missing:
            raise _not_listed("read_polars", missing) from None
        frame = polars.from_arrow(self.read_arrow())
        assert isinstance(frame, polars.DataFrame)  # a table, not a column, was given
        return frame

    def _open(self) -> pyarrow.ipc.RecordBatchFileReader:
        import pyarrow

        return pyarrow.ipc.open_file(pyarrow.memory_map(self._rows))


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


def _not_listed(method: str, missing: ModuleNotFoundError) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f"context.{method}() needs the package {missing.name}: add it to model_modules/requirements.txt",
        name=missing.name,
    )
