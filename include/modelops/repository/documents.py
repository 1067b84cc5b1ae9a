"""Reads a JSON or YAML file as a pydantic model, with the line of every key for messages."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from modelops.domain import bounds
from modelops.domain.errors import RepositoryError
from modelops.domain.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic.fields import FieldInfo

Key = str | int
Model = TypeVar("Model", bound=BaseModel)

_KINDS = {type(None): "empty", bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file that a person wrote: its name in messages, its text, its value, and its YAML nodes if it was read as YAML.

    JSON is read as YAML, of which it is nearly a subset, when a place in it is asked for.
    """

    shown: str
    text: str
    value: object
    node: yaml.Node | None = field(default=None, repr=False, compare=False)

    def where(self, *keys: Key) -> str:
        """File, line and key, as in `repositories.yaml:9 (repositories.demo.path)`."""
        line, _ = self._find(keys)
        place = f"{self.shown}:{line}" if line else self.shown
        return f"{place} ({_path(keys)})" if keys else place

    def where_in_text(self, *keys: Key, line: int) -> str:
        """As `where`, for a line of the text under the keys; if the text is a block after a |, the line of the file."""
        found, node = self._find(keys)
        if found is None or not isinstance(node, yaml.ScalarNode) or node.style != "|":
            return f"{self.where(*keys)}, line {line}"
        return f"{self.shown}:{node.start_mark.line + 1 + line} ({_path(keys)})"

    def read_as(self, model: type[Model], *at: Key, shape_only: bool = False) -> Model:
        """Parse the value, or the part of it under the keys `at`, as a pydantic model.

        With `shape_only`, the caller parses the parts and checks their bounds afterwards. The description of each field
        becomes the `expected` part of the message, so it must say what a valid value is.

        Raises:
            RepositoryError: it isn't valid; SeveralErrors, if there are several mistakes.
        """
        findings = Findings()
        value = _descend(self.value, at)
        try:
            read = model.model_validate(value)
        except ValidationError as error:
            details = error.errors(include_url=False)
            unknown = [str(detail["loc"][-1]) for detail in details if detail["type"] == "extra_forbidden"]
            for detail in details:
                missing = detail["type"] == "missing"
                # If a key is misspelt, the correct one is missing too: report only the misspelling.
                if missing and difflib.get_close_matches(str(detail["loc"][-1]), unknown, n=1):
                    continue
                keys = tuple(key for key in detail["loc"] if key != "[key]")
                what, expected = _explain(
                    detail["type"],
                    keys,
                    detail["input"],
                    detail.get("ctx", {}),
                    model,
                    whole=_path(at) or "the content",
                )
                where = self.where(*at, *(keys[:-1] if missing else keys))
                findings.errors.append(RepositoryError(what, where=where, expected=expected))
        else:
            for wrong in bounds.violations(value, _path(at), shape_only=shape_only):
                raise RepositoryError(wrong, where=self.where(*at), expected=bounds.EXPECTED)
            return read
        findings.raise_if_any()
        raise AssertionError("a ValidationError has at least one detail")

    def _find(self, keys: tuple[Key, ...]) -> tuple[int | None, yaml.Node | None]:
        """The line of the innermost key that is found, and the node under it."""
        node, line = self._root, None
        for key in keys:
            # Keys that are merged by << stand before those of the mapping itself.
            found = [child for child in _children(node) if child[0] == key]
            if not found:
                break
            _, line, node = found[-1]
        return line, node

    @cached_property
    def _root(self) -> yaml.Node | None:
        if self.node is not None:
            return self.node
        try:
            root: yaml.Node | None = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError):
            return None
        return root


def _explain(
    kind: str, keys: tuple[Key, ...], value: object, context: dict[str, object], model: type[BaseModel], *, whole: str
) -> tuple[str, str]:
    """The mistake and the expected value for one of pydantic's errors; `whole` is the parsed value."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    name = _path(keys) or whole
    if kind in {"extra_forbidden", "invalid_key"} and len(keys) == 1:
        close = difflib.get_close_matches(str(keys[0]), fields, n=1)
        question = f" (did you mean {close[0]}?)" if close else ""
        found = value if kind == "invalid_key" else keys[0]
        return f"the key {found!r} is unknown here{question}", f"only these keys: {', '.join(fields)}"
    expected = _description(fields, keys)
    if kind == "missing":
        return f"{name} is missing", expected
    if kind == "value_error":
        return f"{name} {context['error']}", expected
    return f"{name} is {_KINDS.get(type(value), 'a mapping' if isinstance(value, dict) else 'not text')}", expected


def _description(fields: dict[str, FieldInfo], keys: tuple[Key, ...]) -> str:
    field = fields.get(str(keys[0])) if keys else None
    return (field.description if field else None) or f"a mapping with the keys {', '.join(fields)}"


def _path(keys: Iterable[Key]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def _descend(value: object, keys: tuple[Key, ...]) -> object:
    for key in keys:
        value = value[key]  # type: ignore[index]
    return value


def _children(node: yaml.Node | None) -> Iterator[tuple[Key, int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield name.value, name.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield index, item.start_mark.line + 1, item
