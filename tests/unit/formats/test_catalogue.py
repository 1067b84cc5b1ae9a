"""Each format has its packages, pinned as the project has them, and its part of the child's program."""

from __future__ import annotations

import re

import pytest

from modelops.formats.catalogue import FORMATS
from modelops.runtime import process
from modelops.runtime.requirements import read_requirements
from modelops.settings import PROJECT_ROOT

PINNED = dict(
    re.findall(r"(?m)^([a-z0-9-]+)==([^ ]+)", (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("name", FORMATS)
def test_packages(name: str) -> None:
    format_ = FORMATS[name]
    found = dict(line.split("==") for line in read_requirements(format_.requirements, where=name).lines)

    assert {"numpy", "pyarrow", "scikit-learn"} <= set(found)
    assert {package: version for package, version in found.items() if PINNED.get(package, version) != version} == {}


@pytest.mark.parametrize("name", FORMATS)
def test_parts_of_the_child(name: str) -> None:
    assert process._CHILD.with_name(f"format_{name.partition('_')[0]}.py").exists()


def test_names_are_different() -> None:
    assert [each.name for each in FORMATS.values()] == list(FORMATS)
    assert len({each.title for each in FORMATS.values()}) == len(FORMATS)
