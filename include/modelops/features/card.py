"""The card that a reviewer of a feature task decides on: what changes, beside what is deployed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from modelops.domain.versions import VersionKind
from modelops.lifecycle.code import load_task
from modelops.lifecycle.markdown import difference, hashes, table, text, value, who
from modelops.registry import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from modelops.domain.decisions import ApprovalRequest
    from modelops.domain.jobs import Attempt
    from modelops.lifecycle.services import Services

SHIFTED, MOVED = 0.25, 0.1
"""Population stability indexes from which on a column is said to have shifted, and to have moved."""
DIFF_LINES = 300
"""Of the code's difference, so many lines are shown."""
FENCE = "~~~~"


def card_of(request: ApprovalRequest, diff: str) -> str:
    """The card's body: who asked, columns and rows beside those of what is deployed, drift, the code's difference."""
    return "\n\n".join(section for section in _sections(request, diff) if section)


def code_diff(request: ApprovalRequest, attempt: Attempt, services: Services) -> str:
    """How the pinned code differs from what is deployed, as `diff -u` says it; empty where nothing is deployed.

    Raises:
        ArtifactChanged: an archive isn't what was recorded.
    """
    champion = request.evidence["champion"]
    if champion is None:
        return ""
    with services.workdir(attempt) as workdir:
        folders = []
        for number in (champion["version"], request.evidence["version"]):
            version = versions.find(services.connection, request.name, number, kind=VersionKind.FEATURE_TASK)
            place = workdir / f"v{number}"
            place.mkdir()
            folders.append(load_task(version, place, services).folder)
        before, now = folders
        files = {path.relative_to(folder) for folder in folders for path in folder.rglob("*") if path.is_file()}
        return "".join(_diff(before / name, now / name, str(name)) for name in sorted(files))


def _diff(before: Path, now: Path, name: str) -> str:
    old, new = (path.read_bytes() if path.is_file() else b"" for path in (before, now))
    if old == new:
        return ""
    try:
        was, is_now = (content.decode().splitlines() for content in (old, new))
    except UnicodeDecodeError:
        return f"{name} differs, and isn't a text\n"
    found = difflib.unified_diff(was, is_now, f"deployed/{name}", f"new/{name}", lineterm="")
    return "".join(f"{line}\n" for line in found)


def _sections(request: ApprovalRequest, diff: str) -> Iterator[str]:
    evidence, champion = request.evidence, request.evidence["champion"]
    newest = evidence["evaluations"][-1]
    yield (
        f"**{text(request.name)} v{evidence['version']}**, asked for by **{text(evidence['requested_by'])}**, makes the"
        f" table `{evidence['definition']['output']}`. {_ran(newest)}"
    )
    if champion is None:
        yield "No version of this task is in production yet."
    else:
        yield f"Beside it: v{champion['version']}, which is deployed. {_ran(champion)}"
        yield _rows(newest, champion)
        yield _changes(evidence["definition"], champion["definition"])
    yield _statistics(newest, champion)
    if evidence["dirty"]:
        yield "⚠ **Imported from files that were not committed.** Their content is pinned by the code's hash alone."
    if champion is not None:
        yield _code(diff)
    yield hashes(
        [
            ("code and packages", evidence["artifact_sha256"]),
            ("code", evidence["code_sha256"]),
            ("packages", evidence["requirements_sha256"]),
            ("rows of the run", newest["data_sha256"]),
            ("**all of this evidence**", request.digest),
        ],
        evidence["commit"],
    )
    yield who(request)


def _ran(run: Mapping[str, Any]) -> str:
    interval = run["dataset"]["interval"]
    over = f"for the interval from {interval[0]} to before {interval[1]}" if interval else "over all of its inputs"
    return f"Its run {over} gave {run['rows']:,} rows."


def _rows(newest: Mapping[str, Any], champion: Mapping[str, Any]) -> str:
    new, old = newest["rows"], champion["rows"]
    row = ("rows", value(new), value(old), difference(new, old))
    return table(("", "this version", "deployed", "difference"), [row], numbers=3)


def _changes(definition: Mapping[str, Any], deployed: Mapping[str, Any]) -> str:
    """What changes in what the table promises."""
    now, before = (dict(one["columns"]) for one in (definition, deployed))
    changes = [
        *(f"- **added**: {text(name)} ({type_})" for name, type_ in now.items() if name not in before),
        *(f"- ⚠ **gone**: {text(name)} ({type_})" for name, type_ in before.items() if name not in now),
        *(
            f"- ⚠ **another type**: {text(name)} was {before[name]}, is {type_}"
            for name, type_ in now.items()
            if before.get(name, type_) != type_
        ),
    ]
    return "\n".join(changes) or "The columns are the same."


def _statistics(newest: Mapping[str, Any], champion: Mapping[str, Any] | None) -> str:
    old = {record["variable"]: record for record in (champion or {}).get("statistics", ())}
    rows = []
    for record in newest["statistics"]:
        name = record["variable"]
        row = [text(name), value(record["values"]["nulls"]), _described(record)]
        if champion is not None:
            row += [_described(old[name]) if name in old else "", _moved(record["drift"])]
        rows.append(row)
    head = ["column", "nulls", "values", *(["deployed", "drift (PSI)"] if champion is not None else [])]
    return table(head, rows)


def _described(record: Mapping[str, Any]) -> str:
    values = record["values"]
    match record["kind"]:
        case "continuous":
            return f"{_number(values['min'])} … {_number(values['max'])}, mean {_number(values['mean'])}"
        case "temporal":
            moments = (values["min"], values["max"])
            return " … ".join(value(moment and moment.replace(".000000", "")) for moment in moments)
        case "categorical":
            most = sorted(values["frequencies"].items(), key=lambda item: (-item[1], item[0]))[:3]
            return ", ".join(f"{text(name)} {count:,}" for name, count in most)
    return ""


def _number(found: float | None) -> str:
    """Whole numbers without a fraction: statistics keep all of them as floats."""
    return value(int(found) if isinstance(found, float) and found.is_integer() else found)


def _moved(index: float | None) -> str:
    if index is None:
        return value(None)
    warning = "⚠ **shifted** " if index >= SHIFTED else "moved " if index >= MOVED else ""
    return f"{warning}{index:.3f}"


def _code(diff: str) -> str:
    lines = diff.replace(FENCE, "").splitlines()
    if not lines:
        return "The code is the same."
    left_out = len(lines) - DIFF_LINES
    more = f"\n\n… and {left_out:,} lines more." if left_out > 0 else ""
    return "What changes in the code:\n\n" + "\n".join([f"{FENCE}diff", *lines[:DIFF_LINES], FENCE]) + more
