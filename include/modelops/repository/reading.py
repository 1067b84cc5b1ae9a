"""Reads the text, SQL, JSON and YAML files that people write.

Stricter than the libraries: repeated keys, NaN and Infinity, and characters that PostgreSQL can't store are refused
here, with their place in the file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from modelops.domain import bounds
from modelops.domain.errors import RepositoryError
from modelops.repository.documents import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 2**20


def read_json(file: Path, shown: str, *, expected: str) -> Document:
    """Raises RepositoryError when there is no such file (`expected` says what should be there) or it isn't JSON."""
    text = read_text(file, shown, expected=expected)
    try:
        value = bounds.read_json(text)
    except json.JSONDecodeError as error:
        raise RepositoryError(
            f"this isn't JSON: {error.msg}",
            where=f"{shown}:{error.lineno}:{error.colno}",
            expected="JSON: names and texts in double quotes, no comma after the last entry, no comments",
        ) from None
    except ValueError as error:
        raise RepositoryError(
            f"this JSON can't be used: {error}", where=shown, expected="every name once, and finite numbers"
        ) from None
    return _bounded(Document(shown=shown, text=text, value=value))


def read_yaml(file: Path, shown: str, *, expected: str) -> Document:
    """Raises RepositoryError when there is no such file (`expected` says what should be there) or it isn't YAML."""
    text = read_text(file, shown, expected=expected)
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        repeated = next(_repeated(root, set()), None) if root else None
        value = loader.construct_document(root) if root else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise RepositoryError(
            f"this isn't YAML: {reason}",
            where=f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown,
            expected="YAML: entries of one level indented alike with spaces, SQL after a | on lines indented further",
        ) from None
    if repeated is not None:
        raise RepositoryError(
            f"the key {repeated.value!r} appears for the second time",
            where=f"{shown}:{repeated.start_mark.line + 1}:{repeated.start_mark.column + 1}",
            expected="every key once",
        )
    return _bounded(Document(shown=shown, text=text, value=value, node=root))


def read_sql(file: Path, shown: str, *, expected: str) -> str:
    """The file's text. Raises RepositoryError as `read_text`, or if PostgreSQL can't store the text."""
    text = read_text(file, shown, expected=expected)
    for what in bounds.violations(text, "this text", shape_only=True):
        raise RepositoryError(what, where=shown, expected="text without NUL characters and unpaired surrogates")
    return text


def read_text(file: Path, shown: str, *, expected: str, limit: int = MAX_BYTES) -> str:
    """The file's text.

    Raises:
        RepositoryError: it doesn't exist, can't be read, is larger than `limit` bytes or isn't UTF-8.
    """
    try:
        if not file.exists():
            raise RepositoryError("there is no such file", where=shown, expected=expected)
        content = file.read_bytes()
    except OSError as error:
        raise RepositoryError(
            f"this file can't be read: {error.strerror}",
            where=shown,
            expected="a file that this system's user may read",
        ) from None
    if len(content) > limit:
        raise RepositoryError(
            f"this file has {len(content):,} bytes", where=shown, expected=f"a file of at most {limit:,} bytes"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RepositoryError(
            f"this file isn't UTF-8: byte 0x{content[error.start]:02x}",
            where=f"{shown}:{line}",
            expected="a text file in UTF-8",
        ) from None


def read_text_if_any(file: Path, shown: str) -> str | None:
    """The file's text, or None where there is no such file. Raises RepositoryError as `read_text`."""
    return read_text(file, shown, expected="a text file") if file.exists() else None


def _repeated(node: yaml.Node, seen: set[int]) -> Iterator[yaml.Node]:
    """The keys that appear twice in a mapping. YAML forbids them, but PyYAML uses the last one."""
    if id(node) in seen:  # an alias of a node that was visited
        return
    seen.add(id(node))
    names: set[str] = set()
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(name, yaml.ScalarNode):
            if name.value in names:
                yield name
            names.add(name.value)
        yield from _repeated(value, seen)
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        yield from _repeated(item, seen)


def _bounded(document: Document) -> Document:
    """Refuse a document that is out of bounds. `Document.read_as` checks the values."""
    for what in bounds.violations(document.value, shape_only=True):
        raise RepositoryError(what, where=document.shown, expected=bounds.EXPECTED)
    return document
