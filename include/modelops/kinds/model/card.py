"""The card for the reviewers of a model: the evidence of an approval request, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.cards.rendering import NOTHING, changed, compared, render, text, value
from modelops.kinds.model.file_warnings import sentence
from modelops.kinds.model.imported import file_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from modelops.domain.decisions import ApprovalRequest


def card_of(request: ApprovalRequest) -> str:
    """The card's body: the requester, the metrics compared with the champion's, the inputs, and who may decide."""
    evidence, champion = request.evidence, request.evidence["champion"]
    head = ["metric", f"v{evidence['version']}"]
    if champion is not None:
        head += [f"champion v{champion['version']}", "difference"]
    newest = evidence["evaluations"][-1]
    names = {**newest["metrics"], **(champion["metrics"] if champion else {})}
    shown = _shown(newest, champion)
    return render(
        "model.md",
        request=request,
        evidence=evidence,
        approvers=request.possible_approvers,
        head=head,
        metrics=[_row(name, newest, champion) for name in shown],
        left_out=len(names.keys() - shown),
        **_origin(evidence),
    )


def _origin(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Where the model comes from: a training, or a file with its facts, its inputs and what to beware of."""
    definition = evidence.get("definition")
    if definition is None:
        return {"imported": None, "rows_hash": [("training rows", evidence["training"]["data_sha256"])]}
    measured = evidence["statistics"]
    return {
        "imported": definition,
        "statistics": measured,
        "facts": list(file_facts(definition)),
        "warnings": [sentence(warning) for warning in (*definition["warnings"], *measured["warnings"])],
        "rows_hash": [("model file", definition["file"]["sha256"]), ("statistics rows", measured["data_sha256"])],
    }


def _shown(newest: Mapping[str, Any], champion: Mapping[str, Any] | None) -> list[str]:
    """The headline, and what the champion shows or has alone, so that a headline can't hide a comparison."""
    shown = [*(newest.get("headline") or newest["metrics"])]
    if champion is not None:
        shown += champion.get("headline") or champion["metrics"]
        shown += [name for name in champion["metrics"] if name not in newest["metrics"]]
    return list(dict.fromkeys(shown))


def _row(name: str, newest: Mapping[str, Any], champion: Mapping[str, Any] | None) -> Sequence[str]:
    """A metric in the table; if there is a champion, with its value and the difference."""
    if champion is None:
        return name, _reasoned(name, newest) or value(newest["metrics"].get(name))
    pair = newest["metrics"].get(name), champion["metrics"].get(name)
    new, old = compared(*pair)
    return name, _reasoned(name, newest) or new, _reasoned(name, champion) or old, changed(*pair)


def _reasoned(name: str, measured: Mapping[str, Any]) -> Markup | None:
    """Why a metric has no value, if that is on record."""
    reason = measured.get("undefined", {}).get(name)
    return None if reason is None else text(f"{NOTHING} ({reason})")
