"""Replaces the variables of a compose file: `$X`, `${X}`, `${X:-default}`, `${X:?message}`, `${X:+other}` and `$$`.

The grammar is that of Docker Compose v2 (https://docs.docker.com/reference/compose-file/interpolation/).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OPERATOR = re.compile(r":?[-?+]")
ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*=[ \t]*(?P<value>.*)")
QUOTED = re.compile(r"""'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)\"""")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}
MAX_LEVELS = 20
"""How deep one variable may stand in the default of another."""


def interpolated(value: Any, variables: Mapping[str, str], *, where: str) -> Any:
    """Replace the variables in all strings of a tree of dictionaries and lists; keys are not changed.

    Raises:
        BadInput: a required variable has no value, or a string has an invalid `$`.
    """
    match value:
        case str():
            return text_of(value, variables, where=where)
        case dict():
            return {key: interpolated(one, variables, where=f"{where}.{key}") for key, one in value.items()}
        case list():
            return [interpolated(one, variables, where=f"{where}[{place}]") for place, one in enumerate(value)]
        case _:
            return value


def text_of(template: str, variables: Mapping[str, str], *, where: str, level: int = 0) -> str:
    """Replace the variables in one string.

    Raises:
        BadInput: a required variable has no value, or a `$` is invalid.
    """
    if level > MAX_LEVELS:
        raise _invalid(template, where)
    parts, position = [], 0
    while (dollar := template.find("$", position)) >= 0:
        parts.append(template[position:dollar])
        rest = dollar + 1
        if template.startswith("$", rest):
            parts.append("$")
            position = rest + 1
        elif template.startswith("{", rest):
            position = _closing(template, rest, where)
            parts.append(_braced(template[rest + 1 : position - 1], variables, where, level))
        elif named := NAME.match(template, rest):
            parts.append(variables.get(named[0], ""))
            position = named.end()
        else:
            raise _invalid(template, where)
    return "".join([*parts, template[position:]])


def _closing(template: str, opening: int, where: str) -> int:
    """The position after the brace that closes the brace at `opening`."""
    depth, position = 1, opening + 1
    while depth:
        if position >= len(template):
            raise _invalid(template, where)
        if template.startswith("${", position):
            depth += 1
            position += 1
        elif template[position] == "}":
            depth -= 1
        position += 1
    return position


def _braced(inside: str, variables: Mapping[str, str], where: str, level: int) -> str:
    named = NAME.match(inside)
    operator = OPERATOR.match(inside, named.end()) if named else None
    if named is None or (operator is None and named.end() < len(inside)):
        raise _invalid(f"${{{inside}}}", where)
    value = variables.get(named[0])
    if operator is None:
        return value or ""
    # With a colon, an empty value counts as unset.
    present = bool(value) if operator[0].startswith(":") else value is not None

    def other() -> str:
        return text_of(inside[operator.end() :], variables, where=where, level=level + 1)

    match operator[0][-1]:
        case "-":
            return (value or "") if present else other()
        case "+":
            return other() if present else ""
        case _:
            if not present:
                message = other()
                raise BadInput(
                    f"{named[0]} is not set" + (f": {message}" if message else ""),
                    where=where,
                    expected=f"a value for {named[0]} in .env or the shell",
                )
            return value or ""


def _invalid(template: str, where: str) -> BadInput:
    return BadInput(
        f"invalid variable substitution in {template!r}",
        where=where,
        expected="${NAME}, ${NAME:-default}, ${NAME:?}; $$ for $",
    )


def read_env_file(path: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Read a file with lines `NAME=value`; its values may use the variables in `given`.

    Values may be quoted; variables in single quotes are not replaced. Outside quotes, ` #` starts a comment.

    Raises:
        BadInput: a line is not an assignment, or the file can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise BadInput(f"the file can't be read: {error}", where=str(path), expected="lines NAME=value") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        where = f"{path}:{number}"
        assigned = ASSIGNMENT.fullmatch(line)
        if assigned is None:
            raise BadInput("the line is not an assignment", where=where, expected="NAME=value")
        found[assigned["name"]] = _value(assigned["value"], {**found, **given}, where)
    return found


def _value(text: str, variables: Mapping[str, str], where: str) -> str:
    if text[:1] not in ("'", '"'):
        plain = "" if text.startswith("#") else re.split(r"\s#", text, maxsplit=1)[0].rstrip()
        return text_of(plain, variables, where=where)
    quoted = QUOTED.match(text)
    if quoted is None or not re.fullmatch(r"\s*(?:#.*)?", text[quoted.end() :]):
        raise BadInput("the closing quote is missing", where=where, expected="NAME='value'")
    if quoted["single"] is not None:
        return quoted["single"]
    unescaped = re.sub(r"\\(.)", lambda one: ESCAPES.get(one[1], one[0]), quoted["double"])
    return text_of(unescaped, variables, where=where)
