"""Collects errors, so that all of them are reported at once."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, SeveralErrors

if TYPE_CHECKING:
    from collections.abc import Iterator


_PLACE = re.compile(r"(?P<file>.*?)(?:(?::|, line )(?P<line>\d+))?(?: \(.*)?", re.DOTALL)


class Findings:
    """The errors that several checks found. A check that depends on a failed one is skipped."""

    def __init__(self) -> None:
        self.errors: list[BadInput] = []

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Record a BadInput raised in the block and continue. Other errors, such as Unavailable, propagate."""
        try:
            yield
        except SeveralErrors as error:
            self.errors += error.errors
        except BadInput as error:
            self.errors.append(error)

    def raise_if_any(self) -> None:
        """Raise the recorded errors, if any.

        Raises:
            BadInput: the only error; SeveralErrors if there are more.
        """
        if len(self.errors) > 1:
            raise SeveralErrors(self.errors)
        if self.errors:
            raise self.errors[0]


def sorted_by_place(error: BadInput, folder: str) -> BadInput:
    """Sort several errors by file and line; errors outside of the folder come last."""
    if not isinstance(error, SeveralErrors):
        return error

    def place(one: BadInput) -> tuple[bool, str, int]:
        found = _PLACE.fullmatch(one.where)
        assert found is not None  # it matches any text
        return not one.where.startswith(folder), found["file"], int(found["line"] or 0)

    return SeveralErrors(sorted(error.errors, key=place))
