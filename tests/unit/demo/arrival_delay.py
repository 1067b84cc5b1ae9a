"""The demonstration's model, imported, and rows that look like flights."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modelops.repository.definition import read_model
from modelops.runtime.child.context import ModelContext
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

FOLDER = PROJECT_ROOT / "include" / "demo" / "model_definitions" / "arrival_delay"
ESTIMATORS = ("logistic_regression", "gradient_boosting")

# So that no other test meets the modules, which every model names alike.
PACKAGE = "arrival_delay_of_the_demo"

CATEGORICAL = {
    "carrier": ["UA", "B6", "EV"],
    "origin": ["EWR", "JFK", "LGA"],
    "dest": ["IAH", "MIA", "BOS", "SFO"],
    "plane_engine": ["Turbo-fan", "Turbo-jet", None],
    "plane_manufacturer": ["BOEING", "AIRBUS", "EMBRAER", None],
}
MAY_BE_MISSING = {"plane_age", "plane_seats", "temp", "wind_dir", "wind_gust", "pressure"}


class Model:
    """The model's code and what it is given; its artifacts lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.definition = read_model(FOLDER, "demo/arrival_delay")

    def module(self, name: str) -> ModuleType:
        # skops asks every imported module for names, and those of Airflow, if another test has imported it, warn then.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(f"{PACKAGE}.{name}")

    def context(self, rows: Path | pa.Table, **hyperparameters: Any) -> ModelContext:
        datasets = self.definition.datasets
        return ModelContext(
            {
                "rows": str(self._file(rows) if isinstance(rows, pa.Table) else rows),
                "had_nulls": None,
                "hyperparameters": {**self.definition.hyperparameters, **hyperparameters},
                "dataset": {
                    "sql": "SELECT 1",
                    "entity_key": list(datasets.entity_key),
                    "feature_names": list(datasets.features),
                    "target_names": list(datasets.targets),
                },
                "artifact_input": str(self.folder),
                "artifact_output": str(self.folder),
                **dict.fromkeys(("project_id", "model_id", "model_version", "job_id"), "test"),
            }
        )

    def metrics(self) -> Mapping[str, float]:
        found: Mapping[str, float] = json.loads((self.folder / "metrics.json").read_text())
        return found

    def rows(self, count: int = 400, **columns: Any) -> pa.Table:
        """Flights of chance that are late the more often the later they depart; `columns` replaces some."""
        random = np.random.default_rng(7)
        table: dict[str, Any] = {"flight_id": np.arange(count)}
        for name in self.definition.datasets.features:
            if name in CATEGORICAL:
                table[name] = pa.array([CATEGORICAL[name][i % len(CATEGORICAL[name])] for i in range(count)])
            else:
                gaps = random.random(count) < (0.2 if name in MAY_BE_MISSING else 0)
                table[name] = pa.array(random.uniform(0, 24, count), mask=gaps)
        table["late"] = (np.asarray(table["departure_hour"]) + random.normal(0, 4, count) > 16).astype("int32")
        return pa.table(table | columns)

    def _file(self, rows: pa.Table) -> Path:
        file = self.folder / "rows.arrow"
        with pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows)
        return file


@contextmanager
def imported(folder: Path) -> Iterator[Model]:
    """The model as long as it is needed."""
    modules = FOLDER / "model_modules"
    spec = importlib.util.spec_from_file_location(
        PACKAGE, modules / "__init__.py", submodule_search_locations=[str(modules)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    try:
        spec.loader.exec_module(package)
        yield Model(folder)
    finally:
        for name in [each for each in sys.modules if each.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
