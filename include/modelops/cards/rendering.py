"""Renders cards as Markdown for Airflow's page. Only the templates contain formatting.

Names, metrics, hyperparameters and code come from the requesters, whose work is reviewed. So everything that a template
prints is escaped, except a `Markup`, which the functions here and the templates' macros return. Airflow's page renders
CommonMark, including links and images, with GitHub's tables, strikethrough, footnotes and autolinks, and drops HTML
(react-markdown with remark-gfm and skipHtml).
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
"""Maximum number of characters shown of a line of code."""
_SPECIAL = re.compile(r"[\\`*_\[\]<>|#!&~$]")
_AT_THE_START = re.compile(r"^(\d+(?=[.)])|(?=[-+=:]))")
_BARE_LINK = re.compile(r"(https?:(?=//)|www(?=\.)|@)", re.IGNORECASE)


def render(template: str, **values: Any) -> str:
    """Render a card from a template in the folder `templates`."""
    return _environment().get_template(template).render(values).strip()


def text(plain: str) -> Markup:
    """Plain text on one line: Markdown is escaped, and invisible characters are shown as their code points."""
    escaped = _SPECIAL.sub(r"\\\g<0>", _visible(" ".join(plain.split()))) or NOTHING
    # GitHub's autolinks are detected after escapes are resolved: only an extra character prevents them.
    return Markup(_BARE_LINK.sub("\\1\N{WORD JOINER}", _AT_THE_START.sub(r"\1\\", escaped)))  # noqa: S704 - escaped


def code(plain: str) -> Markup:
    """A short text as a code span, or as plain text if a character in it could end the span."""
    line = _visible(" ".join(plain.split()))
    return text(plain) if not line or "`" in line or "|" in line else Markup(f"`{line}`")  # noqa: S704 - in a span


def block(lines: str, language: str) -> Markup:
    """A fenced code block; its fence is longer than any in the code."""
    shown = "\n".join(_line(line) for line in lines.split("\n"))
    fence = "~" * max(4, 1 + max(map(len, re.findall("~+", shown)), default=0))
    return Markup(f"{fence}{language}\n{shown}\n{fence}")  # noqa: S704 - between fences


def value(found: Any) -> Markup:
    """Format a number or any other value for people."""
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
    """Format values that are compared, with enough digits to make different numbers look different."""
    shown = iter(figures(*(one for one in found if _is_number(one))))
    return [Markup(next(shown)) if _is_number(one) else value(one) for one in found]  # noqa: S704 - digits


def changed(new: Any, old: Any) -> Markup:
    """The difference of two numbers; empty if one of them isn't a number."""
    return Markup(difference(new, old)) if _is_number(new) and _is_number(old) else Markup()  # noqa: S704 - digits


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        # Everything printed becomes a `Markup` here, so that Jinja does not escape it for HTML.
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
    """The result of `{{ … }}`. Integers, such as version numbers, are printed as is; `value` formats amounts."""
    from jinja2 import Undefined

    match found:
        case Undefined():
            return found  # an undefined value, which raises the error itself
        case int() if not isinstance(found, bool):
            return Markup(found)  # noqa: S704 - digits
    return value(found)


def _is_number(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool)


def _visible(plain: str) -> str:
    """Replace invisible characters by their code points."""
    return UNSEEN.sub(
        lambda found: (
            f"\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}U+{ord(found[0]):04X}"
            "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
        ),
        plain,
    )


def _line(line: str) -> str:
    rest = len(line) - LINE
    return _visible(line) if rest <= 0 else f"{_visible(line[:LINE])}… ({rest:,} characters more)"
