"""The documents: links lead somewhere, pages of tasks are short, and commands are those that there are."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from typing import TYPE_CHECKING

import pytest

from documents import DOCUMENTS, FENCED, ROOT, Block, all_blocks, commands, name_of
from modelops.runner.cli import PASS_THROUGH, parser

if TYPE_CHECKING:
    from pathlib import Path

HOW_TO = sorted((ROOT / "docs/how-to").glob("*.md"))
LONGEST_HOW_TO = 150

LINK = re.compile(r"\]\((?P<inline>[^()\s]+)\)|(?:src|srcset|href)=\"(?P<html>[^\"]+)\"")
PATH = re.compile(r"`((?:bench|dags|docs|include|plugins|tests)/[\w./-]*)`")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def without_code(text: str) -> str:
    """The text without its code, in which nothing is a link or a heading."""
    return re.sub(r"`[^`\n]*`", "", FENCED.sub("", text))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.casefold()).replace(" ", "-")
        number = 0
        while (anchor := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(anchor)
    return found


def is_relative(address: str) -> bool:
    return re.match(r"[a-z][a-z0-9+.-]*:|//", address) is None


def broken(document: Path) -> list[str]:
    """The relative links of a document that lead to no file or no heading."""
    links = [match["inline"] or match["html"] for match in LINK.finditer(without_code(document.read_text("utf-8")))]
    wrong = []
    for link in filter(is_relative, links):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists():
            wrong.append(f"{link}: there is no {path}")
        elif anchor and (target.is_dir() or anchor not in anchors(target)):
            wrong.append(f"{link}: there is no such heading")
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_to_files_and_headings(document: Path) -> None:
    assert not broken(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_no_merge_was_left_unfinished(document: Path) -> None:
    assert not re.search(r"^(<{7}|>{7}) ", document.read_text(encoding="utf-8"), re.MULTILINE)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# There\n\n## It's `here`, twice\n\n## It's `here`, twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md#its-here-twice-1) [b](there.md#nowhere) [c](away.md) [d](#own) `[e](code.md)` [f](https://a.b/c)\n"
        "```text\n[g](code.md)\n# own\n```\n"
    )
    assert broken(page) == [
        "there.md#nowhere: there is no such heading",
        "away.md: there is no away.md",
        "#own: there is no such heading",
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_that_are_named_exist(document: Path) -> None:
    named = PATH.findall(document.read_text(encoding="utf-8"))
    assert not [path for path in named if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", HOW_TO, ids=name_of)
def test_pages_of_tasks_are_short(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= LONGEST_HOW_TO


@pytest.mark.parametrize(
    "page",
    [
        page
        for folder in ("tutorial", "how-to", "reference", "explanation")
        for page in sorted((ROOT / "docs" / folder).glob("*.md"))
    ],
    ids=name_of,
)
def test_the_index_lists_every_page(page: Path) -> None:
    index = ROOT / "docs/README.md"
    assert f"]({page.relative_to(index.parent)})" in index.read_text(encoding="utf-8")


KNOWN = {
    *("cd", "cp", "curl", "docker", "done", "du", "echo", "for", "git", "mkdir", "npm", "python3", "tar"),
    *("$bin/pg_dump", "$bin/pg_restore", ".venv/bin/python", "cat"),
}
"""Other commands of the documents; `$bin` is the folder of PostgreSQL's own."""


def complaint(command: list[str]) -> str | None:
    """What is wrong with a command; None: nothing."""
    program, *arguments = command
    if program != "./modelops":
        return None if program in KNOWN else f"{program}: no command"
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            chosen, rest = parser().parse_known_args(arguments)
    except SystemExit:
        return said.getvalue()
    return f"{chosen.command} does not know {rest}" if rest and chosen.command not in PASS_THROUGH else None


@pytest.mark.parametrize("block", all_blocks("sh"), ids=lambda block: block.place)
def test_commands_of_the_documents_exist(block: Block) -> None:
    assert not [wrong for command in commands(block.text) if (wrong := complaint(command))]


def test_commands_are_found_and_judged() -> None:
    text = (
        "export A=1 B=2\n./modelops up --detach  # comment\n"
        'T=$(curl -s \\\n  -d \'{"a": "#"}\' | python3 -c \'x; y\'); ./modelops psql --role boss -c "a\nb"\n'
        "for i in a b; do ./modelops demo --fast; done\nfrobnicate\n"
    )
    found = list(commands(text))
    assert [command[0] for command in found] == [
        *("./modelops", "curl", "python3", "./modelops", "for", "./modelops", "done", "frobnicate"),
    ]
    assert found[3][1:] == ["psql", "--role", "boss", "-c", "a\nb"]
    complaints = [complaint(command) for command in found]
    assert [index for index, wrong in enumerate(complaints) if wrong] == [3, 5, 7]


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = re.findall(r"^### (.+)$", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert terms == sorted(set(terms), key=str.casefold)
