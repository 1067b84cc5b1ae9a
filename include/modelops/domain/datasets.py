"""What a model reads: the entity key, the features, the targets, and the SQL of each named dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One query and the roles of its columns.

    `name` is None where the person who asked for the job gave SQL instead of a name. `had_nulls` says of each column of
    the training's rows whether one of its values was null, which decides on the types that pandas gets; None where that
    is not known.
    """

    name: str | None
    sql: str
    entity_key: tuple[str, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    had_nulls: Mapping[str, bool] | None = None

    @property
    def label(self) -> str:
        """Its name, or what stands for one."""
        return self.name or "given as SQL"

    def as_record(self) -> dict[str, Any]:
        """What the registry keeps of it."""
        return {"name": self.name, "sql": self.sql}


@dataclass(frozen=True, kw_only=True)
class Datasets:
    """The contents of a model's datasets.yaml."""

    entity_key: tuple[str, ...]
    features: tuple[str, ...]
    targets: tuple[str, ...]
    sql: Mapping[str, str]

    def choose(self, name_or_sql: str, *, where: str) -> Dataset:
        """The dataset of that name, or an unnamed one of that SQL.

        Raises:
            DatasetError: a single word that names no dataset.
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
