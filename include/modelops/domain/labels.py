"""Labels: the observed values of a model's targets, which become known after its predictions are published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUTH = "truth"
"""The name of the dataset that has the labels."""
LONGEST_MATURITY = timedelta(days=3650)


class ModelType(StrEnum):
    """What the predictions are; it determines the metrics."""

    CLASSIFIER = "classifier"
    REGRESSOR = "regressor"


@dataclass(frozen=True, kw_only=True)
class LabelSettings:
    """The section `labels` of a model's datasets.yaml.

    `maturity` is the time after the end of a data interval from which its labels are complete; `type` is None where the
    predictions show it.
    """

    maturity: timedelta = timedelta()
    type: ModelType | None = None


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The source of a deployment's labels: SQL that returns the entity key and the targets.

    `name` is None if the request had SQL instead of a name.
    """

    name: str | None
    sql: str
    targets: tuple[str, ...]
    type: ModelType | None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Truth:
        """Make it from the registry's record."""
        of_type = record["type"]
        return cls(
            name=record["name"],
            sql=record["sql"],
            targets=tuple(record["targets"]),
            type=None if of_type is None else ModelType(of_type),
        )

    @property
    def label(self) -> str:
        """The name of the dataset, or "given as SQL"."""
        return self.name or "given as SQL"

    def as_record(self) -> dict[str, Any]:
        """The source as the registry stores it."""
        return {"name": self.name, "sql": self.sql, "targets": list(self.targets), "type": self.type}
