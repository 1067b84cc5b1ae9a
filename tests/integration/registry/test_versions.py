"""What the registry says of a name that it doesn't have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import begin_version, decide, evaluated_version, take, trained_version
from modelops.domain.decisions import Verdict
from modelops.domain.errors import UnknownVersion
from modelops.domain.versions import VersionKind
from modelops.registry.write import sweeping, versions

if TYPE_CHECKING:
    from psycopg import Connection


def test_which_names_there_are(connection: Connection[Any]) -> None:
    """Those with a version that there may be something to do with, the newest first."""
    for name in ("demo/first", "demo/second", "demo/first"):
        trained_version(connection, name)
    begin_version(connection, take(connection), "demo/in_the_making")
    assert versions.names(connection, VersionKind.MODEL) == ["demo/first", "demo/second"]
    assert versions.names(connection, VersionKind.MODEL, limit=1) == ["demo/first"]
    assert versions.names(connection, VersionKind.FEATURE_TASK) == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("demo/arival_delay", "demo/arival_delay has no version: did you mean demo/arrival_delay?"),
        ("other", "other has no version"),
    ],
)
def test_a_name_that_there_is_not(connection: Connection[Any], name: str, what: str) -> None:
    trained_version(connection)
    with pytest.raises(UnknownVersion) as caught:
        versions.find(connection, name, None)
    assert (caught.value.what, caught.value.expected) == (what, "train or import it first")
    assert versions.close_names(connection, "demo/arrival_delay", kind=VersionKind.MODEL) == ""


def test_the_packages_that_versions_need(connection: Connection[Any]) -> None:
    """Those of what may still be evaluated, deployed or scored; not of what was rejected, or isn't pinned yet."""
    assert sweeping.needed_requirements(connection) == set()
    begin_version(connection, take(connection), "demo/in_the_making")
    assert sweeping.needed_requirements(connection) == set()
    version = evaluated_version(connection)
    assert sweeping.needed_requirements(connection) == {version.requirements_sha256}
    decide(connection, version, Verdict.REJECTED, comment="worse than the one before")
    assert sweeping.needed_requirements(connection) == set()
