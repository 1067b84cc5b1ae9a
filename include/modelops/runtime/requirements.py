"""Reads the text of a requirements.txt and refuses what may not be in one.

A model's packages are pinned, hashed and installed from wheels. So a line names a package, optionally with hashes.
Lines that would install something else (a folder, a URL, a git repository), use another index or read other files are
refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modelops.domain.errors import RequirementsError
from modelops.domain.findings import Findings
from modelops.domain.teradata import REQUIRED_PACKAGE, STAND_INS
from modelops.runtime.hashes import Line, pins_of, split_hashes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.runtime.hashes import Pin

_COMMENT = re.compile(r"(^|\s+)#.*$")
_DIRECT = re.compile(r"(?i)://|^(git|hg|svn|bzr)\+|^file:|^[.~/\\]|\.(whl|zip|tar\.\w+|tgz)$")
_EXPECTED = "packages of the index by name, one a line, such as scikit-learn==1.5.2 or pandas>=2,<3"


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """The contents of a requirements.txt: `lines` in canonical form and original order, without comments and hashes.

    `pins` has the hashes of each package; it is empty if the file has none.
    """

    lines: list[str]
    pins: Mapping[Pin, tuple[str, ...]]


def read_requirements(text: str, *, where: str) -> Requirements:
    """Read the contents of a requirements.txt.

    Args:
        text: the contents.
        where: its name, for messages.

    Raises:
        RequirementsError: with the number of the line that is not a requirement, or not one that is allowed;
            SeveralErrors, where there are more.
    """
    findings, found = Findings(), []
    for number, line in _lines(text):
        with findings.collecting():
            place = f"{where}, line {number}"
            line, hashes = split_hashes(line, where=place)
            found.append(Line(requirement=_read_line(line, where=place), hashes=hashes, where=place))
    findings.raise_if_any()
    return Requirements(lines=[str(one.requirement) for one in found], pins=pins_of(found))


def without_stand_ins(requirements: Requirements) -> tuple[Requirements, list[str]]:
    """Split off the lines that are not installed, because the child has stand-ins for their packages.

    If there are any, the requirements to install get the package on which these packages depend. A list with hashes
    has it already.
    """
    left_out = [line for line in requirements.lines if canonicalize_name(Requirement(line).name) in STAND_INS]
    lines = [line for line in requirements.lines if line not in left_out]
    pins = {pin: hashes for pin, hashes in requirements.pins.items() if pin[0] not in STAND_INS}
    return Requirements(lines=[*lines, REQUIRED_PACKAGE] if left_out and not pins else lines, pins=pins), left_out


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines with content, without comments; a line that ends in a backslash continues on the next, as in pip."""
    lines: list[tuple[int, str]] = []
    continued = ""
    first = 0
    for number, raw in enumerate([*text.lstrip("\ufeff").splitlines(), ""], start=1):
        first = first if continued else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            continued += raw[:-1] + " "
            continue
        line = _COMMENT.sub("", continued + raw).strip()
        continued = ""
        if line:
            lines.append((first, line))
    return lines


def _read_line(line: str, *, where: str) -> Requirement:
    # Messages don't repeat what may hold a password: the value of an option, a URL.
    option = re.search(r"(^|\s)(-[A-Za-z]|--[A-Za-z][A-Za-z-]*)", line)
    if option:
        raise RequirementsError(
            f"the option {option[2]} isn't allowed",
            where=where,
            expected=f"{_EXPECTED}; only --hash may follow a package; an index is set for"
            " the whole installation (UV_INDEX, UV_DEFAULT_INDEX or uv.toml), or in repositories.yaml (index)",
        )
    if _DIRECT.search(line):
        raise RequirementsError("a path, a URL or a repository isn't allowed", where=where, expected=_EXPECTED)
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        raise RequirementsError(
            f"{line!r} is not a requirement: {str(error).splitlines()[0]}", where=where, expected=_EXPECTED
        ) from None
    if requirement.url is not None:
        raise RequirementsError(
            f"{requirement.name} comes from a path, a URL or a repository, which isn't allowed",
            where=where,
            expected=_EXPECTED,
        )
    return requirement
