"""Where predictions and features go: the view `<schema>.<name>`, over a table of rows that only jobs can read."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

PREDICTIONS = "predictions"
"""The schema of predictions whose target names none."""
OF_THE_RUN = ("model_version", "job_id", "scored_at", "interval_start", "interval_end")
"""Columns that the view adds to the rows, from the run that wrote them."""
SUPERSEDED_AT = "superseded_at"
"""A column of the history: until when readers saw the row in the view."""
RUN_ID = "run_id"
TAKEN = (RUN_ID, *OF_THE_RUN, SUPERSEDED_AT)

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
        """Read `schema.name`, or `name` in the default schema, which is named after what goes there.

        Raises:
            TargetError: it isn't a plain lower-case name, is too long, or lies where no target may be.
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
                f"the schema {schema} isn't one for {default_schema}",
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
        """The table in which the rows of all runs lie."""
        return Target(schema=self.schema, name=f"{self.name}{_ROWS}")

    @property
    def history(self) -> Target:
        """The view of all rows that readers have ever seen."""
        return Target(schema=self.schema, name=f"{self.name}{_HISTORY}")

    @property
    def as_of(self) -> Target:
        """The function that gives what readers saw at a moment."""
        return Target(schema=self.schema, name=f"{self.name}{_AS_OF}")

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class TargetColumn:
    """A column of the rows table; `type` is PostgreSQL's, as its function format_type prints it.

    `required`: it is NOT NULL.
    """

    name: str
    type: str
    required: bool = True


def check_columns(target: Target, *, key: Sequence[TargetColumn], outputs: Sequence[TargetColumn]) -> None:
    """Check that one table can have these columns and those that are always there.

    Raises:
        TargetError: a name is taken, appears twice, or is longer than PostgreSQL's names are.
    """
    names = [column.name for column in (*key, *outputs)]
    for name, times in Counter(names).items():
        if name in TAKEN:
            raise TargetError(
                f"the column name {name} is taken: {target} has such a column that says where a row is from",
                where=f"the columns of {target}",
                expected=f"a name other than {', '.join(TAKEN)}",
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
                expected=f"from 1 to {_LONGEST_IDENTIFIER} bytes, as PostgreSQL's names have",
            )
