"""Collects mistakes, so that all of them are reported at once."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, SeveralErrors

if TYPE_CHECKING:
    from collections.abc import Iterator


_PLACE = re.compile(r"(?P<file>.*?)(?:(?::|, line )(?P<line>\d+))?(?: \(.*)?", re.DOTALL)


class Findings:
    """What several checks found wrong. A check that depends on another one is left out where that one failed."""

    def __init__(self) -> None:
        self.errors: list[BadInput] = []

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Note the mistake that is found inside, and go on. Trouble of the platform goes through."""
        try:
            yield
        except SeveralErrors as error:
            self.errors += error.errors
        except BadInput as error:
            self.errors.append(error)

    def refuse(self) -> None:
        """Raise what was found.

        Raises:
            BadInput: the one mistake; SeveralErrors, where there are more.
        """
        if len(self.errors) > 1:
            raise SeveralErrors(self.errors)
        if self.errors:
            raise self.errors[0]


def by_place(error: BadInput, folder: str) -> BadInput:
    """The same, sorted by file and line; what is in no file of the folder comes last."""
    if not isinstance(error, SeveralErrors):
        return error

    def place(one: BadInput) -> tuple[bool, str, int]:
        found = _PLACE.fullmatch(one.where)
        assert found is not None  # it matches any text
        return not one.where.startswith(folder), found["file"], int(found["line"] or 0)

    return SeveralErrors(sorted(error.errors, key=place))
