"""What a format is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelops.formats.sample import Sample

_REQUIREMENTS = Path(__file__).parent / "requirements"


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format of model files.

    Attributes:
        name: as versions record it. What precedes an underscore names the child's part,
            `runtime/child/format_<name>.py`, and the file in `requirements/`.
        title: as people call it.
        library: the package that reads the files in the confined process.
        file: the name that an imported file of this format gets.
        matches: whether a file looks like one of this format.
        check: refuses a file that matches and is damaged; raises ModelFileError.
        unconfined: whether files are also opened on machines without any confinement.
    """

    name: str
    title: str
    library: str
    file: str
    matches: Callable[[Sample], bool]
    check: Callable[[Sample], None]
    unconfined: bool = False

    @property
    def requirements(self) -> str:
        """The text of the requirements file of the environment: to read the file, to score, and to evaluate."""
        return (_REQUIREMENTS / self.requirements_file).read_text(encoding="utf-8")

    @property
    def requirements_file(self) -> str:
        """The name of the requirements file, for messages."""
        return f"{self.name.partition('_')[0]}.txt"
