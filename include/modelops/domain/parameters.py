"""Declares parameters of requests, including those that several requests share."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain.references import IMPORTED_MODELS, MAX_CHARACTERS, OF_VERSIONS, REFERENCE, SUGGESTIONS
from modelops.domain.schedules import EXAMPLES, EXPECTED, MAX_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.domain.versions import VersionKind

MAX_SET_ASIDE = 100_000


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a request.

    `schema` is JSON Schema: the type and the bounds, which the form and the REST API check. `renderer` names the
    language of the value for Airflow's task page. `in_form`: the trigger form has a field for it; DAG files set the
    other parameters. `holds` is the class of a nested request. A parameter without a `default` (MISSING) is required.
    """

    name: str
    default: Any
    title: str
    description: str
    schema: Mapping[str, Any]
    renderer: str | None
    in_form: bool
    holds: type | None

    @property
    def is_required(self) -> bool:
        """Whether a request must have this parameter."""
        return self.default is MISSING

    def read(self, value: Any) -> Any:
        """Convert a value to the type of the field. If the default is a mapping, None stands for an empty one."""
        if value is None and isinstance(self.default, dict):
            return {}
        return self.holds(**value) if self.holds is not None and value is not None else value


def parameters_of(request: type) -> Iterator[Parameter]:
    """Yield the parameters of a request class, its own before inherited ones."""
    declared = {each.name: each for each in fields(request)}
    names = dict.fromkeys(name for owner in request.__mro__ for name in inspect.get_annotations(owner))
    for each in (declared[name] for name in names if name in declared):
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        yield Parameter(name=each.name, default=default, **each.metadata)


def parameter(
    default: Any = MISSING,
    *,
    title: str,
    description: str,
    renderer: str | None = None,
    in_form: bool = True,
    holds: type | None = None,
    **schema: Any,
) -> Any:
    """Declare a field of a request; see `Parameter`."""
    described = {"title": title, "description": description, "schema": schema}
    metadata = described | {"renderer": renderer, "in_form": in_form, "holds": holds}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def text(characters: int = bounds.NAME) -> dict[str, Any]:
    """The JSON Schema bounds of a text that the registry stores."""
    return {"maxLength": characters, "pattern": bounds.STORABLE}


def reference(kind: VersionKind, *, of_versions: bool, suggestions: str | None = None) -> Any:
    """A reference of a model or a feature task. The trigger form loads its suggestions when a person opens it.

    Args:
        kind: the kind of the versions.
        of_versions: it has a version already.
        suggestions: the list that the form suggests; by default, that of the kind.
    """
    which = "that has a version" if of_versions else "in a repository that repositories.yaml lists"
    if suggestions == IMPORTED_MODELS:
        which = f"with a folder byom/<{kind.words}> {which}"
        which += "" if of_versions else ", or a new name in one if the request has datasets"
    listed: dict[str, Any] = {SUGGESTIONS: suggestions or str(kind), OF_VERSIONS: of_versions}
    return parameter(
        title=kind.words.capitalize(),
        description=f"<repository>/<{kind.words}>: a {kind.words} {which}.",
        type="string",
        pattern=REFERENCE,
        maxLength=MAX_CHARACTERS,
        **listed,
    )


def version(newest: str) -> Any:
    """The number of an existing version; `newest` describes the default."""
    return parameter(
        None,
        title="Version",
        description=f"The number of the version. Empty: {newest}.",
        type=["null", "integer"],
        minimum=1,
    )


def dataset(default: str, purpose: str) -> Any:
    """The name of a dataset, or SQL."""
    return parameter(
        default,
        title=f"Dataset for {purpose}",
        description="The name of a dataset in the model's datasets.yaml, or a SELECT statement with the same columns.",
        renderer="sql",
        type="string",
        minLength=1,
        **text(bounds.TEXT),
    )


def allow_dirty(verb: str) -> Any:
    """Whether uncommitted files may be used."""
    return parameter(
        False,
        title="Allow uncommitted files",
        description=f"{verb} from files that are not committed to git. The version records this.",
        type="boolean",
    )


IN_SQL = (
    "For SQL that reads modelops.interval_start and modelops.interval_end: an ISO 8601 time with an offset. Empty: all"
    " times."
)


def interval(end: str, description: str = IN_SQL) -> Any:
    """The start or the end of a data interval."""
    return parameter(
        None,
        title=f"Interval {end}",
        description=description,
        type=["null", "string"],
        format="date-time",
        **text(),
    )


def deployment() -> Any:
    """The number of an active deployment."""
    return parameter(
        title="Deployment",
        description="The number of an active deployment. The result of its job and"
        " modelops.in_production_at(now()) show it.",
        type="integer",
        minimum=1,
    )


def schedule(otherwise: str) -> Any:
    """The schedule of batches; `otherwise` describes the default."""
    return parameter(
        None,
        title="Schedule",
        description=f"When batches run: {EXPECTED}. Empty: {otherwise}.",
        type=["null", "string"],
        minLength=1,
        examples=list(EXAMPLES),
        **text(),
    )


def time_zone(otherwise: str) -> Any:
    """The time zone of the schedule; `otherwise` describes the default."""
    return parameter(
        None,
        title="Time zone",
        description=f"The time zone of the schedule, for example Europe/Paris. Empty: {otherwise}.",
        type=["null", "string"],
        minLength=1,
        **text(),
    )


def late_after(otherwise: str) -> Any:
    """The time after which a batch is late; `otherwise` describes the default."""
    return parameter(
        None,
        title="Late after (minutes)",
        description="A batch is late if it has not ended this many minutes after it was queued. The ledger records"
        f" that it is late, and the notifiers run. 0: never. Empty: {otherwise}.",
        type=["null", "number"],
        minimum=0,
        maximum=MAX_MINUTES,
    )
