"""Renders cards as Markdown for Airflow's own page. Only the templates decide the form.

Names, metrics, hyperparameters, code, … come from those whose work is reviewed. Whatever a template prints is escaped,
so that it stays text; only a `Markup` isn't, which the functions here give and the macros of the templates. Airflow's
page renders CommonMark with the tables, strikethrough, footnotes and bare links of GitHub, links and pictures
included, and leaves HTML out (react-markdown with remark-gfm and skipHtml).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from modelops.domain.figures import difference, figure, figures
from modelops.domain.text import UNSEEN

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
NOTHING = "\N{EN DASH}"
LINE = 1_000
"""Of a line of code, so many characters are shown."""
_SPECIAL = re.compile(r"[\\`*_\[\]<>|#!&~$]")
_AT_THE_START = re.compile(r"^(\d+(?=[.)])|(?=[-+=:]))")
_BARE_LINK = re.compile(r"(https?:(?=//)|www(?=\.)|@)", re.IGNORECASE)


def render(template: str, **values: Any) -> str:
    """A card, from a template of the folder `templates`."""
    return _environment().get_template(template).render(values).strip()


def text(said: str) -> Markup:
    """A text that draws nothing: in one line, every character as itself, those that nobody can see by their numbers."""
    escaped = _SPECIAL.sub(r"\\\g<0>", _seen(" ".join(said.split()))) or NOTHING
    # GitHub's bare links are found in the text that escapes have become: only another character in it prevents one.
    return Markup(_BARE_LINK.sub("\\1\N{WORD JOINER}", _AT_THE_START.sub(r"\1\\", escaped)))  # noqa: S704 - escaped


def code(said: str) -> Markup:
    """A short text in the type of code; without that, where it holds what could end it."""
    line = _seen(" ".join(said.split()))
    return text(said) if not line or "`" in line or "|" in line else Markup(f"`{line}`")  # noqa: S704 - in a span


def block(lines: str, language: str) -> Markup:
    """Lines of code, between fences that are longer than any in them."""
    shown = "\n".join(_line(line) for line in lines.split("\n"))
    fence = "~" * max(4, 1 + max(map(len, re.findall("~+", shown)), default=0))
    return Markup(f"{fence}{language}\n{shown}\n{fence}")  # noqa: S704 - between fences


def value(found: Any) -> Markup:
    """A number or anything else, as people read it."""
    match found:
        case Markup():
            return found
        case None:
            return Markup(NOTHING)  # noqa: S704 - a constant
        case bool():
            return Markup(str(found).lower())  # noqa: S704 - a constant
        case int() | float():
            return Markup(figure(found))  # noqa: S704 - digits
        case str():
            return text(found)
        case _:
            return text(json.dumps(found))


def compared(*found: Any) -> list[Markup]:
    """Values that stand beside each other: numbers that differ look different."""
    shown = iter(figures(*(one for one in found if _is_number(one))))
    return [Markup(next(shown)) if _is_number(one) else value(one) for one in found]  # noqa: S704 - digits


def changed(new: Any, old: Any) -> Markup:
    """The difference of two numbers; empty if there is none."""
    return Markup(difference(new, old)) if _is_number(new) and _is_number(old) else Markup()  # noqa: S704 - digits


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        # A `Markup` passes; whatever else is printed becomes one here, before it would be escaped for HTML.
        autoescape=True,
        finalize=_printed,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters = {"code": code, "block": block, "value": value, "json": json.dumps}
    environment.globals = {}
    return environment


def _printed(found: Any) -> Any:
    """What `{{ … }}` prints. Whole numbers are numbers of versions and the like: `value` is for amounts."""
    from jinja2 import Undefined

    match found:
        case Undefined():
            return found  # which says itself what is wrong
        case int() if not isinstance(found, bool):
            return Markup(found)  # noqa: S704 - digits
    return value(found)


def _is_number(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool)


def _seen(said: str) -> str:
    return UNSEEN.sub(
        lambda found: (
            f"\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}U+{ord(found[0]):04X}"
            "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
        ),
        said,
    )


def _line(line: str) -> str:
    rest = len(line) - LINE
    return _seen(line) if rest <= 0 else f"{_seen(line[:LINE])}… ({rest:,} characters more)"
