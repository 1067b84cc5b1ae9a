"""repositories.yaml: what it may say, and what a wrong one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import RepositoryError
from modelops.domain.packages import PackageIndex
from modelops.repository.configuration import FolderSource, GitSource, Sources, read_sources

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, text: str) -> Path:
    file = folder / "repositories.yaml"
    file.write_text(text)
    return file


def sources_of(folder: Path, text: str) -> Sources:
    return read_sources(write(folder, text))


def refused(folder: Path, text: str) -> RepositoryError:
    """What is wrong with the whole file, or with its only entry."""
    try:
        sources = sources_of(folder, text)
    except RepositoryError as error:
        return error
    assert sources.valid == {}
    [(name, error)] = sources.errors.items()
    with pytest.raises(RepositoryError) as refusal:
        sources.find(name)
    assert refusal.value is error
    return error


def test_a_path_is_seen_from_the_files_folder(tmp_path: Path) -> None:
    sources = sources_of(tmp_path, "repositories:\n  demo:\n    path: include/demo\n")
    assert sources.valid == {
        "demo": FolderSource(
            name="demo",
            path=tmp_path / "include/demo",
            declared=f"{tmp_path}/repositories.yaml:2 (repositories.demo)",
        )
    }


@pytest.mark.parametrize(
    "url", ["https://example.com/a.git", "ssh://git@example.com/a.git", "git@example.com:a.git", "file:///srv/a.git"]
)
def test_a_git_source_keeps_its_url(tmp_path: Path, url: str) -> None:
    source = sources_of(tmp_path, f"repositories: {{a: {{url: '{url}', ref: main}}}}").find("a")
    assert isinstance(source, GitSource)
    assert (source.url, source.ref) == (url, "main")


def test_a_local_url_is_seen_from_the_files_folder(tmp_path: Path) -> None:
    source = sources_of(tmp_path, "repositories: {a: {url: ../a.git, ref: main}}").find("a")
    assert isinstance(source, GitSource)
    assert source.url == str(tmp_path.parent / "a.git")


def test_a_url_is_not_in_the_representation(tmp_path: Path) -> None:
    source = sources_of(tmp_path, "repositories: {a: {url: 'https://u:secret@example.com/a', ref: main}}").find("a")
    assert "secret" not in repr(source)


def test_there_may_be_no_sources(tmp_path: Path) -> None:
    assert sources_of(tmp_path, "repositories: {}") == Sources(valid={}, errors={})


def test_each_entry_is_judged_alone(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        "repositories:\n  Big: {path: x}\n  no_ref: {url: 'https://e.org/x'}\n  2: {path: y}\n  right: {path: z}\n",
    )
    assert list(sources.valid) == ["right"]
    assert {name: error.what for name, error in sources.errors.items()} == {
        "Big": "'Big' can't name a repository",
        "no_ref": "repository 'no_ref' needs either a path, or a url and a ref",
        "2": "2 can't name a repository",
    }
    assert sources.find("right") == sources.valid["right"]
    assert sources.find("other") is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('"de\u00a0mo": {path: x}', "'de\\xa0mo' can't name a repository"),
        (
            f"{'n' * 201}: {{path: x}}",
            f"'{'n' * 200}\N{HORIZONTAL ELLIPSIS} (1 characters more)' can't name a repository",
        ),
        (f"? 0x{'f' * 5000}\n  : {{path: x}}", "an integer of 20,000 bits can't name a repository"),
        ("big: {url: x, ref: 99999999999999999999}", "ref is a number"),
        (f"big: {{path: {'p' * 100_001}}}", "repositories.big.path has 100,001 characters"),
    ],
    ids=["unprintable", "long name", "large number", "ref", "long path"],
)
def test_what_is_out_of_bounds_stops_its_own_entry_only(tmp_path: Path, entry: str, said: str) -> None:
    sources = sources_of(tmp_path, f"repositories:\n  {entry}\n  right: {{path: z}}\n")
    assert list(sources.valid) == ["right"]
    [error] = sources.errors.values()
    assert error.what == said


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="no such file") as refusal:
        read_sources(tmp_path / "repositories.yaml")
    assert refusal.value.where == str(tmp_path / "repositories.yaml")


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("", "the content is empty", ""),
        ("- demo", "the content is a list", ""),
        ("repositories:\n", "repositories is empty", ":1 (repositories)"),
        ("repository: {}\n", "the key 'repository' is unknown here (did you mean repositories?)", ":1 (repository)"),
        ("repositories:\n  Demo: {path: x}\n", "'Demo' can't name a repository", ":2 (repositories.Demo)"),
        ("repositories:\n  1: {path: x}\n", "1 can't name a repository", ":2 (repositories.1)"),
        ("repositories:\n  d: x\n", "repositories.d is text", ":2 (repositories.d)"),
        ("repositories:\n  d: {path: 3}\n", "path is a number", ":2 (repositories.d.path)"),
        ("repositories:\n  d:\n    <<: {path: x}\n    path: 3\n", "path is a number", ":4 (repositories.d.path)"),
        ("repositories:\n  d: {path: ' '}\n", "path is blank", ":2 (repositories.d.path)"),
        ("repositories:\n  d: {pfad: x}\n", "the key 'pfad' is unknown here", ":2 (repositories.d.pfad)"),
        ("repositories:\n  d: {}\n", "needs either a path, or a url and a ref", ":2 (repositories.d)"),
        ("repositories:\n  d: {url: 'https://e.org/x'}\n", "needs either a path", ":2 (repositories.d)"),
        ("repositories:\n  d: {path: x, ref: main}\n", "needs either a path", ":2 (repositories.d)"),
        ("repositories:\n  d: {url: x, ref: 1.0}\n", "ref is a number", ":2 (repositories.d.ref)"),
        ("repositories:\n  d: {url: x, ref: --all}\n", "ref is '--all'", ":2 (repositories.d.ref)"),
        ("repositories:\n  d: {url: x, ref: a..b}\n", "ref is 'a..b'", ":2 (repositories.d.ref)"),
        ("repositories:\n  d: {url: x, ref: 'a^{/b}'}\n", "ref is 'a^{/b}'", ":2 (repositories.d.ref)"),
        ("repositories:\n  d: {url: x, ref: HEAD}\n", "ref is 'HEAD'", ":2 (repositories.d.ref)"),
        ("repositories:\n  d: {url: --upload-pack=x, ref: a}\n", "url starts with a dash", ":2 (repositories.d.url)"),
        ("repositories:\n  d: {url: 'ext::sh -c x', ref: a}\n", "scheme that isn't allowed", ":2 (repositories.d.url)"),
        ("repositories:\n  d: {url: 'http://e.org/x', ref: a}\n", "scheme that isn't", ":2 (repositories.d.url)"),
        ("repositories:\n  d: {path: x}\n  d: {path: y}\n", "the key 'd' appears for the second time", ":3:3"),
        ("repositories:\n  d: [\n", "this isn't YAML", ":3:1"),
        ("repositories:\n\td: x\n", "this isn't YAML", ":2:1"),
        ("repositories:\n  d: 2024-13-45\n", "this isn't YAML: month must be in 1..12", ""),
        pytest.param("[" * 3000, "this isn't YAML", "", id="deep"),
    ],
)
def test_a_wrong_file_is_told_what_and_where(tmp_path: Path, text: str, what: str, place: str) -> None:
    error = refused(tmp_path, text)
    assert what in error.what
    assert error.where == f"{tmp_path}/repositories.yaml{place}"
    assert error.expected


def test_what_is_right_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path, "repositories: {d: {ref: 1}}").expected.endswith('looks like a number: ref: "1.0"')
    assert refused(tmp_path, "repositories: {d: {ulr: 1}}").expected == "only these keys: path, url, ref, index"


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "repositories.yaml").write_bytes(b"repositories:\n  caf\xe9: {path: x}\n")
    with pytest.raises(RepositoryError, match="isn't UTF-8: byte 0xe9") as refusal:
        read_sources(tmp_path / "repositories.yaml")
    assert refusal.value.where.endswith("repositories.yaml:2")


@pytest.mark.parametrize("source", ["path: models", "url: 'https://example.com/a.git', ref: main"])
def test_a_repository_may_have_a_package_index(tmp_path: Path, source: str) -> None:
    text = f"repositories: {{risk-models: {{{source}, index: 'https://packages.example.com/risk/simple'}}}}"
    found = sources_of(tmp_path, text).find("risk-models")
    assert found is not None
    assert found.index == PackageIndex(name="risk-models", url="https://packages.example.com/risk/simple")
    assert found.index.credential_variables == ("UV_INDEX_RISK_MODELS_USERNAME", "UV_INDEX_RISK_MODELS_PASSWORD")


@pytest.mark.parametrize(
    ("index", "what"),
    [
        ("https://ada:secret@example.com/simple", "index holds a user, a password or a query"),
        ("https://secret@example.com/simple", "index holds a user, a password or a query"),
        ("https://example.com/simple?token=secret", "index holds a user, a password or a query"),
        ("https://example.com/simple#secret", "index holds a user, a password or a query"),
        ("/srv/secret", "index is not an http or https URL"),
        ("ftp://example.com/secret", "index is not an http or https URL"),
        ("https://example.com/a secret", "index is not an http or https URL"),
        ("", "index is blank, or holds characters that can't be printed"),
    ],
)
def test_a_package_index_has_no_credentials_in_the_file(tmp_path: Path, index: str, what: str) -> None:
    error = refused(tmp_path, f"repositories: {{a: {{path: models, index: '{index}'}}}}")
    assert error.what.endswith(what)
    assert "UV_INDEX_<NAME>_PASSWORD" in error.expected
    assert "secret" not in str(error)


def test_two_repositories_with_an_index_do_not_share_credentials(tmp_path: Path) -> None:
    """The password of one index would go to the address of the other."""
    index = "path: models, index: 'https://packages.example.com/simple'"
    found = sources_of(tmp_path, f"repositories: {{a-b: {{{index}}}, a_b: {{{index}}}, a: {{{index}}}}}")
    assert set(found.valid) == {"a"}
    assert set(found.errors) == {"a-b", "a_b"}
    with pytest.raises(RepositoryError) as refusal:
        found.find("a-b")
    assert "'a-b' and 'a_b'" in refusal.value.what
    assert "UV_INDEX_A_B_USERNAME and UV_INDEX_A_B_PASSWORD" in refusal.value.what
    assert refusal.value.where.endswith("(repositories.a-b)")
    without = sources_of(tmp_path, f"repositories: {{a-b: {{{index}}}, a_b: {{path: models}}}}")
    assert without.errors == {}, "one that has no index has no credentials"
