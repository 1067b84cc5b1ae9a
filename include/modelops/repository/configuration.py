"""Reads repositories.yaml: which ModelOps repositories are configured."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pydantic import BaseModel, ConfigDict, Field, field_validator

from modelops.domain import bounds
from modelops.domain.errors import RepositoryError
from modelops.domain.packages import PackageIndex
from modelops.repository.reading import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.repository.documents import Document

_NAME = re.compile(r"[a-z0-9_-]+")
_SCHEMES = ("https://", "ssh://", "file://")
_SCP = re.compile(r"[\w.-]+@[\w][\w.-]*:(?!//|:).+")
_INDEX = re.compile(r"https?://[A-Za-z0-9._\[\]:-]+(/[\w./%~+,=-]*)?")
_REF = re.compile(r"\w[\w./@+#=-]*")
_REFS = "the name of a branch, a tag or a commit"
_PARAMETER = "the parameter ref"


@dataclass(frozen=True, kw_only=True)
class FolderSource:
    """A ModelOps repository in a folder, under git or not. `declared` is its place in repositories.yaml.

    `index` is its package index; None: that of the installation.
    """

    name: str
    path: Path
    declared: str
    index: PackageIndex | None = None

    def at(self, ref: str) -> NoReturn:
        """Refuse a requested ref.

        Raises:
            RepositoryError: always.
        """
        raise RepositoryError(
            f"repository {self.name!r} is a folder, which has no refs: it is read as it is now, not at {ref!r}",
            where=_PARAMETER,
            expected="no ref; or the repository given by its url and a ref in repositories.yaml, in place of the path",
        )


@dataclass(frozen=True, kw_only=True)
class GitSource:
    """A ModelOps repository that is fetched with git. `url` may hold a password.

    `ref` is a branch, tag or commit; `ref_declared` is the place that says so. `index` is as for a folder.
    """

    name: str
    url: str = dataclasses.field(repr=False)
    ref: str
    declared: str
    ref_declared: str
    index: PackageIndex | None = None

    def at(self, ref: str) -> GitSource:
        """The same repository at a requested ref.

        Raises:
            RepositoryError: the text can't be a ref.
        """
        if not _can_be_ref(ref):
            raise RepositoryError(f"the ref is {ref!r}", where=_PARAMETER, expected=_REFS)
        return dataclasses.replace(self, ref=ref, ref_declared=_PARAMETER)


Source = FolderSource | GitSource


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The entries of repositories.yaml, in the order of the file: the valid ones, and the errors of the others."""

    valid: Mapping[str, Source]
    errors: Mapping[str, RepositoryError]

    def find(self, name: str) -> Source | None:
        """The source of this name; None: the file has no such entry.

        Raises:
            RepositoryError: its entry is wrong.
        """
        if name in self.errors:
            raise self.errors[name]
        return self.valid.get(name)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    repositories: dict[object, object] = Field(
        description="a mapping of names to sources, as in repositories: {demo: {path: include/demo}}"
    )


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    path: str | None = Field(None, description="the path of a folder, absolute or relative to the folder of this file")
    url: str | None = Field(
        None, description="https://…, ssh://…, git@host:path, file://… or the path of a local git repository"
    )
    ref: str | None = Field(None, description=f'{_REFS}; in quotes where it looks like a number: ref: "1.0"')

    index: str | None = Field(
        None,
        description="the address of a package index (https://packages.example.com/simple) without user and password,"
        " which the environment variables UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD or ~/.netrc give",
    )

    @field_validator("path", "url", "ref", "index")
    @classmethod
    def _is_plain(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip() or not value.isprintable()):
            raise ValueError("is blank, or holds characters that can't be printed")
        return value

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        if url is not None and url.startswith("-"):
            raise ValueError("starts with a dash")
        if url is not None and (re.match(r"\w*::", url) or _is_other_scheme(url)):
            raise ValueError("has a scheme that isn't allowed")
        return url

    @field_validator("index")
    @classmethod
    def _is_index(cls, index: str | None) -> str | None:
        # A refused value may contain a password, so the message doesn't repeat it.
        if index is not None and ("@" in index or "?" in index or "#" in index):
            raise ValueError("holds a user, a password or a query")
        if index is not None and not _INDEX.fullmatch(index):
            raise ValueError("is not an http or https URL")
        return index

    @field_validator("ref")
    @classmethod
    def _is_ref(cls, ref: str | None) -> str | None:
        if ref is not None and not _can_be_ref(ref):
            raise ValueError(f"is {ref!r}")
        return ref


def read_sources(file: Path) -> Sources:
    """The configured repositories by name.

    Raises:
        RepositoryError: there is no such file, it isn't YAML, or it has no mapping of repositories.
    """
    document = read_yaml(
        file, str(file), expected="a file repositories.yaml with repositories: {demo: {path: include/demo}}"
    )
    right: dict[str, Source] = {}
    wrong: dict[str, RepositoryError] = {}
    for name in document.read_as(_File, shape_only=True).repositories:
        try:
            source = _source(document, name, file.resolve().parent)
            right[source.name] = source
        except RepositoryError as error:
            wrong[_label(name)] = error
    colliding = _same_credentials(right)
    right = {name: source for name, source in right.items() if name not in colliding}
    return Sources(valid=right, errors=wrong | colliding)


def _source(document: Document, name: object, folder: Path) -> Source:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > bounds.NAME:
        label = _label(name)
        raise RepositoryError(
            f"{repr(label) if isinstance(name, str) else label} can't name a repository",
            where=document.where("repositories", label),
            expected=f"a name of 1 to {bounds.NAME} lower-case letters, digits, _ and -; in quotes where it looks"
            " like a number, a date, yes or no",
        )
    place = ("repositories", name)
    declared = document.where(*place)
    entry = document.read_as(_Source, *place)
    index = None if entry.index is None else PackageIndex(name=name, url=entry.index)
    match entry:
        case _Source(path=str(path), url=None, ref=None):
            return FolderSource(name=name, path=_absolute(path, folder), declared=declared, index=index)
        case _Source(path=None, url=str(url), ref=str(ref)):
            remote = url.startswith(_SCHEMES) or _SCP.fullmatch(url)
            return GitSource(
                name=name,
                url=url if remote else str(_absolute(url, folder)),
                ref=ref,
                declared=declared,
                ref_declared=document.where(*place, "ref"),
                index=index,
            )
    raise RepositoryError(
        f"repository {name!r} needs either a path, or a url and a ref",
        where=declared,
        expected="either path: a folder, or url: a git repository and ref: its branch, tag or commit",
    )


def _same_credentials(sources: Mapping[str, Source]) -> dict[str, RepositoryError]:
    """The errors for sources whose indexes would take their credentials from the same environment variables."""
    sharing: dict[tuple[str, str], list[Source]] = {}
    for source in sources.values():
        if source.index is not None:
            sharing.setdefault(source.index.credential_variables, []).append(source)
    return {
        source.name: RepositoryError(
            f"the indexes of the repositories {' and '.join(repr(one.name) for one in alike)} would take user and"
            f" password from the same variables, {' and '.join(variables)}",
            where=source.declared,
            expected="names that differ in more than _ and -",
        )
        for variables, alike in sharing.items()
        if len(alike) > 1
        for source in alike
    }


def _label(name: object) -> str:
    """A key of the file for messages, shortened if it is too long."""
    if isinstance(name, int) and name.bit_length() > 1_000:
        return f"an integer of {name.bit_length():,} bits"  # which may have more digits than Python writes
    return bounds.shortened(str(name), bounds.NAME)


def _can_be_ref(text: str) -> bool:
    return _REF.fullmatch(text) is not None and ".." not in text and text != "HEAD"


def _absolute(path: str, folder: Path) -> Path:
    return (folder / Path(path).expanduser()).resolve()


def _is_other_scheme(url: str) -> bool:
    return "://" in url and not url.startswith(_SCHEMES)
