"""A partition (`part`) of a batch: the rows whose entity key has a given hash. Each row is in exactly one partition."""

from __future__ import annotations

from dataclasses import dataclass

from modelops.domain.errors import PartsError

MOST = 64
PARTS = "the parameter parts"


def check_parts(number: int) -> int:
    """Check the number of partitions of a batch, and return it.

    Raises:
        PartsError: the number is out of bounds.
    """
    if not 1 <= number <= MOST:
        raise PartsError(
            f"a batch can't have {number:,} partitions",
            where=PARTS,
            expected=f"from 1 (no splitting) to {MOST}",
        )
    return number


@dataclass(frozen=True, kw_only=True)
class Part:
    """Partition `number` (from 0) of `of`."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"part {self.number + 1} of {self.of}"
