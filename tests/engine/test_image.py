"""The image that the Dockerfile makes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.conftest import Stack

IMAGE = "modelops:local"
OF_THE_VENV = {"pip", "setuptools"}
"""What `python -m venv` puts there."""
COMPARED = """
import json, re
from importlib.metadata import distributions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
lines = re.findall(r"^([^ #][^\\\\\\n]*)", open("/opt/modelops/requirements-cluster.txt").read(), re.MULTILINE)
asked = [Requirement(line) for line in lines]
locked = {
    canonicalize_name(one.name): str(one.specifier).removeprefix("==")
    for one in asked if one.marker is None or one.marker.evaluate()
}
found = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions(path=[PLACE])}
print(json.dumps([locked, found]))
""".replace("PLACE", "__import__('sysconfig').get_path('purelib')")


def test_its_packages_are_those_of_the_lock(stack: Stack) -> None:
    said = stack.engine.docker("run", "--rm", IMAGE, "python", "-c", COMPARED).stdout
    locked, found = json.loads(said)
    assert len(locked) > 100
    assert {name: version for name, version in found.items() if name in locked or name not in OF_THE_VENV} == locked


def test_it_runs_as_an_ordinary_user(stack: Stack) -> None:
    said = stack.engine.docker("run", "--rm", IMAGE, "sh", "-c", "id -u; id -un; touch /opt/modelops/dags/mine || true")
    assert said.stdout.splitlines() == ["1000", "modelops"]
    assert "Permission denied" in said.stderr
