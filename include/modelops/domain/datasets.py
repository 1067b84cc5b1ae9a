"""The datasets of a model: the entity key, the features, the targets, and the SQL of each dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops.domain.drift import DriftSettings
from modelops.domain.errors import DatasetError
from modelops.domain.labels import LabelSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

MEBIBYTE = 2**20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class ReadBounds:
    """The maximum size of the result of a user's query: rows, and bytes in Arrow's memory layout."""

    rows: int = 500_000_000
    bytes: int = 100 * 2**30

    def check(self, *, rows: int, size: int = 0, where: str) -> None:
        """Check the size of a result; for a stream, pass the totals so far.

        Raises:
            DatasetError: the result exceeds one of the bounds.
        """
        if rows > self.rows:
            raise _too_much("there are more than", f"{self.rows:,} rows", "MODELOPS_DATASET_ROWS", where)
        if size > self.bytes:
            raise _too_much(
                "the rows have more than", f"{self.bytes // MEBIBYTE:,} MiB", "MODELOPS_DATASET_SIZE", where
            )


def _too_much(what: str, bound: str, setting: str, where: str) -> DatasetError:
    return DatasetError(
        f"{what} {bound}",
        where=where,
        expected=f"at most {bound}: select a sample, fewer columns or a data interval; or have {setting} raised",
    )


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One query and the roles of its columns.

    `name` is None if the request had SQL instead of a name. `had_nulls` maps each column of the training's rows to
    whether it had a null, which determines the pandas types; None if that is not known.
    """

    name: str | None
    sql: str
    entity_key: tuple[str, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    had_nulls: Mapping[str, bool] | None = None

    @property
    def label(self) -> str:
        """The name of the dataset, or "given as SQL"."""
        return self.name or "given as SQL"

    def as_record(self) -> dict[str, Any]:
        """The dataset as the registry stores it."""
        return {"name": self.name, "sql": self.sql}


@dataclass(frozen=True, kw_only=True)
class Datasets:
    """The contents of a model's datasets.yaml."""

    entity_key: tuple[str, ...]
    features: tuple[str, ...]
    targets: tuple[str, ...]
    sql: Mapping[str, str]
    drift: DriftSettings = field(default_factory=DriftSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)

    def choose(self, name_or_sql: str, *, where: str) -> Dataset:
        """The dataset of that name, or an unnamed one with that SQL.

        Raises:
            DatasetError: the text is a single word and no dataset has that name.
        """
        text = name_or_sql.strip()
        named = _NAME.fullmatch(text) is not None
        if named and text not in self.sql:
            raise DatasetError(
                f"there is no dataset {text!r}",
                where=where,
                expected=f"one of {', '.join(sorted(self.sql))}, or a SELECT statement",
            )
        return Dataset(
            name=text if named else None,
            sql=self.sql[text] if named else text,
            entity_key=self.entity_key,
            feature_names=self.features,
            target_names=self.targets,
        )
