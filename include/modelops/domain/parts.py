"""A batch that is cut into parts: by the entity key, so that a row is in one of them whatever else there is."""

from __future__ import annotations

from dataclasses import dataclass

from modelops.domain.errors import PartsError

MOST = 64
PARTS = "the parameter parts"


def check_parts(number: int) -> int:
    """So many parts, if a batch can be cut into them.

    Raises:
        PartsError: it can't.
    """
    if not 1 <= number <= MOST:
        raise PartsError(
            f"a batch can't be cut into {number:,} parts",
            where=PARTS,
            expected=f"from 1 (no splitting) to {MOST}",
        )
    return number


@dataclass(frozen=True, kw_only=True)
class Part:
    """Part `number` (from 0) of so many."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"part {self.number + 1} of {self.of}"
