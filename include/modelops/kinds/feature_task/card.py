"""The card for the reviewers of a feature task: the changes from the deployed version."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from modelops.cards.rendering import changed, compared, render, value
from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task import code as version_code
from modelops.registry.write import versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelops.domain.decisions import ApprovalRequest
    from modelops.jobs.run import JobRun

DIFF_LINES = 300
"""Maximum number of lines shown of the code's diff."""
VERDICTS = {
    "stable": Markup("stable"),
    "moved": Markup("moved"),
    "moderate": Markup("⚠ **moderate**"),
    "major": Markup("⚠ **major**"),
    "not_enough_rows": Markup("not enough rows"),
    "reference_too_small": Markup("reference too small to see a shift below {detectable:.2g} standard deviations"),
    "not_comparable": Markup("not comparable: {why}"),
}
"""The text for each `domain.drift.Verdict`."""
_RANGE = Markup("{} … {}, mean {}")


def card_of(request: ApprovalRequest, diff: str) -> str:
    """The card's body: the requester, the columns and rows compared with the deployed version, drift, and the diff."""
    evidence, champion = request.evidence, request.evidence["champion"]
    newest = evidence["evaluations"][-1]
    lines = diff.removesuffix("\n").split("\n") if diff else []
    return render(
        "feature_task.md",
        request=request,
        evidence=evidence,
        approvers=request.possible_approvers,
        statistics=_statistics(newest, champion),
        diff="\n".join(lines[:DIFF_LINES]),
        left_out=max(len(lines) - DIFF_LINES, 0),
        **({} if champion is None else _changes(newest, champion, evidence["definition"])),
    )


def code_diff(request: ApprovalRequest, run: JobRun) -> str:
    """The unified diff from the deployed code to the pinned code; empty if no version is deployed.

    Raises:
        ArtifactChanged: a stored archive is missing or differs from the recorded one.
    """
    champion = request.evidence["champion"]
    if champion is None:
        return ""
    with run.workdir() as workdir:
        folders = []
        for number in (champion["version"], request.evidence["version"]):
            version = versions.find(run.ledger, request.name, number, kind=VersionKind.FEATURE_TASK)
            place = workdir / f"v{number}"
            place.mkdir()
            folders.append(version_code.load(version, place, run).folder)
        before, now = folders
        files = {path.relative_to(folder) for folder in folders for path in folder.rglob("*") if path.is_file()}
        return "".join(_diff(before / name, now / name, str(name)) for name in sorted(files))


def _diff(before: Path, now: Path, name: str) -> str:
    old, new = (path.read_bytes() if path.is_file() else b"" for path in (before, now))
    if old == new:
        return ""
    shown = " ".join(name.split())
    try:
        # Split at newlines only: splitlines() would hide differences in other line separators.
        was, is_now = (content.decode().split("\n") for content in (old, new))
    except UnicodeDecodeError:
        return f"{shown} differs; it is not a text file\n"
    found = difflib.unified_diff(was, is_now, f"deployed/{shown}", f"new/{shown}", lineterm="")
    return "".join(f"{line}\n" for line in found)


def _changes(newest: Mapping[str, Any], champion: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, Any]:
    """The changes in the number of rows and in the declared columns."""
    new, old = newest["rows"], champion["rows"]
    now, before = (dict(one["columns"]) for one in (definition, champion["definition"]))
    return {
        "rows": ("rows", *compared(new, old), changed(new, old)),
        "added": [(name, type_) for name, type_ in now.items() if name not in before],
        "gone": [(name, type_) for name, type_ in before.items() if name not in now],
        "changed": [(name, before[name], type_) for name, type_ in now.items() if before.get(name, type_) != type_],
    }


def _statistics(newest: Mapping[str, Any], champion: Mapping[str, Any] | None) -> list[Sequence[Any]]:
    """One row per column: name, nulls, values, the deployed version's values, and drift."""
    old = {record["variable"]: record for record in (champion or {}).get("statistics", ())}
    rows: list[Sequence[Any]] = []
    for record in newest["statistics"]:
        name = record["variable"]
        now, before = _format_both(record, old.get(name))
        rows.append((name, record["values"]["nulls"], now, before, _drift(record["drift"])))
    return rows


def _drift(found: dict[str, Any] | float | None) -> Markup:
    """The verdict on a column and how far it has moved. Runs of earlier releases have only the index."""
    if found is None:
        return Markup()
    if not isinstance(found, dict):
        return value(found)
    words = VERDICTS[found["verdict"]].format(detectable=found["detectable"] or 0, why=value(found["why"]))
    if found["index"] is None:
        return words
    summary = Markup("{}; PSI {:.2g}, as if shifted by {:.2g} standard deviations").format(
        words, found["index"], found["shift"]
    )
    if found["natural"] is None:
        return summary
    return summary + Markup("; within the deployed run: {:.2g}").format(found["natural"])


def _format_both(record: Mapping[str, Any], deployed: Mapping[str, Any] | None) -> tuple[Markup, Markup]:
    """Format the values of a column in the new and in the deployed version, so that different values look different."""
    both = [record] if deployed is None else [record, deployed]
    if all(one["kind"] == "continuous" for one in both):
        found = compared(*(one["values"][of] for one in both for of in ("min", "max", "mean")))
        shown = [_RANGE.format(*found[start : start + 3]) for start in range(0, len(found), 3)]
    else:
        shown = [_format_values(one) for one in both]
    return shown[0], shown[1] if deployed is not None else Markup()


def _format_values(record: Mapping[str, Any]) -> Markup:
    values = record["values"]
    match record["kind"]:
        case "continuous":
            return _RANGE.format(*compared(values["min"], values["max"], values["mean"]))
        case "temporal":
            moments = (values["min"], values["max"])
            return Markup(" … ").join(value(moment and moment.replace(".000000", "")) for moment in moments)
        case "categorical":
            most = sorted(values["frequencies"].items(), key=lambda item: (-item[1], item[0]))[:3]
            return Markup(", ").join(Markup("{} {}").format(value(name), value(count)) for name, count in most)
    return Markup()
