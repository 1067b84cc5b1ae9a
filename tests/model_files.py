"""Model files of tests/models, the rows that they were made for in a table, and folders of imported models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

MODELS = Path(__file__).parent / "models"
DATASETS = """
entity_key: id
features: [{features}]
targets: [late]
datasets:
  train: SELECT id, {features}, late FROM flown WHERE id <= 120 ORDER BY id
  evaluate: SELECT id, {features}, late FROM flown WHERE id > 120 ORDER BY id
  predict: SELECT id, {features} FROM flown
  truth: SELECT id, late FROM flown
"""
MIXED_UP = 7
"""The label of every row with a number that this divides is that of the row before: no model is perfect."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A model file and what its own library predicts for the rows of rows.parquet."""

    name: str
    content: Path
    expected: Mapping[str, Any]

    @classmethod
    def of(cls, name: str) -> Made:
        expected = json.loads((MODELS / name / "expected.json").read_text())
        return cls(name=name, content=MODELS / name / expected["file"], expected=expected)

    @property
    def features(self) -> list[str]:
        found: list[str] = self.expected["features"]
        return found

    @property
    def predictions(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = self.expected["predictions"]
        return found

    @property
    def labels(self) -> list[Any]:
        late = self.predictions["late"]
        return [late[place - 1] if place % MIXED_UP == 0 else value for place, value in enumerate(late)]

    def put_into(self, inbox: Path, name: str | None = None) -> str:
        """Copy the file into the inbox; returns its path there."""
        inbox.mkdir(parents=True, exist_ok=True)
        file = name or f"{self.name}{self.content.suffix}"
        (inbox / file).write_bytes(self.content.read_bytes())
        return file

    def fill(self, admin: Connection[Any]) -> None:
        """Make the table `flown` with the rows and this model's labels."""
        rows = pq.read_table(MODELS / "rows.parquet").to_pylist()
        columns = list(rows[0])
        types = {str: "text", int: "int8", float: "float8"}
        declared = ", ".join(f"{name} {types[type(rows[0][name])]}" for name in columns)
        admin.execute(
            f"DROP TABLE IF EXISTS flown;"
            f"CREATE TABLE flown (id int PRIMARY KEY, {declared}, late {types[type(self.labels[0])]});"
            f"GRANT SELECT ON flown TO modelops_sql"
        )
        with admin.cursor() as cursor, cursor.copy(f"COPY flown (id, {', '.join(columns)}, late) FROM STDIN") as copy:
            for number, (row, late) in enumerate(zip(rows, self.labels, strict=True), 1):
                copy.write_row((number, *row.values(), late))

    def check(self, rows: list[tuple[Any, ...]]) -> None:
        """Compare published predictions, in the order of the rows, with those of the file's own library."""
        for place, expected in enumerate(self.predictions.values()):
            found = [row[place] for row in rows]
            assert found == (pytest.approx(expected, abs=1e-6) if isinstance(expected[0], float) else expected)

    @property
    def select(self) -> str:
        """SQL for the published predictions of `late`, for `check`."""
        columns = ", ".join(f'"{name}"' for name in self.predictions)
        return f"SELECT {columns} FROM predictions.late ORDER BY id"


def byom_folder(repository: Path, name: str, features: list[str], **files: Any) -> Path:
    """The folder of an imported model; `files` has the text of datasets, config or policy in place of the default."""
    folder = repository / "byom" / name
    folder.mkdir(parents=True)
    (folder / "datasets.yaml").write_text(files.pop("datasets", DATASETS.format(features=", ".join(features))))
    for file, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / {"config": "config.json", "policy": "policy.yaml"}[file]).write_text(text)
    return folder
