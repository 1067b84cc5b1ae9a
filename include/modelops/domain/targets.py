"""A target of predictions or features: the view `<schema>.<name>`, over a table of rows that only jobs can read."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

PREDICTIONS = "predictions"
"""The default schema of predictions."""
RUN_COLUMNS = ("model_version", "job_id", "scored_at", "interval_start", "interval_end")
"""Columns that the view adds to each row, from the run that wrote the row."""
SUPERSEDED_AT = "superseded_at"
"""A column of the history: the time until which the view showed the row."""
RUN_ID = "run_id"
RESERVED_NAMES = (RUN_ID, *RUN_COLUMNS, SUPERSEDED_AT)

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_ROWS = "_rows"
_HISTORY = "_history"
_AS_OF = "_as_of"
_LONGEST_IDENTIFIER = 63
_LONGEST_NAME = 50
"""Leaves room for `_history` and the endings of constraints in PostgreSQL's 63 bytes."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A table or view by its schema and name."""

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str, *, where: str, default_schema: str = PREDICTIONS) -> Target:
        """Parse `schema.name`, or `name` in the default schema.

        Raises:
            TargetError: the text isn't a plain lower-case name, is too long, or names a reserved schema or suffix.
        """
        schema, _, name = text.rpartition(".")
        if "." not in text:
            schema = default_schema
        for part, longest in ((schema, _LONGEST_IDENTIFIER), (name, _LONGEST_NAME)):
            if not _PLAIN.fullmatch(part):
                raise TargetError(
                    f"the target {text!r} isn't a plain name",
                    where=where,
                    expected=f"schema.name, or a name in the schema {default_schema}, "
                    "of lower-case letters, digits and underscores",
                )
            if len(part) > longest:
                raise TargetError(
                    f"{part!r} has {len(part)} characters", where=where, expected=f"at most {longest} of them"
                )
        if schema in ("modelops", "staging", "information_schema") or schema.startswith("pg_"):
            raise TargetError(
                f"the schema {schema} can't have {default_schema}",
                where=where,
                expected=f"the schema {default_schema}, or one of your own",
            )
        for ending, holds in ((_ROWS, "rows"), (_HISTORY, "history")):
            if name.endswith(ending):
                raise TargetError(
                    f"the name {name} ends in {ending}",
                    where=where,
                    expected=f"another name: the {holds} of a target x is in x{ending}",
                )
        return cls(schema=schema, name=name)

    @property
    def rows(self) -> Target:
        """The table that holds the rows of all runs."""
        return Target(schema=self.schema, name=f"{self.name}{_ROWS}")

    @property
    def history(self) -> Target:
        """The view of all rows that readers have ever seen."""
        return Target(schema=self.schema, name=f"{self.name}{_HISTORY}")

    @property
    def as_of(self) -> Target:
        """The function that returns the rows that readers saw at a given time."""
        return Target(schema=self.schema, name=f"{self.name}{_AS_OF}")

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class TargetColumn:
    """A column of the rows table; `type` is the PostgreSQL type as its function format_type prints it.

    `required`: the column is NOT NULL.
    """

    name: str
    type: str
    required: bool = True


def check_columns(target: Target, *, key: Sequence[TargetColumn], outputs: Sequence[TargetColumn]) -> None:
    """Check that a table can have these columns in addition to the fixed ones.

    Raises:
        TargetError: a name is reserved, appears twice, or is too long for PostgreSQL.
    """
    names = [column.name for column in (*key, *outputs)]
    for name, times in Counter(names).items():
        if name in RESERVED_NAMES:
            raise TargetError(
                f"the column name {name} is reserved: {target} has a column of that name for the origin of a row",
                where=f"the columns of {target}",
                expected=f"a name other than {', '.join(RESERVED_NAMES)}",
            )
        if times > 1:
            raise TargetError(
                f"two columns are named {name}",
                where=f"the columns of {target}",
                expected="a name of its own for each column of the entity key and each prediction",
            )
        size = len(name.encode())
        if not 0 < size <= _LONGEST_IDENTIFIER:
            raise TargetError(
                f"the column name {name!r} has {size} bytes",
                where=f"the columns of {target}",
                expected=f"1 to {_LONGEST_IDENTIFIER} bytes, PostgreSQL's limit for names",
            )
