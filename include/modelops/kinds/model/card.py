"""The card for the reviewers of a model: the evidence of an approval request, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.cards.rendering import changed, compared, render, value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.decisions import ApprovalRequest


def card_of(request: ApprovalRequest) -> str:
    """The card's body: the requester, the metrics compared with the champion's, the inputs, and who may decide."""
    evidence, champion = request.evidence, request.evidence["champion"]
    head = ["metric", f"v{evidence['version']}"]
    if champion is not None:
        head += [f"champion v{champion['version']}", "difference"]
    return render(
        "model.md",
        request=request,
        evidence=evidence,
        approvers=request.possible_approvers,
        head=head,
        metrics=_metrics(evidence["evaluations"][-1], champion),
    )


def _metrics(newest: Mapping[str, Any], champion: Mapping[str, Any] | None) -> list[Sequence[str]]:
    """The rows of the metrics table; if there is a champion, with its metrics and the differences."""
    if champion is None:
        return [(name, value(found)) for name, found in newest["metrics"].items()]
    pairs = {
        name: (newest["metrics"].get(name), champion["metrics"].get(name))
        for name in dict.fromkeys([*newest["metrics"], *champion["metrics"]])
    }
    return [(name, *compared(new, old), changed(new, old)) for name, (new, old) in pairs.items()]
