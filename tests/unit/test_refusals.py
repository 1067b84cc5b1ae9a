"""What the API refuses, the view says in both languages."""

from __future__ import annotations

import json
import re

import pytest

from modelops.domain.refusals import Code
from modelops.settings import PROJECT_ROOT

VIEW = PROJECT_ROOT / "plugins" / "jobs_view"
SOURCES = "".join(path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "include/modelops").rglob("*.py"))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_view_knows_every_code(language: str) -> None:
    text = (VIEW / f"src/texts/refusals.{language}.ts").read_text(encoding="utf-8")
    said = re.findall(r"^  (\w+): \((?:\{[^}]*\})?\) =>", text, re.MULTILINE)
    assert sorted(said) == sorted(Code)


def test_the_description_of_the_api_has_every_code() -> None:
    described = json.loads((VIEW / "openapi.json").read_text(encoding="utf-8"))
    assert described["components"]["schemas"]["Code"]["enum"] == list(Code)


@pytest.mark.parametrize("code", Code)
def test_every_code_is_sent(code: Code) -> None:
    assert f"Code.{code.name}" in SOURCES


def test_the_api_refuses_with_codes_only() -> None:
    """A refusal without a code would be in English for everybody."""
    folder = PROJECT_ROOT / "include/modelops/jobs_api"
    assert [path.name for path in folder.glob("*.py") if "raise HTTPException" in path.read_text("utf-8")] == []
