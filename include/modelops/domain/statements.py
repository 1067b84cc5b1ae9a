"""Reads a SQL statement as people write it: separates the statement from comments and semicolons after it."""

from __future__ import annotations

import re

# What is quoted and not ended goes to the end, as in PostgreSQL. So no piece is tried in vain: the time is linear.
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


def bare(sql: str) -> str:
    """A statement without the semicolon and the comments at its end, to be a part of another one."""
    position = end = 0
    while position < len(sql):
        piece = _PIECE.match(sql, position)
        assert piece is not None  # any character is a piece
        position = piece.end()
        if piece["comment"]:
            position = _after_comment(sql, position)
        elif piece["content"]:
            end = position
    return sql[:end]


def names_in(sql: str) -> list[str]:
    """All that may be a name in a statement, as PostgreSQL stores it."""
    found = (
        match["quoted"].replace('""', '"') if match["quoted"] else match["plain"].lower()
        for match in _NAME.finditer(sql)
    )
    return list(dict.fromkeys(found))


def _after_comment(sql: str, position: int) -> int:
    """Where a comment ends that has begun before; comments lie within each other."""
    depth = 1
    while depth:
        mark = _COMMENT.search(sql, position)
        if mark is None:
            return len(sql)
        depth += 1 if mark[0] == "/*" else -1
        position = mark.end()
    return position
