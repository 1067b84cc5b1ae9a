"""The card that a reviewer decides on: the evidence of an approval request, as Markdown for Airflow's own page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelops.lifecycle.markdown import difference, hashes, table, text, value, who

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.domain.decisions import ApprovalRequest


def card_of(request: ApprovalRequest) -> str:
    """The card's body: who asked, the metrics beside the champion's, what it was made of, who may decide."""
    return "\n\n".join(_sections(request))


def _sections(request: ApprovalRequest) -> Iterator[str]:
    evidence, champion = request.evidence, request.evidence["champion"]
    newest = evidence["evaluations"][-1]
    training = evidence["training"]
    yield (
        f"**{text(evidence['model'])} v{evidence['version']}**, asked for by **{text(evidence['requested_by'])}**,"
        f" trained on {training['rows']:,} rows of {_dataset(training)}."
        f" {_compared(newest, champion)}"
    )
    yield _metrics(newest, champion, evidence["version"])
    for earlier in evidence["evaluations"][:-1]:
        metrics = ", ".join(f"{text(name)} {value(found)}" for name, found in earlier["metrics"].items())
        yield f"Also evaluated on {earlier['rows']:,} rows of {_dataset(earlier)}: {metrics}."
    if evidence["dirty"]:
        yield "⚠ **Trained from files that were not committed.** Their content is pinned by the code's hash alone."
    yield f"Hyperparameters: `{json.dumps(evidence['hyperparameters'])}`" if evidence["hyperparameters"] else ""
    yield _hashes(request)
    yield who(request)


def _compared(newest: Mapping[str, Any], champion: Mapping[str, Any] | None) -> str:
    measured = f"Evaluated on {newest['rows']:,} rows of {_dataset(newest)}"
    if champion is None:
        return f"{measured}. No version of this model is in production yet."
    if champion["data_sha256"] == newest["data_sha256"]:
        return f"{measured}, the champion v{champion['version']} on the same rows."
    return (
        f"{measured}. ⚠ The champion v{champion['version']} was evaluated on **other rows**"
        f" ({champion['rows']:,} of {_dataset(champion)}): the metrics can't be compared one to one."
    )


def _metrics(newest: Mapping[str, Any], champion: Mapping[str, Any] | None, version: int) -> str:
    if champion is None:
        alone = [(text(name), value(found)) for name, found in newest["metrics"].items()]
        return table(("metric", f"v{version}"), alone, numbers=1)
    rows = []
    for name in dict.fromkeys([*newest["metrics"], *champion["metrics"]]):
        new, old = newest["metrics"].get(name), champion["metrics"].get(name)
        rows.append((text(name), value(new), value(old), difference(new, old)))
    return table(("metric", f"v{version}", f"champion v{champion['version']}", "difference"), rows, numbers=3)


def _hashes(request: ApprovalRequest) -> str:
    evidence = request.evidence
    newest = evidence["evaluations"][-1]
    rows = [
        ("artifacts", evidence["artifact_sha256"]),
        ("training rows", evidence["training"]["data_sha256"]),
        ("evaluation rows", newest["data_sha256"]),
        ("code", evidence["code_sha256"]),
        ("packages", evidence["requirements_sha256"]),
        ("**all of this evidence**", request.digest),
    ]
    return hashes(rows, evidence["commit"])


def _dataset(measured: Mapping[str, Any]) -> str:
    name = measured["dataset"]["name"]
    return f"dataset `{name}`" if name else "a dataset given as SQL"
