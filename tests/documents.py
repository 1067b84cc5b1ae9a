"""The project's documents, the blocks of code in them, and the commands in a block of shell.

What follows `sql` on the first line of a block says what a test does with it: `role=` is the login that runs it, as for
`./modelops psql` (default: reader); `outside=transaction` runs it on its own; `parsed` and `fragment` are only parsed,
the latter as the end of a SELECT.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    ROOT / "include/demo/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
FENCED = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=indent)(?P=fence) *$", re.DOTALL | re.MULTILINE
)
COMMENT = re.compile(r"(?:^|\s)# .*$", re.MULTILINE)
ENDS_COMMAND = set(";|&()\n")
ASSIGNMENT = re.compile(r"[A-Z_a-z][A-Z_a-z0-9]*=")
BEFORE_COMMAND = {"export", "do"}
"""Words of the shell that a command or an assignment follows."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: its language, the words after it, its text without the indent, and where it begins."""

    language: str
    words: tuple[str, ...]
    text: str
    place: str

    def word(self, name: str, default: str) -> str:
        """The value of `name=value` among the words."""
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")), default)


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


def blocks(document: Path, language: str) -> Iterator[Block]:
    """The blocks of a language in a document."""
    text = document.read_text(encoding="utf-8")
    for match in FENCED.finditer(text):
        found, *words = match["info"].split() or [""]
        if found == language:
            line = text.count("\n", 0, match.start()) + 1
            inner = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
            yield Block(language=found, words=tuple(words), text=inner, place=f"{name_of(document)}:{line}")


def all_blocks(language: str) -> list[Block]:
    """The blocks of a language in all documents."""
    return [block for document in DOCUMENTS for block in blocks(document, language)]


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a block of shell, each as its words, without assignments and the shell's own words before it."""
    lexer = shlex.shlex(COMMENT.sub("", text.replace("\\\n", " ")), posix=True, punctuation_chars=";|&()\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    command: list[str] = []
    for token in [*lexer, "\n"]:
        if set(token) <= ENDS_COMMAND:
            if command:
                yield command
            command = []
        elif command or not (token in BEFORE_COMMAND or ASSIGNMENT.match(token)):
            command.append(token)
