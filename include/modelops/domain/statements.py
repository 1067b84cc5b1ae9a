"""Scans a SQL statement that a person wrote: strips trailing comments and semicolons, and finds names."""

from __future__ import annotations

import re

# As in PostgreSQL, an unterminated quote extends to the end. So the scanner never backtracks, and its time is linear.
_PIECE = re.compile(
    r"""(?P<nothing>[\s;]+|--[^\n]*)
    |(?P<comment>/\*)
    |(?P<content>
        [eE]'(?:[^'\\]|\\(?:.|\Z)|'')*+(?:'|\Z)
        |'(?:[^']|'')*+(?:'|\Z)
        |"(?:[^"]|"")*+(?:"|\Z)
        |\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        |\w[\w$]*
        |.
    )""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT = re.compile(r"/\*|\*/")
_NAME = re.compile(r'"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>[^\W\d][\w$]*)')


def embeddable(sql: str) -> str:
    """The statement without trailing semicolons and comments, so that it can be embedded in another one."""
    position = end = 0
    while position < len(sql):
        piece = _PIECE.match(sql, position)
        assert piece is not None  # the pattern matches any character
        position = piece.end()
        if piece["comment"]:
            position = _after_comment(sql, position)
        elif piece["content"]:
            end = position
    return sql[:end]


def names_in(sql: str) -> list[str]:
    """All identifiers that may be names in a statement, folded as PostgreSQL stores them."""
    found = (
        match["quoted"].replace('""', '"') if match["quoted"] else match["plain"].lower()
        for match in _NAME.finditer(sql)
    )
    return list(dict.fromkeys(found))


def _after_comment(sql: str, position: int) -> int:
    """The end of a comment that starts before `position`; comments can be nested."""
    depth = 1
    while depth:
        mark = _COMMENT.search(sql, position)
        if mark is None:
            return len(sql)
        depth += 1 if mark[0] == "/*" else -1
        position = mark.end()
    return position
