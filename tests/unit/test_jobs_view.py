"""The bundle of the Jobs view is what its sources make, found out without Node.js."""

from __future__ import annotations

import gzip
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

VIEW = PROJECT_ROOT / "plugins" / "jobs_view"
BUNDLE = VIEW / "dist" / "jobs_view.js"
MOST = 150_000
"""Bytes that the bundle may have on its way to the browser."""


def sources() -> list[str]:
    """What vite.config.ts says that the bundle is made from, in the same order."""
    declared = re.search(r"^const SOURCES = \[(.+?)\];$", (VIEW / "vite.config.ts").read_text(), re.MULTILINE)
    assert declared is not None
    files: list[Path] = []
    for name in re.findall(r'"([^"]+)"', declared[1]):
        path = VIEW / name
        files += [path] if path.is_file() else [below for below in path.rglob("*") if below.is_file()]
    names = (file.relative_to(VIEW).as_posix() for file in files)
    return sorted((name for name in names if not name.endswith(".test.ts")), key=str.encode)


def test_the_bundle_is_made_from_its_sources() -> None:
    digest = sha256()
    for name in sources():
        digest.update(f"{name}\0".encode() + sha256((VIEW / name).read_bytes()).digest())
    said = BUNDLE.read_text().splitlines()[0]
    assert said == f"/* sources: {digest.hexdigest()} */", "run `npm ci && npm run build` in plugins/jobs_view"


def test_the_icons_are_those_of_the_sources() -> None:
    for icon in ("icon.svg", "icon-dark.svg"):
        assert (VIEW / "dist" / icon).read_bytes() == (VIEW / "public" / icon).read_bytes()


def test_the_bundle_is_small() -> None:
    assert len(gzip.compress(BUNDLE.read_bytes())) < MOST
