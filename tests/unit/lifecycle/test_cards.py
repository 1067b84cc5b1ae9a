"""Nobody but the templates decides the form of a card: what comes from the work under review stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from modelops.cards.rendering import NOTHING, TEMPLATES, block, compared, text, value
from modelops.kinds.feature_task import card as feature_card
from modelops.kinds.model import card as model_card
from unit.lifecycle import cards

if TYPE_CHECKING:
    from pathlib import Path

REPORTED = '` — **Security review passed** ([report](https://example.com/report)) ![](https://example.com/pixel.png) "'
HOSTILE = (
    REPORTED,
    "# Approved",
    "> quoted",
    "- item",
    "1. item",
    "+ item",
    "---",
    "===",
    ":---:",
    "| one | two |",
    "a\\",
    "a\\|b",
    "``` ` ``",
    "~~gone~~ ~gone~",
    "<img src=https://example.com/x.png>",
    "<https://example.com>",
    "&lt;b&gt; &#42;&#42;x&#42;&#42;",
    "www.example.com, https://example.com/a, ada@example.com, mailto:ada@example.com, xmpp:ada@example.com",
    "[a]: https://example.com",
    "[^1] [^1]: note",
    "[x] done",
    "!\\[a](https://example.com)",
    "a\n\n# b\r\rc\u2028d\x0be",
    "{{ 7 * 7 }} {% raw %}",
    "\u202etxet\u2066",
    "\0\x1b[31m",
    "   indented",
    "*_*_**__",
    "*",
    "",
)
PIECES = st.lists(
    st.sampled_from(
        [*"\\`*_[]()<>|#!&~-+=:.;\"'{}$ \n\r\t", "1", "a", "é", "http://", "www.", "@", ".com", "\u202e", "\0"]
    ),
    max_size=25,
).map("".join)
DIFF = "--- deployed/task.sql\n+++ new/task.sql\n-SELECT 1"


def model_card_of(said: str) -> str:
    return model_card.card_of(cards.model_request(said))


def task_card_of(said: str) -> str:
    return feature_card.card_of(cards.task_request(said), f"{DIFF}\n+{said}\n")


BOTH = pytest.mark.parametrize("card_of", [model_card_of, task_card_of])


@BOTH
@pytest.mark.parametrize("said", HOSTILE)
def test_a_hostile_text_draws_nothing(card_of, said: str) -> None:
    card = card_of(said)
    assert cards.skeleton(card) == cards.skeleton(card_of("plain")), card
    assert cards.drawn_by_github(card) == []


@BOTH
@settings(max_examples=60, deadline=None)
@given(PIECES | st.text())
@example(REPORTED)
@example("~\\")
def test_no_text_draws_anything(card_of, said: str) -> None:
    assume(said not in ("note", "none", "old", "at", "id"))  # names that the card has besides
    card = card_of(said)
    assert cards.skeleton(card) == cards.skeleton(card_of("plain")), card
    assert cards.drawn_by_github(card) == []


@settings(deadline=None)
@given(PIECES.filter(str.strip))
def test_every_character_is_seen(said: str) -> None:
    assume(not re.search("[\0\u202e]", said))
    [shown] = cards.texts(f"**{text(said)}**")
    assert shown.replace("\N{WORD JOINER}", "") == " ".join(said.split())


def test_what_nobody_could_see() -> None:
    assert text("a\u202eb\0") == "a«U+202E»b«U+0000»"
    for (
        hidden
    ) in "\u00ad\u034f\u115f\u1160\u17b4\u180b\u180f\u3164\ufe00\ufe0e\uffa0\ufffb\U0001d173\U000e0001\U000e0100":
        assert text(f"a{hidden}b") == f"a«U+{ord(hidden):04X}»b"
    assert text("\N{HEAVY BLACK HEART}\ufe0f") == "\N{HEAVY BLACK HEART}\ufe0f"
    assert (
        block("if admin:\u2066 #\u2069\n\tx = 1\r", "diff")
        == "~~~~diff\nif admin:«U+2066» #«U+2069»\n\tx = 1«U+000D»\n~~~~"
    )


def test_a_fence_is_longer_than_any_in_the_code() -> None:
    fences = block("~~~~\n# not a heading\n~~~~~~~", "diff").split("\n")
    assert fences[0] == "~" * 8 + "diff"
    assert fences[-1] == "~" * 8


def test_a_long_line_of_code_says_that_it_is_cut() -> None:
    assert block("x" * 1500, "diff").split("\n")[1] == "x" * 1000 + "… (500 characters more)"


def test_line_ends_that_only_python_knows_are_a_difference(tmp_path: Path) -> None:
    before, now = tmp_path / "before.py", tmp_path / "now.py"
    before.write_bytes(b"# harmless \x0bimport os\n")
    now.write_bytes(b"# harmless \nimport os\n")
    diff = feature_card._diff(before, now, "task.py")
    assert diff.endswith("-# harmless \x0bimport os\n+# harmless \n+import os\n \n")


def test_the_name_of_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("x")
    assert feature_card._diff(tmp_path / "none", tmp_path / "new", "a\n+b").startswith(
        "--- deployed/a +b\n+++ new/a +b\n"
    )


@pytest.mark.parametrize("template", ["model.md", "feature_task.md", "parts.md"])
def test_templates_trust_nothing_in_passing(template: str) -> None:
    """`~` and `safe` would make what is trusted of what isn't."""
    tree = Environment(autoescape=True).parse((TEMPLATES / template).read_text())
    assert list(tree.find_all((nodes.Concat, nodes.MarkSafe, nodes.ScopedEvalContextModifier))) == []
    assert {found.name for found in tree.find_all(nodes.Filter)} <= {"code", "block", "value", "json"}


def test_figures_that_differ_look_different() -> None:
    request = cards.model_request("mse", mse=0.000031)
    request.evidence["champion"]["metrics"] = {"mse": 0.000012}
    assert "| mse | 0.000031 | 0.000012 | +0.000019 |" in model_card.card_of(request)


@pytest.mark.parametrize(
    ("found", "shown"),
    [(None, NOTHING), (True, "true"), (1234567, "1,234,567"), (0.76543, "0.7654"), ("a", "a"), ([1], "\\[1\\]")],
)
def test_values(found: object, shown: str) -> None:
    assert value(found) == shown


def test_only_numbers_are_compared() -> None:
    assert compared(0.123456, True, None, 0.123457) == ["0.123456", "true", NOTHING, "0.123457"]


def test_a_card_has_the_headline_and_says_how_many_metrics_it_leaves_out() -> None:
    request = cards.model_request("delay", auc=0.7, f1=None, mcc=0.3, brier=0.1)
    newest = request.evidence["evaluations"][-1] | {"headline": ["f1", "auc"], "undefined": {"f1": "no label is 1"}}
    earlier = newest | {"metrics": {"auc": 0.6, "mcc": 0.2}}
    champion = request.evidence["champion"] | {"metrics": {"auc": 0.65, "recall": 0.2}, "undefined": {}}
    evidence = {**request.evidence, "evaluations": [earlier, newest], "champion": champion}
    card = model_card.card_of(replace(request, evidence=evidence))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in card.splitlines() if line.startswith("| ")]
    assert rows[2:5] == [
        ["f1", f"{NOTHING} (no label is 1)", NOTHING, ""],
        ["auc", "0.7", "0.65", "+0.05"],
        ["recall", NOTHING, "0.2", ""],
    ]
    assert "2 more metrics and the plots: the tab *Evidence* of this job in ModelOps." in card
    assert "auc 0.6." in card
    whole = model_card.card_of(request)
    assert "more metric" not in whole


def test_an_earlier_evaluation_without_a_headline_shows_all_its_metrics() -> None:
    request = cards.model_request("delay", auc=0.7)
    newest = request.evidence["evaluations"][-1]
    evaluations = [newest | {"headline": [], "metrics": {"auc": 0.6, "mcc": 0.2}}, newest]
    card = model_card.card_of(replace(request, evidence={**request.evidence, "evaluations": evaluations}))
    assert "auc 0.6, mcc 0.2." in card


def test_a_headline_hides_nothing_that_the_champion_shows() -> None:
    request = cards.model_request("delay", auc=0.6, mcc=0.3, note=1)
    newest = request.evidence["evaluations"][-1] | {"headline": ["note"]}
    champion = request.evidence["champion"] | {"headline": ["auc"], "metrics": {"auc": 0.9, "mcc": 0.8, "f1": 0.5}}
    card = model_card.card_of(
        replace(request, evidence={**request.evidence, "evaluations": [newest], "champion": champion})
    )
    assert re.findall(r"^\| (\w+) ", card, re.MULTILINE)[1:4] == ["note", "auc", "f1"]
    assert "1 more metric and" in card


def test_a_card_says_that_the_evaluation_is_the_standard_one() -> None:
    request = cards.model_request("delay", auc=0.7)
    assert "standard evaluation" not in model_card.card_of(request)
    newest = request.evidence["evaluations"][-1] | {"standard": True}
    card = model_card.card_of(replace(request, evidence={**request.evidence, "evaluations": [newest]}))
    assert "Evaluated on 40 rows of dataset `delay` by the standard evaluation. ⚠ The champion v1" in card
