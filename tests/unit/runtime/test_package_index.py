"""The packages of a repository with an index of its own come from there, and from nowhere else."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import RequirementsError, Unavailable
from modelops.domain.packages import PackageIndex
from modelops.runtime.environment import Lock, build, resolve
from modelops.settings import Settings
from unit.runtime.package_index import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = {"ours": "1.0", "pyarrow": "1.0"}
ACCOUNT = "ada:open-sesame"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("UV_NO_CACHE", "1")
    return Settings(home=tmp_path, artifacts="", repositories=tmp_path)


@pytest.fixture
def open_index() -> Iterator[PackageIndex]:
    with serving(OURS) as url:
        yield PackageIndex(name="risk", url=url)


@pytest.fixture
def closed_index() -> Iterator[PackageIndex]:
    """Lets nobody in without user and password."""
    with serving(OURS, account=ACCOUNT) as url:
        yield PackageIndex(name="risk-models", url=url)


def resolved(settings: Settings, index: PackageIndex, requirements: str = "ours") -> Lock:
    return resolve(requirements, settings=settings, where="requirements.txt", log=print, index=index)


def written(settings: Settings) -> str:
    """All that is kept of locks and environments."""
    files = (path for path in settings.environments.rglob("*") if path.suffix in (".txt", ".in", ".json", ".url"))
    return "".join(path.read_text() for path in files)


def test_packages_come_from_the_index_of_the_repository_alone(
    settings: Settings, open_index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({"ours": "9.0", "theirs": "9.0", "pyarrow": "9.0"}) as other:
        monkeypatch.setenv("UV_INDEX", other)
        monkeypatch.setenv("UV_DEFAULT_INDEX", other)
        lock = resolved(settings, open_index)
        with pytest.raises(RequirementsError, match="theirs"):
            resolved(settings, open_index, "theirs")
        # A later job knows nothing of repositories.yaml: the lock says where the packages are.
        environment = build(lock, settings=settings, where="requirements.txt", log=print)
    assert lock.text is not None
    assert open_index.record in lock.text.splitlines()
    made = subprocess.run(
        [environment.python, "-c", "import ours; print(ours.version)"], capture_output=True, text=True
    )
    assert made.stdout == "1.0\n"


def test_two_indexes_share_no_lock(settings: Settings, open_index: PackageIndex) -> None:
    with serving(OURS) as url:
        other = PackageIndex(name="other", url=url)
        first, second = resolved(settings, open_index), resolved(settings, other)
    assert first.sha256 != second.sha256
    assert resolved(settings, open_index) == first, "the first one's was lost"


@pytest.mark.parametrize("source", ["environment", "netrc"])
def test_credentials_come_from_the_environment_or_netrc_and_go_nowhere(
    settings: Settings,
    closed_index: PackageIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    source: str,
) -> None:
    user, password = ACCOUNT.split(":")
    if source == "environment":
        for name, value in zip(closed_index.credentials, (user, password), strict=True):
            monkeypatch.setenv(name, value)
    else:
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login {user} password {password}\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
    lock = resolved(settings, closed_index)
    build(lock, settings=settings, where="requirements.txt", log=print)
    assert password not in written(settings) + "".join(capfd.readouterr())


@pytest.mark.parametrize("given", [None, "wrong-password"])
def test_an_index_that_lets_us_not_in_is_named_with_where_its_credentials_belong(
    settings: Settings, closed_index: PackageIndex, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    if given is not None:
        for name, value in zip(closed_index.credentials, ("ada", given), strict=True):
            monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable) as refused:
        resolved(settings, closed_index)
    told = str(refused.value)
    assert closed_index.url in told
    assert "UV_INDEX_RISK_MODELS_USERNAME and UV_INDEX_RISK_MODELS_PASSWORD" in told
    assert "wrong-password" not in told


def test_a_comment_of_the_user_is_no_record_of_an_index(settings: Settings, open_index: PackageIndex) -> None:
    text = resolved(settings, open_index, "# index mine https://example.com/simple\nours").text
    assert text is not None
    assert PackageIndex.of_record(text) == open_index
    assert "example.com" not in text
    assert PackageIndex.of_record("# Python 3.11 on linux x86_64\nsix==1.16.0\n") is None
