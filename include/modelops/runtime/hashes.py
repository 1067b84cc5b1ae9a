"""Requirements with hashes, as pip-compile and `uv export` write them: exactly these files are installed.

As in pip's hash-checking mode, one line with a hash means that every package has one, and an exact version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from modelops.domain.errors import RequirementsError
from modelops.domain.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.requirements import Requirement

_OPTION = re.compile(r"\s+--hash(?:=|\s+)(\S+)")
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_EXPECTED = "each package as name==version with its hashes, as pip-compile --generate-hashes and uv export write it"

Pin = tuple[str, Version]
"""A package's name, as PEP 503 normalizes it, and its version."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One requirement with its hashes (`sha256:…`, …); `where` names its file and line."""

    requirement: Requirement
    hashes: tuple[str, ...]
    where: str


def split_hashes(line: str, *, where: str) -> tuple[str, tuple[str, ...]]:
    """Split a line into the part without `--hash` options, and their values in lower case.

    Raises:
        RequirementsError: a value is not a hash.
    """
    hashes = tuple(value.lower() for value in _OPTION.findall(line))
    for value in hashes:
        algorithm, _, digits = value.partition(":")
        if not re.fullmatch(r"[0-9a-f]+", digits) or len(digits) != _DIGITS.get(algorithm):
            raise RequirementsError(
                f"{value[:80]!r} is not a hash of a package",
                where=where,
                expected="--hash=sha256: and 64 hexadecimal digits; or sha384 and 96, sha512 and 128",
            )
    return _OPTION.sub("", line), hashes


def pins_of(lines: Sequence[Line]) -> dict[Pin, tuple[str, ...]]:
    """The hashes of each package and version; empty if no line has any.

    Raises:
        RequirementsError: some lines have hashes, and this one has none or no exact version; SeveralErrors, if there
            are several such lines.
    """
    pins: dict[Pin, tuple[str, ...]] = {}
    if not any(line.hashes for line in lines):
        return pins
    findings = Findings()
    for line in lines:
        with findings.collecting():
            pin = (canonicalize_name(line.requirement.name), _exact_version(line))
            if not line.hashes:
                raise RequirementsError(
                    f"{line.requirement.name} has no hash, and other lines have one",
                    where=line.where,
                    expected=_EXPECTED,
                )
            pins[pin] = tuple(sorted({*pins.get(pin, ()), *line.hashes}))
    findings.raise_if_any()
    return pins


def with_hashes_of(
    user_hashes: Mapping[Pin, tuple[str, ...]], resolved: Mapping[Pin, tuple[str, ...]], *, added: str, where: str
) -> str:
    """The resolved packages as a requirements file with the hashes of the user's lines.

    Args:
        user_hashes: from the user's lines.
        resolved: from the index.
        added: the package that the system adds; its hashes are those of the index unless the user's lines have some.
        where: the name of the user's file, for messages.

    Raises:
        RequirementsError: a needed package isn't listed, or the index has no file with a given hash.
    """
    findings, blocks = Findings(), []
    for pin, on_index in resolved.items():
        name, version = pin
        with findings.collecting():
            hashes = user_hashes.get(pin, on_index if name == added else None)
            if hashes is None:
                raise RequirementsError(
                    f"{name}=={version} is needed by a package of the list and not listed with its hashes",
                    where=where,
                    expected=_EXPECTED,
                )
            kinds = {one.partition(":")[0] for one in on_index}
            if all(one.partition(":")[0] in kinds for one in hashes) and not set(hashes) & set(on_index):
                raise RequirementsError(
                    f"the index has no file of {name}=={version} with the given hash",
                    where=where,
                    expected="the hash of a file of this version on the index that is configured",
                )
            blocks.append(" \\\n".join([f"{name}=={version}", *(f"    --hash={one}" for one in hashes)]) + "\n")
    findings.raise_if_any()
    return "".join(blocks)


def _exact_version(line: Line) -> Version:
    specifiers = list(line.requirement.specifier)
    if len(specifiers) == 1 and specifiers[0].operator in ("==", "==="):
        try:
            return Version(specifiers[0].version)
        except InvalidVersion:  # such as 1.16.*
            pass
    raise RequirementsError(
        f"{line.requirement.name} has no exact version, which a list with hashes needs",
        where=line.where,
        expected=_EXPECTED,
    )
