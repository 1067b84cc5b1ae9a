"""Text on its way into the database."""

from __future__ import annotations

import pytest

from modelops.domain.text import is_storable, storable


@pytest.mark.parametrize("text", ["", "plain", "Größe 🛬", "two\nlines"])
def test_most_text_stays_as_it_is(text: str) -> None:
    assert is_storable(text)
    assert storable(text) == text


@pytest.mark.parametrize(("text", "stored"), [("bad\0byte", "bad\ufffdbyte"), ("half \ud800", "half ?")])
def test_what_can_not_be_stored_is_replaced(text: str, stored: str) -> None:
    assert not is_storable(text)
    assert storable(text) == stored
    assert storable({text: [text, 1, None]}) == {stored: [stored, 1, None]}
