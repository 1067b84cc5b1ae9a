"""The packages of a repository with an index of its own come from there, and from nowhere else."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import RequirementsError, Unavailable
from modelops.domain.packages import PackageIndex
from modelops.runtime.environment import Lock, build, resolve
from modelops.settings import MachineSettings
from unit.runtime.package_index import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = {"ours": "1.0", "pyarrow": "1.0"}
ACCOUNT = "ada:open-sesame"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MachineSettings:
    monkeypatch.setenv("UV_NO_CACHE", "1")
    return MachineSettings(home=tmp_path)


@pytest.fixture
def open_index() -> Iterator[PackageIndex]:
    with serving(OURS) as url:
        yield PackageIndex(name="risk", url=url)


@pytest.fixture
def closed_index() -> Iterator[PackageIndex]:
    """Lets nobody in without user and password."""
    with serving(OURS, account=ACCOUNT) as url:
        yield PackageIndex(name="risk-models", url=url)


def resolved(machine: MachineSettings, index: PackageIndex, requirements: str = "ours") -> Lock:
    return resolve(requirements, machine=machine, where="requirements.txt", log=print, index=index)


def written(machine: MachineSettings) -> str:
    """All that is kept of locks and environments."""
    files = (path for path in machine.environments.rglob("*") if path.suffix in (".txt", ".in", ".json", ".url"))
    return "".join(path.read_text() for path in files)


def test_packages_come_from_the_index_of_the_repository_alone(
    machine: MachineSettings, open_index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({"ours": "9.0", "theirs": "9.0", "pyarrow": "9.0"}) as other:
        monkeypatch.setenv("UV_INDEX", other)
        monkeypatch.setenv("UV_DEFAULT_INDEX", other)
        lock = resolved(machine, open_index)
        with pytest.raises(RequirementsError, match="theirs"):
            resolved(machine, open_index, "theirs")
        # A later job knows nothing of repositories.yaml: the lock says where the packages are.
        environment = build(lock, machine=machine, where="requirements.txt", log=print)
    assert lock.text is not None
    assert open_index.record in lock.text.splitlines()
    made = subprocess.run(
        [environment.python, "-c", "import ours; print(ours.version)"], capture_output=True, text=True
    )
    assert made.stdout == "1.0\n"


def test_two_indexes_share_no_lock(machine: MachineSettings, open_index: PackageIndex) -> None:
    with serving(OURS) as url:
        other = PackageIndex(name="other", url=url)
        first, second = resolved(machine, open_index), resolved(machine, other)
    assert first.sha256 != second.sha256
    assert resolved(machine, open_index) == first, "the first one's was lost"


@pytest.mark.parametrize("source", ["environment", "netrc"])
def test_credentials_come_from_the_environment_or_netrc_and_go_nowhere(
    machine: MachineSettings,
    closed_index: PackageIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    source: str,
) -> None:
    user, password = ACCOUNT.split(":")
    if source == "environment":
        for name, value in zip(closed_index.credential_variables, (user, password), strict=True):
            monkeypatch.setenv(name, value)
    else:
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login {user} password {password}\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
    lock = resolved(machine, closed_index)
    build(lock, machine=machine, where="requirements.txt", log=print)
    assert password not in written(machine) + "".join(capfd.readouterr())


@pytest.mark.parametrize("given", [None, "wrong-password"])
def test_an_index_that_lets_us_not_in_is_named_with_where_its_credentials_belong(
    machine: MachineSettings, closed_index: PackageIndex, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    if given is not None:
        for name, value in zip(closed_index.credential_variables, ("ada", given), strict=True):
            monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable) as refused:
        resolved(machine, closed_index)
    told = str(refused.value)
    assert closed_index.url in told
    assert "UV_INDEX_RISK_MODELS_USERNAME and UV_INDEX_RISK_MODELS_PASSWORD" in told
    assert "wrong-password" not in told


def test_a_comment_of_the_user_is_no_record_of_an_index(machine: MachineSettings, open_index: PackageIndex) -> None:
    text = resolved(machine, open_index, "# index mine https://example.com/simple\nours").text
    assert text is not None
    assert PackageIndex.of_record(text) == open_index
    assert "example.com" not in text
    assert PackageIndex.of_record("# Python 3.11 on linux x86_64\nsix==1.16.0\n") is None
