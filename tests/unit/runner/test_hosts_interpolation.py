"""Variables of compose files and .env files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import BadInput
from modelops.runner.hosts.interpolation import interpolated, read_env_file, text_of

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = {"NAME": "risk", "EMPTY": "", "PORT": "80"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("$NAME/${NAME}s", "risk/risks"),
        ("${NONE}", ""),
        ("$NONE.", "."),
        ("${NAME:-other}", "risk"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${NONE-other}", "other"),
        ("${NONE:-}", ""),
        ("${NONE:-http://host:${PORT:-8080}/x}", "http://host:80/x"),
        ("${NONE:-${EMPTY:-a}}-b", "a-b"),
        ("${NAME:+yes}${EMPTY:+no}${EMPTY+there}", "yesthere"),
        ("${NAME:?}", "risk"),
        ("${EMPTY?}", ""),
        ("$${NAME} $$NAME costs $$5", "${NAME} $NAME costs $5"),
        ("a}b", "a}b"),
    ],
)
def test_a_text_gets_its_variables(template: str, text: str) -> None:
    assert text_of(template, GIVEN, where="here") == text


@pytest.mark.parametrize("template", ["${NONE:?}", "${EMPTY:?}", "${NONE?}", "x${NONE:-${EMPTY:?}}"])
def test_a_required_variable_without_a_value_is_refused_by_its_name(template: str) -> None:
    with pytest.raises(BadInput, match=r"^(NONE|EMPTY) is not set\n") as refused:
        text_of(template, GIVEN, where="services.data.environment")
    assert refused.value.what.partition(" ")[0] in template
    assert refused.value.expected == f"a value for {refused.value.what.partition(' ')[0]} in .env or the shell"
    assert refused.value.where == "services.data.environment"


def test_the_refusal_says_what_the_file_says() -> None:
    with pytest.raises(BadInput, match=r"PASSWORD is not set: run \./make-secrets for risk"):
        text_of("${PASSWORD:?run ./make-secrets for $NAME}", GIVEN, where="here")


@pytest.mark.parametrize("template", ["costs 5$", "$5", "${NAME", "${}", "${5}", "${NAME!x}", "${NONE:-${NAME}"])
def test_a_dollar_that_begins_nothing_is_refused(template: str) -> None:
    with pytest.raises(BadInput, match=r"\$\$ for \$"):
        text_of(template, GIVEN, where="here")


def test_variables_in_variables_have_an_end() -> None:
    with pytest.raises(BadInput, match="invalid variable substitution"):
        text_of("${NONE:-" * 50 + "}" * 50, GIVEN, where="here")


def test_values_are_interpolated_and_keys_are_not() -> None:
    tree = {"$NAME": ["$NAME", 5, None, {"deep": "${NAME}"}], "flag": True}
    assert interpolated(tree, GIVEN, where="x") == {"$NAME": ["risk", 5, None, {"deep": "risk"}], "flag": True}


def test_an_error_says_where_in_the_tree(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        interpolated({"data": {"command": ["a", "${NONE:?}"]}}, GIVEN, where="services")
    assert refused.value.where == "services.data.command[1]"


def test_a_file_of_variables_is_read_as_compose_reads_it(tmp_path: Path) -> None:
    (file := tmp_path / ".env").write_text(
        "# comment\n"
        "PLAIN=one two # comment\n"
        "export EXPORTED=yes\n"
        "HASH=a#b\n"
        "SINGLE='$NAME # kept'  # comment\n"
        'DOUBLE="a \\"b\\" ${NAME} \\$5"\n'
        "USES=${PLAIN}!\n"
        "EMPTY=\n"
        "SPACED = 5\n"
    )
    assert read_env_file(file, {"NAME": "risk"}) == {
        "PLAIN": "one two",
        "EXPORTED": "yes",
        "HASH": "a#b",
        "SINGLE": "$NAME # kept",
        "DOUBLE": 'a "b" risk $5',
        "USES": "one two!",
        "EMPTY": "",
        "SPACED": "5",
    }


@pytest.mark.parametrize("line", ["no assignment", "OPEN='a", "5=x", 'TRAILING="a" b'])
def test_a_line_that_assigns_nothing_is_refused_with_its_number(line: str, tmp_path: Path) -> None:
    (file := tmp_path / ".env").write_text(f"GOOD=1\n{line}\n")
    with pytest.raises(BadInput) as refused:
        read_env_file(file, {})
    assert refused.value.where == f"{file}:2"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        read_env_file(tmp_path / "none", {})
