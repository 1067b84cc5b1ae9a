"""What follows a statement is left out, and nothing else."""

from __future__ import annotations

import pytest

from modelops.domain.statements import embeddable, names_in


@pytest.mark.parametrize(
    "end",
    [
        "",
        ";",
        " ;\n",
        "; -- end of file",
        ";\n-- end\n-- of file\n",
        " -- no semicolon",
        "; /* a /* nested */ one */ ;",
    ],
)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT '; -- text'",
        "SELECT 'it''s; --'",
        r"SELECT E'it\'s; --'",
        'SELECT 1 AS "a;--"',
        "SELECT $$; -- text$$",
        "SELECT $tag$; $$ -- text$tag$",
        "SELECT 1 -- one; two\n  + 2",
        "SELECT /* ; */ 1",
        "SELECT 1; SELECT 2",
    ],
)
def test_what_follows(sql: str, end: str) -> None:
    assert embeddable(sql + end) == sql


@pytest.mark.parametrize("sql", ["", ";", "-- nothing", "/* nothing", " ; -- nothing\n"])
def test_nothing(sql: str) -> None:
    assert embeddable(sql) == ""


@pytest.mark.parametrize("quote", ["'", '"', "E'", "$$", "$tag$", "E'\\"])
def test_what_is_quoted_and_not_ended(quote: str) -> None:
    assert embeddable(f"SELECT {quote}a; -- b") == f"SELECT {quote}a; -- b"


@pytest.mark.parametrize("piece", ["$a{}$ ", "$a{}", "'\"{}", "/*{}", "E'\\'{}", "--{}\n;"])
def test_a_long_statement_is_read_once(piece: str) -> None:
    """Of 1 MiB: if each piece were looked for to the end, this would take minutes."""
    sql = "SELECT 1"
    many = "".join(piece.format(number) for number in range(2**20 // len(piece)))
    assert embeddable(f"{sql} {many}").startswith(sql)


def test_names() -> None:
    assert names_in('SELECT A.x, 1 FROM "My Table" AS a, other$1') == [
        "select",
        "a",
        "x",
        "from",
        "My Table",
        "as",
        "other$1",
    ]
