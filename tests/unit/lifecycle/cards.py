"""Requests for approval with one text in place of every name and value; and what a page makes of a card."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from modelops.domain.decisions import ApprovalRequest
from modelops.domain.versions import VersionId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

SHA = "0123456789abcdef" * 4
# What remark-gfm makes links of in texts, whatever was escaped in them: mdast-util-gfm-autolink-literal 2.0.1.
_BARE_LINKS = re.compile(r"(?:https?://|www(?=\.))[-.\w]+|[-.\w+]+@[-\w]+(?:\.[-\w]+)+", re.IGNORECASE | re.ASCII)
_UNESCAPED_TILDE = re.compile(r"(?<!\\)(?:\\\\)*~")


def model_request(text: str, *, dataset: str | None = None, **metrics: Any) -> ApprovalRequest:
    """Of a model's version, beside a champion evaluated on other rows."""
    name = text if dataset is None else dataset
    measured = {
        "rows": 40,
        "dataset": {"name": name},
        "data_sha256": SHA,
        "metrics": {text: 0.5, "note": text, "none": None},
        "undefined": {"none": text},
    }
    evidence = {
        "model": text,
        "version": 2,
        "requested_by": text,
        "training": {"rows": 60, "dataset": {"name": name}, "data_sha256": SHA},
        "evaluations": [measured, measured | {"metrics": metrics or measured["metrics"]}],
        "champion": measured | {"version": 1, "data_sha256": SHA[::-1], "metrics": {"old": {text: [text, None]}}},
        "dirty": True,
        "hyperparameters": {text: {"inner": [text, 1.5]}},
        "artifact_sha256": SHA,
        "code_sha256": SHA,
        "requirements_sha256": SHA,
        "commit": SHA[:40],
    }
    return _request(evidence, text)


DRIFT = {"index": 0.3, "shift": 0.55, "natural": 0.02, "detectable": 0.1, "verdict": "major", "why": None}


def task_request(text: str) -> ApprovalRequest:
    """Of a feature task's version, beside one that is deployed and has other columns."""

    def run(*names: str) -> dict[str, Any]:
        continuous = {"nulls": 0, "min": 1.0, "max": 2.5, "mean": 1.25}
        return {
            "rows": 100,
            "dataset": {"interval": [text, text]},
            "data_sha256": SHA,
            "statistics": [
                {"variable": names[0], "kind": "continuous", "values": continuous, "drift": DRIFT},
                {
                    "variable": names[1],
                    "kind": "categorical",
                    "values": {"nulls": 3, "frequencies": {text: 7}},
                    "drift": DRIFT | {"index": None, "verdict": "not_comparable", "why": text},
                },
                {"variable": "at", "kind": "temporal", "values": {"nulls": 0, "min": text, "max": None}, "drift": None},
            ],
        }

    evidence = {
        "feature_task": text,
        "version": 2,
        "requested_by": text,
        "definition": {"output": text, "columns": [["id", text], [f"new {text}", "bigint"]]},
        "evaluations": [run(f"new {text}", text)],
        "champion": run(f"old {text}", text)
        | {"version": 1, "definition": {"columns": [["id", "bigint"], [f"old {text}", text]]}},
        "dirty": True,
        "artifact_sha256": SHA,
        "code_sha256": SHA,
        "requirements_sha256": SHA,
        "commit": SHA[:40],
    }
    return _request(evidence, text)


def _request(evidence: dict[str, Any], text: str) -> ApprovalRequest:
    return ApprovalRequest(
        id=1,
        version_id=VersionId(1),
        digest=SHA,
        evidence=evidence,
        requesters=[text],
        approvers=[text, f"another {text}"],
    )


def skeleton(card: str) -> list[str]:
    """The card's form, as a parser of CommonMark with GitHub's tables sees it: all but what the texts say."""
    form: list[str] = []
    for token in _tokens(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(card)):
        kind = "text" if token.type == "code_inline" else token.type
        if not kind == (form and form[-1]) == "text":
            form.append(kind)
    return form


def texts(card: str) -> list[str]:
    """What the card says, as people see it; code is apart."""
    return [token.content for token in _tokens(MarkdownIt("commonmark").enable("table").parse(card)) if token.content]


def drawn_by_github(card: str) -> list[str]:
    """Bare links, and tildes that strike out, of which one is enough there; the parser here doesn't know either."""
    outside = "".join(re.split(r"(?ms)^(~{4,})diff\n.*?^\1$", card)[::2])
    tokens = list(_tokens(MarkdownIt("commonmark").parse(outside)))
    links = [link for token in tokens if token.type == "text" for link in _BARE_LINKS.findall(token.content)]
    in_code = "\n".join(token.content for token in tokens if token.type == "code_inline")  # each for itself
    striking = len(_UNESCAPED_TILDE.findall(outside)) - len(_UNESCAPED_TILDE.findall(in_code))
    return [*links, *"~" * striking]


def _tokens(found: Sequence[Token]) -> Iterator[Token]:
    for token in found:
        if token.children is None:
            yield token
        else:
            yield from _tokens(token.children)
