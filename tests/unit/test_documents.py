"""The documents: links lead somewhere, pages of tasks are short, and commands are those that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    ROOT / "include/demo/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
HOW_TO = sorted((ROOT / "docs/how-to").glob("*.md"))
LONGEST_HOW_TO = 150

FENCED = re.compile(r"^( *)(`{3,}).*?^\1\2 *$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?P<inline>[^()\s]+)\)|(?:src|srcset|href)=\"(?P<html>[^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


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
