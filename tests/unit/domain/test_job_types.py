"""Job types are declared in one place; `pytest --write-docs` makes parts of the documents and of the view from it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from modelops.domain.declaration import Group, Stage
from modelops.domain.job_types import OPERATORS, JobType, of_stage
from modelops.domain.versions import VersionKind, VersionStatus
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

EACH = pytest.mark.parametrize("job_type", JobType)
OF_THE_VIEW = PROJECT_ROOT / "plugins/jobs_view/src/texts/jobTypes.made.ts"
MAX_PLACES = 4
"""Hand-written files that may name a job type, apart from the DAGs in which it stands."""


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(columns), tuple("---" for _ in columns), *map(tuple, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def types_table() -> str:
    columns = ("job type", "what it does", "operators", "steps between `running` and `completed`")
    return table(
        columns,
        (
            (
                f"`{each}`",
                each.declaration.meaning,
                ", ".join(f"`{name}`" for name in each.declaration.operators),
                each.declaration.steps,
            )
            for each in JobType
        ),
    )


def attempts_table() -> str:
    """Types that share what another attempt does share a line."""
    columns = ("job type", "retry", "clear", "stop", "mark as success by hand")
    lines: dict[tuple[str, ...], list[str]] = {}
    for each in JobType:
        of = each.declaration.attempts
        lines.setdefault((of.retry, of.clear, of.stop, of.marked_as_success), []).append(f"`{each}`")
    return table(columns, ((", ".join(types), *line) for line, types in lines.items()))


def of_kind(kind: VersionKind) -> list[JobType]:
    return [each for each in JobType if kind in each.declaration.kinds]


def state_diagram(kind: VersionKind) -> str:
    """A Mermaid diagram of one kind of version; statuses that nothing leaves are final."""
    order = [None, *VersionStatus]
    steps = [
        (each, step) for each in JobType if kind in each.declaration.kinds for step in each.declaration.transitions
    ]
    steps.sort(key=lambda step: (order.index(step[1].before), order.index(step[1].after)))
    arrows = [f"    {step.before or '[*]'} --> {step.after}: {each} · {step.meaning}" for each, step in steps]
    left = {step.before for _, step in steps}
    final = dict.fromkeys(step.after for _, step in steps if step.after not in left)
    return "\n".join(["```mermaid", "stateDiagram-v2", *arrows, *(f"    {each} --> [*]" for each in final), "```"])


def for_the_view() -> str:
    types = {
        each: {
            "group": each.declaration.group,
            "label": vars(each.declaration.label),
            "stage": each.stage,
            "tabs": each.declaration.tabs,
        }
        for each in JobType
    }
    groups = {group: vars(group.label) for group in Group}
    return "\n".join(
        [
            "// Made from modelops/domain/job_types.py by `./modelops test unit --write-docs`.",
            f"export const DECLARED_GROUPS = {json.dumps(groups, ensure_ascii=False, indent=2)} as const;",
            f"export const DECLARED_TYPES = {json.dumps(types, ensure_ascii=False, indent=2)} as const;",
            "",
        ]
    )


def compare(file: Path, whole: str, config: pytest.Config) -> None:
    if config.getoption("--write-docs"):
        file.write_text(whole)
    assert file.read_text() == whole, f"`./modelops test unit --write-docs` makes {file.name} anew"


@pytest.mark.parametrize(
    ("name", "made", "block"),
    [
        ("docs/reference/ledger.md", "job types", types_table()),
        ("docs/reference/what-happens-to-a-job.md", "attempts", attempts_table()),
        ("docs/reference/versions.md", "state diagram of models", state_diagram(VersionKind.MODEL)),
        ("docs/reference/versions.md", "state diagram of feature tasks", state_diagram(VersionKind.FEATURE_TASK)),
    ],
    ids=lambda value: value if len(value) < 40 else "",
)
def test_the_documents(pytestconfig: pytest.Config, name: str, made: str, block: str) -> None:
    file = PROJECT_ROOT / name
    marked = re.compile(rf"(<!-- {made}: [^\n]*-->\n\n).*?(\n\n<!-- end -->)", re.DOTALL)
    text = file.read_text()
    assert len(marked.findall(text)) == 1, f"{name} has one block that is marked as {made}"
    compare(file, marked.sub(lambda found: found[1] + block + found[2], text), pytestconfig)


def test_the_view(pytestconfig: pytest.Config) -> None:
    compare(OF_THE_VIEW, for_the_view(), pytestconfig)


def test_no_stage_of_a_kind_has_two_types() -> None:
    for kind in VersionKind:
        for stage in Stage:
            assert sum(kind in each.declaration.kinds for each in of_stage(stage)) <= 1, (kind, stage)


def test_every_status_is_reached_and_every_version_begins() -> None:
    steps = [step for each in JobType for step in each.declaration.transitions]
    assert {step.after for step in steps} == set(VersionStatus)
    for kind in VersionKind:
        assert any(
            step.before is None
            for each in JobType
            if kind in each.declaration.kinds
            for step in each.declaration.transitions
        )


@EACH
def test_texts_are_whole_sentences(job_type: JobType) -> None:
    declared = job_type.declaration
    for text in (declared.meaning, *vars(declared.attempts).values()):
        assert text.endswith("."), text
        assert "|" not in text
    assert all(vars(declared.label).values())


@EACH
def test_a_job_type_is_named_in_few_places(job_type: JobType) -> None:
    """By its member, by an operator of it, or by its name where that isn't also a word of the field."""
    names = [rf"JobType\.{job_type.name}\b", *(rf"\b{name}\b" for name in job_type.declaration.operators)]
    if "_" in job_type:
        names.append(rf"\b{job_type}\b")
    naming = re.compile("|".join(names))
    assert OF_THE_VIEW in set(sources())
    places = [path for path in sources() if path != OF_THE_VIEW and naming.search(path.read_text())]
    assert len(places) <= MAX_PLACES, places


def files_below(folder: str, *endings: str) -> list[Path]:
    """But for those of the demonstration, and the history of the schema."""
    found = [path for path in (PROJECT_ROOT / folder).rglob("*") if path.suffix in endings]
    return [path for path in found if not {"versions", "runner", "node_modules"} & set(path.parts)]


def sources() -> list[Path]:
    """The product's files that people write."""
    of_the_view = [path for path in files_below("plugins/jobs_view/src", ".ts", ".tsx") if path.name != "schema.d.ts"]
    return [*files_below("include/modelops", ".py", ".sql", ".html"), *files_below("plugins", ".py"), *of_the_view]


def test_every_operator_is_of_one_type() -> None:
    assert len(OPERATORS) == sum(len(each.declaration.operators) for each in JobType)


def test_every_step_that_a_job_takes_is_documented() -> None:
    code = "\n".join(
        path.read_text() for path in (PROJECT_ROOT / "include/modelops").rglob("*.py") if "runner" not in path.parts
    )
    taken = set(re.findall(r"""\.step\(\s*"([a-z_]+)\"""", code))
    told = " ".join(each.declaration.steps for each in JobType)
    assert taken
    assert [step for step in sorted(taken) if f"`{step}`" not in told] == []
