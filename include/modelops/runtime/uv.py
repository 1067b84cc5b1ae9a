"""Runs uv, and classifies its failures as mistakes of the user or faults of the platform."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.runtime.guarded import run_guarded
from modelops.settings import LogBounds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelops.domain.packages import PackageIndex

# The environment variables that uv gets: its own settings, an index, a proxy, certificates. It gets no others, because
# the job's environment has credentials of databases.
_PASSED_ON = re.compile(r"(?i)(UV|PIP|SSL|XDG)_.*|.*_proxy|(REQUESTS_CA|CURL_CA)_BUNDLE|NETRC|PATH|HOME|TMPDIR|LANG")
_ABOUT_PACKAGES = re.compile(r"(?i)no solution found|couldn't parse|start of a requirement|hash mismatch")
# "No solution" can also mean that the index was not reached or denied access; a hint of uv tells.
_INDEX_NOT_ASKED = re.compile(r"(?i)network was disabled|could not be queried|authentication credentials")
_ESSENCE_CHARACTERS = 600


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why uv failed. `about_packages`: the packages can't be resolved or installed; else the platform has a fault."""

    about_packages: bool
    essence: str


# The indexes of the installation, which are ignored if the repository has its own.
_OTHER_INDEXES = {
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_CONFIG_FILE",
}


def run_uv(
    arguments: Sequence[str], *, cwd: Path, seconds: float, keep_open: int, index: PackageIndex | None = None
) -> Failure | None:
    """Run uv; returns None if it succeeded. It ends with this process, and after `seconds` at the latest.

    With `index`, uv uses only this index and reads no configuration file, which may name others.
    """
    from uv import find_uv_bin

    lines: list[str] = []
    passed_on = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    if index is not None:
        arguments = [*arguments, "--default-index", f"{index.name}={index.url}", "--no-config"]
        passed_on = {name: value for name, value in passed_on.items() if name not in _OTHER_INDEXES}
    try:
        ending = run_guarded(
            [find_uv_bin(), *arguments, "--quiet", "--no-python-downloads", "--color", "never"],
            env=passed_on,
            cwd=cwd,
            on_line=lines.append,
            log_bounds=LogBounds(),
            seconds=seconds,
            keep_open=[keep_open],
        )
    except TimeoutError as error:
        return Failure(about_packages=False, essence=f"uv was {error}")
    if ending.status == 0:
        return None
    output = "\n".join(lines)
    about_packages = bool(_ABOUT_PACKAGES.search(output)) and not _INDEX_NOT_ASKED.search(output)
    return Failure(about_packages=about_packages, essence=_essence(lines) or f"uv ended with {ending.status}")


def _essence(lines: list[str]) -> str:
    """The causes in uv's output as one line, without hints and without its conclusion."""
    causes: list[str] = []
    for line in lines:
        if line.startswith("hint:"):
            break
        causes.append(re.sub(r"^(error|\s*cause|\s*Caused by): ", "", line).strip())
    text = " ".join(" ".join(causes).split())
    text = re.sub(r"^No solution found when resolving dependencies:? ?", "", text)
    text = re.sub(r",? we can conclude that your requirements are unsatisfiable\.?$", "", text)
    # The address of an index may contain a password, which must not be logged.
    text = re.sub(r"://[^/\s@]*@", "://***@", text)
    return text if len(text) <= _ESSENCE_CHARACTERS else f"{text[:_ESSENCE_CHARACTERS]} …"
