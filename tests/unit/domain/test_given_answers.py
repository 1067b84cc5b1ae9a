"""The answer to an approval, as the request brings it."""

from __future__ import annotations

from typing import Any

import pytest

from modelops.domain import bounds
from modelops.domain.decisions import UNSTORABLE, Answer, Verdict
from modelops.domain.errors import IncompleteAnswer

DEEP: Any = "why"
for _ in range(5_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("x" * (bounds.COMMENT + 1), "the comment has 10,001 characters; expected: at most 10,000 characters"),
        (["x" * bounds.COMMENT], "expected: at most 10,000 characters"),
        (DEEP, "levels deep"),
        ("\0", UNSTORABLE),
        ("\ud800", UNSTORABLE),
    ],
    ids=["long", "long in a list", "deep", "NUL", "surrogate"],
)
def test_comments_that_cannot_be_on_record(comment: Any, reason: str) -> None:
    with pytest.raises(IncompleteAnswer) as refused:
        Answer.from_fields("grace", Verdict.APPROVED, {"comment": comment, "evidence": "0"})
    assert reason in refused.value.what


def test_the_longest_comment() -> None:
    comment = "x" * bounds.COMMENT
    assert Answer.from_fields("grace", Verdict.APPROVED, {"comment": comment}).comment == comment
